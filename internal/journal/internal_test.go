package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

func TestClearHalfWritten(t *testing.T) {
	j, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	row := j.files.pictures
	whole, err := j.files.Put(t.Context(), prediction.File{Name: "a"}, strings.NewReader("whole"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // as a process leaves them that dies before it describes the file
		if err := j.conn.Publish("$O."+row.name+".C.half", []byte("half")); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.conn.Flush(); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		age  time.Duration
		want int
	}{{time.Hour, 0}, {0, 1}, {0, 0}} {
		if n, err := row.clear(t.Context(), c.age); n != c.want || err != nil {
			t.Errorf("%d: collected %d, want %d, error %v", i, n, c.want, err)
		}
	}
	if _, body, err := j.files.Open(t.Context(), whole.Token); err != nil {
		t.Errorf("the whole file: %v", err)
	} else {
		body.Close()
	}
}

func TestVolumes(t *testing.T) {
	j, err := Open(t.Context(), Options{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	row := j.files.pictures
	row.size = 1000
	put := func(token string) string {
		t.Helper()
		f, err := j.files.Put(t.Context(), prediction.File{Token: token}, strings.NewReader(strings.Repeat(token, 1000)))
		if err != nil {
			t.Fatal(err)
		}
		return f.Token
	}
	read := func(j *Journal, token string) string {
		t.Helper()
		_, body, err := j.files.Open(t.Context(), token)
		if errors.Is(err, prediction.ErrNotFound) {
			return "none"
		} else if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		first := make([]byte, 1)
		body.Read(first)
		return string(first)
	}
	for i, token := range []string{"a", "b", "c"} {
		if got, want := put(token), []string{"a", "b-1", "c-2"}[i]; got != want {
			t.Errorf("token %s, want %s", got, want)
		}
	}
	other, err := Open(t.Context(), Options{URL: j.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for token, want := range map[string]string{
		"a": "a", "b-1": "b", "c-2": "c", // by their marks
		"b": "none", "c": "none", // which would take a look into each
		"a-1": "none", "b-2": "none", "a-0": "none", "b-01": "none", "b-9": "none", "b-x": "none", "b-1-1": "none", "d": "none",
	} {
		if got := read(j, token); got != want {
			t.Errorf("%s is %s, want %s", token, got, want)
		}
		if got := read(other, token); got != want {
			t.Errorf("in another process %s is %s, want %s", token, got, want)
		}
	}
	if used, err := j.files.Used(t.Context()); used < 3000 || err != nil {
		t.Errorf("used %d, error %v", used, err)
	}
	// Volumes that have become empty go, the last one stays.
	for _, token := range []string{"a", "b-1", "c"} { // c as it was chosen
		if err := j.files.Delete(t.Context(), token); err != nil {
			t.Errorf("delete %s: %v", token, err)
		}
	}
	if _, err := row.clear(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if left, err := row.numbers(t.Context()); len(left) != 1 || left[0] != 2 || err != nil {
		t.Errorf("volumes %v are left, error %v", left, err)
	}
	if got := read(other, "b-1"); got != "none" {
		t.Errorf("of a volume that another process cleared away: %s", got)
	}
	other.files.pictures.size = 1000
	if got := put("d"); got != "d-2" {
		t.Errorf("then token %s", got)
	}
}

// A disk that was full for a moment leaves streams that take no writes.
func TestHeal(t *testing.T) {
	j, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	now := time.Now()
	create := func(n int) (prediction.Prediction, error) {
		p := prediction.Prediction{ID: prediction.NewID(now.Add(time.Duration(n) * time.Second)), Status: prediction.Starting, CreatedAt: now}
		_, err := j.store.Create(t.Context(), p)
		return p, errors.Join(err, j.queue.Enqueue(t.Context(), p.ID))
	}
	first, err := create(1)
	if err != nil {
		t.Fatal(err)
	}
	follow, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	events, _, err := j.events.Follow(follow, first.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		j.disk.heard("JetStream stream 'X' critical write error: no space left on device")
	}
	if _, err := create(2); !errors.Is(err, prediction.ErrFull) {
		t.Errorf("a create while the disk is full: %v", err)
	}
	if _, err := j.files.Put(t.Context(), prediction.File{}, strings.NewReader("x")); !errors.Is(err, prediction.ErrFull) {
		t.Errorf("a file while the disk is full: %v", err)
	}
	if err := j.Check(); !errors.Is(err, prediction.ErrFull) || strings.Contains(err.Error(), j.opts.Dir) {
		t.Errorf("check: %v", err)
	}
	for end := time.Now().Add(10 * time.Second); j.disk.room() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not heal")
		}
	}
	if _, err := create(3); err != nil {
		t.Errorf("a create after it: %v", err)
	}
	if got, _, err := j.store.Get(t.Context(), first.ID); err != nil || got.ID != first.ID {
		t.Errorf("what was there: %v", err)
	}
	if _, err := j.events.Append(t.Context(), first.ID, prediction.Event{Type: prediction.EventStarted}); err != nil {
		t.Errorf("an event after it: %v", err)
	}
	if e := <-events; e.Type != prediction.EventStarted {
		t.Errorf("a follower from before sees %v", e)
	}
	if d, err := j.queue.Receive(follow); err != nil || d.ID() != first.ID {
		t.Errorf("from the queue: %v", err)
	}
}

func TestFull(t *testing.T) {
	for _, c := range []struct {
		err  error
		full bool
	}{
		{fmt.Errorf("write: %w", syscall.ENOSPC), true},
		{&jetstream.APIError{ErrorCode: 10047}, true},
		{&jetstream.APIError{ErrorCode: 10071}, false},
		{errors.New("else"), false},
	} {
		if got := full(c.err); errors.Is(got, prediction.ErrFull) != c.full || !errors.Is(got, c.err) {
			t.Errorf("%v becomes %v", c.err, got)
		}
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		version string
		payload int64
		want    string
	}{
		{"2.11.0", maxPayload, ""},
		{"2.15.2-beta", 8 * maxPayload, ""},
		{"3.0.0", maxPayload, ""},
		{"2.10.4", maxPayload, "the NATS server is version 2.10.4, at least 2.11 is needed"},
		{"2.11.0", 1000, "the NATS server takes messages of 1000 bytes (max_payload), 1048576 are needed"},
	} {
		got := ""
		if err := fit(c.version, c.payload); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s, %d: %q, want %q", c.version, c.payload, got, c.want)
		}
	}
}
