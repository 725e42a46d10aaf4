package b2b

import (
	"strconv"

	"github.com/sipd/sipd/core/sip"
)

// dialog is the state of RFC 3261 section 12.
type dialog struct {
	callID        string
	local, remote sip.Address // with their tags
	target        sip.URI     // remote target
	routes        []string    // in the order of our requests
	cseq          uint32      // of our last request
	remoteCSeq    uint32      // of the far end's last request
	tolerant      bool        // that request may come again: its answer may be lost
}

// request builds a request of the dialog with the next CSeq.
func (d *dialog) request(method string) *sip.Request {
	d.cseq++
	return d.requestAt(method, d.cseq)
}

// requestAt builds a request with a given CSeq: an ACK has its INVITE's.
func (d *dialog) requestAt(method string, cseq uint32) *sip.Request {
	req := &sip.Request{Method: method, URI: d.target.Clone()}
	routes := d.routes
	if strict(routes) { // RFC 3261 section 12.2.1.1
		first, _ := sip.ParseAddress(routes[0])
		routes = append(append([]string(nil), routes[1:]...), "<"+req.URI.String()+">")
		req.URI = first.URI
		req.NextHop = first.URI
	}
	req.URI.Headers = ""
	req.URI.Params.Del("method")
	for _, r := range routes {
		req.Headers.Add("Route", r)
	}
	req.Headers.Add("From", d.local.String())
	req.Headers.Add("To", d.remote.String())
	req.Headers.Add("Call-ID", d.callID)
	req.Headers.Add("CSeq", strconv.FormatUint(uint64(cseq), 10)+" "+method)
	return req
}

// strict reports whether the first hop is a strict router of RFC 2543.
func strict(routes []string) bool {
	if len(routes) == 0 {
		return false
	}
	a, err := sip.ParseAddress(routes[0])
	if err != nil {
		return false
	}
	_, loose := a.URI.Params.Get("lr")
	return !loose
}

// refresh takes the remote target of a target refresh request or response.
func (d *dialog) refresh(contact sip.Address, err error) {
	if err == nil && contact.URI.IsSIP() {
		d.target = contact.URI
	}
}

// confirm takes what the first 2xx to our INVITE says of the dialog.
func (d *dialog) confirm(res *sip.Response) {
	if to, err := res.To(); err == nil {
		d.remote = to
	}
	d.refresh(res.Contact())
	d.routes = recordRoutes(res.Headers)
	for i, j := 0, len(d.routes)-1; i < j; i, j = i+1, j-1 {
		d.routes[i], d.routes[j] = d.routes[j], d.routes[i]
	}
}

// recordRoutes lists the Record-Route entries from the first to the last.
func recordRoutes(h sip.Headers) []string {
	var rs []string
	for _, v := range h.Values("Record-Route") {
		rs = append(rs, sip.SplitList(v)...)
	}
	return rs
}
