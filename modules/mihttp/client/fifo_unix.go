//go:build unix

package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// FIFO sends to a server with mi_fifo. ReplyDir is the folder for the reply
// FIFO, the server's reply_dir; empty: /tmp.
type FIFO struct{ Path, ReplyDir string }

// Send implements [Sender].
func (t FIFO) Send(ctx context.Context, request []byte) ([]byte, error) {
	dir := t.ReplyDir
	if dir == "" {
		dir = "/tmp"
	}
	name := unique()
	path := filepath.Join(dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, fmt.Errorf("the reply FIFO %s: %w", path, err)
	}
	defer func() { _ = os.Remove(path) }()
	// The server may run as another user; it writes, and nobody else reads.
	if err := os.Chmod(path, 0o622); err != nil {
		return nil, err
	}
	answer, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Close() }()
	if err := t.write(ctx, fmt.Appendf(nil, ":%s:%s\n", name, request)); err != nil {
		return nil, err
	}
	defer until(ctx, answer)()
	return t.read(ctx, answer)
}

func (t FIFO) write(ctx context.Context, text []byte) error {
	f, err := os.OpenFile(t.Path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENXIO) {
		return fmt.Errorf("nobody reads the FIFO %s: is the server running, and does its route file load mi_fifo? (%w)", t.Path, err)
	}
	if err != nil {
		return fmt.Errorf("the FIFO: %w", err)
	}
	defer func() { _ = f.Close() }()
	if st, err := f.Stat(); err != nil || st.Mode().Type() != fs.ModeNamedPipe {
		return fmt.Errorf("%s is not a FIFO", t.Path)
	}
	defer until(ctx, f)()
	if _, err := f.Write(text); err != nil {
		return late(ctx, t.Path, err)
	}
	return nil
}

func (t FIFO) read(ctx context.Context, f *os.File) ([]byte, error) {
	var answer []byte
	buf := make([]byte, 64<<10)
	for !complete(answer) {
		n, err := f.Read(buf)
		if err != nil {
			return nil, late(ctx, t.Path, err)
		}
		if answer = append(answer, buf[:n]...); len(answer) > maxReply {
			return nil, fmt.Errorf("%s answered more than %d bytes", t.Path, maxReply)
		}
	}
	return answer, nil
}
