package prediction

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"
	"time"
)

// crockford is lower-case Crockford base32, Replicate's alphabet for ids.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// validID is what callers may choose as an id (Cog's PUT lets them).
var validID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// NewID returns 26 characters: 48 bits of milliseconds, so that ids sort by
// time, then 80 random bits.
func NewID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	rand.Read(b[6:])
	return crockford.EncodeToString(b[:])
}

// NewToken returns 26 characters of 128 random bits: a capability nobody can guess.
func NewToken() string {
	var b [16]byte
	rand.Read(b[:])
	return crockford.EncodeToString(b[:])
}

// outputToken derives the capability of one output file from the prediction's
// own secret. An attempt that died left files under names its successor knows,
// so they can be removed without a list of them.
func outputToken(secret string, attempt, index int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", secret, attempt, index))
	return crockford.EncodeToString(sum[:16])
}
