package ort

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	binding "github.com/yalue/onnxruntime_go"

	"easel/internal/engine/onnx"
)

// Session is a graph ready to run. Its methods may be called from several
// goroutines; runs of one session on the CPU go side by side.
type Session struct {
	name            string
	device          Device
	inputs, outputs []onnx.Value

	mu      sync.RWMutex // held for reading by runs: Close waits for them
	session *binding.DynamicAdvancedSession

	absent Values // rank 0 for each LoRA input
}

// Open loads a built graph with its weights. The error names the graph; see
// onnx.DumpVar for keeping a graph that does not load.
func Open(m onnx.Model, o Options) (*Session, error) {
	if Version() == "" {
		return nil, fmt.Errorf("load %s: %w", m.Name, errInit)
	}
	so, err := o.session(m.Folder)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", m.Name, err)
	}
	defer so.Destroy()
	session, err := binding.NewDynamicAdvancedSessionWithONNXData(m.Proto, names(m.Inputs), names(m.Outputs), so)
	if err != nil {
		return nil, m.Dump(fmt.Errorf("load %s: %w", m.Name, plain(err)))
	}
	live.Add(1)
	s := &Session{name: m.Name, device: o.Device, inputs: m.Inputs, outputs: m.Outputs, session: session, absent: Values{}}
	if err := s.addAbsent(); err != nil {
		s.Close()
		return nil, fmt.Errorf("load %s: %w", m.Name, err)
	}
	return s, nil
}

// addAbsent makes the tensors that stand for no LoRA.
func (s *Session) addAbsent() error {
	for _, v := range s.inputs {
		if len(v.Shape) != 2 || !strings.HasSuffix(v.Name, loraA) && !strings.HasSuffix(v.Name, loraB) {
			continue
		}
		rows, columns := v.Dim(0).Size, v.Dim(1).Size // a symbol's size is 0, as the rank's must be
		t, err := New([]float32(nil), rows, columns)
		if err != nil {
			return fmt.Errorf("input %s: %w", v.Name, err)
		}
		s.absent[v.Name] = t
	}
	return nil
}

// Inputs are the graph's inputs in the order in which Run takes them; not to be changed.
func (s *Session) Inputs() []onnx.Value { return s.inputs }

// Outputs are the graph's outputs in the order in which Run takes them; not to be changed.
func (s *Session) Outputs() []onnx.Value { return s.outputs }

// Close frees the session after its runs have ended. Closing nil, or twice, does nothing.
func (s *Session) Close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return
	}
	s.session.Destroy()
	s.session = nil
	live.Add(-1)
	for _, t := range s.absent {
		t.Close()
	}
}

// Values are tensors by the graph's names for them.
type Values map[string]*Tensor

// A LoRA's matrices are the inputs so named after their module.
const (
	loraA = ".lora_A" // [in rank]
	loraB = ".lora_B" // [rank out]
)

// Adapt adds LoRA matrices, A [in rank] and B [rank out], by module. Modules
// that are not named keep rank 0: a session supplies these inputs itself.
func (v Values) Adapt(modules map[string][2]*Tensor) {
	for name, ab := range modules {
		v[name+loraA], v[name+loraB] = ab[0], ab[1]
	}
}

// Run computes the outputs, which must be tensors of the right shape, from the
// inputs. When ctx ends, the run stops before its next node and the error is
// ctx's; the session stays usable.
func (s *Session) Run(ctx context.Context, inputs, outputs Values) error {
	b, err := s.Bind(inputs, outputs)
	if err != nil {
		return err
	}
	defer b.Close()
	return b.Run(ctx)
}

// Binding is a session's inputs and outputs, checked once, for runs that only
// change what the tensors hold.
type Binding struct {
	session         *Session
	inputs, outputs []binding.Value
	tensors         []*Tensor // keeps them, and so their slices, reachable
	resident        *resident // nil: all cross at each run
}

// Bind checks that the tensors are exactly what the graph takes and gives; the
// error lists every one that is not. Where changing names the inputs that are
// filled anew between runs, the others stay on the device. A binding is closed by
// whoever made it, before its session.
func (s *Session) Bind(inputs, outputs Values, changing ...string) (*Binding, error) {
	b := &Binding{session: s, tensors: make([]*Tensor, 0, len(inputs)+len(outputs))}
	var errIn, errOut error
	b.inputs, errIn = b.values("input", s.inputs, inputs)
	b.outputs, errOut = b.values("output", s.outputs, outputs)
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, fmt.Errorf("run %s: %w", s.name, err)
	}
	if s.device == "" || s.device == CPU || len(changing) == 0 {
		return b, nil
	}
	return b, b.reside(changing)
}

// Run computes the outputs anew: see Session.Run.
func (b *Binding) Run(ctx context.Context) error {
	s := b.session
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("run %s: %w", s.name, err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.session == nil {
		return fmt.Errorf("run %s: the session is closed", s.name)
	}
	if i := slices.IndexFunc(b.tensors, func(t *Tensor) bool { return t.value == nil }); i >= 0 {
		return fmt.Errorf("run %s: a tensor %v is closed", s.name, b.tensors[i])
	}
	var err error
	if b.resident != nil {
		err = b.resident.run(b)
	} else {
		err = b.run(ctx)
	}
	runtime.KeepAlive(b)
	if err == nil {
		return nil
	}
	if err = plain(err); ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("run %s: %w", s.name, err)
}

// run is one run that ends early with ctx.
func (b *Binding) run(ctx context.Context) error {
	ro, err := binding.NewRunOptions()
	if err != nil {
		return err
	}
	defer ro.Destroy()
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		ro.Terminate()
	})
	err = b.session.session.RunWithOptions(b.inputs, b.outputs, ro)
	if !stop() {
		<-done // Terminate has ended before ro is freed
	}
	return err
}

func (b *Binding) values(kind string, declared []onnx.Value, given Values) ([]binding.Value, error) {
	var errs []error
	values := make([]binding.Value, len(declared))
	found := 0
	for i, d := range declared {
		t, ok := given[d.Name]
		if ok {
			found++
		} else {
			t = b.session.absent[d.Name]
		}
		switch {
		case t == nil:
			errs = append(errs, fmt.Errorf("%s %s is missing", kind, d.Name))
		case t.value == nil:
			errs = append(errs, fmt.Errorf("%s %s is closed", kind, d.Name))
		case !matches(d, t):
			errs = append(errs, fmt.Errorf("%s %s is %v, must be %s %v", kind, d.Name, t, d.Type, d.Shape))
		default:
			values[i] = t.value
			b.tensors = append(b.tensors, t)
		}
	}
	if found < len(given) {
		for name := range given {
			if !slices.ContainsFunc(declared, func(d onnx.Value) bool { return d.Name == name }) {
				errs = append(errs, fmt.Errorf("there is no %s %s", kind, name))
			}
		}
	}
	return values, errors.Join(errs...)
}

func matches(d onnx.Value, t *Tensor) bool {
	if d.Type != t.dtype || len(d.Shape) != len(t.shape) {
		return false
	}
	for i, dim := range d.Shape {
		if !dim.Is(t.shape[i]) {
			return false
		}
	}
	return true
}

func names(values []onnx.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.Name
	}
	return out
}
