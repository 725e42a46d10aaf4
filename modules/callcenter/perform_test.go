package callcenter

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// fakeSwitchboard notes what it is told.
type fakeSwitchboard struct{ calls []any }

type (
	opened     struct{ key b2b.Key }
	terminated struct{ key b2b.Key }
	connected  struct {
		key  b2b.Key
		dest b2b.Dest
	}
	stateSet struct {
		key   b2b.Key
		state string
	}
)

func (s *fakeSwitchboard) Open(k b2b.Key)                { s.calls = append(s.calls, opened{k}) }
func (s *fakeSwitchboard) Connect(k b2b.Key, d b2b.Dest) { s.calls = append(s.calls, connected{k, d}) }
func (s *fakeSwitchboard) SetState(k b2b.Key, text string) {
	s.calls = append(s.calls, stateSet{k, text})
}
func (s *fakeSwitchboard) Terminate(k b2b.Key) { s.calls = append(s.calls, terminated{k}) }

// fakePlayer knows one sound.
type fakePlayer struct{}

func (fakePlayer) URI(name string) (string, error) {
	if name != "moh" {
		return "", errors.New("no sound " + name)
	}
	return "sip:moh@127.0.0.1:5060", nil
}

// workshop is a performer whose surroundings note everything.
type workshop struct {
	*performer
	board  *fakeSwitchboard
	saved  []engine.Action
	events []string
	failed []engine.ConnectFailed
}

func newWorkshop(set func(*params)) *workshop {
	p := defaults()
	if set != nil {
		set(&p)
	}
	o, err := parseOffers(p.callerOffer)
	if err != nil {
		panic(err) // a fault of the test
	}
	w := &workshop{board: &fakeSwitchboard{}}
	w.performer = &performer{
		log: slog.New(slog.DiscardHandler), b2b: w.board,
		save:   func(a engine.Action) { w.saved = append(w.saved, a) },
		emit:   func(name string, f ...event.Field) { w.events = append(w.events, fmt.Sprint(name, f)) },
		expand: expander(func() playerModule { return fakePlayer{} }),
		failed: func(f engine.ConnectFailed) { w.failed = append(w.failed, f) },
		flowOf: map[engine.CallID]string{}, offers: o, params: &p,
	}
	return w
}

func TestPerform(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	row := engine.CallRow{Call: "k", Flow: "f"}
	tests := []struct {
		name   string
		a      engine.Action
		calls  []any
		saved  bool
		events []string
	}{
		{"accepted", engine.Answer{Call: "k", Code: engine.Done}, []any{opened{"k"}}, false, nil},
		{"refused", engine.Answer{Call: "k", Code: engine.NoSuchFlow}, nil, false, nil},
		{"login", engine.Answer{Code: engine.Done}, nil, false, nil},
		{"hang up", engine.Hangup{Call: "k"}, []any{terminated{"k"}}, false, nil},
		{"save", engine.SaveCall{Row: row}, nil, true, nil},
		{"update", engine.UpdateCall{Row: row}, nil, true, nil},
		{"delete", engine.DeleteCall{Call: "k"}, nil, true, nil},
		{"cdr", engine.WriteCDR{}, nil, true, nil},
		{"wrap-up", engine.SaveWrapup{Agent: "a", Ends: at}, nil, true, nil},
		{"alarm", engine.Alarm{Call: "k", Flow: "f", Text: "help"}, nil, false,
			[]string{"E_CALLCENTER_ALARM[{call_id k} {flow_id f} {agent_id } {text help}]"}},
		{"queued", engine.ReportCall{Call: "k", What: engine.HappenQueued, Flow: "f", Media: engine.RTP}, nil, false,
			[]string{"E_CALLCENTER_CALL_EVENT[{event queued} {call_id k} {flow_id f} {agent_id } {media RTP} {wait 0}]"}},
		{"rejected", engine.ReportCall{Call: "k", What: engine.HappenRejected, Flow: "f", Agent: "a", Media: engine.MSRP, Wait: 2900 * time.Millisecond, Code: 486}, nil, false,
			[]string{"E_CALLCENTER_CALL_EVENT[{event rejected} {call_id k} {flow_id f} {agent_id a} {media MSRP} {wait 2} {code 486}]"}},
		{"ended", engine.ReportCall{Call: "k", What: engine.HappenEnded, Flow: "f", Agent: "a", Media: engine.RTP, Talk: time.Minute, Type: engine.CDRError}, nil, false,
			[]string{"E_CALLCENTER_CALL_EVENT[{event ended} {call_id k} {flow_id f} {agent_id a} {media RTP} {wait 0} {talk 60} {call_type -1}]"}},
		{"trace", engine.Trace{Call: "k", State: engine.StateQueued, Flow: "f"}, []any{stateSet{"k", "queued"}}, false,
			[]string{"E_CALLCENTER_CALL_REPORT[{call_id k} {state queued} {flow_id f} {agent_id }]"}},
		{"trace of an agent", engine.Trace{Agent: "a"}, nil, false, nil},
		{"offline", engine.ReportAgent{Agent: "a", State: engine.Offline}, nil, false,
			[]string{"E_CALLCENTER_AGENT_REPORT[{agent_id a} {status offline} {state offline}]"}},
		{"wrap-up begins", engine.ReportAgent{Agent: "a", State: engine.Wrapup, WrapupEnds: at}, nil, false,
			[]string{"E_CALLCENTER_AGENT_REPORT[{agent_id a} {status wrapup} {state wrapup} {wrapup_ends 1700000000}]"}},
		{"call", engine.ReportAgent{Agent: "a", State: engine.InCall, Flow: "f"}, nil, false,
			[]string{"E_CALLCENTER_AGENT_REPORT[{agent_id a} {status incall} {state incall} {flow_id f}]"}},
		{"chats", engine.ReportAgent{Agent: "a", State: engine.InChat, Chats: 2, Flow: "f"}, nil, false,
			[]string{"E_CALLCENTER_AGENT_REPORT[{agent_id a} {status inchat} {state inchat} {ongoing_sessions 2} {flow_id f}]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorkshop(nil)
			w.do(tt.a)
			if !slices.Equal(w.board.calls, tt.calls) {
				t.Errorf("switchboard %+v, want %+v", w.board.calls, tt.calls)
			}
			if (len(w.saved) == 1) != tt.saved {
				t.Errorf("saved %+v", w.saved)
			}
			if !slices.Equal(w.events, tt.events) {
				t.Errorf("events %q, want %q", w.events, tt.events)
			}
		})
	}
}

