package sip

import (
	"net/netip"
	"testing"
)

func request(t *testing.T) *Request {
	t.Helper()
	uri, err := ParseURI("sip:bob@b.com")
	if err != nil {
		t.Fatal(err)
	}
	return &Request{Method: INVITE, URI: uri, Body: []byte("v=0\r\n"), Headers: Headers{
		{"v", "SIP/2.0/UDP a.com;branch=z9hG4bK1"}, {"Via", "SIP/2.0/UDP c.com;branch=z9hG4bK2"},
		{"From", "<sip:a@a.com>;tag=1"}, {"t", "<sip:bob@b.com>"}, {"i", "x"}, {"CSeq", "1\tINVITE"},
		{"Record-Route", "<sip:p;lr>"}, {"m", "<sip:a@1.2.3.4>, <sip:b@1.2.3.4>"}, {"l", "99"}, {"Subject", "a\r\nEvil: b"},
	}}
}

func TestAppend(t *testing.T) {
	want := "INVITE sip:bob@b.com SIP/2.0\r\nv: SIP/2.0/UDP a.com;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP c.com;branch=z9hG4bK2\r\n" +
		"From: <sip:a@a.com>;tag=1\r\nt: <sip:bob@b.com>\r\ni: x\r\nCSeq: 1\tINVITE\r\nRecord-Route: <sip:p;lr>\r\n" +
		"m: <sip:a@1.2.3.4>, <sip:b@1.2.3.4>\r\nSubject: a  Evil: b\r\nContent-Length: 5\r\n\r\nv=0\r\n"
	if have := string(request(t).Append([]byte("x"))[1:]); have != want {
		t.Errorf("request:\n%q\n%q", have, want)
	}
	res := &Response{Code: 200, Reason: "O\nK", Headers: Headers{{"To", "<sip:a@b>"}}}
	if have := string(res.Append(nil)); have != "SIP/2.0 200 O K\r\nTo: <sip:a@b>\r\nContent-Length: 0\r\n\r\n" {
		t.Errorf("response: %q", have)
	}
}

func TestNewResponse(t *testing.T) {
	for _, c := range []struct {
		code   int
		tag    string
		reason string
		want   string // tag
		route  bool
	}{
		{100, "x", "Trying", "", true}, {180, "x", "Ringing", "x", true}, {200, "", "OK", "", true},
		{486, "x", "Busy Here", "x", false}, {699, "x", "Busy Everywhere", "x", false},
	} {
		res := NewResponse(request(t), c.code, "", c.tag)
		if res.Reason != c.reason || res.ToTag() != c.want || res.Headers.Has("Record-Route") != c.route || len(res.Headers.Values("Via")) != 2 {
			t.Errorf("%d: %+v", c.code, res)
		}
		if res.IsFinal() != (c.code >= 200) || res.IsSuccess() != (c.code == 200) {
			t.Errorf("%d: class", c.code)
		}
	}
	req := request(t)
	req.Headers.Set("To", "<sip:bob@b.com>;tag=old")
	if res := NewResponse(req, 200, "Fine", "new"); res.ToTag() != "old" || res.Reason != "Fine" {
		t.Errorf("in a dialog: %+v", res)
	}
}

func TestRequestFields(t *testing.T) {
	req := request(t)
	if n, m := req.CSeq(); n != 1 || m != "INVITE" {
		t.Errorf("CSeq %d %s", n, m)
	}
	contact, err := req.Contact()
	if err != nil || contact.URI.User != "a" || req.CallID() != "x" || req.FromTag() != "1" || req.ToTag() != "" {
		t.Errorf("contact %v, %v", contact, err)
	}
	c := req.Clone()
	c.Headers.Set("From", "changed")
	c.URI.Params.Set("x", "y")
	if req.FromTag() != "1" || len(req.URI.Params) != 0 {
		t.Error("the clone shares")
	}
	for _, s := range []string{"", "1", "INVITE", "x INVITE", "-1 INVITE", "2147483648 INVITE", "1 INVITE x"} {
		if n, m := ParseCSeq(s); n != 0 || m != "" {
			t.Errorf("ParseCSeq(%q) = %d, %q", s, n, m)
		}
	}
}

