package player

import (
	"errors"
	"net/netip"
	"strings"
	"sync"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/mailbox"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/stat"
)

// marker is the URI parameter that says a request is for the player.
const marker = "player"

// uas answers the player's requests. Everything about a dialog happens in
// run, which executes what others post.
type uas struct {
	host   core.Host
	conf   *config
	sounds map[string]*sound
	sender *sender
	open   func(netip.Addr) (packetConn, netip.AddrPort, error)
	deny   func(netip.Addr) bool // addresses RTP must not go to

	active   *stat.Stat // gauge of calls
	received *stat.Stat // RTP packets that came

	box     *mailbox.Mailbox[func()]
	readers sync.WaitGroup // one an RTP socket

	mu    sync.RWMutex       // guards the map, which only run changes
	calls map[dialogID]*call // what is in a call belongs to run

	stopping bool          // set by Stop: no new calls
	idle     chan struct{} // closed once there is no call left to end
}

// post hands f to run. It never blocks.
func (u *uas) post(f func()) bool { return u.box.Post(f) }

// run executes what is posted until the mailbox is closed.
func (u *uas) run() {
	for range u.box.Ready() {
		fs, open := u.box.Take()
		for _, f := range fs {
			f()
		}
		if !open {
			return
		}
	}
}

// claim takes a request that is the player's: one inside a dialog of ours, or
// one whose Request-URI is marked as ours. It never blocks.
func (u *uas) claim(tx sip.ServerRequest) bool {
	req := tx.Request()
	if !u.has(dialogID{req.CallID(), req.ToTag()}) && !u.addressed(req.URI) {
		return false
	}
	return u.post(func() { u.handle(tx) })
}

func (u *uas) has(id dialogID) bool {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.calls[id] != nil
}

// addressed reports whether a URI is the player's. The host must be ours too:
// a request that is only passing through is for the script to route.
func (u *uas) addressed(uri sip.URI) bool {
	if !uri.IsSIP() || uri.User == "" {
		return false
	}
	_, marked := uri.Params.Get(marker)
	return (marked || u.prefixed(uri.User)) && u.host.IsMyself(uri.Host, uri.Port)
}

// ours reports whether a request was sent by this same server, as those of a
// B2B session are. A TCP connection does not tell: its port is any.
func (u *uas) ours(req *sip.Request) bool {
	return req.Socket.Proto == "udp" && u.host.IsMyself(req.Source.Addr().Unmap().String(), int(req.Source.Port()))
}

func (u *uas) prefixed(user string) bool {
	return u.conf.prefix != "" && strings.HasPrefix(user, u.conf.prefix)
}

// sound returns the sound that a URI names, or nil.
func (u *uas) sound(uri sip.URI) *sound {
	if _, marked := uri.Params.Get(marker); !marked {
		return u.sounds[strings.TrimPrefix(uri.User, u.conf.prefix)]
	}
	return u.sounds[uri.User]
}

// handle answers one request, in run.
func (u *uas) handle(tx sip.ServerRequest) {
	req := tx.Request()
	tag := req.ToTag()
	if tag == "" {
		u.outside(tx)
		return
	}
	if c := u.calls[dialogID{req.CallID(), tag}]; c != nil {
		c.handle(tx)
		return
	}
	u.reply(tx, 481)
}

// outside answers a request that belongs to no dialog yet.
func (u *uas) outside(tx sip.ServerRequest) {
	req := tx.Request()
	switch {
	case unsupported(req) != "":
		u.reply(tx, 420, sip.Header{Name: "Unsupported", Value: unsupported(req)})
	case req.Method == sip.INVITE:
		u.invite(tx)
	case u.sound(req.URI) == nil:
		u.reply(tx, 404)
	case req.Method == sip.OPTIONS:
		u.options(tx)
	case req.Method == sip.BYE, req.Method == sip.UPDATE:
		u.reply(tx, 481)
	default:
		u.reply(tx, 405, sip.Header{Name: "Allow", Value: allow})
	}
}

// unsupported returns the extensions a request demands: we have none (RFC
// 3261 section 8.2.2.3). ACK and CANCEL cannot demand any.
func unsupported(req *sip.Request) string {
	if req.Method == sip.ACK || req.Method == sip.CANCEL {
		return ""
	}
	return strings.Join(req.Headers.Values("Require"), ", ")
}

func (u *uas) options(tx sip.ServerRequest) {
	u.reply(tx, 200, sip.Header{Name: "Allow", Value: allow}, sip.Header{Name: "Accept", Value: sdpType})
}

// reply sends a response without a body. An ACK is never answered.
func (u *uas) reply(tx sip.ServerRequest, code int, headers ...sip.Header) {
	if tx.Request().Method == sip.ACK {
		return
	}
	res := sip.NewResponse(tx.Request(), code, "", newTag())
	res.Headers = append(res.Headers, headers...)
	res.Headers.Add("Server", u.host.Version())
	u.respond(tx, res)
}

// respond sends a response and reports whether it was not too late: a
// transaction that was cancelled has been answered 487 already.
func (u *uas) respond(tx sip.ServerRequest, res *sip.Response) bool {
	err := tx.Respond(res)
	if err != nil && !errors.Is(err, sip.ErrFinal) {
		u.host.Log().Debug("respond", "err", err, "call_id", tx.Request().CallID())
	}
	return !errors.Is(err, sip.ErrFinal)
}

// enter and leave keep the map of calls. leave also ends the wait of Stop.
func (u *uas) enter(c *call) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls[c.id] = c
	u.active.Set(int64(len(u.calls)))
}

func (u *uas) leave(c *call) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.calls, c.id)
	u.active.Set(int64(len(u.calls)))
	if u.idle != nil && len(u.calls) == 0 {
		close(u.idle)
		u.idle = nil
	}
}

// drain ends every call and closes idle once none is left.
func (u *uas) drain(idle chan struct{}) {
	u.stopping = true
	if len(u.calls) == 0 {
		close(idle)
		return
	}
	u.idle = idle
	for _, c := range u.calls {
		c.hangup(`SIP;cause=503;text="server stops"`)
	}
}

// abandon forgets the calls that drain could not end in time.
func (u *uas) abandon() {
	for _, c := range u.calls {
		c.end()
	}
}

// discard reads and counts what a peer sends until the socket is closed. It
// must be read: else the kernel would keep it.
func (u *uas) discard(conn packetConn) {
	defer u.readers.Done()
	buf := make([]byte, 2048)
	for {
		n, _, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n >= 12 && buf[0]>>6 == 2 { // RTP version 2
			u.received.Add(1)
		}
	}
}
