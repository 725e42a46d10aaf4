package player

import (
	"errors"
	"fmt"

	"github.com/sipd/sipd/core/sip"
)

// allow is what the player understands.
const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE"

// dialogID tells dialogs apart. The tag of the peer is not needed: ours is
// random and made for one dialog.
type dialogID struct{ callID, tag string }

// dialog is the state of RFC 3261 section 12.1.1, as the callee has it.
type dialog struct {
	id     dialogID
	local  string   // To of the INVITE with our tag: From of our requests
	remote string   // From of the INVITE: To of our requests
	target sip.URI  // Contact of the peer
	routes []string // Record-Route, in the order of the INVITE
	socket *sip.Socket
	self   sip.URI // our Contact
	near   sip.URI // where our requests go instead of target, unless zero
	cseq   uint32  // of our last request
	peer   uint32  // CSeq of the peer's last request
}

// newDialog reads the INVITE that begins a dialog.
func newDialog(req *sip.Request, tag string) (dialog, error) {
	contact, err := req.Contact()
	if err != nil {
		return dialog{}, fmt.Errorf("Contact: %w", err)
	}
	if !contact.URI.IsSIP() {
		return dialog{}, errors.New("Contact is not a SIP URI")
	}
	cseq, method := req.CSeq()
	if method != req.Method {
		return dialog{}, errors.New("CSeq is not that of an INVITE")
	}
	d := dialog{
		id:     dialogID{req.CallID(), tag},
		local:  req.Headers.Get("To") + ";tag=" + tag,
		remote: req.Headers.Get("From"),
		target: contact.URI,
		socket: req.Socket,
		self:   own(req.Socket, req.URI.User),
		peer:   cseq,
	}
	for _, line := range req.Headers.Values("Record-Route") {
		d.routes = append(d.routes, sip.SplitList(line)...)
	}
	return d, nil
}

// follow notes the CSeq and Contact of a request inside the dialog; false
// means that the request is older than the last one (RFC 3261 section
// 12.2.2).
func (d *dialog) follow(req *sip.Request) bool {
	cseq, method := req.CSeq()
	if method != req.Method || cseq < d.peer {
		return false
	}
	d.peer = cseq
	return true
}

// refresh takes the new Contact of a re-INVITE or UPDATE.
func (d *dialog) refresh(req *sip.Request) {
	if c, err := req.Contact(); err == nil && c.URI.IsSIP() {
		d.target = c.URI
	}
}

// request builds the next request of ours.
func (d *dialog) request(method string) *sip.Request {
	d.cseq++
	req := &sip.Request{Method: method, URI: d.target.Clone(), Socket: d.socket, NextHop: d.near.Clone()}
	for _, r := range d.routes {
		req.Headers.Add("Route", r)
	}
	req.Headers.Add("From", d.local)
	req.Headers.Add("To", d.remote)
	req.Headers.Add("Call-ID", d.id.callID)
	req.Headers.Add("CSeq", fmt.Sprintf("%d %s", d.cseq, method))
	return req
}

// stay keeps a dialog whose caller is this same server inside the machine. The
// advertised address may be that of a NAT which lets nothing back in (RFC 4787
// section 6), so neither side uses it.
func (d *dialog) stay(req *sip.Request) {
	d.self.Host, d.self.Port = req.URI.Host, req.URI.Port
	d.near = sip.URI{Scheme: "sip", Host: req.Source.Addr().Unmap().String(), Port: int(req.Source.Port())}
}

// contact is where the peer reaches this dialog.
func (d *dialog) contact() string { return "<" + d.self.String() + ">" }

// own is the URI of a sound at one of our sockets, as others reach it.
func own(s *sip.Socket, user string) sip.URI {
	u := s.Contact(user)
	u.Params = append(u.Params, sip.Param{Name: marker})
	return u
}
