package engine

import "time"

// Happening is something that befell a call, as E_CALLCENTER_CALL_EVENT spells
// it.
type Happening string

// What befalls a call, in order: queued once, then any number of offered and
// rejected, then answered or abandoned at most once, and ended, once and last.
// A call that is released from its agent (see [ReleaseAgent]) is offered again
// without having been rejected.
const (
	HappenQueued    Happening = "queued"    // it joined the queue, also when an agent is free at once
	HappenOffered   Happening = "offered"   // an agent was reserved, his phone is called
	HappenRejected  Happening = "rejected"  // he refused or did not answer
	HappenAnswered  Happening = "answered"  // caller and agent hear each other
	HappenAbandoned Happening = "abandoned" // the caller left before
	HappenEnded     Happening = "ended"
)

// ReportCall raises E_CALLCENTER_CALL_EVENT.
type ReportCall struct {
	Call   CallID
	What   Happening
	Flow   string
	Agent  string // whose phone it is about, or ""
	Media  Media
	Wait   time.Duration // from arrival until the answer, or until now
	Code   int           // of a rejection: the SIP status
	Reason string        // of an offer: why this agent was chosen
	Type   CDRType       // of the end
	Talk   time.Duration // at the end
}

func (ReportCall) action() {}

// happens tells that something befell a call.
func (e *Engine) happens(c *call, what Happening) { e.do(e.happening(c, what)) }

func (e *Engine) happening(c *call, what Happening) ReportCall {
	r := ReportCall{Call: c.id, What: what, Flow: c.flow.cfg.ID, Agent: c.agentID(), Media: c.media, Wait: e.now.Sub(c.arrived)}
	if c.talking() {
		r.Wait = c.times.answered.Sub(c.arrived)
	}
	return r
}

// offered tells that an agent was reserved, and why this one.
func (e *Engine) offered(c *call) {
	r := e.happening(c, HappenOffered)
	r.Reason = c.chosen
	e.do(r)
}

// rejectedBy tells that the present agent refused, with a SIP status.
func (e *Engine) rejectedBy(c *call, code int) {
	r := e.happening(c, HappenRejected)
	r.Code = code
	e.do(r)
}

// ended tells of a call's last CDR.
func (e *Engine) ended(cdr CDR) {
	e.do(ReportCall{Call: cdr.Call, What: HappenEnded, Flow: cdr.Flow, Agent: cdr.Agent, Media: cdr.Media,
		Wait: cdr.Wait, Type: cdr.Type, Talk: cdr.Talk})
}
