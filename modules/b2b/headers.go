package b2b

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sipd/sipd/core/sip"
)

// What we implement, as our Allow, Accept and Supported say.
const (
	allow     = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, MESSAGE, NOTIFY"
	accept    = "application/sdp"
	sdpType   = "application/sdp"
	supported = extensions
)

// passList names the headers that pass from the caller's INVITE to the other
// legs.
type passList struct {
	names  map[string]bool // lower case, long form
	custom *regexp.Regexp
}

// newPassList reads custom_headers and custom_headers_regexp.
func newPassList(list, expr string) (passList, error) {
	p := passList{names: map[string]bool{}}
	for _, n := range []string{"P-Asserted-Identity", "Privacy", "Diversion", "History-Info", "Reason",
		"Alert-Info", "Call-Info", "User-to-User"} {
		p.names[strings.ToLower(n)] = true
	}
	for n := range strings.SplitSeq(list, ";") {
		if n = strings.TrimSpace(n); n == "" {
			continue
		}
		if !isToken(n) {
			return p, fmt.Errorf("custom_headers: %q is not the name of a header", n)
		}
		if ours(n) {
			return p, fmt.Errorf("custom_headers: %s belongs to one leg and cannot pass to another", n)
		}
		p.names[strings.ToLower(sip.LongName(n))] = true
	}
	if expr == "" {
		return p, nil
	}
	var err error
	if p.custom, err = regexp.Compile("(?i:" + expr + ")"); err != nil {
		return p, fmt.Errorf("custom_headers_regexp: %w", err)
	}
	return p, nil
}

// ours reports whether a header is made for each leg, whatever a list says.
func ours(name string) bool {
	switch strings.ToLower(sip.LongName(name)) {
	case "via", "from", "to", "call-id", "cseq", "contact", "route", "record-route", "max-forwards",
		"content-length", "content-type", "content-encoding", "content-disposition", "mime-version",
		"allow", "supported", "accept", "require", "proxy-require", "rseq", "rack", "session-expires", "min-se",
		"user-agent", "server", "path", "service-route", "proxy-authorization", "authorization":
		return true
	}
	return false
}

// take returns the headers of h that may pass.
func (p passList) take(h sip.Headers) sip.Headers {
	var out sip.Headers
	for _, f := range h {
		name := sip.LongName(f.Name)
		if !ours(name) && (p.names[strings.ToLower(name)] || p.custom != nil && p.custom.MatchString(name)) {
			out.Add(name, f.Value)
		}
	}
	return out
}

// ofRequest are the headers that belong to the body or to the method of a
// request that is relayed inside a dialog.
func ofRequest(h sip.Headers) sip.Headers {
	var out sip.Headers
	for _, f := range h {
		switch name := sip.LongName(f.Name); strings.ToLower(name) {
		case "content-type", "content-disposition", "content-encoding", "content-language", "mime-version",
			"info-package", "recv-info", "event", "subscription-state", "allow-events", "accept", "subject",
			"date", "expires", "reason", "user-to-user":
			out.Add(name, f.Value)
		}
	}
	return out
}

// sdpOf returns the session description in a body, or "".
func sdpOf(h sip.Headers, body []byte) string {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind == sdpType || kind == "" && strings.HasPrefix(string(body), "v=0") {
		return string(body)
	}
	return ""
}

// setSDP puts a session description into a message; Content-Type strictly
// follows the body.
func setSDP(h *sip.Headers, body *[]byte, sdp string) {
	if sdp == "" {
		return
	}
	h.Set("Content-Type", sdpType)
	*body = []byte(sdp)
}
