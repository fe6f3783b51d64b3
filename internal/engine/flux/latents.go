package flux

// Pack cuts latents [channels rows·2 cols·2] into tokens [rows·cols channels·4]:
// one token is a 2×2 square of all channels, channel by channel.
func Pack(latents []float32, channels, rows, cols int) []float32 {
	tokens := make([]float32, len(latents))
	walk(channels, rows, cols, func(token, latent int) { tokens[token] = latents[latent] })
	return tokens
}

// Unpack is the inverse of Pack.
func Unpack(tokens []float32, channels, rows, cols int) []float32 {
	latents := make([]float32, len(tokens))
	walk(channels, rows, cols, func(token, latent int) { latents[latent] = tokens[token] })
	return latents
}

func walk(channels, rows, cols int, pair func(token, latent int)) {
	token := 0
	for r := range rows {
		for c := range cols {
			for ch := range channels {
				for y := range 2 {
					for x := range 2 {
						pair(token, (ch*2*rows+2*r+y)*2*cols+2*c+x)
						token++
					}
				}
			}
		}
	}
}