func TestPerformConnect(t *testing.T) {
	agent := engine.Connect{Call: "k", Attempt: 3, Target: engine.ToAgent, URI: "sip:a@phone", Agent: "a", Display: `"Bob"`}
	announced := agent
	announced.Announce = "player:moh"
	silent := agent
	silent.Announce = "player:nothing"
	queue := engine.Connect{Call: "k", Attempt: 2, Target: engine.ToQueue, URI: "player:moh;cc_pos=3"}
	tests := []struct {
		name string
		set  func(*params)
		a    engine.Connect
		want b2b.Dest
	}{
		{"agent", nil, agent,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "toagent", Display: `"Bob"`, RingTimeout: 20 * time.Second}},
		{"ring time", func(p *params) { p.ringTimeout = time.Second }, agent,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "toagent", Display: `"Bob"`, RingTimeout: time.Second}},
		{"announced", nil, announced,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "preagent", Display: `"Bob"`, RingTimeout: 20 * time.Second, Announce: "sip:moh@127.0.0.1:5060"}},
		{"an announcement that is not there is left out", nil, silent,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "preagent", Display: `"Bob"`, RingTimeout: 20 * time.Second}},
		{"queue by the player", nil, queue,
			b2b.Dest{ID: 2, URI: "sip:moh@127.0.0.1:5060;cc_pos=3", Role: "media", RingTimeout: 2 * time.Second, State: "queued"}},
		{"welcome", nil, engine.Connect{Call: "k", Attempt: 1, Target: engine.ToWelcome, URI: "sip:w@m"},
			b2b.Dest{ID: 1, URI: "sip:w@m", Role: "media", RingTimeout: 2 * time.Second, State: "welcome"}},
		{"dissuading", nil, engine.Connect{Call: "k", Attempt: 1, Target: engine.ToDissuading, URI: "sip:d@m"},
			b2b.Dest{ID: 1, URI: "sip:d@m", Role: "media", RingTimeout: 2 * time.Second}},
		{"time of a media server", func(p *params) { p.mediaTimeout = time.Second }, queue,
			b2b.Dest{ID: 2, URI: "sip:moh@127.0.0.1:5060;cc_pos=3", Role: "media", RingTimeout: time.Second, State: "queued"}},
		{"compat", func(p *params) { p.bridgeMode = compat }, queue,
			b2b.Dest{ID: 2, URI: "sip:moh@127.0.0.1:5060;cc_pos=3", Role: "media", RingTimeout: 2 * time.Second, State: "queued", DropOld: true}},
		{"compat keeps the queue during an announcement", func(p *params) { p.bridgeMode = compat }, announced,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "preagent", Display: `"Bob"`, RingTimeout: 20 * time.Second, Announce: "sip:moh@127.0.0.1:5060"}},
		{"compat without the announcement still keeps it", func(p *params) { p.bridgeMode = compat }, silent,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "preagent", Display: `"Bob"`, RingTimeout: 20 * time.Second}},
		{"offer by host", func(p *params) { p.callerOffer = "other;PHONE" }, agent,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "toagent", Display: `"Bob"`, RingTimeout: 20 * time.Second, Offer: b2b.CallerOffer}},
		{"offer by flow", func(p *params) { p.callerOffer = "flow=f" }, agent,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "toagent", Display: `"Bob"`, RingTimeout: 20 * time.Second, Offer: b2b.CallerOffer}},
		{"no offer for another flow", func(p *params) { p.callerOffer = "flow=g" }, agent,
			b2b.Dest{ID: 3, URI: "sip:a@phone", Role: "agent", State: "toagent", Display: `"Bob"`, RingTimeout: 20 * time.Second}},
		{"offer to the player's host", func(p *params) { p.callerOffer = "127.0.0.1:5060" }, queue,
			b2b.Dest{ID: 2, URI: "sip:moh@127.0.0.1:5060;cc_pos=3", Role: "media", RingTimeout: 2 * time.Second, State: "queued", Offer: b2b.CallerOffer}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorkshop(tt.set)
			w.do(engine.SaveCall{Row: engine.CallRow{Call: "k", Flow: "f"}})
			w.do(tt.a)
			if want := []any{connected{"k", tt.want}}; !slices.Equal(w.board.calls, want) {
				t.Errorf("switchboard %+v\nwant        %+v", w.board.calls, want)
			}
			if len(w.failed) > 0 {
				t.Errorf("failed %+v", w.failed)
			}
		})
	}
}

