package engine

import (
	"encoding/json"
	"slices"
	"time"
)

// restart kills the engine and lets a new one go on from what was kept: what
// rings is undone, and now and then a party is lost, or a caller.
func (w *world) restart() {
	w.reached["restart"]++
	before := w.waiting()
	ends := w.pausesNow()
	for _, a := range w.eng.agentList {
		if a.audio {
			w.reached["restart in a call"]++
		} else if a.chats > 0 {
			w.reached["restart in a chat"]++
		}
	}
	var ev Restore
	for _, id := range w.live {
		ev.Calls = append(ev.Calls, w.survivor(w.sessions[id]))
	}
	for _, a := range w.pauses {
		ev.Agents = append(ev.Agents, a)
	}
	if len(w.kept) != len(w.live) {
		w.fail("%d calls are kept, %d live", len(w.kept), len(w.live))
	}
	w.history = append(w.history, w.now, ev)
	w.now = w.now.Add(time.Duration(w.rnd.IntN(3)) * time.Second)
	w.eng, w.dropped, w.guest = New(w.opt), false, nil
	for _, d := range w.agents {
		d.state = Offline // so a new engine begins
	}
	w.live = nil // until restored: step looks at both sides
	start := w.config
	start.AtStart = true
	w.step(start)
	for _, k := range ev.Calls {
		w.live = append(w.live, k.ID)
		w.dropped = w.dropped || w.eng.flows[k.Flow] == nil
	}
	w.restoring = true
	w.step(ev)
	w.restoring = false
	w.compare(before, ends)
}

// survivor is a call as it comes out of the restart.
func (w *world) survivor(s *session) RestoredCall {
	k := RestoredCall{KeptCall: w.throughJSON(w.kept[s.id]), Live: true, Heard: w.eng.calls[s.id].legs.answered}
	if s.ring.Agent != "" && s.agent == "" {
		s.refused = true // to the head of its priority
		if s.join == 0 {
			w.joins++
			s.join = w.joins
		}
	}
	s.ring, s.heard = Connect{}, false
	if s.agent == "" && w.rnd.IntN(3) == 0 {
		s.peer = 0
	}
	s.saved, s.before = false, s.attempts
	k.PeerNow, k.Last = s.peer, s.attempts
	if s.agent != "" && w.rnd.IntN(10) == 0 { // he hung up as the process died
		s.peer, s.agent, k.PeerNow = 0, "", 0
	}
	return k
}

func (w *world) throughJSON(k KeptCall) (out KeptCall) {
	data, err := json.Marshal(k)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		w.fail("%v", err)
	}
	return out
}

// waiting is the queue, in order.
func (w *world) waiting() (ids []CallID) {
	for _, q := range w.eng.Queue(w.now) {
		ids = append(ids, q.ID)
	}
	return ids
}

func (w *world) pausesNow() map[string]time.Time {
	m := map[string]time.Time{}
	for _, a := range w.eng.agentList {
		if w.now.Before(a.wrapup.ends) && !a.removed {
			m[a.cfg.ID] = a.wrapup.ends
		}
	}
	return m
}

// compare holds that those who waited still do, in their order, unless they
// were given an agent; and that pauses go on.
func (w *world) compare(before []CallID, ends map[string]time.Time) {
	after := w.waiting()
	before = slices.DeleteFunc(before, func(id CallID) bool { return !slices.Contains(after, id) })
	after = slices.DeleteFunc(after, func(id CallID) bool { return !slices.Contains(before, id) })
	if !slices.Equal(before, after) {
		w.fail("the queue was %v and is %v", before, after)
	}
	for id, at := range ends {
		a := w.eng.agents[id]
		if a == nil || !w.now.Before(at) || a.wrapup.ends.Equal(at) {
			continue
		}
		if !a.wrapup.chat || a.wrapup.ends.Before(at) { // the pause of a chat that ended meanwhile is added
			w.fail("the pause of agent %s ended %s, now %s", id, w.at(at), w.at(a.wrapup.ends))
		}
	}
}
