package journal_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"easel/internal/journal"
	"easel/internal/prediction"
)

func noise(n int) []byte {
	source := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	source.Read(b)
	return b
}

func TestFiles(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		for _, size := range []int{0, 1, 1000, 256 << 10, 256<<10 + 1, 3 << 20, 9 << 20} {
			data := noise(size)
			put, err := w.Files.Put(t.Context(), prediction.File{Name: "out-0.png", ContentType: "image/png"}, bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			sha, sum := sha256.Sum256(data), md5.Sum(data)
			if put.Size != int64(size) || put.SHA256 != hex.EncodeToString(sha[:]) || put.MD5 != hex.EncodeToString(sum[:]) || len(put.Token) != 26 {
				t.Errorf("%d bytes: %+v", size, put)
			}
			got, body, err := w.Files.Open(t.Context(), put.Token)
			if err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			if diff := cmp.Diff(put, got); diff != "" {
				t.Error(diff)
			}
			read, err := io.ReadAll(body)
			if err != nil || !bytes.Equal(read, data) {
				t.Errorf("%d bytes: read %d, error %v", size, len(read), err)
			}
			if size > 10 {
				body.Seek(-10, io.SeekEnd)
				if tail, _ := io.ReadAll(body); !bytes.Equal(tail, data[size-10:]) {
					t.Errorf("%d bytes: tail %x", size, tail)
				}
			}
			body.Close()
		}
		if used, err := w.Files.Used(t.Context()); err != nil || used < 12<<20 {
			t.Errorf("used %d, error %v", used, err)
		}
	})
}

// Files too large for memory pass through the directory, which a journal with
// a server of its own is the first to make.
func TestLargeFileElsewhere(t *testing.T) {
	w := open(t, journal.Options{URL: external(t), Dir: filepath.Join(t.TempDir(), "not", "there")})
	f, err := w.Files.Put(t.Context(), prediction.File{Name: "x"}, bytes.NewReader(noise(9<<20)))
	if err != nil || f.Size != 9<<20 {
		t.Errorf("%d bytes, %v", f.Size, err)
	}
}

func TestFilesByToken(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, token := range []string{"", "nothing", "unothing", "a b/../*", strings.Repeat("x", 2000)} {
			_, err := w.Files.Stat(ctx, token)
			wantErr(t, "stat "+token, err, prediction.ErrNotFound)
			_, _, err = w.Files.Open(ctx, token)
			wantErr(t, "open "+token, err, prediction.ErrNotFound)
			wantErr(t, "delete "+token, w.Files.Delete(ctx, token), prediction.ErrNotFound)
		}
		f := prediction.File{Token: "chosen", Name: "a"}
		f = must[prediction.File](t)(w.Files.Put(ctx, f, strings.NewReader("first")))
		f = must[prediction.File](t)(w.Files.Put(ctx, f, strings.NewReader("second")))
		_, body, err := w.reopen().Files.Open(ctx, "chosen")
		if err != nil {
			t.Fatal(err)
		}
		if data, _ := io.ReadAll(body); string(data) != "second" || f.Size != 6 {
			t.Errorf("read %q", data)
		}
	})
}

func TestFilesDelete(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		f := must[prediction.File](t)(w.Files.Put(t.Context(), prediction.File{}, strings.NewReader("x")))
		if err := w.Files.Delete(t.Context(), f.Token); err != nil {
			t.Fatal(err)
		}
		_, _, err := w.Files.Open(t.Context(), f.Token)
		wantErr(t, "open after delete", err, prediction.ErrNotFound)
	})
}

// A body that breaks off leaves nothing behind.
func TestFilesHalf(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		broken := io.MultiReader(bytes.NewReader(noise(9<<20)), iotest.ErrReader(errors.New("cable pulled")))
		_, err := w.Files.Put(t.Context(), prediction.File{Token: "half"}, broken)
		if err == nil || !strings.Contains(err.Error(), "cable pulled") {
			t.Errorf("error %v", err)
		}
		_, err = w.Files.Stat(t.Context(), "half")
		wantErr(t, "stat", err, prediction.ErrNotFound)

		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := w.Files.Put(ctx, prediction.File{Token: "half"}, bytes.NewReader(noise(3<<20))); err == nil {
			t.Error("stored with a canceled context")
		}
		_, err = w.Files.Stat(t.Context(), "half")
		wantErr(t, "stat", err, prediction.ErrNotFound)
	})
}

func TestUploads(t *testing.T) {
	contract(t, func(t *testing.T, w *world) {
		put := func(name string, life time.Duration) prediction.File {
			return must[prediction.File](t)(w.Files.Put(t.Context(), prediction.File{
				Name: name, ExpiresAt: time.Now().UTC().Add(life), Metadata: map[string]string{"who": "me"},
			}, strings.NewReader(name)))
		}
		first, expired, second := put("first", time.Hour), put("expired", -time.Second), put("second", time.Hour)
		must[prediction.File](t)(w.Files.Put(t.Context(), prediction.File{Name: "picture"}, strings.NewReader("x")))
		_, err := w.Files.Stat(t.Context(), expired.Token)
		wantErr(t, "stat of an expired upload", err, prediction.ErrNotFound)
		list, err := w.Files.List(t.Context())
		if diff := cmp.Diff([]prediction.File{second, first}, list); diff != "" || err != nil {
			t.Errorf("error %v: %s", err, diff)
		}
		if err := w.Files.Delete(t.Context(), first.Token); err != nil {
			t.Fatal(err)
		}
		if list, _ := w.Files.List(t.Context()); len(list) != 1 {
			t.Errorf("%d uploads after one of two was deleted", len(list))
		}
	})
}

func TestUploadsByBytes(t *testing.T) {
	w := open(t, journal.Options{Dir: t.TempDir(), UploadsBytes: 2500})
	var tokens []string
	for range 4 {
		f, err := w.Files.Put(t.Context(), prediction.File{Name: "x", ExpiresAt: time.Now().Add(time.Hour)}, bytes.NewReader(noise(1000)))
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, f.Token)
	}
	list, err := w.Files.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Token != tokens[3] || list[1].Token != tokens[2] {
		t.Errorf("%d kept, %v", len(list), err)
	}
	if f, err := w.Files.Put(t.Context(), prediction.File{Name: "x", ExpiresAt: time.Now().Add(time.Hour)}, bytes.NewReader(noise(5000))); err != nil {
		t.Error(err)
	} else if _, err := w.Files.Stat(t.Context(), f.Token); err != nil {
		t.Errorf("a large one: %v", err)
	}
}

func TestUploadsExpire(t *testing.T) {
	w := open(t, journal.Options{Dir: t.TempDir(), UploadsAge: time.Second})
	f := must[prediction.File](t)(w.Files.Put(t.Context(), prediction.File{ExpiresAt: time.Now().Add(time.Hour)}, strings.NewReader("x")))
	for ctx := timeout(t, 10*time.Second); ; time.Sleep(100 * time.Millisecond) {
		if _, err := w.Files.Stat(ctx, f.Token); err != nil {
			wantErr(t, "stat", err, prediction.ErrNotFound)
			return
		}
	}
}
