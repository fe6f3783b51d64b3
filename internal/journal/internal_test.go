package journal

import (
	"strings"
	"testing"
	"time"

	"easel/internal/prediction"
)

func TestCollect(t *testing.T) {
	j, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	b := j.files.pictures
	whole, err := j.files.Put(t.Context(), prediction.File{Name: "a"}, strings.NewReader("whole"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // as a process leaves them that dies before it describes the file
		if err := j.conn.Publish("$O."+b.name+".C.half", []byte("half")); err != nil {
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
		if n, err := b.collect(t.Context(), c.age); n != c.want || err != nil {
			t.Errorf("%d: collected %d, want %d, error %v", i, n, c.want, err)
		}
	}
	if _, body, err := j.files.Open(t.Context(), whole.Token); err != nil {
		t.Errorf("the whole file: %v", err)
	} else {
		body.Close()
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
