package midatagram

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/mi"
)

// Module is the module mi_datagram. It implements [core.Module],
// [core.Starter] and [core.Stopper].
type Module struct {
	name     string
	children int
	access   core.FileAccess
	timeout  time.Duration
	pretty   bool

	log      *slog.Logger
	commands *mi.Registry
	conn     net.PacketConn
	made     os.FileInfo   // the UNIX socket we made, or nil
	slots    chan struct{} // one token an answer that is tried again
	closing  chan struct{}
	running  sync.WaitGroup
}

var (
	_ core.Module  = (*Module)(nil)
	_ core.Starter = (*Module)(nil)
	_ core.Stopper = (*Module)(nil)
)

// New returns the module with its default parameters.
func New() *Module {
	return &Module{children: 1, access: core.FileAccess{Mode: 0o660}, timeout: 2 * time.Second}
}

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	params := append([]core.Param{
		core.String("socket_name", &m.name, "where to listen: udp:HOST:PORT, or the path of a UNIX socket; must be set"),
		core.Int("children_count", &m.children, 1, maxChildren, "requests that are carried out at once"),
	}, m.access.Params("unix_socket")...)
	return core.Exports{
		Name: "mi_datagram",
		Params: append(params,
			core.Millis("socket_timeout", &m.timeout, "how long an answer is offered to a client whose socket is full"),
			core.Bool("pretty_printing", &m.pretty, "1: answers are indented for people"),
		),
	}
}

// maxChildren bounds children_count.
const maxChildren = 64

// Init implements [core.Module]: it opens the socket. What comes before Start
// waits in it.
func (m *Module) Init(host core.Host) error {
	m.log, m.commands = host.Log(), host.MI()
	where, udp := strings.CutPrefix(m.name, "udp:")
	var err error
	switch {
	case m.name == "":
		return errors.New("no socket: add modparam(\"mi_datagram\", \"socket_name\", \"udp:127.0.0.1:8080\"), or the path of a UNIX socket")
	case udp:
		err = m.openUDP(where)
	case filepath.IsAbs(m.name):
		err = m.openUNIX()
	default:
		err = fmt.Errorf("socket_name %q: want udp:HOST:PORT or an absolute path", m.name)
	}
	m.slots, m.closing = make(chan struct{}, maxLate), make(chan struct{})
	return err
}

func (m *Module) openUDP(where string) error {
	addr, err := netip.ParseAddrPort(where)
	if err != nil {
		return fmt.Errorf("socket_name %q: want udp:HOST:PORT with an IP address", m.name)
	}
	if !addr.Addr().IsLoopback() {
		m.log.Warn("everybody who reaches the port may send commands, and send them under another's address: use 127.0.0.1, or a firewall", "socket", m.name)
	}
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return fmt.Errorf("socket_name %q: %w: end the program that holds the port, or name another", m.name, err)
	}
	m.conn = c
	return nil
}

func (m *Module) openUNIX() error {
	addr := &net.UnixAddr{Name: m.name, Net: "unixgram"}
	if err := clear(addr); err != nil {
		return err
	}
	c, err := net.ListenUnixgram("unixgram", addr)
	if err != nil {
		return fmt.Errorf("socket_name %q: %w", m.name, err)
	}
	m.conn = c
	if m.made, err = os.Lstat(m.name); err != nil {
		return err
	}
	if m.access.Mode&0o002 != 0 {
		m.log.Warn("every user of this machine may send commands: set unix_socket_mode 0660 and unix_socket_group", "socket", m.name)
	}
	if err := m.access.Apply(m.name); err != nil {
		return fmt.Errorf("the socket %s: %w", m.name, err)
	}
	return nil
}

// clear removes a socket that nobody listens on.
func clear(addr *net.UnixAddr) error {
	st, err := os.Lstat(addr.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case st.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s exists and is not a socket: remove it, or name another with modparam(\"mi_datagram\", \"socket_name\", ...)", addr.Name)
	}
	c, err := net.DialUnix("unixgram", nil, addr)
	if err == nil {
		_ = c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s is the socket of another program: end it, or name another with modparam(\"mi_datagram\", \"socket_name\", ...)", addr.Name)
	}
	if err := os.Remove(addr.Name); err != nil {
		return fmt.Errorf("the socket of an earlier run: %w", err)
	}
	return nil
}

// Addr returns the address the module listens on, or nil before Init.
func (m *Module) Addr() net.Addr {
	if m.conn == nil {
		return nil
	}
	return m.conn.LocalAddr()
}

// Start implements [core.Starter].
func (m *Module) Start() error {
	m.log.Info("listening", "addr", m.Addr().String())
	for range m.children {
		m.running.Go(m.serve)
	}
	return nil
}

// Stop implements [core.Stopper]: the request that runs is answered, unless
// ctx ends before.
func (m *Module) Stop(ctx context.Context) error {
	if m.conn == nil {
		return nil
	}
	close(m.closing)
	_ = m.conn.SetReadDeadline(time.Now())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.running.Wait()
	}()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = fmt.Errorf("a command still runs: %w", ctx.Err())
	}
	if now, lerr := os.Lstat(m.name); m.made != nil && lerr == nil && os.SameFile(now, m.made) {
		_ = os.Remove(m.name)
	}
	return errors.Join(err, m.conn.Close())
}
