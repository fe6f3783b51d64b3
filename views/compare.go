package views

// Compare is two predictions side by side. B may be missing: then others are
// offered to choose from.
type Compare struct {
	Page
	A, B   *Side
	Inputs []Difference
	Others []Card
}

// Side is one of the two.
type Side struct {
	Card
	Letter string
}

// Difference is an input as each side has it; "" is the default.
type Difference struct {
	Name, A, B string
}

// Differs says whether the sides disagree.
func (d Difference) Differs() bool { return d.A != d.B }

// First is the picture to look at; nil: there is none.
func (s *Side) First() *File {
	if s == nil || len(s.Files) == 0 {
		return nil
	}
	return &s.Files[0]
}
