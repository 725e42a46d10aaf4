//go:build !unix

package client

import (
	"context"
	"errors"
)

// FIFO sends to a server with mi_fifo, which this system cannot do.
type FIFO struct{ Path, ReplyDir string }

// Send implements [Sender].
func (FIFO) Send(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("this system has no FIFOs: use mi_http")
}
