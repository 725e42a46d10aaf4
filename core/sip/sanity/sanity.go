package sanity

import (
	"fmt"
	"strings"

	"github.com/sipd/sipd/core/sip"
)

// Verdict is the refusal of a request: the response to send. It is an error,
// for logs.
type Verdict struct {
	Code    int         // 400, 406, 415, 416, 420 or 505
	Reason  string      // the reason phrase: says what is wrong, never echoes input
	Headers sip.Headers // Accept, Accept-Encoding, Unsupported
}

// Error writes the status line's code and phrase.
func (v *Verdict) Error() string { return fmt.Sprintf("%d %s", v.Code, v.Reason) }

func bad(reason string) *Verdict { return &Verdict{Code: 400, Reason: reason} }

// Rules say what the server above can do. The zero value is that of a server
// of calls without extensions.
type Rules struct {
	// Extensions are the option tags that Require and Proxy-Require may name
	// (RFC 3261 section 8.2.2.3).
	Extensions []string
	// MediaTypes are the bodies an INVITE may carry, such as
	// "application/sdp". A type ending in "/*" stands for all of its kind.
	// Nil means application/sdp and multipart/*.
	MediaTypes []string
}

// Check judges a request with the rules of a server of calls.
func Check(req *sip.Request) *Verdict { return Rules{}.Check(req) }

// Check judges a request; nil means that it is sound. An ACK is judged too,
// though it must not be answered.
func (r Rules) Check(req *sip.Request) *Verdict {
	if v := checkForm(req.Headers, len(req.Body)); v != nil {
		return v
	}
	switch _, method := req.CSeq(); {
	case method == "":
		return bad("CSeq is not a number below 2^31 and a method")
	case method != req.Method:
		return bad("CSeq of another method")
	case !isToken(method):
		return bad("bad method")
	}
	if v := CheckScheme(req.URI); v != nil {
		return v
	}
	for _, check := range []func(*sip.Request) *Verdict{checkMaxForwards, checkContact, checkRoutes, r.checkRequire, r.checkContent} {
		if v := check(req); v != nil {
			return v
		}
	}
	return nil
}

// CheckVersion judges the SIP version of a start line (RFC 3261 section
// 21.5.6). Versions compare without case (section 7.1).
func CheckVersion(version string) *Verdict {
	if strings.EqualFold(version, "SIP/2.0") {
		return nil
	}
	return &Verdict{Code: 505, Reason: "Version Not Supported"}
}

// CheckResponse reports why a response must be dropped: nothing that a
// transaction could match, or numbers out of range.
func CheckResponse(res *sip.Response) error {
	if res.Code < 100 || res.Code > 699 {
		return fmt.Errorf("status code %d: want 100 to 699", res.Code)
	}
	if v := checkForm(res.Headers, len(res.Body)); v != nil {
		return v
	}
	if _, method := res.CSeq(); method == "" {
		return bad("CSeq is not a number below 2^31 and a method")
	}
	return nil
}

// CheckScheme judges the scheme of a Request-URI: sip, sips and tel are what
// a route can send somewhere (RFC 3261 section 8.2.2.1). [Rules.Check]
// includes it.
func CheckScheme(u sip.URI) *Verdict {
	if u.IsSIP() || u.Scheme == "tel" {
		return nil
	}
	return &Verdict{Code: 416, Reason: "Unsupported URI Scheme"}
}

// checkMaxForwards accepts 0 to 255 (RFC 3261 section 20.22). What 0 means is
// decided by who would forward.
func checkMaxForwards(req *sip.Request) *Verdict {
	if !req.Headers.Has("Max-Forwards") {
		return nil
	}
	if n, ok := number(req.Headers.Get("Max-Forwards")); !ok || n > 255 {
		return bad("Max-Forwards is not 0 to 255")
	}
	return nil
}

// checkRequire refuses extensions that nobody here knows. ACK and CANCEL are
// exempt (RFC 3261 section 8.2.2.3).
func (r Rules) checkRequire(req *sip.Request) *Verdict {
	if req.Method == sip.ACK || req.Method == sip.CANCEL {
		return nil
	}
	var unknown []string
	for _, name := range []string{"Require", "Proxy-Require"} {
		for _, line := range req.Headers.Values(name) {
			for _, tag := range sip.SplitList(line) {
				if !containsFold(r.Extensions, tag) && !containsFold(unknown, tag) {
					unknown = append(unknown, tag)
				}
			}
		}
	}
	if unknown == nil {
		return nil
	}
	return &Verdict{Code: 420, Reason: "Bad Extension",
		Headers: sip.Headers{{Name: "Unsupported", Value: strings.Join(unknown, ", ")}}}
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}
