//go:build !unix

package lockfile

import "os"

// Lock opens the file; this system has no lock that ends with a process.
func Lock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
