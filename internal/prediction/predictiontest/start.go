package predictiontest

import (
	"context"
	"sync"
	"testing"

	"easel/internal/journal"
	"easel/internal/prediction"
)

// Start runs a service with an embedded journal in a temporary directory and
// one worker, until the test ends.
func Start(t testing.TB, g prediction.Generator) *prediction.Service {
	t.Helper()
	j := Journal(t, journal.Options{Dir: t.TempDir()})
	service := prediction.NewService(j.Ports(), prediction.Options{})
	Go(t, service.Run)
	Go(t, prediction.NewWorker(j.Ports(), g, prediction.Options{}).Run)
	return service
}

// Journal opens a journal and closes it when the test ends.
func Journal(t testing.TB, opts journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	if err := j.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	return j
}

// Go runs a service or a worker until the test ends or the returned stop is called, and waits for it.
func Go(t testing.TB, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return stop
}
