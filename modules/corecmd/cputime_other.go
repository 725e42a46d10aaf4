//go:build !unix

package corecmd

import "time"

// processTime is not known here: load:load reads 0.
func processTime() time.Duration { return 0 }
