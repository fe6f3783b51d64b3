package api

import (
	"fmt"
	"testing"
)

// scenario is one row of the contract (docs/api.md): its number there, what
// it says in a few words, and the check.
type scenario struct {
	n    int
	name string
	run  func(t *testing.T, w *world)
}

// TestConformance runs the numbered scenarios of Replicate's API.
func TestConformance(t *testing.T) {
	w := newWorld(t, worldOptions{})
	longest := startLongestHold(t)
	for _, group := range [][]scenario{creating, validating, living, streaming, filing, hooking, browsing, enduring} {
		for _, s := range group {
			t.Run(fmt.Sprintf("%02d_%s", s.n, s.name), func(t *testing.T) { s.run(t, w) })
		}
	}
	t.Run("05_bare_wait_answers_before_59_s", longest)
}
