package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"easel/internal/fetch"
	"easel/internal/picture"
	"easel/internal/prediction"
	"easel/internal/prediction/inputfile"
)

// files reads what an input names: a file taken in at the door, or an address.
type files struct {
	held   prediction.Files
	client *fetch.Client
}

func (f files) Read(ctx context.Context, field, address string, limit int64) ([]byte, error) {
	ref, ok := inputfile.Parse(address)
	if !ok {
		return fetched(ctx, f.client, field, address, limit)
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

func fetched(ctx context.Context, client *fetch.Client, field, address string, limit int64) ([]byte, error) {
	body, err := client.Get(ctx, address, fetch.Limits{Bytes: limit})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	defer body.Close()
	return readUpTo(body, field, limit)
}

// localFiles reads what the person at the command line names: paths, addresses
// and data URIs.
type localFiles struct{ client *fetch.Client }

func (l localFiles) Read(ctx context.Context, field, address string, limit int64) ([]byte, error) {
	if picture.IsDataURI(address) {
		data, err := picture.DecodeDataURI(address, int(limit))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		return data, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" {
		return fetched(ctx, l.client, field, address, limit)
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
