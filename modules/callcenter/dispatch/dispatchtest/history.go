package dispatchtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Bounds of the centers that a [History] makes. They are small, so that calls
// and agents meet in all ways.
const (
	mostCalls  = 12
	mostAgents = 8
)

var (
	skills = []string{"sales", "help", "bills", "spanish"}
	sites  = []string{"", "oslo", "rome"}
)

// History is a center to which random things happen: calls come, change and go,
// agents log in and out and become free or busy. The same seed gives the same
// history, as long as the same assignments are carried out in it.
type History struct {
	Center *dispatch.Center

	r      *rand.Rand
	now    time.Time
	turn   uint64
	number int
	calls  []string
	agents []string
}

// NewHistory begins a history with an empty center, which records its changes.
func NewHistory(seed uint64) *History {
	h := &History{r: rand.New(rand.NewPCG(seed, 0)), now: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	h.clear()
	return h
}

func (h *History) clear() {
	h.Center = dispatch.NewCenter()
	h.Center.Record(true)
	h.Center.At(h.now)
	h.calls, h.agents = nil, nil
}

// Next lets something happen, and returns what is to be told to a policy. Now
// and then that is a whole new center.
func (h *History) Next() dispatch.Delta {
	h.now = h.now.Add(h.gap())
	h.forget()
	if h.r.IntN(200) == 0 {
		h.clear()
		h.fill()
		h.Center.Take()
		return h.Center.Whole()
	}
	h.Center.At(h.now)
	for range 1 + h.r.IntN(3) {
		h.happen()
	}
	if h.r.IntN(20) == 0 {
		h.Center.Rethink()
	}
	return h.Center.Take()
}

// gap is the time between two states: mostly short, at times hours.
func (h *History) gap() time.Duration {
	switch h.r.IntN(20) {
	case 0:
		return time.Duration(h.r.IntN(int(2 * time.Hour)))
	case 1, 2, 3:
		return 0
	}
	return time.Duration(h.r.IntN(int(20 * time.Second)))
}

// forget drops the calls that were assigned since the last state.
func (h *History) forget() {
	left := h.calls[:0]
	for _, id := range h.calls {
		if h.Center.Call(id) != nil {
			left = append(left, id)
		}
	}
	h.calls = left
}

func (h *History) fill() {
	for range h.r.IntN(mostAgents + 1) {
		h.logIn()
	}
	for range h.r.IntN(mostCalls + 1) {
		h.arrive()
	}
}

func (h *History) happen() {
	switch h.r.IntN(10) {
	case 0, 1, 2:
		h.arrive()
	case 3:
		if id, ok := h.any(h.calls); ok {
			h.Center.DropCall(id)
			h.forget()
		}
	case 4:
		if id, ok := h.any(h.calls); ok {
			c := *h.Center.Call(id)
			c.Place.Priority, c.Place.Refused = h.r.IntN(3), !c.Place.Refused
			h.Center.PutCall(c)
		}
	case 5:
		h.logIn()
	case 6:
		if len(h.agents) > 2 && h.r.IntN(3) == 0 {
			i := h.r.IntN(len(h.agents))
			h.Center.DropAgent(h.agents[i])
			h.agents = append(h.agents[:i], h.agents[i+1:]...)
		}
	default:
		if id, ok := h.any(h.agents); ok {
			h.Center.PutAgent(h.turnTo(*h.Center.Agent(id)))
		}
	}
}

func (h *History) any(ids []string) (string, bool) {
	if len(ids) == 0 {
		return "", false
	}
	return ids[h.r.IntN(len(ids))], true
}

func (h *History) id(prefix string) string {
	h.number++
	return fmt.Sprint(prefix, h.number)
}

func (h *History) arrive() {
	if len(h.calls) == mostCalls {
		return
	}
	h.turn++
	c := dispatch.Call{
		ID: h.id("call"), Flow: "flow", Media: dispatch.RTP, Skill: skills[h.r.IntN(len(skills))],
		Place:  dispatch.Place{Priority: h.r.IntN(3), Refused: h.r.IntN(8) == 0, Turn: h.turn},
		Joined: h.now.Add(-time.Duration(h.r.IntN(int(time.Minute)))), Site: sites[h.r.IntN(len(sites))],
	}
	if h.r.IntN(2) == 0 {
		c.Media = dispatch.MSRP
	}
	h.Center.PutCall(c)
	h.calls = append(h.calls, c.ID)
}

// logIn brings an agent, at times one without skills or without anything that
// he could take.
func (h *History) logIn() {
	if len(h.agents) == mostAgents {
		return
	}
	h.turn++
	a := dispatch.Agent{
		ID: h.id("agent"), Site: sites[h.r.IntN(len(sites))], Login: h.now, Standing: dispatch.Standing{Since: h.turn},
		Phone: h.r.IntN(4) > 0, MaxChats: max(0, h.r.IntN(6)-2),
	}
	for _, i := range h.r.Perm(len(skills))[:h.r.IntN(len(skills)+1)] {
		a.Skills = append(a.Skills, skills[i])
	}
	h.Center.PutAgent(h.turnTo(a))
	h.agents = append(h.agents, a.ID)
}

// turnTo is the agent after something has ended or begun for him.
func (h *History) turnTo(a dispatch.Agent) dispatch.Agent {
	a.Busy, a.BusyFrom = a.BusyAt(h.now), h.now
	a.State, a.Audio, a.Slots, a.Standing.Chats = dispatch.Free, false, 0, 0
	a.FreeSince, a.WrapupEnds = time.Time{}, time.Time{}
	switch h.r.IntN(5) {
	case 0:
		a.State = dispatch.InCall
	case 1:
		a.State, a.WrapupEnds = dispatch.Wrapup, h.now.Add(time.Minute)
	case 2:
		if a.MaxChats > 0 {
			a.State = dispatch.InChat
			a.Standing.Chats = h.r.IntN(a.MaxChats + 1)
			a.Slots = h.r.IntN(a.MaxChats - a.Standing.Chats + 1)
			return a
		}
	}
	if a.State == dispatch.Free {
		h.turn++
		a.Audio, a.Slots = a.Phone, a.MaxChats
		a.Standing.Since, a.FreeSince, a.BusyFrom = h.turn, h.now, time.Time{}
	}
	return a
}