// TestPerformConnectFails tells the engine of destinations nobody can call.
func TestPerformConnectFails(t *testing.T) {
	for _, uri := range []string{"player:nothing", "player:", "", "not a uri", "sip:"} {
		w := newWorkshop(nil)
		w.do(engine.Connect{Call: "k", Attempt: 7, Target: engine.ToQueue, URI: uri})
		want := []engine.ConnectFailed{{Call: "k", Attempt: 7, Code: 404}}
		if !slices.Equal(w.failed, want) || len(w.board.calls) > 0 {
			t.Errorf("%q: failed %+v, switchboard %+v", uri, w.failed, w.board.calls)
		}
	}
}

// TestFlowOf forgets ended calls.
func TestFlowOf(t *testing.T) {
	w := newWorkshop(nil)
	w.do(engine.SaveCall{Row: engine.CallRow{Call: "k", Flow: "f"}})
	w.do(engine.DeleteCall{Call: "k"})
	if len(w.flowOf) > 0 {
		t.Errorf("left %v", w.flowOf)
	}
}

func TestExpander(t *testing.T) {
	none := expander(func() playerModule { return nil })
	if _, err := none("player:moh"); err == nil || err.Error() != `player:moh: module player is not loaded: add loadmodule "player"` {
		t.Errorf("without the module: %v", err)
	}
	if got, err := none("sip:a@b;x=1"); got != "sip:a@b;x=1" || err != nil {
		t.Errorf("a SIP URI: %q, %v", got, err)
	}
}

func TestHeard(t *testing.T) {
	tests := []struct {
		in   b2b.Event
		want engine.Event
	}{
		{b2b.Ringing{Key: "k", ID: 1, Code: 180}, nil},
		{b2b.Announcing{Key: "k", ID: 2}, engine.Announcing{Call: "k", Attempt: 2}},
		{b2b.AnnounceDone{Key: "k", ID: 3}, engine.AnnounceDone{Call: "k", Attempt: 3}},
		{b2b.Connected{Key: "k", ID: 4}, engine.Connected{Call: "k", Attempt: 4}},
		{b2b.ConnectFailed{Key: "k", ID: 5, Code: 486, Reason: "Busy"}, engine.ConnectFailed{Call: "k", Attempt: 5, Code: 486}},
		{b2b.PeerGone{Key: "k", ID: 6}, engine.PeerGone{Call: "k", Attempt: 6}},
		{b2b.CallerGone{Key: "k", Cancelled: true}, engine.CallerGone{Call: "k"}},
		{b2b.Ended{Key: "k", Code: 408, Reason: "Timeout"}, engine.CallLost{Call: "k", Reason: "408 Timeout"}},
	}
	for _, tt := range tests {
		if got := heard(tt.in); got != tt.want {
			t.Errorf("heard(%T) = %#v, want %#v", tt.in, got, tt.want)
		}
	}
}
