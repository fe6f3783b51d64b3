package render

import (
	"context"
	"fmt"
	"image"

	"easel/internal/picture"
	"easel/internal/schema"
)

// source is the picture that a run starts from, and the mask of what changes
// in it. A nil source is a run that starts from noise.
type source struct {
	original *image.NRGBA // upright, sRGB, at its own size
	image    *image.NRGBA // at the size the model works on
	mask     *image.Gray  // the same; nil: everything changes
	kept     *image.Gray  // the mask at the original's size
	feather  int          // pixels inside the mask that blend into what is kept

	imageFile, maskFile []byte // as they came
}

// files are the pictures that a run starts from, by input name.
func (s *source) files() map[string][]byte {
	if s == nil {
		return nil
	}
	return map[string][]byte{"image": s.imageFile, "mask": s.maskFile}
}

// source reads the input's image and mask; both are nil without an image.
func (r *Renderer) source(ctx context.Context, in schema.Input) (*source, []string, error) {
	if in.Image == "" {
		return nil, nil, nil
	}
	data, err := r.Files.Read(ctx, "image", in.Image, int64(picture.DefaultLimits.Bytes))
	if err != nil {
		return nil, nil, err
	}
	original, warnings, err := picture.Decode(data, picture.DefaultLimits)
	if err != nil {
		return nil, nil, fmt.Errorf("image: %w", err)
	}
	w, h := original.Rect.Dx(), original.Rect.Dy()
	width, height, err := picture.FitSize(w, h)
	if err != nil {
		return nil, warnings, fmt.Errorf("image: %w", err)
	}
	if width != w || height != h {
		warnings = append(warnings, fmt.Sprintf("image %d×%d is worked on at %d×%d: sides are multiples of 16, at most %d", w, h, width, height, picture.MaxSide))
	}
	s := &source{original: original, image: picture.Resize(original, width, height), imageFile: data}
	if in.Mask == "" {
		return s, warnings, nil
	}
	format, err := picture.ParseFormat(in.OutputFormat)
	if err != nil {
		return nil, warnings, fmt.Errorf("output_format: %w", err)
	}
	if most := format.MaxSide(); max(w, h) > most { // an inpainted picture has the image's own size
		return nil, warnings, fmt.Errorf("output_format: the image is %d×%d pixels and a %s file holds %d on a side; ask for png", w, h, format, most)
	}
	more, err := r.mask(ctx, in.Mask, s)
	return s, append(warnings, more...), err
}

func (r *Renderer) mask(ctx context.Context, address string, s *source) ([]string, error) {
	data, err := r.Files.Read(ctx, "mask", address, int64(picture.DefaultLimits.Bytes))
	if err != nil {
		return nil, err
	}
	mask, err := picture.DecodeMask(data, picture.DefaultLimits)
	if err != nil {
		return nil, fmt.Errorf("mask: %w", err)
	}
	var warnings []string
	if mask.Rect.Size() != s.original.Rect.Size() {
		warnings = append(warnings, fmt.Sprintf("mask %d×%d is resized to the image's %d×%d",
			mask.Rect.Dx(), mask.Rect.Dy(), s.original.Rect.Dx(), s.original.Rect.Dy()))
	}
	s.maskFile = data
	s.feather = picture.MaskFeather(data)
	s.kept = picture.ResizeMask(mask, s.original.Rect.Dx(), s.original.Rect.Dy())
	s.mask = picture.CoverMask(s.kept, s.image.Rect.Dx(), s.image.Rect.Dy())
	if err := picture.CheckMask(s.kept); err != nil {
		return warnings, fmt.Errorf("mask: %w", err)
	}
	return warnings, nil
}

// finish gives a drawn picture the size it is due: an inpainted one that of
// the original, whose kept pixels it gets back byte for byte.
func (s *source) finish(drawn *image.NRGBA) (*image.NRGBA, error) {
	if s == nil || s.mask == nil {
		return drawn, nil
	}
	size := s.original.Rect.Size()
	painted := picture.Resize(drawn, size.X, size.Y)
	return painted, picture.Composite(s.original, painted, s.kept, s.feather)
}
