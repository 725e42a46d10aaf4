package engine

import (
	"maps"
	"math"
	"slices"
	"time"
)

// flow is one queue as callers know it. Its calls keep it when it is removed.
type flow struct {
	cfg     FlowConfig
	removed bool                 // no longer in the database; takes no new calls
	calls   int                  // that have not ended
	talk    mean                 // talk time of answered calls, seconds
	alarmed map[string]time.Time // when each text was last raised
	came    [3]decaying          // arrivals, by media
	stats   tally
}

// expectedWait is the ETW of OpenSIPS, in whole seconds: average talk time,
// times calls waiting, over agents logged in. Without agents it is unknown.
func (f *flow) expectedWait(logged int) (seconds int, known bool) {
	if logged == 0 {
		return 0, false
	}
	return int(f.talk.value * float64(f.stats.queued) / float64(logged)), true
}

// eta is OpenSIPS's expected wait of a call that comes now.
func (e *Engine) eta(f *flow) int {
	s, known := f.expectedWait(e.heads.of(f.cfg.Skill).logged)
	if !known {
		return math.MaxInt32
	}
	return min(s, math.MaxInt32)
}

// raise raises an alarm about a call, but not one for each of a thousand calls
// that suffer from one fault.
func (e *Engine) raise(c *call, text string) {
	f := c.flow
	maps.DeleteFunc(f.alarmed, func(_ string, at time.Time) bool { return e.now.Sub(at) >= alarmQuiet })
	if _, quiet := f.alarmed[text]; quiet {
		return
	}
	if f.alarmed == nil {
		f.alarmed = map[string]time.Time{}
	}
	f.alarmed[text] = e.now
	e.do(Alarm{Call: c.id, Flow: f.cfg.ID, Text: text})
}

// teams are the flows and agents, in the order of loading. Removed ones stay
// while calls use them.
type teams struct {
	flows     map[string]*flow
	flowList  []*flow
	agents    map[string]*agent
	agentList []*agent
	loads     uint64 // so many until now
}

// sweep forgets the removed ones that nobody uses any more.
func (t *teams) sweep() {
	t.flowList = slices.DeleteFunc(t.flowList, func(f *flow) bool {
		gone := f.removed && f.calls == 0
		if gone {
			delete(t.flows, f.cfg.ID)
		}
		return gone
	})
	t.agentList = slices.DeleteFunc(t.agentList, func(a *agent) bool {
		gone := a.removed && a.busy() == 0
		if gone {
			delete(t.agents, a.cfg.ID)
		}
		return gone
	})
}
