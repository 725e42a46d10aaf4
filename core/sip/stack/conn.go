package stack

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// conn is one TCP connection, accepted or made by us. One goroutine reads;
// another writes while there is something to write.
type conn struct {
	stack   *Stack
	socket  *sip.Socket
	remote  netip.AddrPort
	inbound bool
	id      uint64      // set once, by conns.add
	proven  atomic.Bool // has carried a sound message
	half    atomic.Bool // the reader closes, after linger

	mu      sync.Mutex
	nc      net.Conn // nil while it is being dialled
	queue   []outgoing
	queued  int  // bytes in queue
	writing bool // a goroutine is in flush
	last    bool // close once the queue is written
	closed  bool
}

// outgoing is a message that waits to be written.
type outgoing struct {
	data []byte
	fail func(error) // may be nil
}

func (c *conn) key() connKey { return connKey{c.socket, c.remote} }

// read handles messages until the connection ends.
func (c *conn) read() {
	limits := &c.stack.limits
	f := framer{max: limits.MaxMessage}
	buf := make([]byte, 4096)
	begun := false // bytes of an unfinished message are in f
	c.idle()
	for {
		n, err := c.nc.Read(buf)
		if err != nil {
			c.ended(err)
			return
		}
		f.write(buf[:n])
		before := begun
		handled, err := c.handle(&f)
		if err != nil {
			c.linger()
			c.finish(err)
			return
		}
		begun = !f.empty()
		switch {
		case begun && (!before || handled):
			c.nc.SetReadDeadline(time.Now().Add(limits.ReadTimeout))
		case !begun && (before || c.proven.Load()):
			c.idle()
		}
		f.release()
	}
}

// idle sets the time until the next message must begin.
func (c *conn) idle() {
	d := c.stack.limits.IdleNew
	if c.proven.Load() || !c.inbound {
		d = c.stack.limits.IdleTimeout
	}
	c.nc.SetReadDeadline(time.Now().Add(d))
}

// handle deals with all messages that are complete. The error says why the
// connection cannot go on.
func (c *conn) handle(f *framer) (handled bool, err error) {
	for {
		fr, ok := f.next()
		if !ok {
			return handled, nil
		}
		handled = true
		if !c.stack.admit(c.remote) {
			return true, errRate
		}
		if fr.ping {
			c.stack.counters.add(keepalives)
			c.write(outgoing{data: []byte("\r\n")})
			continue
		}
		sound := c.stack.receive(fr.raw, fr.fault, c.socket, c.remote)
		switch {
		case fr.fault != nil:
			return true, errAfterRefusal
		case sound:
			c.proven.Store(true)
		case !plausible(fr.raw):
			return true, errGarbage
		}
	}
}

// ended closes the connection after an error of Read.
func (c *conn) ended(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.stack.counters.drop(tcpTimeouts, c.remote, errSlow)
		err = errSlow
	}
	c.finish(err)
}

// write queues a message. It never blocks, and never calls fail itself.
func (c *conn) write(o outgoing) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.last {
		return net.ErrClosed
	}
	if c.queued+len(o.data) > c.stack.limits.MaxQueue {
		c.stack.counters.drop(tcpOverflow, c.remote, errQueue)
		c.stack.spawn(func() { c.shut(errQueue) })
		return errQueue
	}
	c.queue = append(c.queue, o)
	c.queued += len(o.data)
	if c.nc != nil && !c.writing {
		c.writing = c.stack.spawn(c.flush)
		if !c.writing {
			return errClosed
		}
	}
	return nil
}

// flush writes the queue until it is empty.
func (c *conn) flush() {
	for {
		c.mu.Lock()
		if c.closed || len(c.queue) == 0 {
			c.writing, c.queue = false, nil
			last, nc := c.last, c.nc
			c.mu.Unlock()
			switch {
			case last && c.half.Load():
				closeWrite(nc)
			case last:
				c.shut(nil)
			}
			return
		}
		o, nc := c.queue[0], c.nc
		c.queue = c.queue[1:]
		c.queued -= len(o.data)
		c.mu.Unlock()
		nc.SetWriteDeadline(time.Now().Add(c.stack.limits.WriteTimeout))
		if _, err := nc.Write(o.data); err != nil {
			if o.fail != nil {
				o.fail(err)
			}
			c.shut(err)
			return
		}
	}
}

// lingerTime is how long a peer has to read the last answer.
const lingerTime = time.Second

// linger ends the stream to the peer after what is queued, and reads on for a
// moment: a connection that is closed with unread bytes is reset, which may
// destroy the 400 that says why.
func (c *conn) linger() {
	c.half.Store(true)
	c.mu.Lock()
	c.last = true
	busy := c.writing
	c.mu.Unlock()
	if !busy {
		closeWrite(c.nc)
	}
	c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.nc, 1<<20) // the connection is closed whatever comes
	c.half.Store(false)
}

func closeWrite(nc net.Conn) {
	if t, ok := nc.(*net.TCPConn); ok {
		_ = t.CloseWrite() // fails when the peer has gone, which is as good
	}
}

// finish closes the connection after what is queued. It does not wait.
func (c *conn) finish(err error) {
	c.mu.Lock()
	c.last = true
	busy := c.writing || c.nc == nil && !c.closed
	c.mu.Unlock()
	if !busy {
		c.shut(err)
	}
}

// shut closes the connection now and fails what was not written.
func (c *conn) shut(err error) {
	c.mu.Lock()
	queue, nc := c.queue, c.nc
	if c.closed {
		queue, nc = nil, nil
	}
	c.closed, c.queue = true, nil
	c.mu.Unlock()
	c.stack.conns.remove(c)
	if nc != nil {
		nc.Close()
	}
	if err == nil {
		err = net.ErrClosed
	}
	for _, o := range queue {
		if o.fail != nil {
			o.fail(err)
		}
	}
}

// dial makes a connection and serves it. Messages may be queued before it is
// up.
func (s *Stack) dial(socket *sip.Socket, remote netip.AddrPort) (*conn, error) {
	c := &conn{stack: s, socket: socket, remote: remote}
	if err := s.conns.add(c); err != nil {
		if other := s.conns.get(c.key()); other != nil {
			return other, nil
		}
		return nil, err
	}
	if !s.spawn(c.connect) {
		c.shut(errClosed)
		return nil, errClosed
	}
	return c, nil
}

func (c *conn) connect() {
	ctx, cancel := context.WithTimeout(c.stack.ctx, c.stack.limits.DialTimeout)
	defer cancel()
	d := net.Dialer{}
	if a, err := netip.ParseAddr(c.socket.Host); err == nil && !a.IsUnspecified() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0))
	}
	nc, err := d.DialContext(ctx, "tcp", c.remote.String())
	if err != nil {
		c.shut(err)
		return
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		nc.Close()
		return
	}
	c.nc = nc
	c.writing = true
	c.mu.Unlock()
	c.stack.counters.add(tcpDialed)
	c.stack.wg.Go(c.flush) // this goroutine is counted already
	c.read()
}
