package picture

import (
	"cmp"
	"fmt"
	"strings"
)

// Difference is a cause for which the same input may give other pixels.
type Difference struct{ What, Then, Now string }

func (d Difference) String() string { return fmt.Sprintf("%s: then %s, now %s", d.What, d.Then, d.Now) }

// Differences are what drew a picture otherwise than now draws.
func (r Recipe) Differences(now Recipe) (found []Difference) {
	because := func(what, then, now string) {
		if then != now {
			found = append(found, Difference{what, cmp.Or(then, "not told"), cmp.Or(now, "not told")}) // a picture of an older Easel
		}
	}
	because("Other weights", short(r.Weights), short(now.Weights))
	because("Another program", "Easel "+r.Version, "Easel "+now.Version)
	because("Another runtime", r.Runtime, now.Runtime)
	because("Another device", r.Device, now.Device)
	because("Other LoRA files", adapters(r), adapters(now))
	return found
}

func adapters(r Recipe) string {
	var all []string
	for _, l := range r.LoRAs {
		all = append(all, fmt.Sprintf("%s at %g", short(l.SHA256), l.Scale))
	}
	return cmp.Or(strings.Join(all, " "), "none")
}

// short is as much of a sum as tells two apart.
func short(sum string) string {
	if len(sum) > 13 {
		return sum[:12] + "…"
	}
	return sum
}
