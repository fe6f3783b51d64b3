package t5

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRelativeBuckets holds the distances at which transformers' buckets begin.
func TestRelativeBuckets(t *testing.T) {
	for _, tt := range []struct {
		buckets, distance int
		begins            []int
	}{
		{32, 128, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91}},
		{32, 512, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 23, 39, 64, 108, 182, 305}},
		{16, 64, []int{0, 1, 2, 3, 4, 8, 16, 32}},
		{8, 20, []int{0, 1, 2, 7}},
	} {
		const n = 600
		got := (Config{Buckets: tt.buckets, MaxDistance: tt.distance}).RelativeBuckets(n)
		want, bucket := make([]int64, n), -1
		for d := range n { // the last query's row, read backwards: keys before it
			if bucket+1 < len(tt.begins) && tt.begins[bucket+1] == d {
				bucket++
			}
			want[n-1-d] = int64(bucket)
		}
		if diff := cmp.Diff(want, got[(n-1)*n:]); diff != "" {
			t.Errorf("%d buckets, keys before (-want +got):\n%s", tt.buckets, diff)
		}
		for d := 1; d < n; d++ { // the first query's row: keys after it
			if want, got := want[n-1-d]+int64(tt.buckets/2), got[d]; got != want {
				t.Errorf("%d buckets, key %d after: bucket %d, want %d", tt.buckets, d, got, want)
			}
		}
	}
}
