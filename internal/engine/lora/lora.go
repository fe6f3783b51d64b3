// Package lora reads LoRA files in the key styles found in the wild and brings
// them to one form: for each linear layer, by diffusers' name, the two small
// matrices that are added to it.
//
// A layer's weight W [out in] becomes W + s·(alpha/r)·up·down, with down [r in]
// and up [out r] in the file. Here that is y += (x·A)·B with A [in r], the
// transposed down, and B [r out], the transposed up with alpha/r in it.
package lora

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"easel/internal/engine/safetensors"
)

// Layer is the size of a linear layer that an adapter may change.
type Layer struct{ In, Out int }

// Layers are a model's linear layers by name: the component ("transformer",
// "text_encoder" or "text_encoder_2"), a dot, and diffusers' name of the layer.
type Layers map[string]Layer

// Delta is what is added to one layer, at scale 1.
type Delta struct {
	Layer
	Rank int
	A    []float32 // [In Rank]
	B    []float32 // [Rank Out], alpha/rank included
}

// Adapter is a LoRA file that fits a model.
type Adapter struct {
	Deltas map[string]Delta // by the names of Layers
	Report Report
}

// Bytes is the memory that the adapter's matrices take.
func (a *Adapter) Bytes() (n int64) {
	for _, d := range a.Deltas {
		n += 4 * int64(len(d.A)+len(d.B))
	}
	return n
}

// Load reads a file for a model with the given layers. Where the file can be
// read but not applied (another model's, DoRA, no matching key, wrong sizes),
// the error comes with an Adapter that holds only the Report. Errors are one
// sentence without the file's name, which is the caller's to say.
func Load(path string, layers Layers) (*Adapter, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, sentence(path, err)
	}
	entries, rest := group(file)
	a := &Adapter{Deltas: map[string]Delta{}, Report: newReport(filepath.Base(path), file, entries)}
	if kind := notLoRA(rest); kind != "" {
		return a, fmt.Errorf("this is a %s file; only plain LoRA can be applied", kind)
	}
	if len(entries) == 0 {
		return a, fmt.Errorf("not one of the file's %d tensors is a LoRA's; is it a whole model?", file.Len())
	}
	if a.Report.Base != "" && a.Report.Base != flux1 {
		return a, fmt.Errorf("this is a LoRA for %s; it cannot be applied to FLUX.1", a.Report.Base)
	}
	aliases, scaling := newAliases(layers), newScaling(file.Metadata)
	var wrong []error
	for _, e := range entries {
		to, ok := aliases.find(e.stem)
		if !ok {
			a.Report.Unmatched = append(a.Report.Unmatched, e.keys()...)
			continue
		}
		if err := a.add(e, to, layers, scaling); err != nil {
			wrong = append(wrong, err)
			a.Report.Unmatched = append(a.Report.Unmatched, e.keys()...)
			continue
		}
		a.Report.Matched += len(e.keys())
	}
	a.Report.Unmatched = append(a.Report.Unmatched, rest...)
	a.Report.finish(a.Deltas)
	switch {
	case len(wrong) > 1:
		return &Adapter{Report: a.Report}, fmt.Errorf("%w; and %d more layers", wrong[0], len(wrong)-1)
	case len(wrong) > 0:
		return &Adapter{Report: a.Report}, wrong[0]
	case a.Report.Matched == 0:
		return a, fmt.Errorf("none of the file's %d keys matches a layer of this model (the first is %q)", file.Len(), a.Report.Unmatched[0])
	}
	return a, nil
}

// sentence says what is wrong with a file that cannot be read: the first
// problem, without the path.
func sentence(path string, err error) error {
	var missing *fs.PathError
	if errors.As(err, &missing) {
		return errors.New("the file cannot be read: " + missing.Err.Error())
	}
	lines := strings.Split(err.Error(), "\n")
	first := strings.TrimPrefix(lines[0], path+": ")
	if len(lines) > 1 {
		return fmt.Errorf("%s; and more like it", first)
	}
	return errors.New(first)
}

// Component is the deltas of one component, by its own layer names.
func Component(deltas map[string]Delta, component string) map[string]Delta {
	own := map[string]Delta{}
	for name, d := range deltas {
		if layer, ok := strings.CutPrefix(name, component+"."); ok {
			own[layer] = d
		}
	}
	return own
}
