package site

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// throttle lets each key do something so often: burst times at once, and then
// once every so long. It is kept in memory, by this process.
type throttle struct {
	every time.Duration
	burst int

	mu   sync.Mutex
	keys map[string]*rate.Limiter
}

// maxKeys bounds the memory that strangers can fill. Beyond it all start anew.
const maxKeys = 10_000

func (t *throttle) allow(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil || len(t.keys) >= maxKeys {
		t.keys = map[string]*rate.Limiter{}
	}
	if t.keys[key] == nil {
		t.keys[key] = rate.NewLimiter(rate.Every(t.every), t.burst)
	}
	return t.keys[key].Allow()
}
