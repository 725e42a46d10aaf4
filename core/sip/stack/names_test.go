package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/sipd/sipd/core/sip"
)

// zone is a fake resolver. It counts the questions.
type zone struct {
	srv   map[string][]SRV
	addrs map[string][]string
	ttl   time.Duration
	block chan struct{} // when not nil, answers wait for it or the context

	mu    sync.Mutex
	asked map[string]int
}

func (z *zone) ask(ctx context.Context, name string) error {
	z.mu.Lock()
	if z.asked == nil {
		z.asked = map[string]int{}
	}
	z.asked[name]++
	z.mu.Unlock()
	if z.block == nil {
		return nil
	}
	select {
	case <-z.block:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (z *zone) SRV(ctx context.Context, name string) ([]SRV, time.Duration, error) {
	return z.srv[name], z.ttl, z.ask(ctx, name)
}

func (z *zone) Addrs(ctx context.Context, host string) ([]netip.Addr, time.Duration, error) {
	var list []netip.Addr
	for _, a := range z.addrs[host] {
		list = append(list, netip.MustParseAddr(a))
	}
	return list, z.ttl, z.ask(ctx, host)
}

// route reads a URI as Resolve does.
func routeOf(t *testing.T, uri string) route {
	t.Helper()
	u, err := sip.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRoute(u)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLocate(t *testing.T) {
	z := &zone{
		srv: map[string][]SRV{
			"_sip._udp.example.com":  {{"c.example.com.", 5063, 20, 0}, {"A.example.com", 5061, 10, 1}, {"b.example.com", 5062, 10, 3}},
			"_sip._tcp.example.com":  {{"a.example.com", 6061, 10, 1}},
			"_sip._tcp.only.tcp":     {{"a.example.com", 7061, 10, 1}},
			"_sip._udp.nothing.com":  {{".", 0, 0, 0}},
			"_sip._udp.dangling.com": {{"gone.example.com", 5060, 0, 0}},
		},
		addrs: map[string][]string{"a.example.com": {"192.0.2.1", "2001:db8::1"}, "b.example.com": {"192.0.2.2"},
			"c.example.com": {"192.0.2.3"}, "plain.com": {"192.0.2.9"}, "example.com": {"192.0.2.99"}},
	}
	for _, c := range []struct{ uri, want string }{
		{"sip:192.0.2.5", "udp 192.0.2.5:5060"},
		{"sip:192.0.2.5:5070;transport=tcp", "tcp 192.0.2.5:5070"},
		{"sip:[2001:db8::5]", "udp [2001:db8::5]:5060"},
		{"sip:x;maddr=192.0.2.6", "udp 192.0.2.6:5060"},
		{"sip:EXAMPLE.com", "udp 192.0.2.2:5062, udp 192.0.2.1:5061, udp [2001:db8::1]:5061, udp 192.0.2.3:5063, tcp 192.0.2.1:6061, tcp [2001:db8::1]:6061"},
		{"sip:example.com;transport=tcp", "tcp 192.0.2.1:6061, tcp [2001:db8::1]:6061"},
		{"sip:example.com:5080", "udp 192.0.2.99:5080"}, // a port forbids SRV
		{"sip:only.tcp", "tcp 192.0.2.1:7061, tcp [2001:db8::1]:7061"},
		{"sip:plain.com", "udp 192.0.2.9:5060"},
		{"sip:plain.com;transport=tcp", "tcp 192.0.2.9:5060"},
		{"sip:nothing.com", "error: the SRV records of nothing.com lead nowhere"},
		{"sip:dangling.com", "error: the SRV records of dangling.com lead nowhere"},
		{"sip:nowhere.com", "error: nowhere.com has no address in DNS"},
	} {
		n := newNames(z, &Limits{MaxNames: 100, MaxLookups: 1})
		n.random = func(n int) int { return n - 1 } // the heaviest last record wins
		places, err := n.locate(t.Context(), routeOf(t, c.uri), []string{"udp", "tcp"}, true)
		var have []string
		for _, p := range places {
			have = append(have, p.proto+" "+p.addr.String())
		}
		if err != nil {
			have = append(have, "error: "+err.Error())
		}
		if s := strings.Join(have, ", "); s != c.want {
			t.Errorf("%s:\n\t%s, want\n\t%s", c.uri, s, c.want)
		}
	}
}

// TestWeights: records of one priority win as often as their weight says.
func TestWeights(t *testing.T) {
	n := newNames(&zone{}, &Limits{MaxNames: 1, MaxLookups: 1})
	records := []SRV{{"a", 1, 1, 10}, {"b", 1, 1, 30}, {"c", 1, 1, 60}, {"zero", 1, 1, 0}, {"later", 1, 2, 1000}}
	first := map[string]int{}
	const rounds = 20000
	for range rounds {
		list := n.order(records)
		if len(list) != 5 || list[4].Target != "later" {
			t.Fatalf("%v", list)
		}
		first[list[0].Target]++
	}
	for name, percent := range map[string]int{"a": 10, "b": 30, "c": 60, "zero": 1} {
		if have := first[name] * 100 / rounds; have < percent-2 || have > percent+2 {
			t.Errorf("%s first in %d %% of cases, want about %d", name, have, percent)
		}
	}
}

// TestCache: an answer is kept for its TTL, and there are never too many.
func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zone{addrs: map[string][]string{"a.com": {"192.0.2.1"}}, ttl: time.Minute}
		n := newNames(z, &Limits{MaxNames: 10, MaxLookups: 1})
		r := routeOf(t, "sip:a.com:5060")
		locate := func(ask bool) error { _, err := n.locate(t.Context(), r, nil, ask); return err }
		if err := locate(false); !errors.Is(err, errAsk) {
			t.Errorf("empty cache: %v", err)
		}
		if err := locate(true); err != nil {
			t.Error(err)
		}
		time.Sleep(59 * time.Second) // virtual
		if err := locate(false); err != nil {
			t.Errorf("before the TTL ends: %v", err)
		}
		time.Sleep(time.Second)
		if err := locate(false); !errors.Is(err, errAsk) {
			t.Errorf("after the TTL: %v", err)
		}
		for i := range 100 {
			_, _ = n.addrs(t.Context(), fmt.Sprintf("h%d.com", i), true)
		}
		if len(n.cache) > 10 {
			t.Errorf("%d names kept", len(n.cache))
		}
		if z.asked["a.com"] != 1 {
			t.Errorf("asked %d times", z.asked["a.com"])
		}
	})
}

