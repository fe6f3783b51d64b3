package render

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"time"

	"easel/internal/engine"
	"easel/internal/picture"
	"easel/internal/schema"
)

// observer turns what the engine shows into encoded files.
type observer struct {
	ctx       context.Context
	sink      Sink
	in        schema.Input
	seeds     []int64
	source    *source
	used      []LoRA
	identity  Identity
	judge     Judge // nil: do not judge
	threshold float64
	strict    bool // previews are judged, too

	verdicts      []Verdict
	warnings      []string
	flagged       int
	judged, saved time.Duration
}

func (o *observer) Step(s engine.Step) {
	o.sink.Step(s.Picture, s.N, s.Of, s.Took.Seconds())
}

// previewQuality keeps a 256×256 preview near 10 KB; it is seen for a tenth of a second.
const previewQuality = 75

func (o *observer) Preview(pic, step int, img *image.RGBA) {
	if o.strict && !o.harmless(img) {
		return
	}
	var b bytes.Buffer
	if err := picture.Encode(&b, img, picture.JPEG, previewQuality); err == nil { // a lost preview loses nothing else
		o.sink.Preview(pic, step, b.Bytes())
	}
}

func (o *observer) Picture(index int, img *image.NRGBA) error {
	start, before := time.Now(), o.judged
	defer func() { o.saved += time.Since(start) - (o.judged - before) }()
	img, err := o.source.finish(img)
	if err != nil {
		return err
	}
	if img, err = o.pass(img); err != nil {
		return err
	}
	format, err := picture.ParseFormat(o.in.OutputFormat)
	if err != nil {
		return fmt.Errorf("output_format: %w", err)
	}
	var b bytes.Buffer
	if err := picture.Encode(&b, img, format, o.in.OutputQuality); err != nil {
		return fmt.Errorf("picture %d: %w", index, err)
	}
	return o.sink.Picture(index, o.seeds[index], fmt.Sprintf("out-%d%s", index, format.Ext()), format.ContentType(), o.signed(b.Bytes(), index))
}

// pass gives the picture, or plain grey of its size where the judge flags it:
// output k stays picture k.
func (o *observer) pass(img *image.NRGBA) (*image.NRGBA, error) {
	if o.judge == nil {
		return img, nil
	}
	start := time.Now()
	score, err := o.judge.Score(o.ctx, img)
	o.judged += time.Since(start)
	if err != nil {
		return nil, err
	}
	v := Verdict{Flagged: score >= o.threshold, Score: score}
	o.verdicts = append(o.verdicts, v)
	if !v.Flagged {
		return img, nil
	}
	o.flagged++
	o.sink.Log(fmt.Sprintf("picture %d was flagged as not safe for work (score %.2f)\n", len(o.verdicts)-1, score))
	return picture.Grey(img.Rect.Dx(), img.Rect.Dy()), nil
}

// harmless judges a preview. One that cannot be judged is not shown either.
func (o *observer) harmless(img image.Image) bool {
	start := time.Now()
	score, err := o.judge.Score(o.ctx, img)
	o.judged += time.Since(start)
	return err == nil && score < o.threshold
}

// signed puts the picture's recipe into its file. Where it does not fit (a JPEG
// holds 65,000 bytes of it) the picture goes without.
func (o *observer) signed(file []byte, index int) []byte {
	recipe, err := o.identity.recipe(o.in, o.seeds[index], o.source, o.used)
	if err == nil {
		var signed []byte
		if signed, err = picture.Embed(file, recipe); err == nil {
			return signed
		}
	}
	o.warnings = append(o.warnings, fmt.Sprintf("picture %d carries no recipe: %v", index, err))
	return file
}
