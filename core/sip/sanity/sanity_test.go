package sanity

import (
	"strings"
	"testing"

	"github.com/sipd/sipd/core/sip"
)

// request builds a sound INVITE and changes it: "Name: value" replaces the
// field, "+Name: value" adds one, "-Name" removes it.
func request(t *testing.T, method string, changes ...string) *sip.Request {
	t.Helper()
	uri, err := sip.ParseURI("sip:bob@example.com")
	if err != nil {
		t.Fatal(err)
	}
	req := &sip.Request{Method: method, URI: uri, Headers: sip.Headers{
		{Name: "Via", Value: "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx"},
		{Name: "From", Value: "<sip:alice@example.com>;tag=a"},
		{Name: "To", Value: "<sip:bob@example.com>"},
		{Name: "Call-ID", Value: "id"},
		{Name: "CSeq", Value: "1 " + method},
		{Name: "Max-Forwards", Value: "70"},
	}}
	for _, c := range changes {
		switch name, value, _ := strings.Cut(c, ": "); {
		case strings.HasPrefix(c, "-"):
			req.Headers.Del(c[1:])
		case strings.HasPrefix(c, "+"):
			req.Headers.Add(name[1:], value)
		case name == "body":
			req.Body = []byte(value)
		default:
			req.Headers.Set(name, value)
		}
	}
	return req
}

func TestCheck(t *testing.T) {
	sdp := []string{"body: v=0", "Content-Type: application/sdp"}
	for _, c := range []struct {
		name    string
		method  string
		changes []string
		code    int // 0: sound
	}{
		{"plain", "INVITE", nil, 0},
		{"with a body", "INVITE", sdp, 0},
		{"body of exactly Content-Length", "INVITE", append(sdp, "Content-Length: 3"), 0},
		{"body shorter than Content-Length", "INVITE", append(sdp, "Content-Length: 4"), 400},
		{"negative Content-Length", "INVITE", []string{"Content-Length: -1"}, 400},
		{"signed Content-Length", "INVITE", []string{"Content-Length: +0"}, 400},
		{"huge Content-Length", "INVITE", []string{"Content-Length: 99999999999999999999"}, 400},
		{"two Content-Lengths", "INVITE", []string{"+Content-Length: 0", "+l: 0"}, 400},
		{"no From", "INVITE", []string{"-From"}, 400},
		{"no To", "INVITE", []string{"-To"}, 400},
		{"no Call-ID", "INVITE", []string{"-Call-ID"}, 400},
		{"no CSeq", "INVITE", []string{"-CSeq"}, 400},
		{"no Via", "INVITE", []string{"-Via"}, 400},
		{"no Max-Forwards", "INVITE", []string{"-Max-Forwards"}, 0},
		{"two From", "INVITE", []string{"+f: <sip:x@y>"}, 400},
		{"two Via", "INVITE", []string{"+v: SIP/2.0/TCP b"}, 0},
		{"two Contact", "REGISTER", []string{"+Contact: <sip:a@b>", "+m: <sip:c@d>"}, 0},
		{"space in Call-ID", "INVITE", []string{"Call-ID: a b"}, 400},
		{"CSeq of another method", "INVITE", []string{"CSeq: 1 OPTIONS"}, 400},
		{"methods have case", "INVITE", []string{"CSeq: 1 invite"}, 400},
		{"CSeq 2^31-1", "INVITE", []string{"CSeq: 2147483647 INVITE"}, 0},
		{"CSeq 2^31", "INVITE", []string{"CSeq: 2147483648 INVITE"}, 400},
		{"method that is no token", "A,B", nil, 400},
		{"Max-Forwards 0", "INVITE", []string{"Max-Forwards: 0"}, 0},
		{"Max-Forwards 255", "INVITE", []string{"Max-Forwards: 0255"}, 0},
		{"Max-Forwards 256", "INVITE", []string{"Max-Forwards: 256"}, 400},
		{"Max-Forwards -1", "INVITE", []string{"Max-Forwards: -1"}, 400},
		{"Via of another protocol", "INVITE", []string{"Via: SIP/3.0/UDP a"}, 400},
		{"stray separators in Via", "INVITE", []string{"Via: SIP/2.0/UDP a;;x"}, 400},
		{"empty Via value", "INVITE", []string{"Via: SIP/2.0/UDP a;x, ,"}, 400},
		{"separators in a quoted Via parameter", "INVITE", []string{`Via: SIP/2.0/UDP a;x=";;\",,"`}, 0},
		{"open quote", "INVITE", []string{`To: "Bob <sip:b@c>`}, 400},
		{"question mark without brackets", "INVITE", []string{"From: sip:a@b?x=y;tag=1"}, 400},
		{"question mark in brackets", "INVITE", []string{"From: <sip:a@b?x=y>;tag=1"}, 0},
		{"Contact without brackets", "REGISTER", []string{"Contact: sip:a@b;expires=5"}, 0},
		{"Contact with question mark", "REGISTER", []string{"Contact: sip:a@b?Route=x"}, 400},
		{"Contact star", "REGISTER", []string{"Contact: *"}, 0},
		{"Contact star elsewhere", "INVITE", []string{"Contact: *"}, 400},
		{"Contact of an unknown scheme", "REGISTER", []string{"Contact: <name:John>"}, 400},
		{"the same outside REGISTER", "OPTIONS", []string{"Contact: <name:John>"}, 0},
		{"second Contact bad", "REGISTER", []string{"Contact: <sip:a@b>, <sip:"}, 400},
		{"IPv6 without brackets", "INVITE", []string{"Contact: <sip:a@2001:db8::1>"}, 400},
		{"Route without brackets", "INVITE", []string{"Route: sip:a@b"}, 400},
		{"Record-Route of another scheme", "INVITE", []string{"Record-Route: <http://x>"}, 400},
		{"Record-Route", "INVITE", []string{"Record-Route: <sip:a;lr>, <sip:b;lr>"}, 0},
		{"empty header name", "INVITE", []string{"+: x"}, 400},
		{"header name with space", "INVITE", []string{"+a b: x"}, 400},
		{"bare line feed", "INVITE", []string{"+Subject: a\nVia: b"}, 400},
		{"Require", "INVITE", []string{"Require: 100rel"}, 420},
		{"Require in ACK", "ACK", []string{"Require: 100rel"}, 0},
		{"Require in CANCEL", "CANCEL", []string{"Require: 100rel"}, 0},
		{"Proxy-Require", "OPTIONS", []string{"Proxy-Require: x"}, 420},
		{"unknown body", "INVITE", []string{"body: x", "Content-Type: text/plain"}, 415},
		{"body without type", "INVITE", []string{"body: x"}, 415},
		{"multipart body", "INVITE", []string{"body: x", "Content-Type: Multipart / Mixed;boundary=x"}, 0},
		{"optional body", "INVITE", []string{"body: x", "Content-Type: a/b", "Content-Disposition: icon;handling=optional"}, 0},
		{"compressed body", "INVITE", append(sdp, "Content-Encoding: gzip"), 415},
		{"plain encoding", "INVITE", append(sdp, "Content-Encoding: identity"), 0},
		{"unknown body of MESSAGE", "MESSAGE", []string{"body: x", "Content-Type: a/b"}, 0},
		{"Accept without SDP", "INVITE", []string{"Accept: text/plain"}, 406},
		{"Accept SDP among others", "INVITE", []string{"Accept: text/plain, application/sdp;level=1"}, 0},
		{"Accept all", "INVITE", []string{"Accept: */*"}, 0},
		{"Accept application", "INVITE", []string{"Accept: application/*"}, 0},
		{"Accept SDP with q=0", "INVITE", []string{"Accept: application/sdp;q=0.0"}, 406},
		{"Accept nothing", "INVITE", []string{"+Accept: "}, 406},
		{"Accept without SDP of OPTIONS", "OPTIONS", []string{"Accept: text/plain"}, 0},
	} {
		v := Check(request(t, c.method, c.changes...))
		switch {
		case v == nil && c.code != 0:
			t.Errorf("%s: accepted, want %d", c.name, c.code)
		case v != nil && v.Code != c.code:
			t.Errorf("%s: %v, want %d", c.name, v, c.code)
		}
	}
}

