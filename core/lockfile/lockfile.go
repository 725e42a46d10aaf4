// Package lockfile keeps two processes from using the same files. The lock ends
// with its process, however that ends.
package lockfile

import "errors"

// ErrInUse is returned by [Lock] when another process has the lock.
var ErrInUse = errors.New("in use by another sipd")
