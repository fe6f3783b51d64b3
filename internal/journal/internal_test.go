package journal

import (
	"errors"
	"strings"
	"testing"
	"time"

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
		"a": "a", "b-1": "b", "c-2": "c", "b": "b", "c": "c", // by their marks, and looked for
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
	for _, token := range []string{"a", "b-1", "c"} {
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
