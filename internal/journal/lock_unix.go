//go:build unix

package journal

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// lockDir keeps a second process away from the store, which two writers would
// destroy. The lock ends with the process, however that ends.
func lockDir(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, "journal.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another process uses %s: stop it, or choose another directory", dir)
	}
	return f, nil
}