func TestVia(t *testing.T) {
	for in, want := range map[string]string{
		"SIP/2.0/UDP erlang.bell.com:5060;branch=z9hG4bK87":                            "",
		"SIP / 2.0 / udp first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9.1": "SIP/2.0/UDP first.example.com:4000;ttl=16;maddr=224.2.0.1;branch=z9.1",
		"SIP/2.0/TCP [2001:db8::9:1];received=2001:db8::9:255;rport;branch=z9hG4bKas3": "",
	} {
		v, err := ParseVia(in)
		if want == "" {
			want = in
		}
		if err != nil || v.String() != want {
			t.Errorf("%s: %s, %v", in, v, err)
		}
	}
	for _, in := range []string{"", "SIP/2.0", "SIP/2.0/UDP", "SIP/2.0/UDP ;branch=1", "SIP/3.0/UDP h", "HTTP/2.0/UDP h", "SIP/2.0/U@P h", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h x y:z"} {
		if v, err := ParseVia(in); err == nil {
			t.Errorf("%q: %+v", in, v)
		}
	}
}

func TestViaStampAndReplyTo(t *testing.T) {
	for _, c := range []struct {
		via, source, stamped, host string
		port                       int
	}{
		{"SIP/2.0/UDP 192.0.2.1:5070", "192.0.2.1:9999", "SIP/2.0/UDP 192.0.2.1:5070", "192.0.2.1", 5070},
		{"SIP/2.0/UDP 192.0.2.1", "[::ffff:192.0.2.1]:9999", "SIP/2.0/UDP 192.0.2.1", "192.0.2.1", 5060},
		{"SIP/2.0/UDP h", "192.0.2.1:9999", "SIP/2.0/UDP h;received=192.0.2.1", "192.0.2.1", 5060},
		{"SIP/2.0/UDP 192.0.2.1;rport", "192.0.2.1:9999", "SIP/2.0/UDP 192.0.2.1;rport=9999;received=192.0.2.1", "192.0.2.1", 9999},
		{"SIP/2.0/UDP [2001:db8::1]:5070", "[2001:db8::2]:9", "SIP/2.0/UDP [2001:db8::1]:5070;received=2001:db8::2", "2001:db8::2", 5070},
		{"SIP/2.0/UDP h:5070;received=6.6.6.6", "192.0.2.1:9", "SIP/2.0/UDP h:5070;received=192.0.2.1", "192.0.2.1", 5070},
		{"SIP/2.0/UDP 192.0.2.1:5070;received=6.6.6.6;rport=", "192.0.2.1:9", "SIP/2.0/UDP 192.0.2.1:5070;rport=9;received=192.0.2.1", "192.0.2.1", 9},
		{"SIP/2.0/UDP h;maddr=224.2.0.1", "192.0.2.1:9", "SIP/2.0/UDP h;maddr=224.2.0.1;received=192.0.2.1", "224.2.0.1", 5060},
		{"SIP/2.0/UDP 192.0.2.1;received=6.6.6.6", "192.0.2.1:9", "SIP/2.0/UDP 192.0.2.1", "192.0.2.1", 5060},
	} {
		v, err := ParseVia(c.via)
		if err != nil {
			t.Fatal(err)
		}
		v.Stamp(netip.MustParseAddrPort(c.source))
		host, port := v.ReplyTo()
		if v.String() != c.stamped || host != c.host || port != c.port {
			t.Errorf("%s from %s: %s, reply to %s %d", c.via, c.source, v, host, port)
		}
	}
}

func TestTopVia(t *testing.T) {
	h := Headers{{"To", "x"}, {"v", "SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b"}, {"Via", "SIP/2.0/UDP c"}}
	v, err := h.TopVia()
	if err != nil || v.Host != "a" || v.Branch() != "1" {
		t.Errorf("%v, %v", v, err)
	}
	v.Params.Set("received", "1.1.1.1")
	h.SetTopVia(v)
	if have := h.Get("Via"); have != "SIP/2.0/UDP a;branch=1;received=1.1.1.1, SIP/2.0/UDP b" {
		t.Error(have)
	}
	if _, err := (Headers{}).TopVia(); err == nil {
		t.Error("no Via is no error")
	}
}

func TestSocket(t *testing.T) {
	s := &Socket{Proto: "tcp", Host: "::1", Port: 5060, AdvHost: "192.0.2.1", AdvPort: 5080}
	if s.String() != "tcp:[::1]:5060" {
		t.Error(s)
	}
	c := s.Contact("x")
	if c.String() != "sip:x@192.0.2.1:5080;transport=tcp" {
		t.Error(c)
	}
}
