package logic

import (
	"encoding/json"
	"testing"
)

// restart replaces the session by what is kept of it. What was relayed has no
// sender any more who waits; some of the far ends may have gone as well.
func (w *world) restart() {
	data, err := json.Marshal(w.s.State())
	if err != nil {
		w.fatal("%v", err)
	}
	var st State
	if err := json.Unmarshal(data, &st); err != nil {
		w.fatal("%v", err)
	}
	dead := w.r.IntN(3) == 0
	s, err := Restore(w.now, w.s.cfg, st, func(l Leg) bool {
		if l == Caller || !dead || w.r.IntN(2) == 0 {
			return false
		}
		w.legs[l].vanish()
		return true
	})
	if err != nil {
		w.fatal("%v\n%s", err, data)
	}
	w.s, w.open, w.gone = s, map[int]Leg{}, map[int]bool{}
	for _, f := range w.legs {
		f.cancelled = false // it may be told again
		if f.bye > 0 {      // nobody waits for what its dialog had open
			f.client, f.unacked, f.waitACK, f.initial = false, false, false, false
		}
	}
	w.step(Resume{})
}

// vanish is the end of a far end that lived in the process before.
func (f *far) vanish() {
	if f.bye > 0 || f.refused {
		return
	}
	*f = far{server: -1, dialog: f.dialog, refused: !f.dialog}
	if f.dialog {
		f.bye = 1
	}
}

// TestRestartMends holds that caller and party are joined again when a
// re-INVITE between them was lost, and stay together when that fails.
func TestRestartMends(t *testing.T) {
	for _, fails := range []bool{false, true} {
		s := New(epoch, testConfig(), sdpNamed("alice"))
		s.Step(epoch, Connect{ID: 1})
		s.Step(epoch, Answered{Leg: 1, SDP: sdpNamed("bob")})
		s.Step(epoch, Acked{Leg: Caller})
		s.Step(epoch, Offered{Leg: Caller, Ref: 1, SDP: sdpNamed("hold")})
		r, err := Restore(epoch, testConfig(), s.State(), func(Leg) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		var all []Action
		step := func(ev Event) { all = append(all, r.Step(epoch, ev)...) }
		step(Resume{})
		step(Answered{Leg: 1, SDP: sdpNamed("bob")}) // the lost one
		step(Answered{Leg: 1, SDP: sdpNamed("bob2")})
		if fails {
			step(Refused{Leg: Caller, Code: 488})
		} else {
			step(Answered{Leg: Caller, SDP: sdpNamed("alice2")})
		}
		if id, _ := r.Peer(); id != 1 || r.try != nil || !r.caller.free() || !r.peer.free() {
			t.Errorf("fails %v: not joined: %v", fails, all)
		}
		for _, a := range all {
			switch a.(type) {
			case HangUp, ConnectFailed, PeerGone, Ended:
				t.Errorf("fails %v: %#v", fails, a)
			}
		}
	}
}
