package transaction

import (
	"strconv"
	"strings"

	"github.com/sipd/sipd/core/sip"
)

// prepare returns a copy of the owner's request with what every request
// needs, except Via.
func prepare(req *sip.Request) *sip.Request {
	r := req.Clone()
	if !r.Headers.Has("Max-Forwards") {
		r.Headers.Add("Max-Forwards", "70")
	}
	r.Headers.Set("Content-Length", strconv.Itoa(len(r.Body)))
	return r
}

// withVia returns a copy of a prepared request for one target.
func withVia(req *sip.Request, to Target, branch string) *sip.Request {
	r := req.Clone()
	s := to.Socket
	via := sip.Via{Transport: strings.ToUpper(s.Proto), Host: s.AdvHost, Port: s.AdvPort}
	if via.Host == "" {
		via.Host, via.Port = s.Host, s.Port
	}
	via.Params.Set("branch", branch)
	if !to.reliable() {
		via.Params = append(via.Params, sip.Param{Name: "rport"})
	}
	r.Headers.Prepend("Via", via.String())
	r.Socket = s
	return r
}

// hopByHop builds the CANCEL of a request (RFC 3261 section 9.1), or the ACK
// of a non-2xx to it (section 17.1.1.3): both go the same way as the request
// and carry its first Via.
func hopByHop(req *sip.Request, method string, to string, extra sip.Headers) *sip.Request {
	r := &sip.Request{Method: method, URI: req.URI, Socket: req.Socket, NextHop: req.NextHop}
	if via, err := req.Headers.TopVia(); err == nil {
		r.Headers.Add("Via", via.String())
	}
	for _, v := range req.Headers.Values("Route") {
		r.Headers.Add("Route", v)
	}
	seq, _ := req.CSeq()
	r.Headers = append(r.Headers,
		sip.Header{Name: "From", Value: req.Headers.Get("From")},
		sip.Header{Name: "To", Value: to},
		sip.Header{Name: "Call-ID", Value: req.CallID()},
		sip.Header{Name: "CSeq", Value: strconv.FormatUint(uint64(seq), 10) + " " + method},
		sip.Header{Name: "Max-Forwards", Value: "70"})
	r.Headers = append(r.Headers, extra...)
	r.Headers.Set("Content-Length", "0")
	return r
}

// local makes the response of a transaction that got none.
func local(req *sip.Request, code int) *sip.Response {
	res := sip.NewResponse(req, code, "", "")
	res.Local = true
	return res
}
