package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"easel/internal/prediction"
)

// These clients hand out a picture only where its address begins with https:
// or data:. Of an http: address they save the text.
var wantsHTTPS = []string{"replicate-javascript/", "replicate-python/", "Replicate/Python"}

// wantsData says whether the outputs go as data: URIs, as Replicate itself
// sent them to callers that wait: on plain http to the clients that would not
// read http: addresses, or as OutputURLs says.
func (a *API) wantsData(r *http.Request, base string, p prediction.Prediction) bool {
	switch a.OutputURLs {
	case "data":
		return true
	case "http":
		return false
	}
	if strings.HasPrefix(base, "https:") || !p.Held {
		return false
	}
	for _, agent := range wantsHTTPS {
		if strings.HasPrefix(r.UserAgent(), agent) {
			return true
		}
	}
	return false
}

// isCLI knows Replicate's command line, which streams, and hangs when that
// fails, wherever it sees a stream.
func isCLI(r *http.Request) bool { return strings.HasPrefix(r.UserAgent(), "replicate-cli/") }

// outputs are a prediction's pictures, in order.
func (a *API) outputs(ctx context.Context, p prediction.Prediction, v view) ([]string, error) {
	all := make([]string, len(p.Output))
	for i, token := range p.Output {
		all[i] = fileURL(v.base, token+"/"+outputName(p, i))
		if !v.data {
			continue
		}
		uri, err := a.dataURI(ctx, token)
		if errors.Is(err, prediction.ErrNotFound) {
			continue // removed since the record was read
		} else if err != nil {
			return nil, fmt.Errorf("read picture %d of %s: %w", i, p.ID, err)
		}
		all[i] = uri
	}
	return all, nil
}

func (a *API) dataURI(ctx context.Context, token string) (string, error) {
	f, r, err := a.Service.Files().Open(ctx, token)
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return "data:" + f.ContentType + ";base64," + base64.StdEncoding.EncodeToString(data), err
}

// outputName is the last part of a picture's address, by which callers name
// the file they save.
func outputName(p prediction.Prediction, i int) string {
	in := struct {
		Format string `json:"output_format"`
	}{"webp"}
	if json.Unmarshal(p.Input, &in) != nil || in.Format == "" {
		in.Format = "webp"
	}
	return fmt.Sprintf("out-%d.%s", i, in.Format)
}
