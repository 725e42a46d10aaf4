package dispatch

import (
	"slices"
	"time"
)

// State is what an agent is doing.
type State int

// The states of an agent at his desk.
const (
	Free   State = iota
	InCall       // reserved for, ringing for or in an audio call
	InChat       // has chats, or pauses after one with a slot closed
	Wrapup
)

// Standing is what decides between agents who could all take a call.
type Standing struct {
	Chats int    // chats he has now
	Since uint64 // when he became idle: smaller is longer ago; no two are equal
}

// Before reports whether s comes before t in the lists of a [View]: fewer chats
// first, then the longer idle.
func (s Standing) Before(t Standing) bool {
	if s.Chats != t.Chats {
		return s.Chats < t.Chats
	}
	return s.Since < t.Since
}

// Agent is an agent at his desk: logged in, and his phone works.
type Agent struct {
	ID     string
	Skills []string // without repetitions; must not be changed
	Site   string   // where he sits; "" in a center of one site

	Phone    bool // he takes audio calls at all
	MaxChats int  // how many chats he may have; 0: he takes none

	State    State
	Audio    bool // he can take an audio call now
	Slots    int  // chats he can take now, on top of those he has
	Standing Standing

	FreeSince  time.Time // when he became free; zero unless he is
	WrapupEnds time.Time // zero: no wrap-up runs

	Login    time.Time     // when he logged in
	Busy     time.Duration // how long he was not free since Login, up to BusyFrom
	BusyFrom time.Time     // since when he is not free; zero: he is
	Handled  int           // calls and chats he had since Login
}

// Room is how many calls of a medium he can take now.
func (a *Agent) Room(m Media) int {
	if m == MSRP {
		return a.Slots
	}
	if a.Audio {
		return 1
	}
	return 0
}

// Has reports whether he has a skill.
func (a *Agent) Has(skill string) bool { return slices.Contains(a.Skills, skill) }

// Fits reports whether he may be given the call now.
func (a *Agent) Fits(c *Call) bool { return a.Room(c.Media) > 0 && a.Has(c.Skill) }

// BusyAt is how long he has been busy since he logged in.
func (a *Agent) BusyAt(now time.Time) time.Duration {
	if a.BusyFrom.IsZero() {
		return a.Busy
	}
	return a.Busy + max(now.Sub(a.BusyFrom), 0)
}

// Load is the share of his time since login in which he was busy, from 0 to 1.
func (a *Agent) Load(now time.Time) float64 {
	if a.Login.IsZero() || !now.After(a.Login) {
		return 0
	}
	return min(float64(a.BusyAt(now))/float64(now.Sub(a.Login)), 1)
}

// with returns the agent as he probably is once he has been given the call.
func (a Agent) with(c *Call, now time.Time) Agent {
	a.Audio = false
	a.Handled++
	if a.BusyFrom.IsZero() {
		a.BusyFrom = now
	}
	a.FreeSince = time.Time{}
	if c.Media == RTP {
		a.State, a.Slots = InCall, 0
		return a
	}
	a.State = InChat
	a.Slots--
	a.Standing.Chats++
	return a
}

// same reports whether nothing is different.
func (a *Agent) same(b *Agent) bool {
	return slices.Equal(a.Skills, b.Skills) && a.sameButSkills(b)
}

func (a *Agent) sameButSkills(b *Agent) bool {
	return a.ID == b.ID && a.Site == b.Site && a.Phone == b.Phone && a.MaxChats == b.MaxChats &&
		a.State == b.State && a.Audio == b.Audio && a.Slots == b.Slots && a.Standing == b.Standing &&
		a.FreeSince.Equal(b.FreeSince) && a.WrapupEnds.Equal(b.WrapupEnds) && a.Login.Equal(b.Login) &&
		a.Busy == b.Busy && a.BusyFrom.Equal(b.BusyFrom) && a.Handled == b.Handled
}
