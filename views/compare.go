package views

import (
	"net/url"
	"strconv"
)

// Compare is two predictions side by side. B may be missing: then others are
// offered to choose from.
type Compare struct {
	Page
	A, B   *Side
	Inputs []Difference

	Search string // among the others
	Others []Card
	Older  string // address of more of them; "": none
}

// Side is one of the two.
type Side struct {
	Card
	Letter string
	At     int // the picture to look at, of several
}

// Difference is an input as each side has it.
type Difference struct {
	Name    string
	A, B    Given
	Differs bool
}

// Given is what a run was given for an input, or its default; a default may be empty.
type Given struct {
	Fact
	Default bool
}

// Shows is the picture to look at; nil: there is none.
func (s *Side) Shows() *File {
	if s == nil || len(s.Files) == 0 {
		return nil
	}
	return &s.Files[s.At]
}

// Path is the comparison's address with another picture of a side: the letter
// names the side, "" leaves both as they are.
func (p Compare) Path(letter string, at int) string { return comparison(p.A, p.B, letter, at) }

// Swapped is the address with the sides changed over.
func (p Compare) Swapped() string { return comparison(p.B, p.A, "", 0) }

func comparison(a, b *Side, letter string, at int) string {
	q := url.Values{"a": {a.ID}, "b": {b.ID}}
	for name, s := range map[string]*Side{"pa": a, "pb": b} {
		shows := s.At
		if s.Letter == letter {
			shows = at
		}
		if shows > 0 {
			q.Set(name, strconv.Itoa(shows))
		}
	}
	return "/compare?" + q.Encode()
}
