package dispatch

// Media is what kind of session a call is.
type Media int

// The media, with the numbers of cc_cdrs.media.
const (
	RTP  Media = 1
	MSRP Media = 2
)

// Place is where a call stands in the queue. No two calls have the same.
type Place struct {
	Priority int    // of the call's flow: smaller is served first
	Refused  bool   // an agent refused it: it stands at the head of its priority
	Turn     uint64 // order of joining the queue
}

// Before reports whether p is served before q.
func (p Place) Before(q Place) bool {
	if p.Priority != q.Priority {
		return p.Priority < q.Priority
	}
	if p.Refused != q.Refused {
		return p.Refused
	}
	return p.Turn < q.Turn
}

// Call is a call that waits for an agent.
type Call struct {
	ID    string
	Media Media
	Skill string
	Place Place
}

// Before reports whether c is given an agent before d when one agent could take
// either.
func (c Call) Before(d Call) bool {
	if c.Media != d.Media {
		return c.Media == RTP
	}
	return c.Place.Before(d.Place)
}
