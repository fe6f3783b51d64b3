package picture

import "testing"

func BenchmarkDecode4096(b *testing.B) {
	for _, f := range []Format{JPEG, PNG, WebP} {
		file := encoded(b, scene(4096, 3072), f, 90)
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := Decode(file, DefaultLimits); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkInpaintAt1440(b *testing.B) {
	original, painted := scene(1440, 1440), Grey(1440, 1440)
	mask := ResizeMask(disc(256), 1440, 1440)
	for b.Loop() {
		if err := Composite(original, painted, mask, DefaultFeather); err != nil {
			b.Fatal(err)
		}
	}
}
