package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// MagicCookie starts every branch that is unique by itself (RFC 3261 section
// 8.1.1.7).
const MagicCookie = "z9hG4bK"

// Via is one value of the Via header (RFC 3261 section 20.42).
type Via struct {
	Transport string // upper case: "UDP", "TCP"
	Host      string // sent-by, without brackets when it is an IPv6 address
	Port      int    // sent-by; 0 when absent
	Params    Params
}

// ErrVia is wrapped by every error of [ParseVia].
var ErrVia = errors.New("bad Via")

// ParseVia reads one value: "SIP/2.0/UDP host:port;branch=...". White space
// round the slashes and the colon is allowed.
func ParseVia(s string) (Via, error) {
	bad := func(what string) (Via, error) { return Via{}, fmt.Errorf("%w %q: %s", ErrVia, clip(s), what) }
	name, rest, _ := strings.Cut(s, "/")
	version, rest, ok := strings.Cut(rest, "/")
	if !ok || !strings.EqualFold(strings.TrimSpace(name), "SIP") || strings.TrimSpace(version) != "2.0" {
		return bad("want SIP/2.0/transport")
	}
	head, params, _ := strings.Cut(rest, ";")
	fields := strings.Fields(head)
	if len(fields) < 2 || !isToken(fields[0]) {
		return bad("want transport and host[:port]")
	}
	v := Via{Transport: strings.ToUpper(fields[0]), Params: ParseParams(params)}
	var err error
	if v.Host, v.Port, err = SplitHostPort(strings.Join(fields[1:], "")); err != nil {
		return bad(err.Error())
	}
	return v, nil
}

// String writes the value as it goes on the wire.
func (v Via) String() string {
	return "SIP/2.0/" + v.Transport + " " + v.SentBy() + v.Params.String()
}

// SentBy returns host[:port].
func (v Via) SentBy() string { return HostPort(v.Host, v.Port) }

// Branch returns the branch parameter, or "".
func (v Via) Branch() string { b, _ := v.Params.Get("branch"); return b }

// Stamp adds what a server notes about the source of a request: received
// when sent-by is another address, or when rport was asked for, and the port
// as the value of rport (RFC 3261 section 18.2.1, RFC 3581 section 4). What
// the client wrote there itself is removed.
func (v *Via) Stamp(source netip.AddrPort) {
	v.Params.Del("received")
	_, rport := v.Params.Get("rport")
	addr := source.Addr().Unmap()
	if host, err := netip.ParseAddr(v.Host); err != nil || host.Unmap() != addr || rport {
		v.Params.Set("received", addr.String())
	}
	if rport {
		v.Params.Set("rport", strconv.Itoa(int(source.Port())))
	}
}

// ReplyTo returns where a response goes that is not sent on a connection:
// maddr or received or sent-by; rport or the port of sent-by or 5060 (RFC
// 3261 section 18.2.2, RFC 3581 section 4).
func (v Via) ReplyTo() (host string, port int) {
	host, port = v.Host, v.Port
	if port == 0 {
		port = 5060
	}
	if maddr, ok := v.Params.Get("maddr"); ok && maddr != "" {
		return strings.Trim(maddr, "[]"), port
	}
	if received, ok := v.Params.Get("received"); ok && received != "" {
		host = strings.Trim(received, "[]")
	}
	if rport, _ := v.Params.Get("rport"); rport != "" {
		if n, err := strconv.ParseUint(rport, 10, 16); err == nil && n > 0 {
			port = int(n)
		}
	}
	return host, port
}

// TopVia returns the first Via of a message.
func (h Headers) TopVia() (Via, error) {
	value := h.Get("Via")
	if list := SplitList(value); len(list) > 0 {
		value = list[0]
	}
	return ParseVia(value)
}

// SetTopVia replaces the first Via of a message that has one.
func (h Headers) SetTopVia(v Via) {
	for i := range h {
		if sameName(h[i].Name, "Via") {
			list := SplitList(h[i].Value)
			if len(list) == 0 {
				list = []string{""}
			}
			list[0] = v.String()
			h[i].Value = strings.Join(list, ", ")
			return
		}
	}
}

// isToken reports whether s is a token of RFC 3261 section 25.1.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) && !strings.ContainsRune("-.!%*_+`'~", rune(s[i])) {
			return false
		}
	}
	return s != ""
}
