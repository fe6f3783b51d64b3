package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers are those of onnx.proto (ir_version 10).

// message is a protobuf message under construction.
type message []byte

func (m *message) varint(field protowire.Number, n int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(n))
}

func (m *message) text(field protowire.Number, s string) {
	if s == "" {
		return
	}
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendString(*m, s)
}

func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, b)
}

func (m *message) float(field protowire.Number, x float32) {
	*m = protowire.AppendTag(*m, field, protowire.Fixed32Type)
	*m = protowire.AppendFixed32(*m, math.Float32bits(x))
}

// attr is one attribute of a node, already as AttributeProto.
type attr message

const (
	attrFloat  = 1
	attrInt    = 2
	attrString = 3
	attrInts   = 7
)

func floatAttr(name string, x float64) attr {
	var m message
	m.text(1, name)
	m.float(2, float32(x))
	m.varint(20, attrFloat)
	return attr(m)
}

func intAttr[T int | int64](name string, n T) attr {
	var m message
	m.text(1, name)
	m.varint(3, int64(n))
	m.varint(20, attrInt)
	return attr(m)
}

func textAttr(name, s string) attr {
	var m message
	m.text(1, name)
	m.text(4, s)
	m.varint(20, attrString)
	return attr(m)
}

func intsAttr[T int | int64](name string, ns ...T) attr {
	var m message
	m.text(1, name)
	for _, n := range ns {
		m.varint(8, int64(n))
	}
	m.varint(20, attrInts)
	return attr(m)
}

func (n node) proto() []byte {
	var m message
	for _, in := range n.inputs { // an absent input is an empty string, which must be written
		m.bytes(1, []byte(in))
	}
	for _, out := range n.outputs {
		m.text(2, out)
	}
	m.text(3, n.name)
	m.text(4, n.op)
	for _, a := range n.attrs {
		m.bytes(5, a)
	}
	m.text(7, n.domain)
	return m
}

// proto writes a TensorProto; location is the external file's path below the model's folder.
func (i initializer) proto(location string) []byte {
	var m message
	for _, d := range i.value.Shape {
		m.varint(1, d.Size)
	}
	m.varint(2, int64(i.value.Type))
	m.text(8, i.value.Name)
	if i.external == nil {
		m.bytes(9, i.raw)
		return m
	}
	m.bytes(13, entry("location", location))
	m.bytes(13, entry("offset", D(i.external.Offset).String()))
	m.bytes(13, entry("length", D(i.external.Length).String()))
	m.varint(14, 1) // data_location: EXTERNAL
	return m
}

func entry(key, value string) []byte {
	var m message
	m.text(1, key)
	m.text(2, value)
	return m
}

// proto writes a ValueInfoProto.
func (v Value) proto() []byte {
	var shape message
	for _, d := range v.Shape {
		var dim message
		switch {
		case d.Fixed():
			dim.varint(1, d.Size)
		case d != Unknown:
			dim.text(2, d.Name)
		}
		shape.bytes(1, dim)
	}
	var tensor message
	tensor.varint(1, int64(v.Type))
	tensor.bytes(2, shape)
	var typ message
	typ.bytes(1, tensor)
	var m message
	m.text(1, v.Name)
	m.bytes(2, typ)
	return m
}
