package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// URI is a SIP or SIPS URI (RFC 3261 section 19.1). For another scheme only
// Scheme and Opaque are set.
type URI struct {
	Scheme   string // "sip", "sips" or another scheme, lower case
	Opaque   string // what follows the scheme when it is neither sip nor sips
	User     string // as received: escapes are kept
	Password string
	Host     string // without brackets when it is an IPv6 address
	Port     int    // 0 when absent
	Params   Params
	Headers  string // what follows "?", uninterpreted
}

// ErrURI is wrapped by every error of [ParseURI].
var ErrURI = errors.New("bad URI")

// IsZero reports whether u is the zero URI.
func (u URI) IsZero() bool { return u.Scheme == "" }

// IsSIP reports whether the scheme is sip or sips.
func (u URI) IsSIP() bool { return u.Scheme == "sip" || u.Scheme == "sips" }

// Transport returns the transport parameter in lower case, or "".
func (u URI) Transport() string {
	t, _ := u.Params.Get("transport")
	return strings.ToLower(t)
}

// HostPort returns host:port for the wire, with brackets round an IPv6
// address and without the port when it is 0.
func (u URI) HostPort() string { return HostPort(u.Host, u.Port) }

// HostPort joins a host and a port as SIP writes them. Port 0 is left out.
func HostPort(host string, port int) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == 0 {
		return host
	}
	return host + ":" + strconv.Itoa(port)
}

// String writes the URI as it goes on the wire.
func (u URI) String() string {
	if !u.IsSIP() {
		return u.Scheme + ":" + u.Opaque
	}
	var b strings.Builder
	b.WriteString(u.Scheme)
	b.WriteByte(':')
	if u.User != "" {
		b.WriteString(u.User)
		if u.Password != "" {
			b.WriteByte(':')
			b.WriteString(u.Password)
		}
		b.WriteByte('@')
	}
	b.WriteString(u.HostPort())
	b.WriteString(u.Params.String())
	if u.Headers != "" {
		b.WriteByte('?')
		b.WriteString(u.Headers)
	}
	return b.String()
}

// Clone returns a copy that shares nothing with u.
func (u URI) Clone() URI {
	u.Params = append(Params(nil), u.Params...)
	return u
}

// ParseURI reads a URI. Schemes other than sip and sips are accepted with
// their rest opaque; errors wrap [ErrURI] and quote the text.
func ParseURI(s string) (URI, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isScheme(scheme) {
		return URI{}, fmt.Errorf("%w %q: want sip:user@host[:port]", ErrURI, clip(s))
	}
	if i := strings.IndexFunc(rest, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == '"' || r == 0x7f }); i >= 0 {
		return URI{}, fmt.Errorf("%w %q: character %q is not allowed", ErrURI, clip(s), rest[i])
	}
	u := URI{Scheme: strings.ToLower(scheme)}
	if !u.IsSIP() {
		u.Opaque = rest
		return u, nil
	}
	hostpart := rest
	// A user may contain ";" and "?", but after the user no "@" is allowed.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		u.User, u.Password, _ = strings.Cut(rest[:at], ":")
		if u.User == "" {
			return URI{}, fmt.Errorf("%w %q: empty user before @", ErrURI, clip(s))
		}
		hostpart = rest[at+1:]
	}
	hostpart, u.Headers, _ = strings.Cut(hostpart, "?")
	hostport, params, _ := strings.Cut(hostpart, ";")
	u.Params = ParseParams(params)
	var err error
	if u.Host, u.Port, err = SplitHostPort(hostport); err != nil {
		return URI{}, fmt.Errorf("%w %q: %v", ErrURI, clip(s), err)
	}
	return u, nil
}

// SplitHostPort splits "host", "host:port", "[v6]" and "[v6]:port". Port is 0
// when absent; the brackets of an IPv6 address are removed.
func SplitHostPort(s string) (host string, port int, err error) {
	host = s
	var digits string
	var hasPort bool
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", 0, errors.New("[ without ]")
		}
		host = s[1:end]
		if addr, err := netip.ParseAddr(host); err != nil || !addr.Is6() {
			return "", 0, fmt.Errorf("%q is not an IPv6 address", host)
		}
		rest := s[end+1:]
		if rest != "" && rest[0] != ':' {
			return "", 0, fmt.Errorf("%q after the address", rest)
		}
		if rest != "" {
			digits, hasPort = rest[1:], true
		}
	} else {
		host, digits, hasPort = strings.Cut(s, ":")
		if !isHost(host) {
			return "", 0, fmt.Errorf("%q is not a host", host)
		}
	}
	if hasPort {
		p, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || p == 0 {
			return "", 0, fmt.Errorf("port %q: want 1 to 65535", digits)
		}
		port = int(p)
	}
	return host, port, nil
}

func isHost(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !isAlnum(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

func isScheme(s string) bool {
	if s == "" || !isAlpha(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		if !isAlnum(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isAlnum(c byte) bool { return isAlpha(c) || c >= '0' && c <= '9' }

// clip keeps a hostile text short in an error message.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
