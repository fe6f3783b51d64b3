package site

import (
	"bytes"
	"container/list"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/singleflight"

	"easel/internal/picture"
	"easel/internal/prediction"
)

const (
	thumbSide    = 448 // pixels: twice a tile's width, for screens that have them
	teaserSide   = 1200
	thumbQuality = 82
)

// thumbnail serves GET /thumbs/{token}/{name}: a small JPEG of the picture that
// /files/{token} holds. As there, the token is the permission and the bytes
// never change.
func (s *Site) thumbnail(c echo.Context) error {
	small, err := s.shrunk.of(c.Request().Context(), s.Files, c.Param("token"), thumbSide)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, "image/jpeg", small)
}

// shrinker makes small JPEGs of stored pictures and keeps the ones last used.
type shrinker struct {
	once  singleflight.Group
	gate  chan struct{} // at most so many at once: a page asks for dozens
	mu    sync.Mutex
	known map[shrunkKey]*list.Element
	order *list.List // of shrunk, last used first
	bytes int
}

type shrunkKey struct {
	token string
	side  int
}

type shrunk struct {
	key  shrunkKey
	jpeg []byte
}

// maxShrunk bounds what is kept in memory: some thousand thumbnails.
const maxShrunk = 32 << 20

func newShrinker() *shrinker {
	return &shrinker{gate: make(chan struct{}, 2), known: map[shrunkKey]*list.Element{}, order: list.New()}
}

// of returns the picture with neither side above side. What is not a picture is
// a 404 like what is not there.
func (s *shrinker) of(ctx context.Context, files prediction.Files, token string, side int) ([]byte, error) {
	key := shrunkKey{token, side}
	if small := s.get(key); small != nil {
		return small, nil
	}
	made, err, _ := s.once.Do(token+string(rune(side)), func() (any, error) {
		s.gate <- struct{}{}
		defer func() { <-s.gate }()
		small, err := shrink(context.WithoutCancel(ctx), files, token, side) // others may wait for it, too
		if err == nil {
			s.put(shrunk{key, small})
		}
		return small, err
	})
	if err != nil {
		return nil, err
	}
	return made.([]byte), nil
}

func shrink(ctx context.Context, files prediction.Files, token string, side int) ([]byte, error) {
	data, err := readFile(ctx, files, token)
	if err != nil {
		return nil, err
	}
	img, _, err := picture.Decode(data, picture.DefaultLimits)
	if err != nil {
		return nil, echo.NewHTTPError(http.StatusNotFound, err.Error())
	}
	var b bytes.Buffer
	err = picture.Encode(&b, picture.Thumbnail(img, side), picture.JPEG, thumbQuality)
	return b.Bytes(), err
}

// readFile reads a stored file that is no larger than a picture may be.
func readFile(ctx context.Context, files prediction.Files, token string) ([]byte, error) {
	_, r, err := files.Open(ctx, token)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, int64(picture.DefaultLimits.Bytes)+1))
}

func (s *shrinker) get(key shrunkKey) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.known[key]
	if e == nil {
		return nil
	}
	s.order.MoveToFront(e)
	return e.Value.(shrunk).jpeg
}

func (s *shrinker) put(made shrunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[made.key] != nil {
		return
	}
	s.known[made.key] = s.order.PushFront(made)
	s.bytes += len(made.jpeg)
	for s.bytes > maxShrunk {
		last := s.order.Remove(s.order.Back()).(shrunk)
		delete(s.known, last.key)
		s.bytes -= len(last.jpeg)
	}
}
