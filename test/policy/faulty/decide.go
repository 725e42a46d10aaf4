package main

import (
	"slices"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	pb "github.com/sipd/sipd/plugins/policy/policypb"
)

// bounded is how many lies one answer has at most.
const bounded = 50

// decide brings the center up to date, and lies by the mode.
func decide(c *dispatch.Center, q *pb.Delta, mode string) (list []*pb.Assignment) {
	c.Apply(read(q))
	switch mode {
	case "busy":
		return pairs(c, nil, func(c *dispatch.Call, a *dispatch.Agent) bool { return a.Has(c.Skill) && !a.Audio })
	case "unskilled":
		return pairs(c, nil, func(c *dispatch.Call, a *dispatch.Agent) bool { return !a.Has(c.Skill) })
	case "unknown":
		return pairs(c, []dispatch.Call{{ID: "no such call"}, {ID: ""}}, func(*dispatch.Call, *dispatch.Agent) bool { return true })
	case "twice":
		list = pairs(c, nil, func(c *dispatch.Call, a *dispatch.Agent) bool { return a.Fits(c) })
		for _, one := range slices.Clone(list) {
			for call := range c.Calls() {
				list = append(list, &pb.Assignment{Call: call.ID, Agent: one.Agent})
			}
		}
		return list
	}
	for _, a := range dispatch.Run(dispatch.Balancing, c).Assign {
		list = append(list, &pb.Assignment{Call: a.Call, Agent: a.Agent, Reason: a.Reason})
	}
	return list
}

// pairs are calls and agents that fit by some rule, at most so many. Without
// calls they are those that wait.
func pairs(c *dispatch.Center, calls []dispatch.Call, fit func(*dispatch.Call, *dispatch.Agent) bool) (list []*pb.Assignment) {
	whole := c.Whole()
	if calls == nil {
		calls = whole.Calls
	}
	for i := range calls {
		for j := range whole.Agents {
			if len(list) < bounded && fit(&calls[i], &whole.Agents[j]) {
				list = append(list, &pb.Assignment{Call: calls[i].ID, Agent: whole.Agents[j].ID})
			}
		}
	}
	return list
}

// read is as much of a delta as is needed here.
func read(q *pb.Delta) dispatch.Delta {
	d := dispatch.Delta{Reset: q.GetReset_(), Gone: q.GetGone(), Left: q.GetLeft()}
	for _, c := range q.GetCalls() {
		d.Calls = append(d.Calls, dispatch.Call{ID: c.GetId(), Media: dispatch.Media(c.GetMedia()), Skill: c.GetSkill(),
			Place: dispatch.Place{Priority: int(c.GetPriority()), Refused: c.GetRefused(), Turn: c.GetTurn()}})
	}
	for _, a := range q.GetAgents() {
		d.Agents = append(d.Agents, dispatch.Agent{ID: a.GetId(), Skills: a.GetSkills(), Audio: a.GetAudio(), Slots: int(a.GetSlots()),
			Standing: dispatch.Standing{Chats: int(a.GetChats()), Since: a.GetSince()}})
	}
	return d
}
