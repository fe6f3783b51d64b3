package onnx

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DumpVar names the folder into which a model that failed to load is written.
const DumpVar = "EASEL_ONNX_DUMP"

// Model is a finished graph.
type Model struct {
	Name            string
	Proto           []byte // a ModelProto
	Folder          string // what the external tensors' locations are relative to
	Inputs, Outputs []Value
	Ops             []Op // each once
}

// Op is an operator and a type of real numbers that it takes or gives somewhere.
type Op struct {
	Name string
	Type DType
}

// Build writes the graph. Its error is the first one that building met.
func (g *Graph) Build() (Model, error) {
	if g.err != nil {
		return Model{}, g.err
	}
	files, folder, err := g.files()
	if err != nil {
		return Model{}, fmt.Errorf("graph %s: %w", g.name, err)
	}
	var graph message
	for _, n := range g.nodes {
		graph.bytes(1, n.proto())
	}
	graph.text(2, g.name)
	for _, i := range g.initializers {
		location := ""
		if i.external != nil {
			location = files[i.external.File]
		}
		graph.bytes(5, i.proto(location))
	}
	for _, v := range g.inputs {
		graph.bytes(11, v.proto())
	}
	for _, v := range g.outputs {
		graph.bytes(12, v.proto())
	}
	var m message
	m.varint(1, irVersion)
	m.text(2, "easel")
	m.bytes(7, graph)
	m.bytes(8, opsetID("", opset))
	m.bytes(8, opsetID(contrib, opsetContib))
	return Model{Name: g.name, Proto: m, Folder: folder, Inputs: g.inputs, Outputs: g.outputs, Ops: g.ops()}, nil
}

// ops lists what kernels the graph needs.
func (g *Graph) ops() (all []Op) {
	for _, n := range g.nodes {
		for _, t := range n.types {
			if op := (Op{n.op, t}); t.IsFloat() && !slices.Contains(all, op) {
				all = append(all, op)
			}
		}
	}
	return all
}

func opsetID(domain string, version int64) []byte {
	var m message
	m.text(1, domain)
	m.varint(2, version)
	return m
}

// files gives each external file's location below their common folder. ONNX
// Runtime refuses locations that leave the model's folder through a link, as
// every file of a hub cache does, so links are resolved first.
func (g *Graph) files() (map[string]string, string, error) {
	real, folder := map[string]string{}, ""
	for _, i := range g.initializers {
		if i.external == nil || real[i.external.File] != "" {
			continue
		}
		path, err := filepath.Abs(i.external.File)
		if err == nil {
			path, err = filepath.EvalSymlinks(path)
		}
		if err != nil {
			return nil, "", fmt.Errorf("resolve weights: %w", err)
		}
		real[i.external.File] = path
		if folder == "" {
			folder = filepath.Dir(path)
		}
		for !within(folder, path) {
			folder = filepath.Dir(folder)
		}
	}
	for file, path := range real {
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return nil, "", fmt.Errorf("resolve weights: %w", err)
		}
		real[file] = filepath.ToSlash(rel)
	}
	return real, folder, nil
}

func within(folder, path string) bool {
	if !strings.HasSuffix(folder, string(filepath.Separator)) {
		folder += string(filepath.Separator)
	}
	return strings.HasPrefix(path, folder)
}

// Dump writes the model into the folder named by DumpVar and adds where to err;
// without that variable it returns err as it is.
func (m Model) Dump(err error) error {
	folder := os.Getenv(DumpVar)
	if folder == "" || err == nil {
		return err
	}
	path := filepath.Join(folder, m.Name+".onnx")
	if werr := os.WriteFile(path, m.Proto, 0o644); werr != nil {
		return fmt.Errorf("%w (dump: %v)", err, werr)
	}
	return fmt.Errorf("%w (model written to %s)", err, path)
}
