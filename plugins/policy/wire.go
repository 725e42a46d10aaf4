package policy

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	pb "github.com/sipd/sipd/plugins/policy/policypb"
)

// version is that of the protocol, in the handshake and in Hello. See the head
// of policy.proto for what raises it.
const version = 1

func toWire(seq uint64, d *dispatch.Delta) *pb.Delta {
	w := &pb.Delta{Seq: seq, NowNs: toNs(d.Now), Reset_: d.Reset, Gone: clean(d.Gone), Left: clean(d.Left)}
	calls := make([]pb.Call, len(d.Calls))
	w.Calls = make([]*pb.Call, len(d.Calls))
	for i := range d.Calls {
		c, m := &d.Calls[i], &calls[i]
		w.Calls[i] = m
		m.Id, m.Flow, m.Skill, m.Site = valid(c.ID), valid(c.Flow), valid(c.Skill), valid(c.Site)
		m.Media, m.JoinedNs = pb.Media(c.Media), toNs(c.Joined)
		m.Priority, m.Refused, m.Turn = int64(c.Place.Priority), c.Place.Refused, c.Place.Turn
	}
	agents := make([]pb.Agent, len(d.Agents))
	w.Agents = make([]*pb.Agent, len(d.Agents))
	for i := range d.Agents {
		a, m := &d.Agents[i], &agents[i]
		w.Agents[i] = m
		m.Id, m.Skills, m.Site = valid(a.ID), clean(a.Skills), valid(a.Site)
		m.Phone, m.MaxChats, m.State = a.Phone, int64(a.MaxChats), pb.State(a.State+1)
		m.Audio, m.Slots, m.Chats, m.Since = a.Audio, int64(a.Slots), int64(a.Standing.Chats), a.Standing.Since
		m.FreeSinceNs, m.WrapupEndsNs, m.LoginNs = toNs(a.FreeSince), toNs(a.WrapupEnds), toNs(a.Login)
		m.BusyNs, m.BusyFromNs, m.Handled = int64(a.Busy), toNs(a.BusyFrom), int64(a.Handled)
	}
	return w
}

func fromWire(w *pb.Delta) dispatch.Delta {
	d := dispatch.Delta{Now: fromNs(w.GetNowNs()), Reset: w.GetReset_(), Gone: w.GetGone(), Left: w.GetLeft()}
	for _, m := range w.GetCalls() {
		d.Calls = append(d.Calls, dispatch.Call{
			ID: m.GetId(), Flow: m.GetFlow(), Media: dispatch.Media(m.GetMedia()), Skill: m.GetSkill(),
			Place:  dispatch.Place{Priority: int(m.GetPriority()), Refused: m.GetRefused(), Turn: m.GetTurn()},
			Joined: fromNs(m.GetJoinedNs()), Site: m.GetSite(),
		})
	}
	for _, m := range w.GetAgents() {
		d.Agents = append(d.Agents, dispatch.Agent{
			ID: m.GetId(), Skills: m.GetSkills(), Site: m.GetSite(), Phone: m.GetPhone(), MaxChats: int(m.GetMaxChats()),
			State: dispatch.State(m.GetState() - 1), Audio: m.GetAudio(), Slots: int(m.GetSlots()),
			Standing:  dispatch.Standing{Chats: int(m.GetChats()), Since: m.GetSince()},
			FreeSince: fromNs(m.GetFreeSinceNs()), WrapupEnds: fromNs(m.GetWrapupEndsNs()), Login: fromNs(m.GetLoginNs()),
			Busy: time.Duration(m.GetBusyNs()), BusyFrom: fromNs(m.GetBusyFromNs()), Handled: int(m.GetHandled()),
		})
	}
	return d
}

func toDecision(seq uint64, d *dispatch.Decision) *pb.Decision {
	w := &pb.Decision{Seq: seq, AgainNs: int64(d.Again)}
	for _, a := range d.Assign {
		w.Assign = append(w.Assign, &pb.Assignment{Call: valid(a.Call), Agent: valid(a.Agent), Reason: valid(a.Reason)})
	}
	for _, h := range d.Hold {
		w.Hold = append(w.Hold, &pb.Hold{Call: valid(h.Call), Reason: valid(h.Reason)})
	}
	return w
}

func fromDecision(w *pb.Decision) dispatch.Decision {
	d := dispatch.Decision{Again: time.Duration(w.GetAgainNs())}
	for _, a := range w.GetAssign() {
		d.Assign = append(d.Assign, dispatch.Assignment{Call: a.GetCall(), Agent: a.GetAgent(), Reason: a.GetReason()})
	}
	for _, h := range w.GetHold() {
		d.Hold = append(d.Hold, dispatch.Hold{Call: h.GetCall(), Reason: h.GetReason()})
	}
	return d
}

// toNs is 0 for the zero time. The first instant of 1970 is the next one.
func toNs(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if ns := t.UnixNano(); ns != 0 {
		return ns
	}
	return 1
}

func fromNs(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// valid makes a string one that protobuf can carry: what is not UTF-8 would end
// the stream.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func clean(list []string) []string {
	for i, s := range list {
		if utf8.ValidString(s) {
			continue
		}
		list = append(append(make([]string, 0, len(list)), list[:i]...), list[i:]...)
		for j := i; j < len(list); j++ {
			list[j] = valid(list[j])
		}
		return list
	}
	return list
}
