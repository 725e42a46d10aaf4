package limits

import "fmt"

// Tiny is a center of one skill whose best policy can be computed: agents for
// calls, agents for chats and agents for both, alike in each group. Service and
// patience are exponential, there is no wrap-up.
type Tiny struct {
	Callers, Chatters, Mixed int // agents
	Slots                    int // chats of one agent at once, 1 to 5

	Calls, Chats float64 // arrivals per second
	Talk, Chat   float64 // mean seconds of service
	CallPatience float64 // mean seconds
	ChatPatience float64
	CallCost     float64 // of a waiting call, per second
	ChatCost     float64 // of a waiting chat, per second
	Room         int     // so many calls, and chats, may wait; more are turned away
}

// Scenario is the center of the scenario tiny at a load, with the costs of the
// benchmark: a waiting call costs as much as five waiting chats.
func Scenario(load float64) Tiny {
	return Tiny{
		Callers: 1, Chatters: 1, Mixed: 3, Slots: 2,
		Calls: load * 2.2 / 180, Chats: load * 2.6 / 480, Talk: 180, Chat: 480,
		CallPatience: 120, ChatPatience: 300, CallCost: 1, ChatCost: 0.2, Room: 24,
	}
}

// State is what a policy needs to know of a [Tiny].
type State struct {
	Calls, Chats int           // waiting
	Callers      int           // agents for calls who are in one
	Chatters     int           // chats of the agents for chats
	InCall       int           // agents for both who are in a call
	Chatting     [maxSlots]int // agents for both with 1, 2… chats
}

// maxSlots is the largest Slots.
const maxSlots = 5

// Move is what a policy does next.
type Move struct {
	Kind  Kind
	Chats int // ChatToMixed: how many chats the agent has
}

// Kind is who gets what.
type Kind int

// The moves there are.
const (
	Wait          Kind = iota // nobody gets anything
	CallToCaller              // an agent for calls
	CallToMixed               // an agent for both
	ChatToChatter             // an agent for chats
	ChatToMixed
)

// String implements [fmt.Stringer].
func (m Move) String() string {
	if m.Kind == ChatToMixed {
		return fmt.Sprintf("chat to an agent for both with %d chats", m.Chats)
	}
	return [...]string{"wait", "call to an agent for calls", "call to an agent for both", "chat to an agent for chats"}[m.Kind]
}

// Waits are what a policy comes to.
type Waits struct {
	Cost       float64 // CallCost · calls waiting + ChatCost · chats waiting, on average
	Call, Chat float64 // mean seconds in the queue, of those who gave up, too
}

func (t Tiny) waits(cost, calls float64) Waits {
	w := Waits{Cost: cost, Call: calls / t.Calls}
	if t.ChatCost > 0 {
		w.Chat = (cost - t.CallCost*calls) / t.ChatCost / t.Chats
	}
	return w
}

// Check says what cannot be solved.
func (t Tiny) Check() error {
	if t.Callers < 0 || t.Chatters < 0 || t.Mixed < 0 || t.Slots < 1 || t.Slots > maxSlots || t.Room < 1 {
		return fmt.Errorf("limits: a center of %d, %d and %d agents, %d chats each and room for %d cannot be solved", t.Callers, t.Chatters, t.Mixed, t.Slots, t.Room)
	}
	for _, x := range []float64{t.Calls, t.Chats, t.Talk, t.Chat, t.CallPatience, t.ChatPatience, t.ChatCost} {
		if !(x > 0) {
			return fmt.Errorf("limits: %+v: rates, times and the cost of a chat must be above 0", t)
		}
	}
	return nil
}

// States is how many states the center has: what solving it takes.
func (t Tiny) States() int {
	n := (t.Callers + 1) * (t.Chatters*t.Slots + 1) * (t.Room + 1) * (t.Room + 1)
	for k := 1; k <= t.Slots+1; k++ { // ways to split Mixed into Slots+2 parts
		n = n * (t.Mixed + k) / k
		if n > 1<<40 {
			break
		}
	}
	return n
}
