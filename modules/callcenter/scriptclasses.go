package callcenter

import (
	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// callClass is what a policy in the script knows of a call that waits.
var callClass = core.Class{Name: "call", Fields: []core.Field{
	ofCall("id", "its id, as in list_calls", func(c scriptCall) any { return c.ID }),
	ofCall("flow", "id of its flow", func(c scriptCall) any { return c.Flow }),
	ofCall("skill", "the skill its agent must have", func(c scriptCall) any { return c.Skill }),
	ofCall("media", `"RTP" (audio) or "MSRP" (chat)`, func(c scriptCall) any { return mediaName(c.Media) }),
	ofCall("priority", "of its flow: smaller is served first", func(c scriptCall) any { return c.Place.Priority }),
	ofCall("refused", "true when an agent refused it: it stands at the head of its priority", func(c scriptCall) any { return c.Place.Refused }),
	ofCall("wait", "seconds since it joined the queue", func(c scriptCall) any { return c.view.since(c.Joined) }),
	ofCall("site", "the site where it came in; empty in a center of one site", func(c scriptCall) any { return c.Site }),
}}

func ofCall(name, doc string, get func(scriptCall) any) core.Field {
	return core.Field{Name: name, Doc: doc, Get: func(self any) any { return get(self.(scriptCall)) }}
}

// agentClass is what it knows of an agent at his desk.
var agentClass = core.Class{Name: "agent", Fields: []core.Field{
	ofAgent("id", "his id", func(a scriptAgent) any { return a.ID }),
	ofAgent("state", `"free", "incall", "inchat" or "wrapup"`, func(a scriptAgent) any { return stateNames[a.State] }),
	ofAgent("skills", "a list of his skills", func(a scriptAgent) any { return a.Skills }),
	ofAgent("site", "the site where he sits; empty in a center of one site", func(a scriptAgent) any { return a.Site }),
	ofAgent("phone", "true when he takes audio calls at all", func(a scriptAgent) any { return a.Phone }),
	ofAgent("audio", "true when he can take an audio call now", func(a scriptAgent) any { return a.Audio }),
	ofAgent("chats", "chats he has", func(a scriptAgent) any { return a.Standing.Chats }),
	ofAgent("slots", "chats he can take now, besides those he has", func(a scriptAgent) any { return a.Slots }),
	ofAgent("max_chats", "chats he may have at all; 0: he takes none", func(a scriptAgent) any { return a.MaxChats }),
	ofAgent("idle", "seconds since he became free; 0 when he is not free", func(a scriptAgent) any { return a.view.since(a.FreeSince) }),
	ofAgent("wrapup", "seconds until his wrap-up ends; 0 when none runs", func(a scriptAgent) any {
		if a.WrapupEnds.IsZero() {
			return 0
		}
		return max(a.WrapupEnds.Sub(a.view.Now()), 0).Seconds()
	}),
	ofAgent("logged_in", "seconds since he logged in", func(a scriptAgent) any { return a.view.since(a.Login) }),
	ofAgent("busy", "seconds of that in which he was not free", func(a scriptAgent) any { return a.BusyAt(a.view.Now()).Seconds() }),
	ofAgent("load", "the share of that, from 0 to 1", func(a scriptAgent) any { return a.Load(a.view.Now()) }),
	ofAgent("handled", "calls and chats he had since he logged in", func(a scriptAgent) any { return a.Handled }),
}, Methods: []core.Method{
	{Name: "has", Args: []core.Arg{{Name: "skill"}}, Doc: "true when he has the skill", Call: func(self any, a core.Args) ([]any, error) {
		return []any{self.(scriptAgent).Has(a.String(0))}, nil
	}},
	{Name: "fits", Args: []core.Arg{callArg}, Doc: "true when he could take the call now", Call: func(self any, a core.Args) ([]any, error) {
		return []any{self.(scriptAgent).Fits(a[0].(scriptCall).Call)}, nil
	}},
}}

func ofAgent(name, doc string, get func(scriptAgent) any) core.Field {
	return core.Field{Name: name, Doc: doc, Get: func(self any) any { return get(self.(scriptAgent)) }}
}

// The arguments that methods share.
var (
	callArg  = core.Arg{Name: "call", Kind: core.ObjectKind, Class: &callClass}
	agentArg = core.Arg{Name: "agent", Kind: core.ObjectKind, Class: &agentClass}
	kindArgs = []core.Arg{{Name: "skill"}, {Name: "media"}}
)

var stateNames = map[dispatch.State]string{
	dispatch.Free: "free", dispatch.InCall: "incall", dispatch.InChat: "inchat", dispatch.Wrapup: "wrapup",
}

func mediaName(m dispatch.Media) string {
	if m == dispatch.MSRP {
		return "MSRP"
	}
	return "RTP"
}
