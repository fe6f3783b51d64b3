package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// patience is how long a receiver may take to answer.
const patience = 10 * time.Second

func (s *Sender) post(ctx context.Context, address, id string, body []byte) error {
	_, err := s.try(ctx, address, id, body)
	return err
}

// try posts once. A receiver that fails may be tried again; one that sends us
// elsewhere may not: following would reach places that the caller did not name.
func (s *Sender) try(ctx context.Context, address, id string, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("webhook: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "easel")
	if s.Secret != nil {
		if err := s.Secret.sign(r.Header, id, time.Now(), body); err != nil {
			return false, fmt.Errorf("sign webhook: %w", err)
		}
	}
	response, err := s.Client.Do(r)
	if err != nil {
		return true, fmt.Errorf("webhook: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	switch {
	case response.StatusCode < 300:
		return false, nil
	case response.StatusCode < 400:
		return false, fmt.Errorf("webhook: the receiver answered %s; redirects are not followed", response.Status)
	}
	return true, fmt.Errorf("webhook: the receiver answered %s", response.Status)
}
