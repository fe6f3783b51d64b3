package problems

import (
	"errors"
	"testing"
)

func TestIn(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	if got := In("a", one); got.Error() != "a: one" || !errors.Is(got, one) {
		t.Errorf("got %v", got)
	}
	if got := In("a", errors.Join(one, two)); got.Error() != "a: one\na: two" || !errors.Is(got, two) {
		t.Errorf("got %v", got)
	}
}
