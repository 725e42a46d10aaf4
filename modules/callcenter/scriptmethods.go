package callcenter

import (
	"fmt"
	"strings"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// viewClass is what a policy in the script sees and says.
var viewClass = core.Class{Name: "view", Fields: []core.Field{
	{Name: "now", Doc: "the time, in seconds since 1970, with a fraction", Get: func(self any) any {
		return float64(self.(*scriptView).Now().UnixMicro()) / 1e6
	}},
}, Methods: []core.Method{
	ofView("calls", nil, "the calls that wait, for a loop: smaller priorities first, audio and chats mixed", func(v *scriptView, _ core.Args) ([]any, error) {
		return v.loopCalls(v.Calls, v.CallsAfter), nil
	}),
	ofView("changed", nil, "skill and media in which calls or agents have changed since the last decision, for a loop; all of them at first and after again", func(v *scriptView, _ core.Args) ([]any, error) {
		return loopKinds(v.Changed()), nil
	}),
	ofView("kinds", nil, "skill and media of the calls that wait, for a loop: audio before chats", func(v *scriptView, _ core.Args) ([]any, error) {
		return loopKinds(v.Kinds()), nil
	}),
	ofKind("waiting", "the calls of one skill and medium, for a loop, in the order of service", func(v *scriptView, k dispatch.Kind) []any {
		return v.loopWaiting(k)
	}),
	ofKind("first", "the first of them, or nil", func(v *scriptView, k dispatch.Kind) []any { return []any{v.call(v.First(k))} }),
	ofKind("count", "how many they are", func(v *scriptView, k dispatch.Kind) []any { return []any{v.CountWaiting(k)} }),
	ofView("ahead", []core.Arg{callArg}, "how many calls of the same skill and medium stand before this one", func(v *scriptView, a core.Args) ([]any, error) {
		return []any{v.Rank(a[0].(scriptCall).Kind(), a[0].(scriptCall).Place)}, nil
	}),
	ofView("agents", []core.Arg{callArg}, "the agents who could take the call now, for a loop: fewest chats first, then longest idle", func(v *scriptView, a core.Args) ([]any, error) {
		return v.loopAgents(a[0].(scriptCall).Kind()), nil
	}),
	ofView("idlest", []core.Arg{callArg}, "the first of them, or nil", func(v *scriptView, a core.Args) ([]any, error) {
		return []any{v.agent(v.Idlest(a[0].(scriptCall).Kind()))}, nil
	}),
	ofView("fullest", []core.Arg{callArg}, "the one of them with the most chats, or nil", func(v *scriptView, a core.Args) ([]any, error) {
		return []any{v.agent(v.Fullest(a[0].(scriptCall).Kind()))}, nil
	}),
	ofKind("room", "how many agents could take such a call now", func(v *scriptView, k dispatch.Kind) []any { return []any{v.CountWithRoom(k)} }),
	ofView("team", []core.Arg{{Name: "skill"}}, "the agents at their desks who have the skill, busy or not, for a loop, by id", func(v *scriptView, a core.Args) ([]any, error) {
		return v.loopTeam(a.String(0)), nil
	}),
	ofView("call", []core.Arg{{Name: "id"}}, "the waiting call of that id, or nil", func(v *scriptView, a core.Args) ([]any, error) {
		return []any{v.call(v.Call(a.String(0)))}, nil
	}),
	ofView("agent", []core.Arg{{Name: "id"}}, "the agent of that id, or nil when he is not at his desk", func(v *scriptView, a core.Args) ([]any, error) {
		return []any{v.agent(v.Agent(a.String(0)))}, nil
	}),
	ofView("assign", []core.Arg{callArg, agentArg, {Name: "reason", Optional: true}}, "gives the call to the agent; the view shows it from then on. true; or false and why it cannot be", func(v *scriptView, a core.Args) ([]any, error) {
		return v.assign(a[0].(scriptCall).Call, a[1].(scriptAgent).Agent, a.String(2)), nil
	}),
	ofView("hold", []core.Arg{callArg, {Name: "reason"}}, "says why the call is left waiting although an agent could take it", func(v *scriptView, a core.Args) ([]any, error) {
		return nil, v.hold(a[0].(scriptCall).Call, a.String(1))
	}),
	ofView("again", []core.Arg{{Name: "seconds", Kind: core.NumberKind}}, "asks to be called after so long even if nothing changes; the shortest counts", func(v *scriptView, a core.Args) ([]any, error) {
		return nil, v.again(a[0].(float64))
	}),
}}

func ofView(name string, args []core.Arg, doc string, call func(*scriptView, core.Args) ([]any, error)) core.Method {
	return core.Method{Name: name, Args: args, Doc: doc, Call: func(self any, a core.Args) ([]any, error) {
		return call(self.(*scriptView), a)
	}}
}

// ofKind is a method about a skill and a medium.
func ofKind(name, doc string, call func(*scriptView, dispatch.Kind) []any) core.Method {
	return ofView(name, kindArgs, doc, func(v *scriptView, a core.Args) ([]any, error) {
		switch media := a.String(1); {
		case strings.EqualFold(media, "RTP"):
			return call(v, dispatch.Kind{Skill: a.String(0), Media: dispatch.RTP}), nil
		case strings.EqualFold(media, "MSRP"):
			return call(v, dispatch.Kind{Skill: a.String(0), Media: dispatch.MSRP}), nil
		default:
			return nil, fmt.Errorf(`want the media "RTP" or "MSRP", got %.40q`, media)
		}
	})
}
