package picture

import (
	"fmt"
	"image"
	"math"
)

// xyzToSRGB takes D50 XYZ (the ICC connection space) to linear sRGB: the
// inverse of the sRGB primaries adapted from D65 by Bradford (IEC 61966-2-1).
var xyzToSRGB = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

// srgbSteps is how finely light is divided before it is looked up as sRGB.
const srgbSteps = 1 << 14

// srgbOf is the sRGB transfer function, light in srgbSteps to a byte.
var srgbOf = func() (table [srgbSteps + 1]uint8) {
	for i := range table {
		l := float64(i) / srgbSteps
		v := 12.92 * l
		if l > 0.0031308 {
			v = 1.055*math.Pow(l, 1/2.4) - 0.055
		}
		table[i] = uint8(math.Round(255 * v))
	}
	return table
}()

func toByte(light float64) uint8 {
	return srgbOf[int(min(max(light, 0), 1)*srgbSteps+0.5)]
}

// toSRGB converts img by its embedded ICC profile. Without one, or with one
// that means sRGB, the pixels stay untouched; a profile that cannot be
// followed leaves them too and gives a warning.
func toSRGB(img *image.NRGBA, icc []byte) (*image.NRGBA, string) {
	if len(icc) == 0 {
		return img, ""
	}
	p, err := parseProfile(icc)
	if err != nil {
		return img, fmt.Sprintf("the picture's colour profile was ignored: %v", err)
	}
	convert := p.converter()
	if isIdentity(convert, p.grey) {
		return img, ""
	}
	out := image.NewNRGBA(img.Rect)
	for i := 0; i < len(img.Pix); i += 4 {
		out.Pix[i], out.Pix[i+1], out.Pix[i+2] = convert(img.Pix[i], img.Pix[i+1], img.Pix[i+2])
		out.Pix[i+3] = img.Pix[i+3]
	}
	return out, ""
}

// converter joins the profile's matrix with sRGB's.
func (p *profile) converter() func(r, g, b uint8) (uint8, uint8, uint8) {
	if p.grey {
		return func(r, _, _ uint8) (uint8, uint8, uint8) {
			v := toByte(p.curves[0][r])
			return v, v, v
		}
	}
	var m [3][3]float64
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				m[i][j] += xyzToSRGB[i][k] * p.matrix[k][j]
			}
		}
	}
	return func(r, g, b uint8) (uint8, uint8, uint8) {
		lr, lg, lb := p.curves[0][r], p.curves[1][g], p.curves[2][b]
		return toByte(m[0][0]*lr + m[0][1]*lg + m[0][2]*lb),
			toByte(m[1][0]*lr + m[1][1]*lg + m[1][2]*lb),
			toByte(m[2][0]*lr + m[2][1]*lg + m[2][2]*lb)
	}
}

// isIdentity tells whether a conversion moves no sample of the colour cube by
// more than a level, so that pictures marked sRGB keep their bytes.
func isIdentity(convert func(r, g, b uint8) (uint8, uint8, uint8), grey bool) bool {
	near := func(a, b uint8) bool { return max(a, b)-min(a, b) <= 1 }
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				if grey && (g != r || b != r) {
					continue
				}
				x, y, z := convert(uint8(r), uint8(g), uint8(b))
				if !near(x, uint8(r)) || !near(y, uint8(g)) || !near(z, uint8(b)) {
					return false
				}
			}
		}
	}
	return true
}
