package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "decode", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDecodeAgreesWithPillow reads every picture that testdata/make.py made
// and compares it with what Pillow reads. Lossless ones must agree exactly.
func TestDecodeAgreesWithPillow(t *testing.T) {
	tolerance := map[string]int{
		"full.jpg": 3, "progressive.jpg": 3,
		"subsampled.jpg":   13, // Pillow interpolates chroma, image/jpeg does not
		"orientation6.jpg": 3, "grey.jpg": 2,
		"cmyk.jpg": 6, "lossy.webp": 2, "lossy_alpha.webp": 2,
		"p3_gamma.png": 2, "p3_samples.png": 2, "p3_para.png": 2, "p3.jpg": 10, "p3.webp": 2, "grey_gamma.png": 2,
	}
	wants, err := filepath.Glob("testdata/decode/*.want.png")
	if err != nil || len(wants) < 30 {
		t.Fatalf("%d pictures, %v", len(wants), err)
	}
	for _, path := range wants {
		name := strings.TrimSuffix(filepath.Base(path), ".want.png")
		t.Run(name, func(t *testing.T) {
			got, warnings, err := Decode(read(t, name), DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) > 0 {
				t.Errorf("warnings %q", warnings)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			want, err := png.Decode(f)
			if err != nil {
				t.Fatal(err)
			}
			if worst := difference(t, got, nrgba(want)); worst > tolerance[name] {
				t.Errorf("differs by %d levels, want at most %d", worst, tolerance[name])
			}
		})
	}
}

// difference is the largest difference of any channel.
func difference(t testing.TB, a, b *image.NRGBA) int {
	t.Helper()
	if a.Rect != b.Rect {
		t.Fatalf("sizes %v and %v", a.Rect.Size(), b.Rect.Size())
	}
	worst := 0
	for i := range a.Pix {
		worst = max(worst, int(a.Pix[i])-int(b.Pix[i]), int(b.Pix[i])-int(a.Pix[i]))
	}
	return worst
}

func TestDecode16BitColour(t *testing.T) {
	src := image.NewNRGBA64(image.Rect(0, 0, 3, 1))
	src.SetNRGBA64(0, 0, color.NRGBA64{0x1234, 0xabcd, 0xffff, 0xffff})
	src.SetNRGBA64(1, 0, color.NRGBA64{0, 0, 0, 0})
	src.SetNRGBA64(2, 0, color.NRGBA64{0, 0, 0, 0x8000})
	var b bytes.Buffer
	if err := png.Encode(&b, src); err != nil {
		t.Fatal(err)
	}
	got, _, err := Decode(b.Bytes(), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{0x12, 0xab, 0xff, 255, 255, 255, 255, 255, 127, 127, 127, 255}
	if !bytes.Equal(got.Pix, want) {
		t.Errorf("got %v, want %v", got.Pix, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	full, lossless := read(t, "full.jpg"), read(t, "lossless.webp")
	plain := read(t, "plain.png")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":        {nil, "0 bytes"},
		"text":           {[]byte("hello, I am a picture"), "not a picture"},
		"a page":         {[]byte("<!doctype html>"), "web page"},
		"heic":           {[]byte("\x00\x00\x00\x18ftypheic...."), "HEIC"},
		"tiff":           {[]byte("II*\x00...."), "TIFF"},
		"zeros":          {make([]byte, 100), "not a picture"},
		"png signature":  {plain[:8], "header"},
		"short png":      {plain[:60], "cut short"},
		"half a png":     {encoded(t, scene(200, 200), PNG, 0)[:3000], "cut short"},
		"damaged png":    {patched(encoded(t, scene(200, 200), PNG, 0), "IDAT", 500, 0), "damaged"},
		"short jpeg":     {full[:len(full)-200], "cut short"},
		"jpeg header":    {full[:30], "cut short"},
		"jpeg bomb":      {append(bytes.Clone(full[:len(full)-2]), bytes.Repeat([]byte("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00"), 101)...), "scans"},
		"short webp":     {lossless[:60], "cut short"},
		"webp header":    {lossless[:16], "cut short"},
		"webp frame out": {patched(read(t, "animated_offset.webp"), "ANMF", 4, 200), "outside"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Decode(c.data, DefaultLimits)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// patched sets a byte after the first occurrence of mark.
func patched(data []byte, mark string, after int, value byte) []byte {
	out := bytes.Clone(data)
	out[bytes.Index(out, []byte(mark))+len(mark)+after] = value
	return out
}

func TestLimitsAreCheckedBeforeDecoding(t *testing.T) {
	plain := read(t, "plain.png")
	if _, _, err := Decode(plain, Limits{Pixels: 40*24 - 1, Bytes: 1 << 20}); err == nil || !strings.Contains(err.Error(), "40×24") {
		t.Errorf("pixels: %v", err)
	}
	if _, _, err := Decode(plain, Limits{Pixels: 40 * 24, Bytes: len(plain)}); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, _, err := Decode(plain, Limits{Pixels: 1 << 20, Bytes: len(plain) - 1}); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("bytes: %v", err)
	}
}

// TestHugeClaimsCostNoMemory gives headers that claim gigabytes, over the
// limit and (for PNG) under it but impossibly packed.
func TestHugeClaimsCostNoMemory(t *testing.T) {
	gif := []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00")
	jpeg := bytes.Clone(read(t, "full.jpg"))
	sof := bytes.Index(jpeg, []byte{0xff, 0xc0})
	copy(jpeg[sof+5:], []byte{0xff, 0xff, 0xff, 0xff})
	webp := bytes.Clone(read(t, "animated.webp"))
	copy(webp[bytes.Index(webp, []byte("VP8X"))+12:], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	for name, data := range map[string][]byte{
		"png of 10 GB":       hugePNG(t, 50000, 50000, 8),
		"png of 512 MB":      hugePNG(t, 8000, 8000, 16),
		"png of 2^31 sides":  hugePNG(t, 1<<31-1, 1<<31-1, 8),
		"gif of 4 gigapixel": gif, "jpeg of 4 gigapixel": jpeg, "webp of 256 terapixel": webp,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := Decode(data, DefaultLimits)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("no error")
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
				t.Errorf("took %d bytes before saying %q", spent, err)
			}
		})
	}
}

// hugePNG is a valid RGBA PNG whose header claims w×h pixels.
func hugePNG(t *testing.T, w, h uint32, depth byte) []byte {
	t.Helper()
	parts, err := splitPNG(read(t, "alpha.png"))
	if err != nil {
		t.Fatal(err)
	}
	header := make([]byte, 13)
	binary.BigEndian.PutUint32(header, w)
	binary.BigEndian.PutUint32(header[4:], h)
	header[8], header[9] = depth, 6
	parts[0].data = header
	return joinPNG(parts)
}

func TestUnknownProfilesWarn(t *testing.T) {
	profile := make([]byte, 200)
	copy(profile[36:], "acsp")
	for space, want := range map[string]string{"RGB ": "lookup table", "CMYK": "CMYK", "Lab ": "Lab"} {
		copy(profile[16:], space)
		parts, err := splitJPEG(read(t, "full.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		icc := part{"APP2", append([]byte("ICC_PROFILE\x00\x01\x01"), profile...)}
		file, err := joinJPEG(append([]part{icc}, parts...))
		if err != nil {
			t.Fatal(err)
		}
		img, warnings, err := Decode(file, DefaultLimits)
		if err != nil || img == nil {
			t.Fatal(err)
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], want) {
			t.Errorf("%s: warnings %q, want one with %q", space, warnings, want)
		}
	}
}

func TestSplitAndJoinKeepTheFile(t *testing.T) {
	for _, name := range []string{"plain.png", "full.jpg", "lossy.webp", "lossy_alpha.webp", "animated.webp", "p3.webp", "p3.jpg"} {
		file := read(t, name)
		kind, parts, err := split(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := join(kind, parts)
		if err != nil || !bytes.Equal(got, file) {
			t.Errorf("%s: changed (%v)", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/decode/*")
	for _, path := range files {
		if !strings.HasSuffix(path, ".want.png") {
			f.Add(read(f, filepath.Base(path)))
		}
	}
	limits := Limits{Pixels: 1 << 16, Bytes: 1 << 16}
	f.Fuzz(func(t *testing.T, data []byte) {
		img, _, err := Decode(data, limits)
		if err == nil && (!img.Opaque() || img.Rect.Empty() || img.Rect.Dx()*img.Rect.Dy() > limits.Pixels) {
			t.Errorf("decoded to %v", img.Rect)
		}
	})
}
