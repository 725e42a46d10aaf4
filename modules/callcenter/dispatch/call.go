package dispatch

import "time"

// Media is what kind of session a call is.
type Media int

// The media, with the numbers of cc_cdrs.media.
const (
	RTP  Media = 1
	MSRP Media = 2
)

// Row is the number of the media in cc_calls.media: 0 for RTP, 1 for MSRP.
func (m Media) Row() int { return int(m) - 1 }

// String spells the media as cc_list_queue does.
func (m Media) String() string {
	switch m {
	case RTP:
		return "RTP"
	case MSRP:
		return "MSRP"
	}
	return "--"
}

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

// Kind is what an agent must be able to do for a call.
type Kind struct {
	Skill string
	Media Media
}

// Before is some order of kinds, the same always: audio, then chats.
func (k Kind) Before(l Kind) bool {
	if k.Media != l.Media {
		return k.Media < l.Media
	}
	return k.Skill < l.Skill
}

// Call is a call that waits for an agent.
type Call struct {
	ID     string
	Flow   string // id of its flow
	Media  Media
	Skill  string // that its agent must have
	Place  Place
	Joined time.Time // when it joined the queue, the first time
	Site   string    // where it came in; "" in a center of one site
}

// Kind is what an agent must be able to do for it.
func (c Call) Kind() Kind { return Kind{c.Skill, c.Media} }

// Before reports whether c is given an agent before d when one agent could take
// either.
func (c Call) Before(d Call) bool {
	if c.Media != d.Media {
		return c.Media == RTP
	}
	return c.Place.Before(d.Place)
}
