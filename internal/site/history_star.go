package site

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"easel/internal/prediction"
	"easel/internal/share"
	"easel/views"
)

func (s *Site) star(ctx context.Context, on bool, ids []string) error {
	var errs []error
	for _, id := range ids {
		var err error
		if on {
			err = s.Shelf.Mark(ctx, share.Star, id, time.Now())
		} else {
			_, err = s.Shelf.Unmark(ctx, share.Star, id)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// starred is a page of the starred ones. They are few, so they are read one by
// one; ids sort by time, and the cursor is the last one shown.
func (s *Site) starred(ctx context.Context, f views.Filters, cursor string, stars map[string]time.Time) (prediction.Page, error) {
	var ids []string
	for id := range stars {
		if cursor == "" || id < cursor {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	var found prediction.Page
	for _, id := range ids {
		if len(found.Results) == perPage {
			found.Next = found.Results[perPage-1].ID
			break
		}
		p, err := s.Predictions.Get(ctx, id)
		switch {
		case errors.Is(err, prediction.ErrNotFound): // deleted by another way
			continue
		case err != nil:
			return found, fmt.Errorf("starred: %w", err)
		}
		if passes(p, f) {
			found.Results = append(found.Results, p)
		}
	}
	return found, nil
}

// passes is what the journal's query does for all the others.
func passes(p prediction.Prediction, f views.Filters) bool {
	if f.Status != "" && p.Status != f.Status || f.Source != "" && p.Source != f.Source {
		return false
	}
	prompt := strings.ToLower(views.FromInput(p.Input)["prompt"])
	for _, word := range strings.Fields(strings.ToLower(f.Search)) {
		if !strings.Contains(prompt, word) {
			return false
		}
	}
	return true
}
