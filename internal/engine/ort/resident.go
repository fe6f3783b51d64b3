package ort

import (
	"errors"
	"fmt"

	binding "github.com/yalue/onnxruntime_go"
)

// resident keeps a binding's inputs on the device: weights of a LoRA, the text
// and the positions cross once, not at every step. The binding to ONNX Runtime
// copies an input when it is bound; it cannot cancel such a run, which is short
// on a device that has memory of its own.
type resident struct {
	io       *binding.IoBinding
	changing []int // inputs that are bound again before each run
}

// reside binds all inputs and outputs; changing names the inputs whose slices the
// caller fills anew between runs.
func (b *Binding) reside(changing []string) (err error) {
	s := b.session
	r := &resident{}
	if r.io, err = s.session.CreateIoBinding(); err != nil {
		return fmt.Errorf("run %s: %w", s.name, plain(err))
	}
	b.resident = r
	wanted := map[string]bool{}
	for _, name := range changing {
		wanted[name] = true
	}
	var errs []error
	for i, v := range s.inputs {
		if wanted[v.Name] {
			r.changing = append(r.changing, i)
			continue
		}
		errs = append(errs, r.io.BindInput(v.Name, b.inputs[i]))
	}
	for i, v := range s.outputs {
		errs = append(errs, r.io.BindOutput(v.Name, b.outputs[i]))
	}
	if err := errors.Join(errs...); err != nil {
		b.Close()
		return fmt.Errorf("run %s: %w", s.name, plain(err))
	}
	return nil
}

// run computes the outputs from the resident inputs and the changing ones as they are now.
func (r *resident) run(b *Binding) error {
	for _, i := range r.changing {
		if err := r.io.BindInput(b.session.inputs[i].Name, b.inputs[i]); err != nil {
			return err
		}
	}
	return b.session.session.RunWithBinding(r.io)
}

// Close frees what the binding holds on the device, not its tensors. Closing
// nil, or twice, does nothing.
func (b *Binding) Close() {
	if b != nil && b.resident != nil {
		b.resident.io.Destroy()
		b.resident = nil
	}
}
