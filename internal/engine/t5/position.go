package t5

import "math"

// RelativeBuckets returns, for n tokens, the bucket [n n] of each pair's
// distance (key − query): half of the buckets for each direction; of these half
// for exact distances and the rest for ranges that grow logarithmically up to
// relative_attention_max_distance (T5Attention._relative_position_bucket).
func (c Config) RelativeBuckets(n int) []int64 {
	half := c.Buckets / 2
	line := make([]int64, 2*n-1) // by distance + n − 1
	for i := range line {
		distance := i - (n - 1)
		if distance > 0 {
			line[i] = int64(half)
		}
		line[i] += int64(c.bucket(max(distance, -distance), half))
	}
	buckets := make([]int64, 0, n*n)
	for query := range n {
		buckets = append(buckets, line[n-1-query:2*n-1-query]...)
	}
	return buckets
}

// bucket works in float32 as torch does: the ranges' ends fall on whole numbers.
func (c Config) bucket(distance, buckets int) int {
	exact := buckets / 2
	if distance < exact {
		return distance
	}
	log := float32(math.Log(float64(float32(distance) / float32(exact))))
	span := float32(math.Log(float64(c.MaxDistance) / float64(exact)))
	return min(exact+int(log/span*float32(buckets-exact)), buckets-1)
}
