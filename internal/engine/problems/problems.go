// Package problems words errors that list several things.
package problems

import (
	"errors"
	"fmt"
)

// In says of every problem that err lists in which file it is.
func In(path string, err error) error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", path, err)
	}
	var errs []error
	for _, one := range many.Unwrap() {
		errs = append(errs, fmt.Errorf("%s: %w", path, one))
	}
	return errors.Join(errs...)
}
