// Package routes holds complete route files, embedded so that the demo runs
// from the binary alone. Each of them is started by a test.
package routes

import "embed"

// Files are the route files.
//
//go:embed *.lua
var Files embed.FS