// TestDNSFailover: the first target refuses, the second answers.
func TestDNSFailover(t *testing.T) {
	far := start(t, Options{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	dead := uint16(ln.Addr().(*net.TCPAddr).Port)
	z := &zone{ttl: time.Hour, addrs: map[string][]string{"one.example.com": {"127.0.0.1"}, "two.example.com": {"127.0.0.1"}},
		srv: map[string][]SRV{"_sip._tcp.example.com": {{"two.example.com", uint16(far.first("tcp").Port), 2, 1}, {"one.example.com", dead, 1, 1}}}}
	s := start(t, Options{Resolver: z})
	for range 2 {
		if res := wait(t, s, options(t, "sip:b@example.com;transport=tcp")); res.Code != 200 || res.Local {
			t.Fatalf("%d %s", res.Code, res.Reason)
		}
	}
	if z.asked["_sip._tcp.example.com"] != 1 {
		t.Errorf("asked %v", z.asked)
	}
	counts(t, s, "dns_lookups", 1)
	if res := wait(t, s, options(t, "sip:b@unknown.example.com")); res.Code != 503 || !res.Local {
		t.Errorf("unknown host: %+v", res)
	}
	counts(t, s, "dns_failures", 1)
}

// TestSlowDNS: name servers that do not answer block neither a caller nor
// Close, and lookups have a limit.
func TestSlowDNS(t *testing.T) {
	z := &zone{block: make(chan struct{})}
	s := start(t, Options{Resolver: z, Limits: Limits{MaxLookups: 2}})
	for i := range 2 {
		s.Send(options(t, fmt.Sprintf("sip:b@h%d.example.com", i)))
	}
	if res := wait(t, s, options(t, "sip:b@third.example.com")); res.Code != 503 || !res.Local {
		t.Errorf("beyond MaxLookups: %+v", res)
	}
	counts(t, s, "dns_refused", 1)
	if err := s.Close(canceled()); !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v", err)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestResolver: real questions to a name server on the loopback, one of whose
// answers needs TCP.
func TestResolver(t *testing.T) {
	long := strings.Repeat("x", 40)
	answer := func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		rr := func(s string) {
			r, err := dns.NewRR(s)
			if err != nil {
				panic(err)
			}
			m.Answer = append(m.Answer, r)
		}
		switch name := q.Question[0].Name; {
		case name == "_sip._udp.example.com." && q.Question[0].Qtype == dns.TypeSRV:
			for i := range 60 {
				rr(fmt.Sprintf("%s %d SRV 1 2 5060 %s%d.example.com.", name, 300-i, long, i))
			}
		case name == "a.example.com." && q.Question[0].Qtype == dns.TypeA:
			rr(name + " 50 CNAME b.example.com.")
			rr("b.example.com. 40 A 192.0.2.1")
		case name == "a.example.com.":
			rr(name + " 30 AAAA 2001:db8::1")
		default:
			m.Rcode = dns.RcodeNameError
		}
		if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
			m.Truncate(1232)
		}
		_ = w.WriteMsg(m)
	}
	x := twins(t)[0]
	addr := net.JoinHostPort(x.Host, fmt.Sprint(x.Port))
	for _, network := range []string{"udp", "tcp"} {
		up := make(chan struct{})
		server := &dns.Server{Addr: addr, Net: network, Handler: dns.HandlerFunc(answer), NotifyStartedFunc: func() { close(up) }}
		ended := make(chan error, 1)
		go func() { ended <- server.ListenAndServe() }()
		select {
		case <-up:
		case err := <-ended:
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Shutdown(); <-ended })
	}
	r := &dnsResolver{servers: []string{addr}, system: &net.Resolver{PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not here") }}}
	srv, ttl, err := r.SRV(t.Context(), "_sip._udp.example.com")
	if err != nil || len(srv) != 60 || ttl != 241*time.Second || srv[0].Port != 5060 || srv[0].Priority != 1 || srv[0].Weight != 2 {
		t.Errorf("SRV: %d records, %v, %v", len(srv), ttl, err)
	}
	addrs, ttl, err := r.Addrs(t.Context(), "a.example.com")
	if err != nil || fmt.Sprint(addrs) != "[192.0.2.1 2001:db8::1]" || ttl != 30*time.Second {
		t.Errorf("addresses: %v, %v, %v", addrs, ttl, err)
	}
	if srv, _, err := r.SRV(t.Context(), "_sip._udp.none.com"); err != nil || len(srv) != 0 {
		t.Errorf("no such name: %v, %v", srv, err)
	}
}
