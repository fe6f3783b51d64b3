package site

import (
	"bytes"
	"context"
	"io"
	"maps"
	"time"

	"easel/internal/prediction"
	"easel/internal/share"
)

// shelf keeps shares and marks in memory.
type shelf struct {
	shares map[string]share.Share
	marks  map[share.Kind]map[string]time.Time
}

func (s *shelf) Add(_ context.Context, sh share.Share) error {
	if s.shares == nil {
		s.shares = map[string]share.Share{}
	}
	s.shares[sh.Token] = sh
	return nil
}

func (s *shelf) Get(_ context.Context, token string) (share.Share, error) {
	sh, ok := s.shares[token]
	if !ok {
		return sh, prediction.ErrNotFound
	}
	return sh, nil
}

func (s *shelf) Of(_ context.Context, id string) (found []share.Share, err error) {
	for _, sh := range s.shares {
		if sh.Prediction == id {
			found = append(found, sh)
		}
	}
	return found, nil
}

func (s *shelf) Change(ctx context.Context, token string, change func(*share.Share)) (share.Share, error) {
	sh, err := s.Get(ctx, token)
	if err == nil {
		change(&sh)
		s.shares[token] = sh
	}
	return sh, err
}

func (s *shelf) Mark(_ context.Context, k share.Kind, id string, at time.Time) error {
	if s.marks == nil {
		s.marks = map[share.Kind]map[string]time.Time{}
	}
	if s.marks[k] == nil {
		s.marks[k] = map[string]time.Time{}
	}
	s.marks[k][id] = at
	return nil
}

func (s *shelf) Unmark(_ context.Context, k share.Kind, id string) (bool, error) {
	_, was := s.marks[k][id]
	delete(s.marks[k], id)
	return was, nil
}

func (s *shelf) Marked(_ context.Context, k share.Kind) (map[string]time.Time, error) {
	return maps.Clone(s.marks[k]), nil
}

// held keeps files in memory; only what the pages do with them works.
type held map[string][]byte

type heldFile struct{ *bytes.Reader }

func (heldFile) Close() error { return nil }

func (h held) Open(_ context.Context, token string) (prediction.File, io.ReadSeekCloser, error) {
	data, ok := h[token]
	if !ok {
		return prediction.File{}, nil, prediction.ErrNotFound
	}
	return prediction.File{Token: token}, heldFile{bytes.NewReader(data)}, nil
}

func (h held) Put(context.Context, prediction.File, io.Reader) (prediction.File, error) {
	panic("not here")
}
func (h held) Stat(context.Context, string) (prediction.File, error) { panic("not here") }
func (h held) Delete(context.Context, string) error                  { panic("not here") }
func (h held) List(context.Context) ([]prediction.File, error)       { panic("not here") }
func (h held) Used(context.Context) (int64, error)                   { panic("not here") }
