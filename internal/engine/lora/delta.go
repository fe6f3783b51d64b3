package lora

import (
	"fmt"
	"math"
	"slices"

	"easel/internal/engine/safetensors"
)

// add reads an entry's matrices and adds them to the layers they are for.
func (a *Adapter) add(e entry, to target, layers Layers, scaling scaling) error {
	if e.down == nil || e.up == nil {
		return fmt.Errorf("%q has one of its two matrices only", e.stem)
	}
	rank, in, err := matrix(e.down)
	if err != nil {
		return err
	}
	out, upRank, err := matrix(e.up)
	if err != nil {
		return err
	}
	if rank != upRank || rank == 0 {
		return fmt.Errorf("%q has rank %d in one matrix and %d in the other", e.stem, rank, upRank)
	}
	want := Layer{In: layers[to.layers[0]].In}
	for _, name := range to.layers {
		want.Out += layers[name].Out
	}
	if in != want.In || out != want.Out {
		return fmt.Errorf("%q is made for a layer %d×%d, this model's is %d×%d: the LoRA is for another model", e.stem, in, out, want.In, want.Out)
	}
	factor, err := scaling.factor(e, to.layers[0], rank)
	if err != nil {
		return err
	}
	down, err := e.down.Float32s()
	if err != nil {
		return err
	}
	up, err := e.up.Float32s()
	if err != nil {
		return err
	}
	if !finite(down) || !finite(up) {
		return fmt.Errorf("%q has values that are not numbers", e.stem)
	}
	if to.swap {
		up = append(slices.Clone(up[len(up)/2:]), up[:len(up)/2]...)
	}
	for _, name := range to.layers {
		l := layers[name]
		d := newDelta(l, down, up[:l.Out*rank], rank, factor)
		up = up[l.Out*rank:]
		if old, ok := a.Deltas[name]; ok { // two keys for one layer add up
			d = join(l, []Delta{old, d}, []float32{1, 1})
		}
		a.Deltas[name] = d
	}
	return nil
}

// newDelta transposes a layer's down [rank in] and up [out rank]. Ranks that
// its outputs do not use, as in the parts of a sparse fused layer, are left out.
func newDelta(l Layer, down, up []float32, rank int, factor float32) Delta {
	var used []int
	for r := range rank {
		for o := range l.Out {
			if up[o*rank+r] != 0 {
				used = append(used, r)
				break
			}
		}
	}
	d := Delta{Layer: l, Rank: len(used), A: make([]float32, l.In*len(used)), B: make([]float32, len(used)*l.Out)}
	for k, r := range used {
		for i := range l.In {
			d.A[i*len(used)+k] = down[r*l.In+i]
		}
		for o := range l.Out {
			d.B[k*l.Out+o] = up[o*rank+r] * factor
		}
	}
	return d
}

// Merge makes one adapter of several, each with its scale: the ranks stand
// side by side, so (x·A)·B is the sum. A layer with nothing to add is absent.
func Merge(adapters []*Adapter, scales []float64) map[string]Delta {
	parts := map[string][]Delta{}
	factors := map[string][]float32{}
	for i, a := range adapters {
		for name, d := range a.Deltas {
			if scales[i] != 0 && d.Rank > 0 {
				parts[name] = append(parts[name], d)
				factors[name] = append(factors[name], float32(scales[i]))
			}
		}
	}
	merged := make(map[string]Delta, len(parts))
	for name, ds := range parts {
		merged[name] = join(ds[0].Layer, ds, factors[name])
	}
	return merged
}

// join puts the ranks of several deltas for one layer side by side.
func join(l Layer, ds []Delta, factors []float32) Delta {
	out := Delta{Layer: l}
	for _, d := range ds {
		out.Rank += d.Rank
	}
	out.A = make([]float32, 0, l.In*out.Rank)
	out.B = make([]float32, 0, out.Rank*l.Out)
	for i := range l.In {
		for _, d := range ds {
			out.A = append(out.A, d.A[i*d.Rank:(i+1)*d.Rank]...)
		}
	}
	for k, d := range ds {
		for _, v := range d.B {
			out.B = append(out.B, v*factors[k])
		}
	}
	return out
}

// matrix is a tensor's rows and columns; a 1×1 convolution's extra sides are dropped.
func matrix(t *safetensors.Tensor) (rows, columns int, err error) {
	shape := t.Shape
	for len(shape) > 2 && shape[len(shape)-1] == 1 {
		shape = shape[:len(shape)-1]
	}
	if len(shape) != 2 {
		return 0, 0, fmt.Errorf("%q has the shape %v; a LoRA's is a matrix", t.Name, t.Shape)
	}
	return int(shape[0]), int(shape[1]), nil
}

func finite(values []float32) bool {
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return false
		}
	}
	return true
}
