package engine

import "slices"

// closer is a network that holds memory.
type closer interface{ Close() }

// shelf keeps loaded networks. With a limit it closes those that were used
// longest ago before another is loaded, so that networks which are not needed
// at the same time need not be resident at the same time.
type shelf struct {
	limit int64 // bytes; 0: none
	books []book
}

type book struct {
	key   string
	bytes int64
	value closer
}

// fetch returns the network called key, loading it when it is not there. bytes
// is what it will hold; 0 stands for next to nothing, for which nothing is closed
// and which is not closed itself.
func fetch[T closer](s *shelf, key string, bytes int64, load func() (T, error)) (T, error) {
	if i := slices.IndexFunc(s.books, func(b book) bool { return b.key == key }); i >= 0 {
		b := s.books[i]
		s.books = append(slices.Delete(s.books, i, i+1), b) // the latest used is last
		return b.value.(T), nil
	}
	if bytes > 0 {
		s.makeRoom(bytes)
	}
	value, err := load()
	if err != nil {
		return value, err
	}
	s.books = append(s.books, book{key, bytes, value})
	return value, nil
}

// hasRoom says whether so many bytes may be held beside what is there.
func (s *shelf) hasRoom(bytes int64) bool { return s.limit == 0 || s.total()+bytes <= s.limit }

func (s *shelf) makeRoom(bytes int64) {
	for !s.hasRoom(bytes) {
		i := slices.IndexFunc(s.books, func(b book) bool { return b.bytes > 0 })
		if i < 0 {
			return
		}
		s.books[i].value.Close()
		s.books = slices.Delete(s.books, i, i+1)
	}
}

func (s *shelf) total() (n int64) {
	for _, b := range s.books {
		n += b.bytes
	}
	return n
}

// clear closes everything.
func (s *shelf) clear() {
	for _, b := range s.books {
		b.value.Close()
	}
	s.books = nil
}
