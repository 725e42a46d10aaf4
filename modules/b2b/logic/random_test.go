package logic

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// world plays the network and the owner of a session at random, and holds
// every action against the rules of SIP.
type world struct {
	t    *testing.T
	r    *rand.Rand
	s    *Session
	now  time.Time
	log  []string
	legs []*far
	ref  int
	open map[int]Leg  // requests without a response, by Ref
	gone map[int]bool // relayed requests, by Ref
	id   int
	done map[int]bool // attempts that ended
	conn map[int]bool // attempts that connected
	last string       // the terminal event, or "owner"
}

// far is the far end of a leg as the wire shows it.
type far struct {
	client    bool // our INVITE has no final response
	first     bool // it is the first one
	withSDP   bool
	cancelled bool
	unacked   bool // its 2xx has no ACK
	owes      bool // the ACK must carry an answer

	server    int // Ref of its open INVITE, or -1
	late      bool
	waitACK   bool // our 2xx has no ACK
	initial   bool // that 2xx made the dialog
	dialog    bool
	bye       int // BYEs, either way
	refused   bool
	updates   int // refreshes of ours without an answer
	responded int // final responses to the first INVITE
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 7)), now: epoch, open: map[int]Leg{},
		gone: map[int]bool{}, done: map[int]bool{}, conn: map[int]bool{}}
	cfg := testConfig()
	cfg.Rand = w.r.IntN
	cfg.Ping, cfg.Silence = 30*time.Second, 90*time.Second
	sdp := w.sdp(80)
	w.s = New(w.now, cfg, sdp)
	w.legs = []*far{{server: 0, late: sdp == ""}}
	return w
}

// sdp is a description, or "" in (100-percent) of 100 cases.
func (w *world) sdp(percent int) string {
	if w.r.IntN(100) >= percent {
		return ""
	}
	return sdpNamed(fmt.Sprintf("s%d", w.r.IntN(1000)))
}

func (w *world) fatal(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(w.log, "\n"))
}

func (w *world) step(ev Event) {
	w.now = w.now.Add(time.Duration(w.r.IntN(300)) * time.Millisecond)
	w.log = append(w.log, "> "+show(ev))
	for _, a := range w.s.Step(w.now, ev) {
		w.log = append(w.log, "    "+show(a))
		w.check(a)
	}
}

func (w *world) rule(ok bool, text string) {
	w.t.Helper()
	if !ok {
		w.fatal("broken: %s", text)
	}
}

// check holds one action against the rules.
func (w *world) check(a Action) {
	switch a := a.(type) {
	case Invite:
		w.rule(int(a.Leg) == len(w.legs), "legs are numbered in order")
		w.rule(w.last == "", "no leg is opened after the end")
		w.legs = append(w.legs, &far{client: true, first: true, withSDP: a.SDP != "", server: -1})
	case ReInvite:
		f := w.legs[a.Leg]
		w.rule(f.dialog && f.bye == 0, "re-INVITE needs a dialog")
		w.rule(!f.client && !f.unacked, "one INVITE at a time towards a leg")
		w.rule(f.server < 0 && !f.waitACK, "no INVITE of ours while the leg's is open")
		f.client, f.first, f.cancelled, f.withSDP = true, false, false, a.SDP != ""
	case Ack:
		f := w.legs[a.Leg]
		w.rule(f.unacked, "ACK needs a 2xx")
		w.rule((a.SDP != "") == f.owes, "an offer in a 2xx gets its answer in the ACK, and nothing else does")
		f.unacked = false
	case Cancel:
		f := w.legs[a.Leg]
		w.rule(f.client && !f.cancelled, "CANCEL once, and only an open INVITE")
		f.cancelled = true
	case Answer:
		f := w.legs[a.Leg]
		w.rule(f.server == a.Ref, "a 2xx answers the open INVITE")
		w.rule(a.SDP != "", "a 2xx to INVITE has an offer or an answer")
		f.server, f.waitACK = -1, true
		if a.Ref == 0 {
			f.initial, f.dialog = true, true
			f.responded++
		}
	case Reject:
		f := w.legs[a.Leg]
		w.rule(f.server == a.Ref && a.Code >= 300, "a refusal answers the open INVITE")
		f.server = -1
		if a.Ref == 0 {
			f.responded++
			f.refused = true
		}
	case HangUp:
		f := w.legs[a.Leg]
		w.rule(f.dialog, "BYE needs a dialog")
		w.rule(!f.unacked, "ACK before BYE")
		w.rule(!f.initial || !f.waitACK, "BYE may not overtake the caller's ACK")
		w.rule(f.bye == 0, "a leg ends once")
		f.bye++
	case Ping, Refresh:
		id, refresh := pinged(a)
		f := w.legs[id]
		w.rule(f.dialog && f.bye == 0, "a ping or refresh needs a dialog")
		if refresh {
			f.updates++
		}
	case Provisional:
		w.rule(w.legs[0].responded == 0, "18x before the final response")
	case Relay:
		w.rule(w.legs[a.To].dialog && w.legs[a.To].bye == 0, "relay into a dialog")
		w.gone[a.Ref] = true
	case RelayReply:
		w.closeRef(a.Ref)
	case Respond:
		w.closeRef(a.Ref)
		if f := w.legs[a.Leg]; f.server == a.Ref { // it was not let in
			f.server = -1
		}
	default:
		w.told(a)
	}
}

