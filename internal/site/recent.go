package site

import (
	"context"

	"easel/internal/prediction"
	"easel/internal/share"
	"easel/views"
)

// recent are the last pictures that were drawn, less those in the bin.
func (s *Site) recent(ctx context.Context, most int) ([]views.Card, error) {
	binned, err := s.Shelf.Marked(ctx, share.Binned)
	if err != nil {
		return nil, err
	}
	list, err := s.Predictions.List(ctx, prediction.Query{Status: prediction.Succeeded, Limit: most + len(binned)})
	if err != nil {
		return nil, err
	}
	var cards []views.Card
	for _, p := range list.Results {
		if _, gone := binned[p.ID]; !gone && len(p.Output) > 0 && len(cards) < most {
			cards = append(cards, views.Card{Run: views.NewRun(p), CreatedAt: p.CreatedAt})
		}
	}
	return cards, nil
}

// busy says whether something waits or is being drawn.
func (s *Site) busy(ctx context.Context) (bool, error) {
	for _, status := range []prediction.Status{prediction.Starting, prediction.Processing} {
		list, err := s.Predictions.List(ctx, prediction.Query{Status: status, Limit: 1})
		if err != nil || len(list.Results) > 0 {
			return err == nil, err
		}
	}
	return false, nil
}
