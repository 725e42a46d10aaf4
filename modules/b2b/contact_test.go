package b2b

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// TestContactWithoutMessage is the fault that ends calls in OpenSIPS: a
// server_address with variables, and a leg that a BYE, a timer or another
// goroutine asks for, when there is no message to take them from.
func TestContactWithoutMessage(t *testing.T) {
	tests := []struct {
		name, address string
		user          bool
		want          string
	}{
		{"default", "", false, "<sip:pbx:5060>"},
		{"contact_user", "", true, "<sip:alice@pbx:5060>"},
		{"template", "sip:$fU@$socket_in(advertised_ip):$socket_in(advertised_port)", false, "<sip:alice@pbx:5060>"},
		{"all variables", "sip:$rU-$tU@$socket_in(ip):$socket_in(port);t=$socket_in(proto)", false, "<sip:hotline-hotline@pbx:5060;t=udp>"},
		{"fixed", "sip:me@pbx:5060", true, "<sip:me@pbx:5060>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := func(p *params) { p.serverAddress, p.contactUser = tt.address, tt.user }
			inRig(t, set, func(r *rig) {
				a, b := r.joined(siptest.Script{}, siptest.Script{})
				r.phone("agent", siptest.Script{})
				r.on(func(e Event) { // by a BYE
					if e, ok := e.(PeerGone); ok && e.ID == 1 {
						r.m.Connect(e.Key, Dest{ID: 2, URI: "sip:agent@agent"})
					}
				})
				b.Bye()
				r.await(Connected{ID: 2})
				if got := r.header("pbx", "agent", "INVITE", "Contact"); got != tt.want {
					t.Errorf("by a BYE: Contact %s, want %s", got, tt.want)
				}
				k := r.key()
				time.AfterFunc(time.Minute, func() { r.m.Connect(k, Dest{ID: 3, URI: "sip:two@agent"}) })
				r.await(Connected{ID: 3})
				if got := r.header("pbx", "agent", "INVITE", "Contact"); got != tt.want {
					t.Errorf("by a timer: Contact %s, want %s", got, tt.want)
				}
				a.Bye()
				r.quiet()
			})
		})
	}
}

