// Package safety scores finished pictures with the Open NSFW classifier.
package safety

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"

	"github.com/disintegration/imaging"

	"easel/internal/engine/onnx"
	"easel/internal/engine/ort"
)

// The classifier looks at the middle 224×224 of a picture scaled to 256×256.
// It was trained on Caffe's BGR pixels less these means, and on JPEG files,
// whose artefacts it expects: yahoo/open_nsfw, classify_nsfw.py.
const (
	scaled  = 256
	cropped = 224
	quality = 75
)

var means = [3]float32{104, 117, 123} // blue, green, red

// Checker judges pictures one at a time.
type Checker struct {
	session *ort.Session
	pixels  *ort.Tensor // (1, 224, 224, 3)
	scores  *ort.Tensor // (1, 2): safe, not safe
	binding *ort.Binding
	turn    chan struct{} // holds a token while nobody uses the tensors
}

// Open loads the classifier from its ONNX graph.
func Open(graph []byte, o ort.Options) (_ *Checker, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("load the safety checker: %w", err)
		}
	}()
	c := &Checker{turn: make(chan struct{}, 1)}
	c.session, err = ort.Open(onnx.Model{
		Name: "safety checker", Proto: graph,
		Inputs:  []onnx.Value{{Name: "input:0", Type: onnx.Float32, Shape: onnx.Shape{onnx.D(1), onnx.D(cropped), onnx.D(cropped), onnx.D(3)}}},
		Outputs: []onnx.Value{{Name: "outputs", Type: onnx.Float32, Shape: onnx.Shape{onnx.D(1), onnx.D(2)}}},
	}, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if c.pixels, err = ort.Zeros(1, cropped, cropped, 3); err != nil {
		return nil, err
	}
	if c.scores, err = ort.Zeros(1, 2); err != nil {
		return nil, err
	}
	c.binding, err = c.session.Bind(ort.Values{"input:0": c.pixels}, ort.Values{"outputs": c.scores})
	c.turn <- struct{}{}
	return c, err
}

// Score is how sure the classifier is, 0…1, that the picture is not safe for work.
func (c *Checker) Score(ctx context.Context, img image.Image) (float64, error) {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := fill(c.pixels.Float32s(), img); err != nil {
		return 0, fmt.Errorf("judge picture: %w", err)
	}
	if err := c.binding.Run(ctx); err != nil {
		return 0, fmt.Errorf("judge picture: %w", err)
	}
	return float64(c.scores.Float32s()[1]), nil
}

// Close frees the classifier.
func (c *Checker) Close() {
	if c == nil {
		return
	}
	c.session.Close()
	c.pixels.Close()
	c.scores.Close()
}

// fill writes the picture into dst (1, 224, 224, 3) as the classifier wants it.
func fill(dst []float32, img image.Image) error {
	small := imaging.CropCenter(imaging.Resize(img, scaled, scaled, imaging.Linear), cropped, cropped)
	opaque := image.NewRGBA(small.Rect)
	draw.Draw(opaque, opaque.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(opaque, opaque.Rect, small, image.Point{}, draw.Over)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, opaque, &jpeg.Options{Quality: quality}); err != nil {
		return err
	}
	seen, err := jpeg.Decode(&file)
	if err != nil {
		return err
	}
	draw.Draw(opaque, opaque.Rect, seen, image.Point{}, draw.Src)
	for i := range cropped * cropped {
		red, green, blue := opaque.Pix[4*i], opaque.Pix[4*i+1], opaque.Pix[4*i+2]
		dst[3*i], dst[3*i+1], dst[3*i+2] = float32(blue)-means[0], float32(green)-means[1], float32(red)-means[2]
	}
	return nil
}
