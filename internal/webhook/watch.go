package webhook

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"easel/internal/prediction"
)

// What a webhook can ask to be told.
const (
	start     = "start"
	output    = "output"
	logs      = "logs"
	completed = "completed"
)

// kind is what an event means to a webhook, "" for nothing.
func kind(t prediction.EventType) string {
	switch t {
	case prediction.EventStarted:
		return start
	case prediction.EventOutput:
		return output
	case prediction.EventLog:
		return logs
	case prediction.EventDone:
		return completed
	}
	return ""
}

// watch tells one prediction's webhook what happens after a moment, and
// returns once the end is told, or given up.
func (s *Sender) watch(ctx context.Context, id string, after time.Time) error {
	p, err := s.Predictions.Get(ctx, id)
	if err != nil {
		return err
	}
	wants := func(kind string) bool { return len(p.WebhookEvents) == 0 || slices.Contains(p.WebhookEvents, kind) }
	events, _, err := s.Predictions.Follow(ctx, id, 0)
	if err != nil {
		return err
	}
	told := after // when something was told last
	for e := range events {
		switch k := kind(e.Type); {
		case k == completed:
			if !wants(completed) {
				return nil
			}
			return s.tellEnd(ctx, id)
		case k == "" || !wants(k):
		case k == start && e.At.After(after), k != start && e.At.After(told.Add(s.Every)):
			// An event that is older than what was told last was told with
			// it: the body is the record as it stands.
			told = time.Now()
			s.tellOnce(ctx, id, "msg_"+id+"_"+strconv.FormatUint(e.N, 10))
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("follow: %w", errBrokeOff)
}

// tellOnce posts the record as it stands. Nobody there is no error.
func (s *Sender) tellOnce(ctx context.Context, id, message string) {
	p, err := s.Predictions.Get(ctx, id)
	if err != nil || p.Status.Final() { // the end is told as such, and only once
		return
	}
	body, err := s.Body(ctx, p)
	if err == nil {
		err = s.post(ctx, p.Webhook, message, body)
	}
	if err != nil {
		s.Log.Debug("webhook not told", "prediction", id, "err", err)
	}
}

// tellEnd posts the final record until it is taken: always the same message.
func (s *Sender) tellEnd(ctx context.Context, id string) error {
	p, err := s.Predictions.Get(ctx, id)
	if err != nil {
		return err
	}
	body, err := s.Body(ctx, p)
	if err != nil {
		return err
	}
	for _, pause := range append(slices.Clone(s.Retries), 0) {
		var again bool
		if again, err = s.try(ctx, p.Webhook, "msg_"+id+"_"+completed, body); err == nil || !again || pause == 0 {
			return err
		}
		s.Log.Info("webhook will be told again", "prediction", id, "in", pause, "err", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return err
}
