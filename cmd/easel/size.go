package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// size is a number of bytes that may be written with a unit, as in 16GiB.
type size int64

var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

// UnmarshalText reads a flag's value.
func (s *size) UnmarshalText(text []byte) error {
	for _, u := range units {
		number, ok := strings.CutSuffix(string(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n >= 0 && n*u.bytes < math.MaxInt64) {
			break
		}
		*s = size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q: must be a number of bytes, such as 16GiB or 17179869184", text)
}

func (s size) gib() float64 { return float64(s) / (1 << 30) }

func (s size) String() string { return fmt.Sprintf("%.1f GiB", s.gib()) }
