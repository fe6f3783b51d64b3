package prediction

import (
	"encoding/json"
	"fmt"
	"strings"
)

// bar writes progress as tqdm does: Replicate's clients find the percentage in
// the last line that looks like this.
type bar struct {
	pictures int // asked for
	seconds  float64
}

func newBar(input json.RawMessage) bar {
	var in struct {
		NumOutputs int `json:"num_outputs"`
	}
	json.Unmarshal(input, &in)
	return bar{pictures: max(in.NumOutputs, 1)}
}

// line tells of one more step; the percentage spans all pictures asked for.
func (b *bar) line(picture, step, of int, seconds float64) string {
	b.seconds += seconds
	done, total := picture*of+step, max(b.pictures, picture+1)*of
	rate, left := 0.0, 0.0
	if b.seconds > 0 {
		rate = float64(done) / b.seconds
		left = float64(total-done) / rate
	}
	return fmt.Sprintf("%3d%%|%s| %d/%d [%s<%s, %5.2fit/s]\n",
		100*done/total, blocks(done, total), done, total, clock(b.seconds), clock(left), rate)
}

// blocks draws ten cells, the last one in eighths.
func blocks(done, total int) string {
	eighths := []rune(" ▏▎▍▌▋▊▉")
	n := 80 * done / total
	s := strings.Repeat("█", n/8)
	if n%8 > 0 {
		s += string(eighths[n%8])
	}
	return s + strings.Repeat(" ", 10-(n+7)/8)
}

func clock(seconds float64) string {
	n := int(seconds)
	if n >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
	}
	return fmt.Sprintf("%02d:%02d", n/60, n%60)
}
