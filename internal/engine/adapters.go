package engine

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"easel/internal/engine/lora"
	"easel/internal/engine/nn"
	"easel/internal/engine/ort"
)

// adapters is what a request's LoRA files add to each network, as tensors.
type adapters struct {
	transformer, clip, t5 map[string][2]*ort.Tensor
	text                  string // tells apart what changes the text encoders; empty: nothing does
}

func (a *adapters) close() {
	for _, modules := range []map[string][2]*ort.Tensor{a.transformer, a.clip, a.t5} {
		for _, ab := range modules {
			ab[0].Close()
			ab[1].Close()
		}
	}
}

// adapt reads the request's LoRA files and brings them together, with that of
// the variant itself.
func (r *run) adapt() (err error) {
	defer clock(&r.timings.Load)()
	var files []*lora.Adapter
	var scales []float64
	var names []string
	if own := r.variant.adapter; own != nil {
		files, scales, names = append(files, own), append(scales, 1), append(names, r.variant.name)
	}
	for _, wanted := range r.request.Adapters {
		file, key, err := r.engine.files.load(wanted.Path, r.variant)
		if file != nil {
			r.reports = append(r.reports, file.Report)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", cmp.Or(wanted.Name, filepath.Base(wanted.Path)), err)
		}
		files, scales = append(files, file), append(scales, wanted.Scale)
		names = append(names, fmt.Sprintf("%s·%v", key, wanted.Scale))
	}
	merged := lora.Merge(files, scales)
	var errs [3]error
	r.adapters.transformer, errs[0] = tensors(merged, partTransformer)
	r.adapters.clip, errs[1] = tensors(merged, partCLIP)
	r.adapters.t5, errs[2] = tensors(merged, partT5)
	if len(r.adapters.clip)+len(r.adapters.t5) > 0 {
		r.adapters.text = strings.Join(names, "|")
	}
	return errors.Join(errs[:]...)
}

// tensors are the matrices of one network, by its modules' names.
func tensors(deltas map[string]lora.Delta, part string) (map[string][2]*ort.Tensor, error) {
	modules := map[string][2]*ort.Tensor{}
	for name, d := range lora.Component(deltas, part) {
		a, errA := ort.New(d.A, int64(d.In), int64(d.Rank))
		b, errB := ort.New(d.B, int64(d.Rank), int64(d.Out))
		modules[name] = [2]*ort.Tensor{a, b}
		if err := errors.Join(errA, errB); err != nil {
			return modules, fmt.Errorf("adapt %s: %w", name, err)
		}
	}
	return modules, nil
}

// layers names a network's modules as LoRA files are read for them.
func (v *variant) addLayers(part string, modules []nn.Module) {
	for _, m := range modules {
		v.layers[part+"."+m.Name] = lora.Layer{In: m.In, Out: m.Out}
	}
}

// Inspect reads a LoRA file for a variant: what it would change, and the reason
// if it cannot be applied, which does not name the file.
func (e *Engine) Inspect(path, variant string) (lora.Report, error) {
	v, err := e.variant(variant)
	if err != nil {
		return lora.Report{}, err
	}
	file, err := lora.Load(path, v.layers)
	if file == nil {
		return lora.Report{}, err
	}
	return file.Report, err
}

// adapterFiles remembers the LoRA files used last, the latest last.
type adapterFiles []adapterFile

type adapterFile struct {
	key  string
	file *lora.Adapter
}

// adapterBytes bounds the files that are remembered beside the two of a request.
const adapterBytes = 1 << 30

// load reads a file, unless it is the same that was read before.
func (f *adapterFiles) load(path string, v *variant) (*lora.Adapter, string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", errors.New("the file is not there any more") // whoever gave the path found it
	}
	key := fmt.Sprintf("%s %d %d %s", path, info.Size(), info.ModTime().UnixNano(), v.name)
	had := slices.IndexFunc(*f, func(a adapterFile) bool { return a.key == key })
	if had >= 0 {
		used := (*f)[had]
		*f = append(slices.Delete(*f, had, had+1), used)
		return used.file, key, nil
	}
	file, err := lora.Load(path, v.layers)
	if err != nil {
		return file, key, err
	}
	*f = append(*f, adapterFile{key, file})
	f.forget(adapterBytes)
	return file, key, nil
}

// forget drops what was used longest ago until the rest is within a limit.
func (f *adapterFiles) forget(limit int64) {
	held := int64(0)
	for i := len(*f) - 1; i >= 0; i-- {
		if held += (*f)[i].file.Bytes(); held > limit && i < len(*f)-2 {
			*f = slices.Delete(*f, 0, i+1)
			return
		}
	}
}
