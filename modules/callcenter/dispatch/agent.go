package dispatch

import "slices"

// Policy says which agent gets a chat.
type Policy string

// The policies, as the parameter chat_dispatch_policy spells them.
const (
	Balancing Policy = "balancing" // the agent with the fewest chats
	FullLoad  Policy = "full-load" // the agent with the most who has room
)

// Standing is what decides between agents who could all take a call.
type Standing struct {
	Chats int    // chats he has now
	Since uint64 // when he became idle: smaller is longer ago; no two are equal
}

// Before reports whether the agent standing at a is chosen before b.
func (p Policy) Before(m Media, a, b Standing) bool {
	if m == MSRP && a.Chats != b.Chats {
		return (a.Chats < b.Chats) != (p == FullLoad)
	}
	return a.Since < b.Since
}

// Agent is an agent who has room for something.
type Agent struct {
	ID       string
	Skills   []string
	Audio    bool // he can take a call now
	Slots    int  // chats he can take now, on top of those he has
	Standing Standing
}

// Fits reports whether the agent may be given the call.
func (a Agent) Fits(c Call) bool {
	room := a.Audio
	if c.Media == MSRP {
		room = a.Slots > 0
	}
	return room && slices.Contains(a.Skills, c.Skill)
}

// with returns the agent after he has been given the call.
func (a Agent) with(c Call) Agent {
	a.Audio = false
	if c.Media == RTP {
		a.Slots = 0
		return a
	}
	a.Slots--
	a.Standing.Chats++
	return a
}
