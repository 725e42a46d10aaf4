package main

import (
	"fmt"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// tap shows every message of a network on a ladder. Retransmissions do not
// reach it. Messages between the server and its own player pass it twice, as
// sent and as received; only what is sent is drawn.
type tap struct {
	core.Network
	ladder *ladder
	phones map[int]string // lane by port
}

// lane names the party at port; the server's own port is the player's.
func (t *tap) lane(port int) string {
	if name, ok := t.phones[port]; ok {
		return name
	}
	return lanePlayer
}

func (t *tap) own(port int) bool {
	for _, s := range t.Sockets() {
		if s.Port == port {
			return true
		}
	}
	return false
}

// parties are the two ends of a request that leaves the server.
func (t *tap) parties(req *sip.Request) (from, to string) {
	_, player := req.URI.Params.Get("player")
	if t.own(req.URI.Port) && !player {
		return lanePlayer, laneServer
	}
	return laneServer, t.lane(req.URI.Port)
}

// Request implements sip.Endpoint.
func (t *tap) Request(req *sip.Request, on func(*sip.Response)) sip.ClientTransaction {
	from, to := t.parties(req)
	t.ladder.message(from, to, label(req))
	return t.Network.Request(req, func(res *sip.Response) {
		if !res.Local {
			t.ladder.message(to, from, fmt.Sprintf("%d %s", res.Code, res.Reason))
		}
		on(res)
	})
}

// Send implements sip.Endpoint.
func (t *tap) Send(req *sip.Request) {
	from, to := t.parties(req)
	t.ladder.message(from, to, label(req))
	t.Network.Send(req)
}

// handler shows what comes in from the phones.
func (t *tap) handler(next sip.Handler) sip.Handler {
	return func(tx sip.ServerRequest) {
		port := int(tx.Request().Source.Port())
		if t.own(port) {
			next(tx)
			return
		}
		t.ladder.message(t.lane(port), laneServer, label(tx.Request()))
		next(&tappedRequest{tx, t, t.lane(port)})
	}
}

// tappedRequest shows the responses to a phone.
type tappedRequest struct {
	sip.ServerRequest
	tap  *tap
	lane string
}

// Respond implements sip.ServerRequest.
func (r *tappedRequest) Respond(res *sip.Response) error {
	err := r.ServerRequest.Respond(res)
	if err == nil {
		r.tap.ladder.message(laneServer, r.lane, fmt.Sprintf("%d %s", res.Code, res.Reason))
	}
	return err
}

// label is the method, with a mark when a session description goes with it.
func label(req *sip.Request) string {
	if len(req.Body) > 0 && (req.Method == sip.INVITE || req.Method == sip.ACK) {
		return req.Method + " +SDP"
	}
	return req.Method
}
