package stack

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

// SendRequest is [transaction.Transport].SendRequest.
func (s *Stack) SendRequest(req *sip.Request, to transaction.Target, fail func(error)) error {
	err := s.send(req.Append(nil), to.Socket, to.Addr, fail)
	s.sent(sentRequests, err)
	return err
}

// SendResponse is [transaction.Transport].SendResponse.
func (s *Stack) SendResponse(res *sip.Response, socket *sip.Socket, source netip.AddrPort) error {
	err := s.respond(res, socket, source)
	s.sent(sentReplies, err)
	return err
}

func (s *Stack) sent(k counter, err error) {
	if err != nil {
		k = sendErrors
	}
	s.counters.add(k)
}

func (s *Stack) respond(res *sip.Response, socket *sip.Socket, source netip.AddrPort) error {
	raw := res.Append(nil)
	if s.tcp[socket] != nil {
		if c := s.conns.get(connKey{socket, source}); c != nil && c.write(outgoing{data: raw}) == nil {
			return nil
		}
	}
	if s.udp[socket] != nil && s.forceRport {
		return s.send(raw, socket, source, nil)
	}
	return s.send(raw, socket, netip.AddrPortFrom(source.Addr(), replyPort(res.Headers, s.udp[socket] != nil)), nil)
}

// replyPort returns the port of rport, or of sent-by, or 5060 (RFC 3261
// section 18.2.2, RFC 3581 section 4). The address is always that of the
// source: received says the same, and maddr is not followed. Where rport is
// that of a connection which is gone, nobody listens there.
func replyPort(h sip.Headers, udp bool) uint16 {
	value := h.Get("Via")
	if list := sip.SplitList(value); len(list) > 0 {
		value = list[0]
	}
	via, err := sip.ParseVia(value)
	if err != nil {
		// Of another version of SIP, for a 505: the rest is read alike.
		if _, rest, ok := strings.Cut(value, "/"); ok {
			_, rest, _ = strings.Cut(rest, "/")
			via, err = sip.ParseVia("SIP/2.0/" + rest)
		}
	}
	if err != nil {
		return 5060
	}
	via.Params.Del("maddr")
	if !udp {
		via.Params.Del("rport")
	}
	_, port := via.ReplyTo()
	return uint16(port)
}

// send sends a message from a socket, over the connection there is, or over a
// new one.
func (s *Stack) send(raw []byte, socket *sip.Socket, to netip.AddrPort, fail func(error)) error {
	if err := sendable(to); err != nil {
		return err
	}
	if u := s.udp[socket]; u != nil {
		return u.write(raw, to)
	}
	if s.tcp[socket] == nil {
		return errors.New("the socket is not one of this stack")
	}
	c := s.conns.get(connKey{socket, to})
	if c == nil {
		var err error
		if c, err = s.dial(socket, to); err != nil {
			return fmt.Errorf("tcp %s: %w", to, err)
		}
	}
	return c.write(outgoing{raw, fail})
}

// sendable refuses destinations that are no single host (RFC 4475 section
// 3.3.10).
func sendable(to netip.AddrPort) error {
	a := to.Addr()
	if !a.IsValid() || to.Port() == 0 || a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return errors.New("destination " + strconv.Quote(to.String()) + ": want the address and port of one host")
	}
	return nil
}