func TestParameters(t *testing.T) {
	tests := []struct {
		name string
		set  func(*params)
		want string // in the error; "" for none
	}{
		{"defaults", func(*params) {}, ""},
		{"unknown variable", func(p *params) { p.serverAddress = "sip:$avp(x)@pbx" }, "$avp(x)"},
		{"unknown socket part", func(p *params) { p.serverAddress = "sip:$socket_in(tag)" }, "$socket_in(tag)"},
		{"transformation", func(p *params) { p.serverAddress = "sip:$(fU{s.len})@x" }, "variable $"},
		{"not a URI", func(p *params) { p.serverAddress = "hello" }, "server_address"},
		{"not SIP", func(p *params) { p.serverAddress = "tel:$fU" }, "sip URI"},
		{"header of a leg", func(p *params) { p.customHeaders = "X-A; Via" }, "Via"},
		{"no header", func(p *params) { p.customHeaders = "a b" }, "a b"},
		{"bad expression", func(p *params) { p.customRegexp = "(" }, "custom_headers_regexp"},
		{"bad header name", func(p *params) { p.callIDHeader = "X A" }, "init_callid_hdr"},
		{"no time", func(p *params) { p.initTimeout = 0 }, "b2bl_th_init_timeout"},
	}
	for _, tt := range tests {
		m := New()
		tt.set(&m.params)
		err := m.Init(&fakeHost{})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestContactOfStrangeCaller: what a caller's name does to a template must
// not end his call.
func TestContactOfStrangeCaller(t *testing.T) {
	m := New()
	m.params.serverAddress = "sip:$fU@$socket_in(ip)"
	if err := m.Init(&fakeHost{}); err != nil {
		t.Fatal(err)
	}
	socket := &sip.Socket{Proto: "tcp", Host: "::1", Port: 5070, AdvHost: "2001:db8::1", AdvPort: 5080}
	for user, want := range map[string]string{"": "<sip:[::1]>", "a b": "<sip:[2001:db8::1]:5080;transport=tcp>", "1005": "<sip:1005@[::1]>"} {
		s := &snapshot{from: sip.Address{URI: sip.URI{Scheme: "sip", User: user}}, socket: socket}
		if got := m.contactFor(s, socket, user); got != want {
			t.Errorf("user %q: %s, want %s", user, got, want)
		}
	}
}

// TestHeadersBetweenLegs holds the allow-list, what local_route sees and what
// it may add.
func TestHeadersBetweenLegs(t *testing.T) {
	set := func(p *params) {
		p.customHeaders, p.customRegexp, p.callIDHeader = "X-Account; x-two", "^x-tag-", "X-Orig"
	}
	inRig(t, set, func(r *rig) {
		var seen []string
		r.host.route = func(req *sip.Request, c *core.CallInfo) {
			seen = append(seen, fmt.Sprint(req.Method, " ", c.Role, " ", c.State, " ", c.Ctx["param"]))
			req.Headers.Add("X-Local", c.Role)
		}
		alice, bob := r.phone("alice", siptest.Script{}), r.phone("bob", siptest.Script{})
		in := sip.Headers{{Name: "P-Asserted-Identity", Value: "<sip:+49@x>"}, {Name: "X-Account", Value: "7"}, {Name: "X-Two", Value: "2"},
			{Name: "X-Tag-A", Value: "a"}, {Name: "X-Secret", Value: "s"}, {Name: "Supported", Value: "100rel, timer"},
			{Name: "Session-Expires", Value: "90"}, {Name: "Max-Forwards", Value: "20"}, {Name: "User-Agent", Value: "alice"}}
		a := alice.CallWith("sip:hotline@pbx", siptest.SDP("alice", 1), in)
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob", Role: "media", State: "welcome"})
		bob.Incoming()
		a.Wait(siptest.Confirmed)
		for name, want := range map[string]string{
			"P-Asserted-Identity": "<sip:+49@x>", "X-Account": "7", "X-Two": "2", "X-Tag-A": "a", "X-Secret": "", "Supported": "timer",
			"Session-Expires": "1800", "Min-SE": "90", "Max-Forwards": "19", "User-Agent": "sipd (test)", "X-Orig": a.ID(), "X-Local": "media",
			"Allow": allow, "Content-Type": "application/sdp",
		} {
			if got := r.header("pbx", "bob", "INVITE", name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		agent := r.phone("agent", siptest.Script{})
		r.m.SetState(r.key(), "queued")
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent", State: "toagent"})
		agent.Incoming()
		r.await(Connected{ID: 2})
		if got := r.header("pbx", "agent", "INVITE", "Content-Type"); got != "" {
			t.Errorf("an INVITE without a body says Content-Type: %s", got)
		}
		a.Bye()
		r.quiet()
		want := "INVITE media welcome p, INVITE agent toagent p, INVITE caller toagent p, BYE media toagent p, BYE agent toagent p"
		if got := strings.Join(seen, ", "); got != want {
			t.Errorf("local_route saw %s\nwant %s", got, want)
		}
	})
}

// TestDialogRoutes holds the route set of RFC 3261 section 12.2.1.1.
func TestDialogRoutes(t *testing.T) {
	target := sip.URI{Scheme: "sip", Host: "ua"}
	tests := []struct {
		routes    []string
		uri, want string
	}{
		{nil, "sip:ua", ""},
		{[]string{"<sip:p1;lr>", "<sip:p2>"}, "sip:ua", "<sip:p1;lr>,<sip:p2>"},
		{[]string{"<sip:p1>", "<sip:p2;lr>"}, "sip:p1", "<sip:p2;lr>,<sip:ua>"},
	}
	for _, tt := range tests {
		d := dialog{target: target, routes: tt.routes}
		req := d.request("BYE")
		if got := strings.Join(req.Headers.Values("Route"), ","); got != tt.want || req.URI.String() != tt.uri {
			t.Errorf("routes %v: %s, Route %s", tt.routes, req.URI, got)
		}
	}
	res := &sip.Response{Code: 200}
	res.Headers.Add("To", "<sip:ua>;tag=9")
	res.Headers.Add("Record-Route", "<sip:p2;lr>, <sip:p1;lr>")
	var d dialog
	d.confirm(res)
	if got := strings.Join(d.routes, ","); got != "<sip:p1;lr>,<sip:p2;lr>" || d.remote.Tag() != "9" {
		t.Errorf("route set of a client dialog: %s", got)
	}
}

// TestReadme holds README.md against the declaration.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	x := New().Exports()
	for _, p := range x.Params {
		if !strings.Contains(text, "| `"+p.Name+"` | ") || !strings.Contains(text, " | "+orEmpty(p.Default)+" | ") {
			t.Errorf("parameter %s (default %q) is not in README.md", p.Name, p.Default)
		}
	}
	for _, c := range x.MI {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			if !strings.Contains(text, name) {
				t.Errorf("command %s is not in README.md", name)
			}
		}
	}
	for _, s := range x.Stats {
		if !strings.Contains(text, "`"+s.Name+"`") {
			t.Errorf("statistic %s is not in README.md", s.Name)
		}
	}
}

func orEmpty(s string) string {
	if s == "" {
		return "empty"
	}
	return s
}