func TestCheckAnswers(t *testing.T) {
	v := Check(request(t, "INVITE", "Require: a, B", "+Require: b", "Proxy-Require: c"))
	if v == nil || v.Headers.Get("Unsupported") != "a, B, c" {
		t.Errorf("420: %+v", v)
	}
	r := Rules{Extensions: []string{"timer"}, MediaTypes: []string{"text/*"}}
	if v := r.Check(request(t, "INVITE", "Require: Timer", "body: x", "Content-Type: text/plain")); v != nil {
		t.Errorf("known extension and body: %v", v)
	}
	if v := r.Check(request(t, "INVITE", "body: x", "Content-Type: application/sdp")); v == nil || v.Headers.Get("Accept") != "text/*" {
		t.Errorf("415: %+v", v)
	}
	if v := Check(request(t, "INVITE", "body: x", "Content-Type: application/sdp", "Content-Encoding: gzip")); v == nil || v.Headers.Get("Accept-Encoding") != "identity" {
		t.Errorf("415: %+v", v)
	}
}

func TestSchemeAndVersion(t *testing.T) {
	for in, code := range map[string]int{"sip:a": 0, "sips:a": 0, "tel:+1": 0, "http://a": 416, "nobodyKnows:x": 416} {
		req := request(t, "OPTIONS")
		u, err := sip.ParseURI(in)
		if err != nil {
			t.Fatal(err)
		}
		req.URI = u
		if v := Check(req); (v == nil) != (code == 0) || v != nil && v.Code != code {
			t.Errorf("%s: %v, want %d", in, v, code)
		}
	}
	for in, ok := range map[string]bool{"SIP/2.0": true, "sip/2.0": true, "SIP/7.0": false, "SIP/2.00": false, "": false} {
		if v := CheckVersion(in); (v == nil) != ok || v != nil && v.Code != 505 {
			t.Errorf("%q: %v", in, v)
		}
	}
}

func TestCheckResponse(t *testing.T) {
	for _, c := range []struct {
		code    int
		changes []string
		ok      bool
	}{
		{200, nil, true}, {100, nil, true}, {699, nil, true}, {99, nil, false}, {700, nil, false},
		{200, []string{"CSeq: 99999999999 INVITE"}, false},
		{200, []string{"-Call-ID"}, false},
		{200, []string{"-Via"}, false},
		{200, []string{"+To: <sip:x@y>"}, false},
		{200, []string{"Content-Length: 5"}, false},
		{200, []string{"body: 12345", "Content-Length: 5", "Content-Type: x/y"}, true},
	} {
		req := request(t, "INVITE", c.changes...)
		err := CheckResponse(&sip.Response{Code: c.code, Headers: req.Headers, Body: req.Body})
		if (err == nil) != c.ok {
			t.Errorf("%d %v: %v", c.code, c.changes, err)
		}
	}
}
