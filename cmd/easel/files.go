package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
)

// files reads what an input names: a file taken in at the door.
type files struct{ held prediction.Files }

func (f files) Read(ctx context.Context, field, address string, limit int64) ([]byte, error) {
	ref, ok := inputfile.Parse(address)
	if !ok {
		return nil, fmt.Errorf("%s: addresses cannot be fetched yet", field)
	}
	_, r, err := f.held.Open(ctx, ref.Token)
	if errors.Is(err, prediction.ErrNotFound) {
		return nil, fmt.Errorf("%s: the file is not there any more", field)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	defer r.Close()
	return readUpTo(r, field, limit)
}

// localFiles reads paths that the person at the command line gives.
type localFiles struct{}

func (localFiles) Read(_ context.Context, field, address string, limit int64) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" {
		return nil, fmt.Errorf("%s: addresses cannot be fetched yet; give a file's path", field)
	}
	f, err := os.Open(filepath.FromSlash(u.Path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	defer f.Close()
	return readUpTo(f, field, limit)
}

func readUpTo(r io.Reader, field string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: more than %d bytes", field, limit)
	}
	return data, nil
}
