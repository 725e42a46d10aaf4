package player

import (
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// Our BYE goes back the way the INVITE came: to the recorded routes in their
// order, with the Contact of the peer as its Request-URI.
func TestRoutes(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		got := make(chan *sip.Request, 1)
		r.net.Endpoint("proxy", func(tx sip.ServerRequest) {
			if tx.Request().Method == sip.BYE {
				_ = tx.Respond(sip.NewResponse(tx.Request(), 200, "", ""))
				got <- tx.Request()
			}
		})
		alice := r.net.Phone("alice", siptest.Script{Lenient: true, HoldACK: true})
		alice.CallWith(r.uri("welcome;player"), talking, sip.Headers{
			{Name: "Record-Route", Value: "<sip:proxy;lr>, <sip:far;lr>"}, {Name: "Record-Route", Value: "<sip:edge;lr>"},
		})
		req := <-got // after 32 s without an ACK
		if want := []string{"<sip:proxy;lr>", "<sip:far;lr>", "<sip:edge;lr>"}; !slices.Equal(req.Headers.Values("Route"), want) {
			t.Errorf("Route %q, want %q", req.Headers.Values("Route"), want)
		}
		if req.URI.Host != "alice" || req.FromTag() == "" || req.ToTag() == "" {
			t.Errorf("BYE %s From %s To %s", req.URI, req.Headers.Get("From"), req.Headers.Get("To"))
		}
		r.after(time.Second)
	})
}

// What the server asks of its own player never leaves the machine, whatever
// it advertises to others.
func TestOwnCaller(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.host.source = "10.0.0.1" // the first endpoint of the network
		socket := r.host.ep.Sockets()[0]
		socket.AdvHost, socket.AdvPort = "203.0.113.7", 5070 // nobody is there
		uri, err := r.m.URI("welcome")
		if err != nil || uri != "sip:welcome@10.9.9.9:5060;player" {
			t.Fatalf("%s, %v", uri, err)
		}
		to, err := sip.ParseURI(uri)
		if err != nil {
			t.Fatal(err)
		}
		req := &sip.Request{Method: sip.INVITE, URI: to, Body: []byte(talking)}
		req.Headers = sip.Headers{{Name: "From", Value: "<sip:b2b@203.0.113.7>;tag=1"}, {Name: "To", Value: "<" + uri + ">"},
			{Name: "Call-ID", Value: "own"}, {Name: "CSeq", Value: "1 INVITE"},
			{Name: "Contact", Value: "<sip:203.0.113.7:5070>"}, {Name: "Content-Type", Value: sdpType}}
		answer := make(chan *sip.Response, 20)
		r.host.ep.Request(req, func(res *sip.Response) {
			if res.IsFinal() {
				answer <- res
			}
		})
		res := <-answer
		if got := res.Headers.Get("Contact"); got != "<"+uri+">" {
			t.Fatalf("%d with Contact %s, want %s", res.Code, got, uri)
		}
		ack := &sip.Request{Method: sip.ACK, URI: to}
		ack.Headers = sip.Headers{req.Headers[0], {Name: "To", Value: res.Headers.Get("To")}, req.Headers[2], {Name: "CSeq", Value: "1 ACK"}}
		r.host.ep.Send(ack)
		r.after(3 * time.Second)
		r.want("the sound", 100)
		r.wantCount(pbxHost, "BYE", 1)
	})
}

// A request older than the last one is refused (RFC 3261 section 12.2.2).
func TestOldCSeq(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		var ok *sip.Response
		alice := r.net.Phone("alice", siptest.Script{OnResponse: func(req *sip.Request, res *sip.Response) {
			if req.Method == sip.INVITE {
				ok = res
			}
		}})
		call := alice.Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Confirmed)
		<-call.Request(sip.OPTIONS, nil, "") // CSeq 2
		contact, err := ok.Contact()
		if err != nil {
			t.Fatal(err)
		}
		for cseq, want := range map[string]int{"1 OPTIONS": 500, "9 OPTIONS": 200} {
			req := &sip.Request{Method: sip.OPTIONS, URI: contact.URI}
			req.Headers.Add("From", ok.Headers.Get("From"))
			req.Headers.Add("To", ok.Headers.Get("To"))
			req.Headers.Add("Call-ID", ok.Headers.Get("Call-ID"))
			req.Headers.Add("CSeq", cseq)
			code := make(chan int, 1)
			alice.Request(req, func(res *sip.Response) { code <- res.Code })
			if got := <-code; got != want {
				t.Errorf("CSeq %s answered %d, want %d", cseq, got, want)
			}
		}
	})
}

// The ACK of an older 2xx, come late, is not the answer to a newer offer.
func TestOldACK(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		var ok *sip.Response
		alice := r.net.Phone("alice", siptest.Script{HoldACK: true, Lenient: true, OnResponse: func(req *sip.Request, res *sip.Response) {
			if req.Method == sip.INVITE {
				ok = res
			}
		}})
		call := alice.Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Answered)
		call.ACK("")
		if code := <-call.ReInvite(""); code != 200 {
			t.Fatalf("answered %d", code)
		}
		contact, err := ok.Contact()
		if err != nil {
			t.Fatal(err)
		}
		ack := &sip.Request{Method: sip.ACK, URI: contact.URI}
		for _, name := range []string{"From", "To", "Call-ID"} {
			ack.Headers.Add(name, ok.Headers.Get(name))
		}
		ack.Headers.Add("CSeq", "1 ACK")
		alice.Send(ack)
		r.after(10 * time.Millisecond)
		call.ACK(moved)
		r.after(time.Second)
		r.wantCount("alice", "BYE", 0)
		got := r.conns[0].packets()
		if to := got[len(got)-1].to.String(); to != "10.0.0.2:5002" {
			t.Errorf("RTP goes to %s, want the address of the right ACK", to)
		}
	})
}

// The version of our description moves with it, and only with it (RFC 3264
// section 8).
func TestVersion(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{}).Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Confirmed)
		for i, c := range []struct{ offer, want string }{
			{talking, "moh/0"}, {holding, "moh/1"}, {holding, "moh/1"}, {talking, "moh/2"}, {desc("m=audio 5000 RTP/AVP 18"), "moh/2"}, {talking, "moh/2"}, {"", "moh/3"},
		} {
			<-call.ReInvite(c.offer)
			if got := call.Peer(); got != c.want {
				t.Errorf("change %d: %s, want %s", i, got, c.want)
			}
			r.after(time.Second)
		}
	})
}
