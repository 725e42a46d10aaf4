package callcenter

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// switchboard is what call_center needs of the B2B module.
type switchboard interface {
	Open(b2b.Key)
	Connect(b2b.Key, b2b.Dest)
	SetState(b2b.Key, string)
	Terminate(b2b.Key)
}

// performer does the engine's actions. None of them waits.
type performer struct {
	log    *slog.Logger
	b2b    switchboard
	save   func(engine.Action)                 // to the database, in the background
	memory *memory                             // for a restart
	keeps  bool                                // calls outlive the process
	emit   func(name string, f ...event.Field) // to the event bus
	expand func(uri string) (string, error)    // player:NAME to a SIP URI
	failed func(engine.ConnectFailed)          // an attempt that could not even start
	flowOf map[engine.CallID]string            // live calls, for caller_offer
	offers offers
	params *params
	policy func(engine.Action) // what is about the dispatch policy
}

func (p *performer) do(a engine.Action) {
	switch a := a.(type) {
	case engine.Answer:
		if a.Call != "" && a.Code == engine.Done {
			p.b2b.Open(b2b.Key(a.Call))
		}
	case engine.Connect:
		p.connect(a)
	case engine.Hangup:
		p.b2b.Terminate(b2b.Key(a.Call))
	case engine.SaveCall:
		p.flowOf[a.Row.Call] = a.Row.Flow
		p.save(a)
	case engine.DeleteCall:
		delete(p.flowOf, a.Call)
		p.save(a)
	case engine.WriteCDR:
		p.memory.cdr(a.CDR)
		p.save(a)
	case engine.UpdateCall, engine.SaveWrapup:
		p.save(a)
	case engine.KeepCall:
		if p.keeps {
			p.memory.put(keptCalls, string(a.Call.ID), a.Call)
		}
	case engine.ForgetCall:
		p.memory.over(a.Call)
	case engine.KeepAgent:
		p.memory.agent(a)
	case engine.ReportAgent:
		p.report(a)
	case engine.ReportCall:
		p.happening(a)
	case engine.Alarm:
		p.log.Warn("alarm", "call", a.Call, "flow", a.Flow, "agent", a.Agent, "text", a.Text)
		p.emit(eventAlarm, event.Field{Name: "call_id", Value: string(a.Call)},
			event.Field{Name: "flow_id", Value: a.Flow}, event.Field{Name: "agent_id", Value: a.Agent},
			event.Field{Name: "text", Value: a.Text})
	case engine.AskPolicy, engine.KillPolicy:
		p.policy(a)
	case engine.ReportPolicy:
		p.decides(a)
	case engine.Trace:
		p.trace(a)
	}
}

func (p *performer) connect(a engine.Connect) {
	uri, err := p.expand(a.URI)
	if err != nil {
		p.log.Error("connect", "call", a.Call, "uri", a.URI, "err", err)
		p.failed(engine.ConnectFailed{Call: a.Call, Attempt: a.Attempt, Code: 404})
		return
	}
	d := b2b.Dest{
		ID: a.Attempt, URI: uri, Display: a.Display, Announce: a.Announce,
		Role: "media", State: stateOf(a.Target, a.Announce), RingTimeout: p.params.mediaTimeout,
		DropOld: p.params.bridgeMode == compat && a.Announce == "",
	}
	if a.Announce != "" {
		if d.Announce, err = p.expand(a.Announce); err != nil {
			p.log.Error("connect without announcement", "call", a.Call, "uri", a.Announce, "err", err)
			d.Announce = ""
		}
	}
	if a.Target == engine.ToAgent {
		d.Role, d.RingTimeout = "agent", p.params.ringTimeout
	}
	if p.offers.caller(p.flowOf[a.Call], uri) {
		d.Offer = b2b.CallerOffer
	}
	p.log.Debug("connect", "call", a.Call, "attempt", a.Attempt, "uri", uri, "agent", a.Agent)
	p.b2b.Connect(b2b.Key(a.Call), d)
}

// stateOf is what $cc_state shows while the destination is being connected.
func stateOf(t engine.Target, announce string) string {
	switch {
	case t == engine.ToWelcome:
		return engine.StateWelcome.String()
	case t == engine.ToDissuading:
		return "" // dissuading1 or 2: the Trace just before has said which
	case t == engine.ToAgent && announce != "":
		return engine.StatePreAgent.String()
	case t == engine.ToAgent:
		return engine.StateToAgent.String()
	}
	return engine.StateQueued.String()
}

