package api

import (
	"log/slog"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"easel/internal/prediction"
)

// Cog serves the routes of a Cog container, so that whatever drives one can
// drive Easel: no login, no queue, and answers that hold their pictures.
// It stands on an address of its own.
type Cog struct {
	Service  *prediction.Service
	Model    Model
	Webhooks Webhooks // unsigned and unthrottled, with WebhookBody as its body
	Log      *slog.Logger
	Slots    int // predictions that run at once; 0: 1
	Setup    func() Setup
	Shutdown func() // for POST /shutdown; nil: there is no such route

	mu      sync.Mutex
	running map[string]bool // by id
}

// Setup says how far the model has come.
type Setup struct {
	Done      bool
	Err       error // why it never will be
	Started   time.Time
	Completed time.Time
	Logs      string
}

// Register adds Cog's routes.
func (g *Cog) Register(e *echo.Echo) {
	g.running = map[string]bool{}
	g.Slots = max(1, g.Slots)
	if g.Webhooks == nil {
		g.Webhooks = NoWebhooks{}
	}
	e.GET("/", g.discover)
	e.GET("/health-check", g.health)
	e.GET("/openapi.json", g.document)
	e.POST("/predictions", g.predict)
	e.PUT("/predictions/:id", g.predictOnce)
	e.POST("/predictions/:id/cancel", g.cancel)
	if g.Shutdown != nil {
		e.POST("/shutdown", g.shutdown)
	}
}

// take reserves a slot for an id. It says false when the id runs already, and
// fails when no slot is free.
func (g *Cog) take(id string) (fresh bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running[id] {
		return false, nil
	}
	if len(g.running) >= g.Slots {
		return false, errBusy
	}
	g.running[id] = true
	return true, nil
}

func (g *Cog) release(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.running, id)
}

func (g *Cog) runs(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running[id]
}

func (g *Cog) busy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.running) >= g.Slots
}
