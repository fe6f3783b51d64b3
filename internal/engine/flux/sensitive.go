package flux

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"easel/internal/engine/ort"
	"easel/internal/engine/quant"
)

// mostOff is how far the fast mode's velocities may be off, as a share of their
// size. Models of ordinary training stay below it with all layers rounded; one
// whose layers cancel each other's large values does not.
const mostOff = 0.03

// Samples are what a transformer is measured over.
type Samples interface {
	Exact(context.Context) ([]float32, error)         // the velocities of the transformer in float32
	Probe(context.Context, *Model) ([]float32, error) // those of another form of it, after Exact
}

// Sensitive finds the kinds of layers that must stay float32 for the fast mode
// to be near the normal one, by measuring: each kind is rounded alone, then the
// worst are kept, as many as it takes. That loads the transformer some thirty
// times, once; the answer lies beside the rounded weights. Without samples it is
// only looked up there.
func Sensitive(ctx context.Context, dir string, o ort.Options, bits int, cache quant.Cache, samples Samples) ([]string, error) {
	config, file, rounded, err := round(ctx, dir, bits, cache)
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("%s.keep-%d.json", strings.TrimSuffix(rounded.Path, ".safetensors"), levels())
	var known []string
	if data, err := os.ReadFile(path); err == nil && json.Unmarshal(data, &known) == nil {
		return known, nil
	} // else there is none, or it is damaged
	if samples == nil {
		return nil, nil
	}
	exact, err := samples.Exact(ctx)
	if err != nil || distance(exact, exact) != 0 { // it computes NaNs, as the run will say
		return nil, err
	}
	off := func(keep []string) (float64, error) {
		m, err := load(dir, config, file, Form{Rounded: rounded, Levels: levels(), Keep: keep}, o)
		if err != nil {
			return 0, err
		}
		defer m.Close()
		got, err := samples.Probe(ctx, m)
		return distance(exact, got), err
	}
	var kinds []string
	for _, w := range FastWeights(file, bits) {
		if kind, _ := kindOf(w.Name); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	keep, err := leastKept(kinds, off)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(keep)
	if err != nil {
		return nil, err
	}
	os.WriteFile(path, data, 0o644) // or else it is measured again at the next start
	return keep, nil
}

// leastKept returns about the fewest kinds that bring off below mostOff: those
// that alone are beyond it, and then the worst of the others.
func leastKept(kinds []string, off func(keep []string) (float64, error)) ([]string, error) {
	d, err := off(nil)
	if err != nil || d <= mostOff {
		return nil, err
	}
	alone := map[string]float64{} // how far it is off with one kind rounded
	for i, kind := range kinds {
		if alone[kind], err = off(slices.Concat(kinds[:i:i], kinds[i+1:])); err != nil {
			return nil, err
		}
	}
	worst := slices.Clone(kinds)
	slices.SortStableFunc(worst, func(a, b string) int { return cmp.Compare(alone[b], alone[a]) })
	n := slices.IndexFunc(worst, func(kind string) bool { return alone[kind] <= mostOff })
	for ; n >= 0 && n < len(worst); n++ {
		if d, err := off(worst[:n]); err != nil || d <= mostOff {
			return slices.Sorted(slices.Values(worst[:n])), err
		}
	}
	return slices.Sorted(slices.Values(worst)), nil // rounding helps nowhere
}

// distance is the root mean square of the difference, as a share of exact's; a
// NaN is infinitely far.
func distance(exact, got []float32) float64 {
	var wrong, size float64
	for i, x := range exact {
		wrong += float64(x-got[i]) * float64(x-got[i])
		size += float64(x) * float64(x)
	}
	if d := math.Sqrt(wrong / size); d == d {
		return d
	}
	return math.Inf(1)
}
