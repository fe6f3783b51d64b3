package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

// volumeSize is from where on a volume takes no more files. A NATS server that
// was killed reads every stream from end to end that has changed since its
// index was written, which may be minutes. Of 20 GiB of pictures in one stream
// that would take a minute.
const volumeSize = 64 << 20

// volumes is a row of object stores. Files go into the last one until it is
// full, so those before it rest, and their indexes stay true.
type volumes struct {
	js   jetstream.JetStream
	opts Options
	name string        // of the first; the others add their number
	age  time.Duration // how long files are kept; 0: until they are deleted
	size uint64        // of a full one

	mu    sync.Mutex
	known map[int]volume
	last  int
}

func openVolumes(ctx context.Context, js jetstream.JetStream, opts Options, name string, age time.Duration) (*volumes, error) {
	row := &volumes{js: js, opts: opts, name: name, age: age, size: volumeSize, known: map[int]volume{}}
	numbers, err := row.numbers(ctx)
	if err != nil {
		return nil, err
	}
	return row, row.begin(ctx, slices.Max(append(numbers, 0)))
}

func (row *volumes) nameOf(n int) string {
	if n == 0 {
		return row.name
	}
	return row.name + "_" + strconv.Itoa(n)
}

// numbers of all volumes that the server has, in order.
func (row *volumes) numbers(ctx context.Context) (all []int, err error) {
	names := row.js.StreamNames(ctx)
	for name := range names.Name() {
		rest, ours := strings.CutPrefix(name, objectStream+row.name)
		if !ours {
			continue
		}
		if n, ok := number(strings.TrimPrefix(rest, "_")); ok || rest == "" {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, names.Err()
}

// number reads the mark of a volume that is not the first.
func number(digits string) (n int, ok bool) {
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0 && strconv.Itoa(n) == digits
}

// begin makes a volume, or brings it up to date, and writes to it from now on.
func (row *volumes) begin(ctx context.Context, n int) error {
	name := row.nameOf(n)
	_, err := stream(ctx, row.js, row.opts, jetstream.StreamConfig{ // as the client library lays an object store out
		Name: objectStream + name, Subjects: []string{"$O." + name + ".C.>", "$O." + name + ".M.>"}, MaxAge: row.age,
		Discard: jetstream.DiscardNew, AllowDirect: true, AllowRollup: true,
	})
	if err != nil {
		return err
	}
	if _, err := row.open(ctx, n); err != nil {
		return err
	}
	row.mu.Lock()
	defer row.mu.Unlock()
	row.last = max(row.last, n)
	return nil
}

// open finds a volume that is there.
func (row *volumes) open(ctx context.Context, n int) (v volume, err error) {
	row.mu.Lock()
	defer row.mu.Unlock()
	if v, known := row.known[n]; known {
		return v, nil
	}
	v = volume{name: row.nameOf(n), n: n}
	if v.stream, err = row.js.Stream(ctx, objectStream+v.name); err != nil {
		return v, err
	}
	if v.ObjectStore, err = row.js.ObjectStore(ctx, v.name); err == nil {
		row.known[n] = v
	}
	return v, err
}

func (row *volumes) forget(n int) {
	row.mu.Lock()
	defer row.mu.Unlock()
	delete(row.known, n)
}

func (row *volumes) lastNumber() int {
	row.mu.Lock()
	defer row.mu.Unlock()
	return row.last
}

// newest is the volume that takes files now. Another process may have begun
// the next one already: then beginning it again changes nothing.
func (row *volumes) newest(ctx context.Context) (volume, error) {
	for {
		n := row.lastNumber()
		v, err := row.open(ctx, n)
		if err == nil {
			var info *jetstream.StreamInfo
			if info, err = v.stream.Info(ctx); err == nil && info.State.Bytes < row.size {
				return v, nil
			}
		}
		if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return v, err
		}
		if err := row.begin(ctx, n+1); err != nil {
			return v, fmt.Errorf("begin volume %d: %w", n+1, err)
		}
	}
}

// find calls do with the volume that a token's mark tells, and the object's
// name. A token without a mark is of the first volume.
func (row *volumes) find(ctx context.Context, token string, do func(v volume, name string) error) error {
	name, digits, marked := strings.Cut(token, "-")
	n := 0
	if marked {
		var ok bool
		if n, ok = number(digits); !ok {
			return prediction.ErrNotFound
		}
	}
	return row.in(ctx, n, func(v volume) error { return do(v, name) })
}

// search is find also for a token that was chosen before its file had a volume:
// it looks into all of them, too much for tokens that strangers send.
func (row *volumes) search(ctx context.Context, token string, do func(v volume, name string) error) error {
	err := row.find(ctx, token, do)
	if !errors.Is(err, prediction.ErrNotFound) || strings.Contains(token, "-") {
		return err
	}
	numbers, err := row.numbers(ctx)
	if err != nil {
		return err
	}
	for _, n := range slices.DeleteFunc(numbers, func(n int) bool { return n == 0 }) {
		err := row.in(ctx, n, func(v volume) error { return do(v, token) })
		if !errors.Is(err, prediction.ErrNotFound) {
			return err
		}
	}
	return prediction.ErrNotFound
}

// in calls do with volume n, and gives the domain's word for what is not there.
func (row *volumes) in(ctx context.Context, n int, do func(volume) error) error {
	v, err := row.open(ctx, n)
	if err == nil {
		err = do(v)
	}
	if err == nil {
		return nil
	}
	for _, absent := range []error{jetstream.ErrObjectNotFound, jetstream.ErrBucketNotFound, jetstream.ErrStreamNotFound} {
		if errors.Is(err, absent) {
			return prediction.ErrNotFound
		}
	}
	if _, gone := row.js.Stream(ctx, objectStream+row.nameOf(n)); errors.Is(gone, jetstream.ErrStreamNotFound) {
		row.forget(n) // another process cleared it away
		return prediction.ErrNotFound
	}
	return err
}

// each calls do with every volume.
func (row *volumes) each(ctx context.Context, do func(volume) error) error {
	numbers, err := row.numbers(ctx)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if err := row.in(ctx, n, do); err != nil && !errors.Is(err, prediction.ErrNotFound) {
			return err
		}
	}
	return nil
}
