package engine

import (
	"fmt"
	"slices"
)

// act is the runner: it does what the engine asks for.
func (w *world) act(a Action) {
	switch a := a.(type) {
	case Answer:
		if a.Call != "" && a.Code == Done {
			if w.sessions[a.Call] != nil {
				w.fail("call %s accepted twice", a.Call)
			}
			w.sessions[a.Call] = &session{id: a.Call}
			w.live = append(w.live, a.Call)
		}
	case SaveCall:
		s := w.session(a.Row.Call)
		if s.saved || s.attempts > s.before {
			w.fail("call %s is saved twice or late", s.id)
		}
		s.saved = true
		w.joined(s, a.Row)
	case UpdateCall:
		w.joined(w.session(a.Row.Call), a.Row)
	case Connect:
		w.connect(a)
	case WriteCDR:
		w.cdr(a.CDR)
	case ReportCall:
		w.happened(w.session(a.Call), a)
	case Trace:
		w.reached[a.State.String()]++
		if a.State == StateDissuading1 || a.State == StateDissuading2 {
			w.dissuaded(a.Call)
		}
	case Alarm:
		w.reached["alarm"]++
	case DeleteCall:
		s := w.session(a.Call)
		if s.finals != 1 {
			w.fail("call %s is deleted before its CDR", a.Call)
		}
		s.deleted = true
	case KeepCall:
		w.kept[a.Call.ID] = a.Call
	case ForgetCall:
		delete(w.kept, a.Call)
	case KeepAgent:
		delete(w.pauses, a.Agent.ID)
		if !a.Plain {
			w.pauses[a.Agent.ID] = a.Agent
		}
	case AskPolicy:
		w.asked(a)
	case KillPolicy:
		w.guest.there, w.guest.asked = false, false
		w.reached["killed policy"]++
	case ReportPolicy:
		if a.Active != (a.Reason == "") {
			w.fail("%+v", a)
		}
	case Hangup:
		w.session(a.Call).hungUp = true
	case ReportAgent:
		w.report(a)
	}
}

// dissuaded notes what kind of a call hears the message.
func (w *world) dissuaded(id CallID) {
	if s := w.sessions[id]; s != nil && s.join > 0 {
		w.reached["dissuaded while waiting"]++
	} else {
		w.reached["dissuaded at once"]++
	}
	if c := w.eng.calls[id]; c != nil && c.media == MSRP {
		w.reached["dissuaded chat"]++
	}
}

func (w *world) session(id CallID) *session {
	s := w.sessions[id]
	if s == nil {
		w.fail("an action for call %s, which was never accepted", id)
	}
	if s.deleted && s.hungUp {
		w.fail("an action for call %s, which ended", id)
	}
	return s
}

func (w *world) joined(s *session, r CallRow) {
	if !s.saved {
		w.fail("call %s is updated before it is saved", s.id)
	}
	if s.join == 0 && (r.State == StateQueued || r.State == StatePreAgent || r.State == StateToAgent) {
		w.joins++
		s.join = w.joins
	}
}

func (w *world) connect(a Connect) {
	s := w.session(a.Call)
	if !s.saved || s.deleted {
		w.fail("connect of call %s, saved %t, deleted %t", s.id, s.saved, s.deleted)
	}
	if a.Attempt != s.attempts+1 {
		w.fail("attempt %d of call %s follows %d", a.Attempt, s.id, s.attempts)
	}
	if s.agent != "" || s.ring.Agent != "" && !w.releasing {
		w.fail("call %s is connected away from an agent", s.id)
	}
	s.refused = s.refused || s.ring.Agent != "" // it was taken from him, to the head of the queue
	if a.URI == "" || (a.Target == ToAgent) != (a.Agent != "") {
		w.fail("bad %+v", a)
	}
	s.attempts, s.ring, s.heard = a.Attempt, a, false
	if w.eng.opt.DropOld && a.Announce == "" {
		s.peer = 0
	}
}

