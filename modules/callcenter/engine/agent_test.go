package engine

import (
	"reflect"
	"testing"
	"time"
)

func TestAgentState(t *testing.T) {
	t30 := t0.Add(30 * time.Second)
	pause := wrapup{ends: t30}
	chatPause := wrapup{ends: t30, chat: true}
	both := AgentConfig{Location: "sip:a", MSRPLocation: "sip:b", MSRPSessions: 3}
	with := func(a agent) agent { a.cfg, a.loggedIn = both, true; return a }

	tests := []struct {
		name         string
		agent        agent
		at           time.Time
		want         AgentState
		audio, chats int // room
	}{
		{"logged out", agent{cfg: both}, t0, Offline, 0, 0},
		{"idle", with(agent{}), t0, Free, 1, 3},
		{"removed", agent{cfg: both, removed: true}, t0, Offline, 0, 0},
		{"audio only", agent{cfg: AgentConfig{Location: "sip:a", MSRPSessions: 4}, loggedIn: true}, t0, Free, 1, 0},
		{"chat only", agent{cfg: AgentConfig{MSRPLocation: "sip:a", MSRPSessions: 2}, loggedIn: true}, t0, Free, 0, 2},
		{"in a call", with(agent{audio: true}), t0, InCall, 0, 0},
		{"in a call, logged out", agent{cfg: both, audio: true}, t0, InCall, 0, 0},
		{"in a chat", with(agent{chats: 1}), t0, InChat, 0, 2},
		{"full", with(agent{chats: 3}), t0, InChat, 0, 0},
		{"over full, after a reload", with(agent{chats: 5}), t0, InChat, 0, 0},
		{"in a chat, logged out", agent{cfg: both, chats: 1}, t0, InChat, 0, 0},
		{"wrap-up", with(agent{wrapup: pause}), t0, Wrapup, 0, 0},
		{"wrap-up, logged out", agent{cfg: both, wrapup: pause}, t0, Offline, 0, 0},
		{"wrap-up, a moment before its end", with(agent{wrapup: pause}), t30.Add(-1), Wrapup, 0, 0},
		{"wrap-up ends", with(agent{wrapup: pause}), t30, Free, 1, 3},
		{"wrap-up of chats", with(agent{wrapup: chatPause}), t0, InChat, 0, 2},
		{"wrap-up beside chats", with(agent{chats: 1, wrapup: chatPause}), t0, InChat, 0, 1},
		{"wrap-up of chats ends", with(agent{wrapup: chatPause}), t30, Free, 1, 3},
		{"after a refused chat", with(agent{chats: 1, wrapup: wrapup{ends: t30, chat: true, pause: t0.Add(9)}}), t0, InChat, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.agent
			if got := a.state(tt.at); got != tt.want {
				t.Errorf("state = %s, want %s", got, tt.want)
			}
			if audio, chats := a.room(RTP, tt.at), a.room(MSRP, tt.at); audio != tt.audio || chats != tt.chats {
				t.Errorf("room = %d and %d, want %d and %d", audio, chats, tt.audio, tt.chats)
			}
		})
	}
}

func TestAgentWrapup(t *testing.T) {
	s := func(n int) time.Duration { return time.Duration(n) * time.Second }
	tests := []struct {
		name               string
		own, global, limit int
		want               int
	}{
		{"global", 0, 30, 0, 30},
		{"own", 10, 30, 0, 10},
		{"longer than global", 60, 30, 0, 60},
		{"capped by the flow", 60, 30, 20, 20},
		{"global capped by the flow", 0, 30, 20, 20},
		{"below the flow's cap", 10, 30, 20, 10},
		{"none", 0, 0, 20, 0},
	}
	for _, tt := range tests {
		a := agent{cfg: AgentConfig{Wrapup: s(tt.own)}}
		f := flow{cfg: FlowConfig{MaxWrapup: s(tt.limit)}}
		if got := a.pauseAfter(&f, s(tt.global)); got != s(tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, s(tt.want))
		}
	}
}

func TestAgentRelease(t *testing.T) {
	const s = time.Second
	running := wrapup{ends: t0.Add(5 * s), chat: true}
	tests := []struct {
		name   string
		from   agent
		media  Media
		pause  time.Duration
		refuse bool
		want   wrapup
		wake   time.Duration // 0: none
	}{
		{"call", agent{audio: true}, RTP, 30 * s, false, wrapup{ends: t0.Add(30 * s)}, 30 * s},
		{"call without pause", agent{audio: true}, RTP, 0, false, wrapup{}, 0},
		{"call refused without pause", agent{audio: true}, RTP, 0, true, wrapup{ends: t0.Add(s)}, s},
		{"call refused", agent{audio: true}, RTP, 30 * s, true, wrapup{ends: t0.Add(30 * s)}, 30 * s},
		{"chat", agent{chats: 1}, MSRP, 30 * s, false, wrapup{ends: t0.Add(30 * s), chat: true}, 30 * s},
		{"pauses of chats add up", agent{chats: 2, wrapup: running}, MSRP, 30 * s, false, wrapup{ends: t0.Add(35 * s), chat: true}, 35 * s},
		{"a pause that is over adds nothing", agent{chats: 2, wrapup: wrapup{ends: t0.Add(-s), chat: true}}, MSRP, 30 * s, false, wrapup{ends: t0.Add(30 * s), chat: true}, 30 * s},
		{"chat refused", agent{chats: 2, wrapup: running}, MSRP, 0, true, wrapup{ends: t0.Add(6 * s), chat: true, pause: t0.Add(s)}, s},
		{"chat without pause", agent{chats: 1}, MSRP, 0, false, wrapup{}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.from
			before := a.busy()
			if tt.refuse {
				a.refuse(tt.media, tt.pause, t0)
			} else {
				a.release(tt.media, tt.pause, t0)
			}
			if !reflect.DeepEqual(a.wrapup, tt.want) {
				t.Errorf("wrap-up %+v, want %+v", a.wrapup, tt.want)
			}
			if a.busy() != before-1 {
				t.Errorf("busy with %d, before with %d", a.busy(), before)
			}
			want := time.Time{}
			if tt.wake > 0 {
				want = t0.Add(tt.wake)
			}
			if got := a.wake(t0); !got.Equal(want) {
				t.Errorf("wake at %s, want %s", got, want)
			}
		})
	}
}

// TestKeepLogins: with KeepLogins a row counts only where it has changed.
func TestKeepLogins(t *testing.T) {
	row := func(id string, in bool) AgentConfig {
		return AgentConfig{ID: id, Location: "sip:" + id, Skills: []string{"s"}, LoggedIn: in}
	}
	for _, keep := range []bool{false, true} {
		e := New(Options{InternalDispatching: true})
		e.Step(t0, Load{Agents: []AgentConfig{row("in", false), row("out", true), row("changed", false)}, AtStart: true})
		for id, on := range map[string]bool{"in": true, "out": false} {
			e.Step(t0, AgentLogin{id, on})
		}
		e.Step(t0, Load{Agents: []AgentConfig{row("in", false), row("out", true), row("changed", true), row("new", true)}, KeepLogins: keep})
		want := map[string]bool{"in": keep, "out": !keep, "changed": true, "new": true}
		for id, on := range want {
			if e.agents[id].loggedIn != on {
				t.Errorf("KeepLogins %t: %s logged in %t", keep, id, !on)
			}
		}
	}
}
