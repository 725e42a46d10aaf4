package dispatch

// Builtin lists the policies built into sipd.
func Builtin() []Info {
	return []Info{
		{Name: string(Balancing), Doc: "longest idle agent; a chat goes to the agent with the fewest chats", make: Balancing.new},
		{Name: string(FullLoad), Doc: "longest idle agent; a chat goes to the agent with the most chats who has room", make: FullLoad.new},
		{Name: "longest-idle", Doc: "first come, first served over calls and chats, to the agent idle longest",
			make: func(Settings) (Policy, error) { return longestIdle{}, nil }},
		{Name: "fewest-skills", Doc: "agent with the fewest skills beyond the one needed, then longest idle, then nearest site",
			make: newFewestSkills, Settings: map[string]string{
				"cost.*.*": "cost.A.B is the path cost from site A to site B, and back unless cost.B.A is set; one site costs 0",
				"cost":     "path cost between two sites that cost.A.B says nothing of; default 1",
			}},
		{Name: "look-ahead", Doc: "calls before chats; keeps agents free for the calls that are to be expected",
			make: newLookAhead, Settings: map[string]string{
				"reserve":  "agents of a skill kept free for calls when a chat would take one; a number, or auto: by the load (default)",
				"floor":    "the least that auto keeps free; default 2",
				"z":        "how careful auto is: standard deviations of the number of calls; default 0.1",
				"max_hold": "seconds after which a chat is not held for calls any longer; default 600",
			}},
	}
}

// ChatPolicy is one of OpenSIPS's two policies, which differ in who gets a chat.
type ChatPolicy string

// The policies, as the parameter chat_dispatch_policy spells them.
const (
	Balancing ChatPolicy = "balancing" // the agent with the fewest chats
	FullLoad  ChatPolicy = "full-load" // the agent with the most who has room
)

func (p ChatPolicy) new(Settings) (Policy, error) { return p, nil }

// Before reports whether the agent standing at a is chosen before b.
func (p ChatPolicy) Before(m Media, a, b Standing) bool {
	if m == MSRP && p == FullLoad && a.Chats != b.Chats {
		return a.Chats > b.Chats
	}
	return a.Before(b)
}

// Decide implements [Policy]: the call to be served next and its agent. It held
// for all others before, so that only the kinds that changed need a look.
func (p ChatPolicy) Decide(v *View) Decision {
	var c *Call
	var a *Agent
	for k := range v.Changed() {
		first, best := v.First(k), p.best(v, k)
		if first != nil && best != nil && (c == nil || first.Before(*c)) {
			c, a = first, best
		}
	}
	if c == nil {
		return Decision{}
	}
	return Decision{Assign: []Assignment{{Call: c.ID, Agent: a.ID, Reason: p.reason(c)}}}
}

func (p ChatPolicy) best(v *View, k Kind) *Agent {
	if p == FullLoad {
		return v.Fullest(k)
	}
	return v.Idlest(k)
}

func (p ChatPolicy) reason(c *Call) string {
	switch {
	case c.Media == RTP:
		return "longest idle"
	case p == FullLoad:
		return "most chats with room for one more"
	}
	return "fewest chats"
}
