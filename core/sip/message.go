package sip

import (
	"net/netip"
	"strconv"
	"strings"
)

// Methods that sipd knows.
const (
	INVITE    = "INVITE"
	ACK       = "ACK"
	BYE       = "BYE"
	CANCEL    = "CANCEL"
	OPTIONS   = "OPTIONS"
	INFO      = "INFO"
	UPDATE    = "UPDATE"
	REFER     = "REFER"
	NOTIFY    = "NOTIFY"
	MESSAGE   = "MESSAGE"
	PRACK     = "PRACK"
	REGISTER  = "REGISTER"
	SUBSCRIBE = "SUBSCRIBE"
	PUBLISH   = "PUBLISH"
)

// Socket is one listening socket. It is immutable once the server listens;
// two requests that came in on the same socket share the pointer.
type Socket struct {
	Proto   string // "udp" or "tcp"
	Host    string // bind address, without brackets
	Port    int
	AdvHost string // what Via and Contact say; Host when nothing is advertised
	AdvPort int
	Tag     string // name given in listen{tag=}, or ""
}

// String names the socket as the configuration does: "udp:10.0.0.5:5060".
func (s *Socket) String() string { return s.Proto + ":" + HostPort(s.Host, s.Port) }

// Contact returns the URI at which this socket is reached by a peer.
func (s *Socket) Contact(user string) URI {
	u := URI{Scheme: "sip", User: user, Host: s.AdvHost, Port: s.AdvPort}
	if s.Proto != "udp" {
		u.Params.Set("transport", s.Proto)
	}
	return u
}

// Request is a SIP request.
type Request struct {
	Method  string
	URI     URI
	Headers Headers
	Body    []byte

	// Socket received the request, or is to send it. Nil lets the endpoint
	// choose for a request that is sent.
	Socket *Socket
	// Source is where a received request came from.
	Source netip.AddrPort
	// NextHop, when set, is where a sent request goes instead of its first
	// Route or its Request-URI (an outbound proxy).
	NextHop URI
	// OnSent, when set, is told each way a request is about to be sent by
	// [Endpoint.Request]: the first, and others when that one fails. It is
	// called with a lock held, also before Request returns, and must do no
	// more than take note.
	OnSent func(Sent)
}

// Sent is the way a request went: what another process must know to take its
// transaction up (see [Endpoint.Resume]).
type Sent struct {
	Branch string // of its Via
	Socket *Socket
	Addr   netip.AddrPort
}

// Response is a SIP response.
type Response struct {
	Code    int
	Reason  string
	Headers Headers
	Body    []byte

	// Source is where a received response came from.
	Source netip.AddrPort
	// Local says that no peer sent it: the transaction layer made it after a
	// time-out (408) or a transport failure (503).
	Local bool
}

// From, To and Contact return the parsed header; the error is that of
// [ParseAddress], also when the header is missing.
func (r *Request) From() (Address, error)    { return ParseAddress(r.Headers.Get("From")) }
func (r *Request) To() (Address, error)      { return ParseAddress(r.Headers.Get("To")) } // see From
func (r *Request) Contact() (Address, error) { return firstContact(r.Headers) }           // see From

// Contact returns the parsed first Contact.
func (r *Response) Contact() (Address, error) { return firstContact(r.Headers) }

// To returns the parsed To header.
func (r *Response) To() (Address, error) { return ParseAddress(r.Headers.Get("To")) }

func firstContact(h Headers) (Address, error) {
	value := h.Get("Contact")
	if list := SplitList(value); len(list) > 0 {
		value = list[0]
	}
	return ParseAddress(value)
}

// CallID returns the Call-ID.
func (r *Request) CallID() string { return r.Headers.Get("Call-ID") }

// ToTag returns the tag of To, or "" for a request outside a dialog.
func (r *Request) ToTag() string { a, _ := r.To(); return a.Tag() }

// FromTag returns the tag of From.
func (r *Request) FromTag() string { a, _ := r.From(); return a.Tag() }

// CSeq returns the sequence number and method of the CSeq header; 0 and ""
// when it is missing or malformed.
func (r *Request) CSeq() (uint32, string) { return ParseCSeq(r.Headers.Get("CSeq")) }

// CSeq is as [Request.CSeq].
func (r *Response) CSeq() (uint32, string) { return ParseCSeq(r.Headers.Get("CSeq")) }

// ParseCSeq reads "314159 INVITE". A number of 2^31 or more is refused
// (RFC 3261 section 8.1.1.5).
func ParseCSeq(s string) (uint32, string) {
	fields := strings.Fields(s)
	if len(fields) != 2 {
		return 0, ""
	}
	n, err := strconv.ParseUint(fields[0], 10, 31)
	if err != nil {
		return 0, ""
	}
	return uint32(n), fields[1]
}

// Clone returns a copy that shares no header with r. The body is shared: a
// body is never changed in place.
func (r *Request) Clone() *Request {
	c := *r
	c.URI = r.URI.Clone()
	c.NextHop = r.NextHop.Clone()
	c.Headers = r.Headers.Clone()
	return &c
}

// Clone is as [Request.Clone].
func (r *Response) Clone() *Response {
	c := *r
	c.Headers = r.Headers.Clone()
	return &c
}

// ToTag returns the tag of To, or "".
func (r *Response) ToTag() string { a, _ := r.To(); return a.Tag() }

// IsFinal reports whether the code is 200 or more.
func (r *Response) IsFinal() bool { return r.Code >= 200 }

// IsSuccess reports whether the code is 2xx.
func (r *Response) IsSuccess() bool { return r.Code >= 200 && r.Code < 300 }

// NewResponse builds the response to req: Via, From, To, Call-ID, CSeq and,
// for provisional and 2xx responses, Record-Route are copied (RFC 3261
// section 8.2.6.2). A To tag is added when toTag is not empty, the request
// had none and the code is not 100. An empty reason becomes the usual one.
func NewResponse(req *Request, code int, reason, toTag string) *Response {
	if reason == "" {
		reason = ReasonPhrase(code)
	}
	res := &Response{Code: code, Reason: reason}
	for _, f := range req.Headers {
		switch name := LongName(f.Name); {
		case strings.EqualFold(name, "Via"), strings.EqualFold(name, "From"),
			strings.EqualFold(name, "Call-ID"), strings.EqualFold(name, "CSeq"):
			res.Headers = append(res.Headers, f)
		case strings.EqualFold(name, "Record-Route") && code < 300:
			res.Headers = append(res.Headers, f)
		case strings.EqualFold(name, "To"):
			if code != 100 && toTag != "" && req.ToTag() == "" {
				f.Value += ";tag=" + toTag
			}
			res.Headers = append(res.Headers, f)
		}
	}
	return res
}
