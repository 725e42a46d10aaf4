//go:build unix

package mififo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/sipd/sipd/core"
)

// create makes the FIFO at path and opens it for reading. One that an earlier
// server left is replaced; one that somebody reads, or another kind of file,
// is left alone.
func create(path string, access core.FileAccess) (*os.File, error) {
	if err := clear(path); err != nil {
		return nil, err
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, fmt.Errorf("cannot make the FIFO %s: %w: name another with modparam(\"mi_fifo\", \"fifo_name\", ...)", path, err)
	}
	err := access.Apply(path)
	var f *os.File
	if err == nil {
		// Open for both: without a writer of our own, reading would end
		// whenever the last client closes.
		f, err = os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	}
	if err != nil {
		_ = os.Remove(path)
		return nil, fmt.Errorf("the FIFO %s: %w", path, err)
	}
	return f, nil
}

// clear removes a FIFO that nobody reads.
func clear(path string) error {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case st.Mode().Type() != fs.ModeNamedPipe:
		return fmt.Errorf("%s exists and is not a FIFO: remove it, or name another with modparam(\"mi_fifo\", \"fifo_name\", ...)", path)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err == nil {
		_ = f.Close()
		return fmt.Errorf("the FIFO %s is read by another program: end it, or name another with modparam(\"mi_fifo\", \"fifo_name\", ...)", path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("the FIFO %s of an earlier run: %w", path, err)
	}
	return nil
}

// reply is the FIFO of a client, open for writing.
type reply struct{ f *os.File }

// pollReply is how often a reply FIFO that nobody has opened is tried again.
const pollReply = 10 * time.Millisecond

// openReply opens a client's FIFO. The client may take until end to open its
// side. It never follows a link, and never makes a file.
func openReply(path string, end time.Time, done <-chan struct{}) (*reply, error) {
	for {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
		if err == nil {
			return checked(f)
		}
		if !errors.Is(err, syscall.ENXIO) {
			return nil, err
		}
		if time.Now().After(end) {
			return nil, errNoRead
		}
		select {
		case <-done:
			return nil, errNoRead
		case <-time.After(pollReply):
		}
	}
}

func checked(f *os.File) (*reply, error) {
	st, err := f.Stat()
	if err == nil && st.Mode().Type() != fs.ModeNamedPipe {
		err = errNotFIFO
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &reply{f}, nil
}

// write writes line as one line, by end.
func (r *reply) write(line []byte, end time.Time) error {
	if err := r.f.SetWriteDeadline(end); err != nil {
		return err
	}
	_, err := r.f.Write(append(line, '\n'))
	return err
}

func (r *reply) close() {
	if r != nil {
		_ = r.f.Close()
	}
}
