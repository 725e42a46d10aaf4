package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Sender carries one request, which is JSON on one line, and returns the
// answer. ctx bounds the time.
type Sender interface {
	Send(ctx context.Context, request []byte) ([]byte, error)
}

// deadliner is a connection or FIFO.
type deadliner interface{ SetDeadline(time.Time) error }

// until makes what waits on d end with ctx, until stop is called.
func until(ctx context.Context, d deadliner) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = d.SetDeadline(time.Unix(1, 0)) })
}

// late says that no answer came, in the words of ctx.
func late(ctx context.Context, where string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s did not answer in time; the command may have been carried out: %w", where, ctx.Err())
	}
	return fmt.Errorf("%s: %w", where, err)
}

// complete reports whether text, which grows as it is read, is a whole answer:
// JSON, or a line of plain text.
func complete(text []byte) bool {
	if len(text) == 0 || text[len(text)-1] != '\n' {
		return false
	}
	text = bytes.TrimSpace(text)
	return len(text) > 0 && (text[0] != '{' || json.Valid(text))
}

// unique is a name that no other client uses.
func unique() string { return fmt.Sprintf("sipd_mi_%d_%d", os.Getpid(), time.Now().UnixNano()) }
