package simulate

import (
	"math"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate/limits"
)

// optimal is the best policy of a small center as one that can be run. Its cost
// is known exactly; what it costs with the contacts of a run tells how hard
// those were.
type optimal struct {
	*limits.Optimum
	skill string
}

func (p optimal) policy() Policy {
	return Policy{Name: "optimum", New: func() (dispatch.Policy, error) { return p, nil }}
}

// Decide implements [dispatch.Policy].
func (p optimal) Decide(v *dispatch.View) dispatch.Decision {
	s := limits.State{
		Calls: v.CountWaiting(dispatch.Kind{Skill: p.skill, Media: dispatch.RTP}),
		Chats: v.CountWaiting(dispatch.Kind{Skill: p.skill, Media: dispatch.MSRP}),
	}
	if s.Calls+s.Chats == 0 {
		return dispatch.Decision{}
	}
	for a := range v.Team(p.skill) {
		chats := taken(a)
		switch {
		case !a.Phone:
			s.Chatters += chats
		case a.State == dispatch.Free:
		case a.MaxChats == 0:
			s.Callers++
		case chats == 0:
			s.InCall++
		default:
			s.Chatting[chats-1]++
		}
	}
	m := p.Next(s)
	media := dispatch.RTP
	switch m.Kind {
	case limits.Wait:
		return dispatch.Decision{}
	case limits.ChatToChatter, limits.ChatToMixed:
		media = dispatch.MSRP
	}
	for a := range v.WithRoom(dispatch.Kind{Skill: p.skill, Media: media}) {
		if suits(m, a) {
			return dispatch.Decision{Assign: []dispatch.Assignment{{Call: v.First(dispatch.Kind{Skill: p.skill, Media: media}).ID, Agent: a.ID}}}
		}
	}
	return dispatch.Decision{}
}

// taken is how many of his chat slots an agent does not have now; 0 for one in a
// call.
func taken(a *dispatch.Agent) int {
	if a.State != dispatch.InChat {
		return 0
	}
	return a.MaxChats - a.Slots
}

func suits(m limits.Move, a *dispatch.Agent) bool {
	switch m.Kind {
	case limits.CallToCaller:
		return a.MaxChats == 0
	case limits.CallToMixed:
		return a.MaxChats > 0
	case limits.ChatToChatter:
		return !a.Phone
	}
	return a.Phone && taken(a) == m.Chats
}

// regret is the cost above the optimum as a share of it, and half of its 95 %
// interval. Both policies have met the same contacts: what those alone have
// made dear, or cheap, is in neither.
func regret(runs, best []*job, optimum float64) (mean, half float64) {
	list := make([]float64, len(runs))
	for i := range runs {
		list[i] = (runs[i].done.measures.Cost - best[i].done.measures.Cost) / optimum
	}
	m, v := meanAndVariance(list)
	return m, student(len(list)-1) * math.Sqrt(v/float64(len(list)))
}