// report raises E_CALLCENTER_AGENT_REPORT. The state goes out under both
// names: OpenSIPS documents "state" and sends "status".
func (p *performer) report(a engine.ReportAgent) {
	if p.log.Enabled(context.Background(), slog.LevelDebug) { // a reload may report thousands at once
		p.log.Debug("agent", "agent", a.Agent, "state", a.State, "flow", a.Flow)
	}
	state := any(string(a.State))
	f := []event.Field{{Name: "agent_id", Value: a.Agent}, {Name: "status", Value: state}, {Name: "state", Value: state}}
	if !a.WrapupEnds.IsZero() {
		f = append(f, event.Field{Name: "wrapup_ends", Value: a.WrapupEnds.Unix()})
	}
	if a.State == engine.InChat && a.Chats > 0 {
		f = append(f, event.Field{Name: "ongoing_sessions", Value: int64(a.Chats)})
	}
	if a.Flow != "" {
		f = append(f, event.Field{Name: "flow_id", Value: a.Flow})
	}
	p.emit(eventAgent, f...)
}

// happening raises E_CALLCENTER_CALL_EVENT.
func (p *performer) happening(a engine.ReportCall) {
	f := []event.Field{{Name: "event", Value: string(a.What)}, {Name: "call_id", Value: string(a.Call)},
		{Name: "flow_id", Value: a.Flow}, {Name: "agent_id", Value: a.Agent},
		{Name: "media", Value: a.Media.String()}, {Name: "wait", Value: int64(a.Wait / time.Second)}}
	switch a.What {
	case engine.HappenOffered:
		if a.Reason != "" {
			f = append(f, event.Field{Name: "reason", Value: a.Reason})
		}
	case engine.HappenRejected:
		f = append(f, event.Field{Name: "code", Value: int64(a.Code)})
	case engine.HappenEnded:
		f = append(f, event.Field{Name: "talk", Value: int64(a.Talk / time.Second)},
			event.Field{Name: "call_type", Value: int64(a.Type)})
	}
	p.emit(eventHappen, f...)
}

// decides raises E_CALLCENTER_POLICY.
func (p *performer) decides(a engine.ReportPolicy) {
	state := policyState(a.Active)
	if a.Active {
		p.log.Info("the dispatch policy decides", "policy", a.Policy)
	} else {
		p.log.Warn("the built-in rule stands in for the dispatch policy", "policy", a.Policy, "reason", a.Reason)
	}
	p.emit(eventPolicy, event.Field{Name: "policy", Value: a.Policy},
		event.Field{Name: "state", Value: state}, event.Field{Name: "reason", Value: a.Reason})
}

// policyState says whether the policy decides, as events and lists do.
func policyState(active bool) string {
	if active {
		return "active"
	}
	return "fallback"
}

func (p *performer) trace(a engine.Trace) {
	if a.Call == "" {
		return
	}
	p.log.Info("call", "call", a.Call, "state", a.State.String(), "flow", a.Flow, "agent", a.Agent)
	p.b2b.SetState(b2b.Key(a.Call), a.State.String())
	p.emit(eventCall, event.Field{Name: "call_id", Value: string(a.Call)},
		event.Field{Name: "state", Value: a.State.String()},
		event.Field{Name: "flow_id", Value: a.Flow}, event.Field{Name: "agent_id", Value: a.Agent})
}

// heard turns what the B2B session tells into an engine event; nil for what
// the engine need not know.
func heard(e b2b.Event) engine.Event {
	id := engine.CallID(e.SessionKey())
	switch e := e.(type) {
	case b2b.Connected:
		return engine.Connected{Call: id, Attempt: e.ID}
	case b2b.Announcing:
		return engine.Announcing{Call: id, Attempt: e.ID}
	case b2b.AnnounceDone:
		return engine.AnnounceDone{Call: id, Attempt: e.ID}
	case b2b.ConnectFailed:
		return engine.ConnectFailed{Call: id, Attempt: e.ID, Code: e.Code}
	case b2b.PeerGone:
		return engine.PeerGone{Call: id, Attempt: e.ID}
	case b2b.CallerGone:
		return engine.CallerGone{Call: id}
	case b2b.Ended:
		return engine.CallLost{Call: id, Reason: fmt.Sprintf("%d %s", e.Code, e.Reason)}
	}
	return nil
}

// expander turns player:NAME into a SIP URI by the module player, and checks
// every other URI.
func expander(player func() playerModule) func(string) (string, error) {
	return func(text string) (string, error) {
		u, err := sip.ParseURI(text)
		if err != nil {
			return "", err
		}
		if u.Scheme != "player" {
			return text, nil
		}
		m := player()
		if m == nil {
			return "", fmt.Errorf("%s: module player is not loaded: add loadmodule \"player\"", text)
		}
		name, params, _ := cutParams(u.Opaque)
		uri, err := m.URI(name)
		return uri + params, err
	}
}

// playerModule is what call_center needs of the module player.
type playerModule interface {
	URI(name string) (string, error)
}

// cutParams splits "moh;cc_pos=3" before the first semicolon.
func cutParams(s string) (name, params string, found bool) {
	for i := range len(s) {
		if s[i] == ';' {
			return s[:i], s[i:], true
		}
	}
	return s, "", false
}