func (w *world) closeRef(ref int) {
	_, ok := w.open[ref]
	w.rule(ok, "a request is answered once")
	delete(w.open, ref)
	delete(w.gone, ref)
}

// told holds what the owner hears against his contract.
func (w *world) told(a Action) {
	w.rule(w.last == "", "no event after the last one")
	switch a := a.(type) {
	case Connected:
		w.rule(!w.done[a.ID], "an attempt ends once")
		w.done[a.ID], w.conn[a.ID] = true, true
	case ConnectFailed:
		w.rule(!w.done[a.ID], "an attempt ends once")
		w.done[a.ID] = true
	case PeerGone:
		w.rule(w.conn[a.ID], "only a connected party goes")
		delete(w.conn, a.ID)
	case CallerGone, Ended:
		w.last = show(a)
	}
}

// moves lists what may happen next.
func (w *world) moves() []func() {
	var ms []func()
	add := func(m func()) { ms = append(ms, m) }
	for i, f := range w.legs {
		l := Leg(i)
		if f.client {
			add(func() { w.final(l) })
			if f.first {
				add(func() { w.step(Progress{Leg: l, Code: 180 + w.r.IntN(4), SDP: w.sdp(50)}) })
			}
		}
		if f.waitACK {
			add(func() { w.acked(l) })
		}
		if f.server >= 0 && w.r.IntN(30) == 0 {
			add(func() { w.cancelled(l) })
		}
		if f.bye > 0 || f.refused || w.r.IntN(4) > 0 {
			continue
		}
		if f.dialog {
			for range 3 {
				add(func() { w.step(Heard{Leg: l}) })
			}
			add(func() { w.timed(l) })
			if f.updates > 0 {
				add(func() { w.updated(l) })
			}
			if w.r.IntN(100) < 3 && (i > 0 || w.r.IntN(10) == 0) {
				add(func() { w.vanish(l) })
			}
			add(func() { w.offered(l) })
			add(func() { w.request(l) })
		}
		rare := 4
		if i == 0 {
			rare = 25 // the end of the session
		}
		if w.r.IntN(rare) == 0 && (f.dialog || i > 0 || f.server == 0) {
			add(func() { w.bye(l) })
		}
	}
	for ref := range w.gone {
		add(func() { w.step(Replied{Ref: ref, Code: pick(w.r, 200, 200, 408, 481, 488), SDP: w.sdp(50)}) })
		break
	}
	return ms
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// final gives our INVITE its final response.
func (w *world) final(l Leg) {
	f := w.legs[l]
	f.client = false
	if f.cancelled && w.r.IntN(3) > 0 || !f.cancelled && w.r.IntN(4) == 0 {
		f.refused = f.first
		w.step(Refused{Leg: l, Code: pick(w.r, 486, 487, 491, 491, 486, 488, 500, pick(w.r, 486, 408, 481))})
		return
	}
	sdp := w.sdp(97)
	f.unacked, f.dialog, f.owes = true, true, !f.withSDP && sdp != ""
	w.step(Answered{Leg: l, SDP: sdp})
	w.rule(f.bye == 0 || !f.unacked, "a 2xx on a dead dialog is acknowledged at once")
}

func (w *world) acked(l Leg) {
	f := w.legs[l]
	f.waitACK, f.initial = false, false
	if w.r.IntN(20) == 0 {
		w.step(AckTimeout{Leg: l})
		return
	}
	sdp := ""
	if f.late {
		sdp = w.sdp(95)
	}
	w.step(Acked{Leg: l, SDP: sdp})
}

func (w *world) cancelled(l Leg) { w.step(Cancelled{Leg: l}) }

func (w *world) bye(l Leg) {
	w.legs[l].bye++
	if w.legs[l].waitACK { // its client is gone, no ACK will come
		w.legs[l].waitACK, w.legs[l].initial = false, false
	}
	if !w.legs[l].dialog {
		w.legs[l].bye = 0 // no dialog yet: we must still CANCEL, or ACK and BYE
	}
	w.step(Bye{Leg: l})
}

func pinged(a Action) (l Leg, refresh bool) {
	if p, ok := a.(Ping); ok {
		return p.Leg, false
	}
	return a.(Refresh).Leg, true
}

// timed agrees on a session timer, or ends one.
func (w *world) timed(l Leg) {
	ev := Timed{Leg: l, Update: w.r.IntN(2) == 0}
	if w.r.IntN(4) > 0 {
		ev.Expire = time.Duration(60+w.r.IntN(100)) * time.Second
	}
	if ev.Expire > 0 && w.r.IntN(3) > 0 {
		ev.Refresh = ev.Expire / 2
	}
	w.step(ev)
}

// updated answers a refresh.
func (w *world) updated(l Leg) {
	w.legs[l].updates--
	if w.r.IntN(2) == 0 {
		w.timed(l)
		return
	}
	w.step(Unrefreshed{Leg: l, Code: pick(w.r, 405, 408, 481, 491, 500)})
}

// vanish has the far end forget the dialog: the leg ends, and only by us.
func (w *world) vanish(l Leg) {
	f := w.legs[l]
	was := f.bye
	w.step(Vanished{Leg: l})
	if f.unacked || f.initial && f.waitACK || w.s.leg(l).phase == calling {
		return
	}
	w.rule(f.bye == was+1, "a leg that vanished gets one BYE")
	if l == Caller {
		w.rule(w.last == show(CallerGone{}), "a caller that vanished has hung up")
	}
}

func (w *world) offered(l Leg) {
	f := w.legs[l]
	w.ref++
	ev := Offered{Leg: l, Ref: w.ref, SDP: w.sdp(70)}
	if f.server < 0 && !f.client && !f.unacked && !f.waitACK {
		was := *f
		f.server, f.late = w.ref, ev.SDP == ""
		w.open[w.ref] = l
		w.step(ev)
		if _, still := w.open[w.ref]; !still {
			f.late = was.late
		}
		delete(w.open, w.ref)
		return
	}
	w.open[w.ref] = l
	w.step(ev)
	w.rule(len(w.open) == 0 || !has(w.open, w.ref), "a re-INVITE out of turn is refused at once")
}

func has(m map[int]Leg, k int) bool { _, ok := m[k]; return ok }

func (w *world) request(l Leg) {
	w.ref++
	w.open[w.ref] = l
	m := pick(w.r, "INFO", "UPDATE", "MESSAGE", "OPTIONS", "REFER", "FOO")
	sdp := ""
	if m == "UPDATE" {
		sdp = w.sdp(70)
	}
	w.step(Requested{Leg: l, Ref: w.ref, Method: m, SDP: sdp})
}

// owner does what the owner may do.
func (w *world) owner() {
	w.id++
	w.step(Connect{ID: w.id, CallerOffer: w.r.IntN(3) == 0, DropOld: w.r.IntN(4) == 0, Announce: w.r.IntN(3) == 0})
}

func (w *world) tick() {
	if at, ok := w.s.Wake(); ok {
		if at.After(w.now) {
			w.now = at
		}
		w.step(Tick{})
		if next, ok := w.s.Wake(); ok && !next.After(at) && w.s.try != nil && w.s.try.want == nil {
			w.fatal("a tick at its time moved nothing: %v", next)
		}
	}
}

// drain ends the session and answers everything that is open.
func (w *world) drain() {
	if w.last == "" {
		w.step(pick[Event](w.r, Terminate{}, Reply{Code: 486}, Expire{Code: 500}))
		if w.last == "" {
			w.last = "owner"
		}
	}
	for range 1000 {
		again := false
		for i, f := range w.legs {
			switch {
			case f.client:
				w.final(Leg(i))
				again = true
			case f.waitACK:
				w.acked(Leg(i))
				again = true
			}
		}
		if !again {
			break
		}
	}
}

func (w *world) finished() {
	w.rule(w.s.Done(), "a session that ended has no legs")
	w.rule(len(w.open) == 0, "every request has a response")
	for i, f := range w.legs {
		w.rule(f.server < 0, fmt.Sprintf("leg %d: every INVITE has a final response", i))
		w.rule(!f.unacked, fmt.Sprintf("leg %d: every 2xx has its ACK", i))
		w.rule(f.refused != (f.bye == 1), fmt.Sprintf("leg %d ended exactly once", i))
	}
	w.rule(w.legs[0].responded == 1, "the caller has one final response")
	if _, ok := w.s.Wake(); ok {
		w.fatal("an ended session wants to be woken")
	}
}

// TestRandomHistories plays seeded random histories: every leg ends exactly
// once, one INVITE a direction, an answer for each offer, one last event.
func TestRandomHistories(t *testing.T) { randomHistories(t, 0) }

// TestRandomRestarts is the same with restarts at any moment.
func TestRandomRestarts(t *testing.T) { randomHistories(t, 15) }

func randomHistories(t *testing.T, restarts int) {
	histories, events := 4000, 0
	if testing.Short() {
		histories = 400
	}
	seen := map[string]int{}
	for seed := range uint64(histories) {
		w := newWorld(t, seed)
		w.log = append(w.log, fmt.Sprintf("seed %d", seed))
		for range 20 + w.r.IntN(100) {
			if w.last != "" && w.r.IntN(4) == 0 {
				break
			}
			ms := w.moves()
			switch n := w.r.IntN(20); {
			case restarts > 0 && w.r.IntN(restarts) == 0:
				w.restart()
			case n == 0 || len(ms) == 0 && n < 10:
				w.owner()
			case n == 1 && w.last == "":
				w.tick()
			case len(ms) > 0:
				ms[w.r.IntN(len(ms))]()
			}
			for _, l := range w.s.legs {
				if l.client == refreshing {
					seen["refreshing"]++
				}
			}
			if w.s.try != nil {
				seen[fmt.Sprintf("step %d", w.s.try.step)]++
			}
		}
		w.drain()
		w.finished()
		for _, l := range w.log {
			if strings.HasPrefix(l, ">") {
				events++
			}
		}
	}
	for st := ringing; st <= restoring; st++ {
		if seen[fmt.Sprintf("step %d", st)] == 0 {
			t.Errorf("step %d of an attempt was never reached: the histories are too tame", st)
		}
	}
	if seen["refreshing"] == 0 {
		t.Error("no leg was ever refreshed by a re-INVITE: the histories are too tame")
	}
	t.Logf("%d histories, %d events, steps %v", histories, events, seen)
}
