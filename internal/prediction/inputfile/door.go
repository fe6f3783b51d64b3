package inputfile

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"easel/internal/prediction"
	"easel/internal/schema"
)

// Door takes inputs in.
type Door struct {
	Files prediction.Files
	Own   func(address string) (token string, ok bool) // knows the addresses of files held here; nil: none
}

// Admit stores the input's data URIs and names the files made, which belong
// to the prediction from then on. A data URI that does not decode and a file
// that is gone are *schema.Invalid. On an error nothing stays stored.
func (d Door) Admit(ctx context.Context, raw json.RawMessage) (admitted json.RawMessage, made []string, err error) {
	admitted, err = Rewrite(raw, func(name, value string) (string, error) {
		if isData(value) {
			token, head, err := d.store(ctx, name, value)
			if token != "" {
				made = append(made, token)
			}
			return Reference{token, head}.String(), err
		}
		if strings.HasPrefix(value, scheme) { // ours alone to write
			return "", refuse(name, "Does not match format 'uri'")
		}
		if d.Own == nil {
			return value, nil
		}
		token, ok := d.Own(value)
		if !ok {
			return value, nil
		}
		if _, err := d.Files.Stat(ctx, token); errors.Is(err, prediction.ErrNotFound) {
			return "", refuse(name, "File not found")
		} else if err != nil {
			return "", fmt.Errorf("look up the file of %s: %w", name, err)
		}
		return Reference{token, value}.String(), nil
	})
	if err != nil {
		Discard(ctx, d.Files, made)
		return nil, nil, err
	}
	return admitted, made, nil
}

func (d Door) store(ctx context.Context, name, value string) (token, head string, err error) {
	u, err := decodeDataURI(value)
	if err != nil {
		return "", "", refuse(name, "Invalid data URI: "+err.Error())
	}
	f, err := d.Files.Put(ctx, prediction.File{Name: name, ContentType: u.contentType}, bytes.NewReader(u.data))
	if err != nil {
		return "", "", fmt.Errorf("store %s: %w", name, err)
	}
	return f.Token, u.head, nil
}

func refuse(name, why string) error {
	return &schema.Invalid{Violations: []schema.Violation{{Type: "format", Field: "input." + name, Description: why}}}
}

// Discard deletes files of a prediction that came to nothing.
func Discard(ctx context.Context, files prediction.Files, tokens []string) {
	for _, token := range tokens {
		_ = files.Delete(context.WithoutCancel(ctx), token) // retention takes what stays
	}
}

// Echo gives the input as its caller wrote it. Of a file that is larger than
// limit, or gone, only the data URI's head is told.
func Echo(ctx context.Context, files prediction.Files, raw json.RawMessage, limit int64) (json.RawMessage, error) {
	if !bytes.Contains(raw, []byte(scheme)) {
		return raw, nil
	}
	return Rewrite(raw, func(_, value string) (string, error) {
		ref, ok := Parse(value)
		if !ok {
			return value, nil
		}
		if !strings.HasSuffix(ref.Echo, ",") || !isData(ref.Echo) {
			return ref.Echo, nil
		}
		f, err := files.Stat(ctx, ref.Token)
		if errors.Is(err, prediction.ErrNotFound) || err == nil && f.Size > limit {
			return ref.Echo, nil
		} else if err != nil {
			return "", err
		}
		_, r, err := files.Open(ctx, ref.Token)
		if errors.Is(err, prediction.ErrNotFound) { // gone since
			return ref.Echo, nil
		} else if err != nil {
			return "", err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		return ref.Echo + base64.StdEncoding.EncodeToString(data), err
	})
}
