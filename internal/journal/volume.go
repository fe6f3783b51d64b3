package journal

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// volume is one object store of a row, and the stream under it, which can
// forget an object wholly: the store itself would keep a marker of each for ever.
type volume struct {
	jetstream.ObjectStore
	name   string
	n      int // in the row, from 0
	stream jetstream.Stream
}

const objectStream = "OBJ_" // begins the name of an object store's stream

func (v volume) chunks(id string) string  { return "$O." + v.name + ".C." + id }
func (v volume) about(name string) string { return "$O." + v.name + ".M." + name }

// mark makes a token of an object's name: it tells the volume, too. Tokens of
// the first volume have no mark.
func (v volume) mark(name string) string {
	if v.n == 0 {
		return name
	}
	return name + "-" + strconv.Itoa(v.n)
}

func unmarked(token string) string {
	name, _, _ := strings.Cut(token, "-")
	return name
}

// remove takes the description away first: from then on the file is not there.
func (v volume) remove(ctx context.Context, name string) error {
	info, err := v.GetInfo(ctx, name)
	if err != nil {
		return err
	}
	subject := v.about(base64.URLEncoding.EncodeToString([]byte(name)))
	if err := v.stream.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
		return err
	}
	return v.stream.Purge(ctx, jetstream.WithPurgeSubject(v.chunks(info.NUID)))
}

// collect removes chunks that no description names: a process that died while
// it stored a file left them. Younger ones may be a file still coming.
func (v volume) collect(ctx context.Context, age time.Duration) (n int, err error) {
	info, err := v.stream.Info(ctx, jetstream.WithSubjectFilter(v.chunks(">")))
	if err != nil {
		return 0, err
	}
	objects, err := v.List(ctx) // after the chunks: what was described meanwhile counts
	if none(err) != nil {
		return 0, err
	}
	described := map[string]bool{}
	for _, o := range objects {
		described[o.NUID] = true
	}
	for subject := range info.State.Subjects {
		if described[strings.TrimPrefix(subject, v.chunks(""))] {
			continue
		}
		last, err := v.stream.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && time.Since(last.Time) < age {
			continue
		}
		if err == nil {
			err = v.stream.Purge(ctx, jetstream.WithPurgeSubject(subject))
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
