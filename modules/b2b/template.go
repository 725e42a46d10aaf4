package b2b

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core/sip"
)

// snapshot is what a call looked like when its session was made. It never
// changes: what depends on it is right also when a timer, a BYE or a command
// asks, and there is no message at hand.
type snapshot struct {
	from, to sip.Address
	sender   sip.URI // of From towards the parties; the caller's unless the route says otherwise
	uri      sip.URI
	callID   string
	source   string
	socket   *sip.Socket
}

// template is a parsed server_address.
type template struct{ pieces []piece }

// piece is plain text, or a variable.
type piece struct {
	text  string
	value func(*snapshot) string
}

// variables are those a template may contain.
func variables() map[string]func(*snapshot) string {
	port := func(n int) string { return strconv.Itoa(n) }
	return map[string]func(*snapshot) string{
		"fU":                         func(s *snapshot) string { return s.from.URI.User },
		"tU":                         func(s *snapshot) string { return s.to.URI.User },
		"rU":                         func(s *snapshot) string { return s.uri.User },
		"ci":                         func(s *snapshot) string { return s.callID },
		"si":                         func(s *snapshot) string { return s.source },
		"socket_in(ip)":              func(s *snapshot) string { return sip.HostPort(s.socket.Host, 0) },
		"socket_in(port)":            func(s *snapshot) string { return port(s.socket.Port) },
		"socket_in(advertised_ip)":   func(s *snapshot) string { return sip.HostPort(s.socket.AdvHost, 0) },
		"socket_in(advertised_port)": func(s *snapshot) string { return port(s.socket.AdvPort) },
		"socket_in(proto)":           func(s *snapshot) string { return s.socket.Proto },
	}
}

// parseTemplate reads a server_address. The error names what a template
// cannot contain, so that it is known at the start and not in a call.
func parseTemplate(text string) (template, error) {
	var t template
	rest := text
	for rest != "" {
		plain, after, found := strings.Cut(rest, "$")
		if plain != "" {
			t.pieces = append(t.pieces, piece{text: plain})
		}
		if !found {
			break
		}
		name := variableName(after)
		value := variables()[name]
		if value == nil {
			return t, fmt.Errorf("variable $%s is not known when a leg is made: want one of $fU $tU $rU $ci $si $socket_in(ip|port|advertised_ip|advertised_port|proto)", name)
		}
		t.pieces = append(t.pieces, piece{value: value})
		rest = after[len(name):]
	}
	if text == "" {
		return t, nil
	}
	socket := &sip.Socket{Proto: "udp", Host: "192.0.2.1", Port: 5060, AdvHost: "192.0.2.1", AdvPort: 5060}
	user := sip.Address{URI: sip.URI{Scheme: "sip", User: "user", Host: "example.com"}}
	_, err := t.expand(&snapshot{from: user, to: user, uri: user.URI, callID: "id", source: "192.0.2.2", socket: socket})
	return t, err
}

// variableName cuts "socket_in(ip)" or "fU" from the start of text.
func variableName(text string) string {
	n := strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && r != '.' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if n < 0 {
		return text
	}
	if text[n] == '(' {
		if end := strings.IndexByte(text, ')'); end > 0 {
			return text[:end+1]
		}
	}
	return text[:n]
}

// expand resolves the template for a call.
func (t template) expand(s *snapshot) (sip.URI, error) {
	var b strings.Builder
	for _, p := range t.pieces {
		if p.value == nil {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(p.value(s))
	}
	text := strings.Replace(b.String(), ":@", ":", 1) // a call without a user
	u, err := sip.ParseURI(text)
	switch {
	case err != nil:
		return u, err
	case !u.IsSIP():
		return u, errors.New("want a sip URI, such as sip:$socket_in(advertised_ip):5060")
	}
	return u, nil
}

// contactFor is the Contact of a leg: a function of the socket it uses, of
// the parameters and of the snapshot, and of nothing that comes later.
func (m *Module) contactFor(s *snapshot, socket *sip.Socket, user string) string {
	if len(m.contact.pieces) > 0 {
		if u, err := m.contact.expand(s); err == nil {
			return "<" + u.String() + ">"
		}
		// Only a strange user part can do this; the socket is always right.
		m.log.Warn("server_address does not fit this call; Contact is the socket's", "call_id", s.callID)
	}
	if !m.params.contactUser {
		user = ""
	}
	return "<" + socket.Contact(user).String() + ">"
}
