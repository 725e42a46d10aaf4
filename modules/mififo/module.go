package mififo

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/mi"
)

// Module is the module mi_fifo. It implements [core.Module], [core.Starter]
// and [core.Stopper].
type Module struct {
	name     string
	access   core.FileAccess
	replyDir string
	pretty   bool

	times    times
	log      *slog.Logger
	commands *mi.Registry
	replies  *replies
	scan     scanner
	closing  chan struct{}
	running  sync.WaitGroup

	mu   sync.Mutex
	fifo *os.File // replaced when it was deleted
}

// times are the limits and periods, which tests shorten.
type times struct {
	check    time.Duration // how often the FIFO is looked for
	request  time.Duration // from the first byte of a request to its last
	reply    time.Duration // for a client to take a reply
	farewell time.Duration // for clients to take their replies while we stop
}

var (
	_ core.Module  = (*Module)(nil)
	_ core.Starter = (*Module)(nil)
	_ core.Stopper = (*Module)(nil)
)

// New returns the module with its default parameters.
func New() *Module {
	return &Module{
		name: "/tmp/opensips_fifo", replyDir: "/tmp/", access: core.FileAccess{Mode: 0o660},
		times: times{check: time.Second, request: 2 * time.Second, reply: 2 * time.Second, farewell: 500 * time.Millisecond},
	}
}

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	params := append([]core.Param{
		core.String("fifo_name", &m.name, "path of the FIFO that takes commands"),
	}, m.access.Params("fifo")...)
	return core.Exports{
		Name: "mi_fifo",
		Params: append(params,
			core.String("reply_dir", &m.replyDir, "folder in which clients make the FIFOs for their answers"),
			core.Bool("pretty_printing", &m.pretty, "1: answers are indented for people, and take several lines"),
		),
	}
}

// Init implements [core.Module]: it makes the FIFO. What is written before
// Start waits in it.
func (m *Module) Init(host core.Host) error {
	m.log, m.commands = host.Log(), host.MI()
	if !filepath.IsAbs(m.name) {
		return fmt.Errorf("fifo_name %q: want an absolute path such as /tmp/opensips_fifo", m.name)
	}
	if st, err := os.Stat(m.replyDir); err != nil || !st.IsDir() {
		return fmt.Errorf("reply_dir %q: want a folder that exists", m.replyDir)
	}
	if m.access.Mode&0o002 != 0 {
		m.log.Warn("every user of this machine may send commands: set fifo_mode 0660 and fifo_group", "fifo", m.name)
	}
	f, err := create(m.name, m.access)
	if err != nil {
		return err
	}
	m.use(f)
	m.closing = make(chan struct{})
	m.replies = newReplies(m.replyDir, m.times.reply, m.log)
	return nil
}

// Start implements [core.Starter].
func (m *Module) Start() error {
	m.log.Info("listening", "fifo", m.name)
	m.running.Go(m.serve)
	return nil
}

// Stop implements [core.Stopper]: no more requests are read, and clients have
// a moment to take their replies.
func (m *Module) Stop(ctx context.Context) error {
	f := m.file()
	if f == nil {
		return nil
	}
	close(m.closing)
	_ = f.SetReadDeadline(time.Now())
	m.running.Wait()
	if f = m.file(); same(f, m.name) { // serve may have replaced it until now
		_ = os.Remove(m.name)
	}
	err := f.Close()
	m.replies.stop(ctx, m.times.farewell)
	return err
}

func (m *Module) file() *os.File {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fifo
}

// use takes f as the FIFO to read and returns the one before.
func (m *Module) use(f *os.File) (before *os.File) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, m.fifo = m.fifo, f
	return before
}

// same reports whether path leads to the file that is open.
func same(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(open, there)
}