func (w *world) cdr(c CDR) {
	s := w.session(c.Call)
	w.reached[fmt.Sprint("cdr ", int(c.Type))]++
	if s.finals > 0 {
		w.fail("call %s has a CDR after its last", c.Call)
	}
	if c.Wait < 0 || c.Talk < 0 || c.Pickup < 0 {
		w.fail("negative times in %+v", c)
	}
	if c.Type == CDRRejected {
		s.refused = true
		if c.Agent == "" {
			w.fail("nobody rejected call %s", c.Call)
		}
		return
	}
	if (c.Type == CDRAnswered) != (c.Stats&StatAnswered != 0) {
		w.fail("answered or not: %+v", c)
	}
	s.finals++
	s.final = c.Type
}

func (w *world) report(r ReportAgent) {
	d := w.agents[r.Agent]
	if d == nil {
		d = &desk{}
		w.agents[r.Agent] = d
	}
	limit := d.limit // what fell due before a Load was decided by the old row
	if a := w.eng.agents[r.Agent]; a != nil {
		limit = max(limit, a.cfg.MSRPSessions)
	}
	if r.Chats > d.chats && r.Chats > limit && !w.restoring { // what he has he keeps
		w.fail("agent %s got chat %d of %d", r.Agent, r.Chats, limit)
	}
	d.state, d.chats = r.State, r.Chats
	w.reached[fmt.Sprint("chats ", r.Chats)]++
}

// sweep buries the calls that ended.
func (w *world) sweep(ev Event) {
	w.live = slices.DeleteFunc(w.live, func(id CallID) bool {
		s := w.sessions[id]
		if !s.deleted {
			return false
		}
		caller := ev == Event(CallerGone{id}) || ev == Event(CallLost{id, "test"})
		// a message that is left out may end a call that was due just before
		early := s.hungUp && s.final == CDRDropped && !slices.Contains(s.told, HappenAbandoned)
		if caller == s.hungUp && !early {
			w.fail("call %s ended; hung up by us %t, by the caller %t", id, s.hungUp, caller)
		}
		s.hungUp = true
		w.dead = append(w.dead, id)
		return true
	})
}

// race lets a leg answer that was superseded, before the runner hears of it.
func (w *world) race() {
	if w.eng.opt.DropOld || w.rnd.IntN(4) > 0 {
		return
	}
	for _, id := range w.live {
		s, c := w.sessions[id], w.eng.calls[id]
		if old := c.legs.old.attempt; old != 0 && s.peer == 0 && w.rnd.IntN(4) == 0 {
			if c.legs.old.target != ToAgent { // else the agent it was taken from picked up
				s.peer = old
			}
			w.reached["race"]++
			w.step(Connected{id, old})
			return
		}
	}
}

// happened checks the order of what is told about a call.
func (w *world) happened(s *session, r ReportCall) {
	last := Happening("")
	if len(s.told) > 0 {
		last = s.told[len(s.told)-1]
	}
	after := map[Happening][]Happening{
		HappenQueued:    {""},
		HappenOffered:   {HappenQueued, HappenRejected, HappenOffered},
		HappenRejected:  {HappenOffered},
		HappenAnswered:  {HappenOffered},
		HappenAbandoned: {"", HappenQueued, HappenOffered, HappenRejected},
		HappenEnded:     {"", HappenQueued, HappenOffered, HappenRejected, HappenAnswered, HappenAbandoned},
	}
	if !slices.Contains(after[r.What], last) || r.What == HappenOffered && last == HappenOffered && !w.releasing && !s.refused {
		w.fail("call %s: %s after %v", s.id, r.What, s.told)
	}
	if r.Wait < 0 || r.Agent == "" && (r.What == HappenOffered || r.What == HappenRejected || r.What == HappenAnswered) {
		w.fail("call %s: %+v", s.id, r)
	}
	s.told = append(s.told, r.What)
}
