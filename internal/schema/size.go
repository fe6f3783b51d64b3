package schema

const custom = "custom"

// sizes at one megapixel, width by height, as Replicate's FLUX models have them.
var sizes = map[string][2]int{
	"1:1":  {1024, 1024},
	"16:9": {1344, 768},
	"21:9": {1536, 640},
	"3:2":  {1216, 832},
	"2:3":  {832, 1216},
	"4:5":  {896, 1088},
	"5:4":  {1088, 896},
	"3:4":  {896, 1152},
	"4:3":  {1152, 896},
	"9:16": {768, 1344},
	"9:21": {640, 1536},
}

// Sizes maps each aspect ratio to its width and height in pixels.
func Sizes(megapixels string) map[string][2]int {
	scaled := make(map[string][2]int, len(sizes))
	for ratio, s := range sizes {
		if megapixels == "0.25" {
			s = [2]int{s[0] / 2, s[1] / 2}
		}
		scaled[ratio] = s
	}
	return scaled
}

// Size is the picture's width and height in pixels when no image is given.
func Size(in Input) (width, height int) {
	if in.AspectRatio == custom && in.Width != nil && in.Height != nil {
		return Nearest16(*in.Width), Nearest16(*in.Height)
	}
	s := Sizes(in.Megapixels)[in.AspectRatio]
	return s[0], s[1]
}

// Nearest16 rounds to the nearest multiple of 16, ties up.
func Nearest16(n int) int { return (n + 8) / 16 * 16 }
