package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// benchAPI creates predictions on a server of its own, in a data directory of
// its own, whose engine stays idle.
type benchAPI struct {
	Rate int           `help:"Creates a second." default:"50"`
	For  time.Duration `help:"How long." default:"20s"`
	Dir  string        `help:"Disk to measure on; default: that of --data." type:"existingdir" placeholder:"DIR"`
	JSON bool          `name:"json" help:"Print figures as JSON."`
	Bars bool          `help:"Fail where a bar is missed: p50 under 3 ms, or three times the bare sync where that is more, and p99 under 15 ms."`
	engineFlags
}

// latencies are what bench api prints, in milliseconds.
type latencies struct {
	Creates   int     `json:"creates"`
	CreateP50 float64 `json:"create_p50"`
	CreateP99 float64 `json:"create_p99"`
	SyncP50   float64 `json:"sync_p50"` // a 4 KiB write and fsync, taken between the creates
	SyncP99   float64 `json:"sync_p99"`
}

func (c *benchAPI) Run(ctx context.Context) error {
	parent := c.Dir
	if parent == "" {
		data, err := c.dataDir()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(data, 0o755); err != nil {
			return err
		}
		parent = data
	}
	dir, err := os.MkdirTemp(parent, "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	flags := &serveCommand{Addr: "127.0.0.1:0", OutputURLs: "auto"}
	flags.Name, flags.engineFlags = "easel/emoji", c.engineFlags
	flags.Data = dir
	ctx, cancel := context.WithCancel(ctx)
	s, err := newServer(ctx, flags, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		cancel()
		return err
	}
	defer s.Close()
	served := make(chan error, 1)
	go func() { served <- s.fronts[0].http.Serve(s.fronts[0].listener) }()
	defer func() {
		cancel()
		s.fronts[0].http.Close()
		<-served
	}()
	found, err := c.measure(ctx, s.URL(), dir)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(os.Stdout).Encode(found)
	} else {
		_, err = fmt.Printf("%d creates at %d/s: p50 %.2f ms, p99 %.2f ms\n4 KiB write and fsync beside them: p50 %.2f ms, p99 %.2f ms\n",
			found.Creates, c.Rate, found.CreateP50, found.CreateP99, found.SyncP50, found.SyncP99)
	}
	if p50 := max(3, 3*found.SyncP50); c.Bars && (found.CreateP50 > p50 || found.CreateP99 > 15) {
		err = errors.Join(err, fmt.Errorf("a create takes p50 %.2f ms and p99 %.2f ms; the bars are %.2f ms and 15 ms", found.CreateP50, found.CreateP99, p50))
	}
	return err
}

// measure creates at the asked rate, whatever a create takes, and syncs a file
// ten times a second between.
func (c *benchAPI) measure(ctx context.Context, base, dir string) (latencies, error) {
	var mu sync.Mutex
	var creates, syncs []time.Duration
	var failed error
	note := func(to *[]time.Duration, took time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil && failed == nil {
			failed = err
		}
		*to = append(*to, took)
	}
	file, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return latencies{}, err
	}
	defer file.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	tick := time.NewTicker(time.Second / time.Duration(max(1, c.Rate)))
	defer tick.Stop()
	var work sync.WaitGroup
	end := time.Now().Add(c.For)
	for n := 0; time.Now().Before(end); n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return latencies{}, ctx.Err()
		}
		work.Go(func() {
			took, err := create(ctx, client, base)
			note(&creates, took, err)
		})
		if n%max(1, c.Rate/10) == 0 {
			work.Go(func() {
				took, err := writeAndSync(file)
				note(&syncs, took, err)
			})
		}
	}
	work.Wait()
	if failed != nil {
		return latencies{}, failed
	}
	return latencies{
		Creates: len(creates), CreateP50: quantile(creates, 0.5), CreateP99: quantile(creates, 0.99),
		SyncP50: quantile(syncs, 0.5), SyncP99: quantile(syncs, 0.99),
	}, nil
}

func create(ctx context.Context, client *http.Client, base string) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, "POST", base+"/v1/models/easel/emoji/predictions",
		strings.NewReader(`{"input":{"prompt":"a 3d emoji of a rocket","seed":42}}`))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	began := time.Now()
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if answer.StatusCode != http.StatusCreated {
		return 0, fmt.Errorf("create: status %s", answer.Status)
	}
	return took, nil
}

func writeAndSync(file *os.File) (time.Duration, error) {
	began := time.Now()
	if _, err := file.Write(make([]byte, 4096)); err != nil {
		return 0, err
	}
	err := file.Sync()
	return time.Since(began), err
}

// quantile is in milliseconds.
func quantile(times []time.Duration, q float64) float64 {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[int(q*float64(len(times)-1))].Seconds() * 1000
}
