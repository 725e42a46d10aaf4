package callcenter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// moduleName is what loadmodule calls the module, and the group of its
// statistics.
const moduleName = "call_center"

// The events of the module.
const (
	eventAgent  = "E_CALLCENTER_AGENT_REPORT"
	eventCall   = "E_CALLCENTER_CALL_REPORT"
	eventHappen = "E_CALLCENTER_CALL_EVENT"
	eventAlarm  = "E_CALLCENTER_ALARM"
	eventPolicy = "E_CALLCENTER_POLICY"
)

// module joins the engine to the server.
type module struct {
	params   params
	log      *slog.Logger
	host     core.Host
	sessions *b2b.Module
	store    storage
	memory   *memory // nil: nothing outlives the process
	runner   *runner
	policies *policies
	reload   chan struct{} // one token: a cc_reload runs

	endCatchUp func() // nil: the database was there at the start

	restore          engine.Restore // from Init to Start
	restored, strays []b2b.Key      // see restore
}

// New returns the module with its default parameters.
func New() core.Module {
	m := &module{params: defaults(), reload: make(chan struct{}, 1)}
	m.policies = newPolicies(&m.params)
	return m
}

// Exports implements [core.Module].
func (m *module) Exports() core.Exports {
	return core.Exports{
		Name:      moduleName,
		Needs:     []string{"b2b_logic"},
		Params:    m.params.declare(),
		Funcs:     m.functions(),
		Callbacks: m.callbacks(),
		Vars:      []core.Var{{Name: "cc_state", Doc: "state of the call in a local_route", Get: ccState}},
		MI:        m.commands(),
		Stats:     statistics(),
		Events: []event.Type{
			{Name: eventAgent, Fields: []string{"agent_id", "status", "state", "wrapup_ends", "ongoing_sessions", "flow_id"}, Doc: "an agent changed state"},
			{Name: eventCall, Fields: []string{"call_id", "state", "flow_id", "agent_id"}, Doc: "a call changed state"},
			{Name: eventHappen, Fields: []string{"event", "call_id", "flow_id", "agent_id", "media", "wait", "code", "talk", "call_type", "reason"}, Doc: "a call was queued, offered, rejected, answered, abandoned or ended"},
			{Name: eventAlarm, Fields: []string{"call_id", "flow_id", "agent_id", "text"}, Doc: "something needs the operator"},
			{Name: eventPolicy, Fields: []string{"policy", "state", "reason"}, Doc: "the dispatch policy decides, or the built-in rule in its place"},
		},
	}
}

// ccState is $cc_state: the state of the call a local_route works for.
func ccState(msg *core.Msg) any {
	if msg == nil || msg.Call == nil || msg.Call.State == "" {
		return nil
	}
	return msg.Call.State
}

// Init implements [core.Module]: it opens the databases and loads flows and
// agents, so that a wrong database stops the server before it takes a call.
func (m *module) Init(host core.Host) error {
	m.host, m.log = host, host.Log()
	sessions, ok := host.Module("b2b_logic").(*b2b.Module)
	if !ok {
		return errors.New("module b2b_logic is of another build")
	}
	m.sessions = sessions
	offers, err := parseOffers(m.params.callerOffer)
	if err != nil {
		return fmt.Errorf("caller_offer %w", err)
	}
	m.policies.log = m.log
	if err := m.policies.first(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), reloadTime)
	defer cancel()
	opened, err := openStore(ctx, &m.params, host)
	if err != nil {
		return err
	}
	m.store, m.memory = opened, opened.memory
	load, bad, err := m.store.Load(ctx)
	if err != nil {
		return err
	}
	m.tellBad(bad)
	m.store.ClearCalls()
	m.tellForeign(ctx)
	load.AtStart = true
	m.begin(load, offers)
	m.catchUp(opened)
	return nil
}

// begin reads what the process before has kept, before the loop keeps anything
// in its place.
func (m *module) begin(load engine.Load, offers offers) {
	m.takeUp()
	m.start(load, offers)
}

// start makes the loop and gives it what was loaded.
func (m *module) start(load engine.Load, offers offers) {
	if !m.params.internalDispatching {
		m.log.Warn("internal_call_dispatching is 0: every call waits until an external dispatcher assigns it by cc_dispatch_call_to_agent; set it to 1 if there is none")
	}
	perform := &performer{
		log: m.log, b2b: m.sessions, save: m.store.Save, memory: m.memory, keeps: m.sessions.Keeps(), emit: m.host.Emit,
		expand: expander(func() playerModule {
			p, _ := m.host.Module("player").(playerModule)
			return p
		}),
		flowOf: map[engine.CallID]string{}, offers: offers, params: &m.params, policy: m.policies.do,
	}
	m.runner = newRunner(engine.New(engine.Options{
		Wrapup:              m.params.wrapup,
		RejectOnNoAgents:    m.params.rejectOnNoAgents,
		QueuePosParam:       m.params.queuePosParam,
		PosRefresh:          m.params.posRefresh,
		ChatPolicy:          m.params.chatPolicy,
		Policy:              m.policies.now.policy,
		PolicyName:          m.policies.now.name,
		PolicyDeadline:      m.params.policy.deadline,
		InternalDispatching: m.params.internalDispatching,
		Fallback:            m.fallback(),
		MaxFailures:         m.params.maxFailures,
		AgentRetry:          m.params.agentRetry,
		CompatETW:           m.params.compatETW,
		DropOld:             m.params.bridgeMode == compat,
	}), m.log, perform.do, m.host.Fatal)
	perform.failed = func(ev engine.ConnectFailed) { m.runner.post(ev) }
	m.host.Stats().Collect(moduleName, m.collect)
	m.host.Stats().Alias(moduleName, realStat)
	m.runner.begin(load)
	m.policies.run(m.runner)
	go m.runner.run()
}

// fallback is the music for callers whose queue's media fails: the player's,
// when it is loaded.
func (m *module) fallback() string {
	if _, ok := m.host.Module("player").(playerModule); ok {
		return "player:moh"
	}
	return ""
}

// Stop implements [core.Stopper]: calls are left to the next start, or end with
// BYE and CDR when nothing is kept. What the database has not taken when ctx
// ends stays in the journal.
func (m *module) Stop(ctx context.Context) error {
	if m.endCatchUp != nil {
		m.endCatchUp()
	}
	if m.runner != nil {
		if m.keeps() {
			m.sessions.Retire() // first, so that no event comes too late
			m.runner.leave()
		} else {
			m.runner.close()
		}
	}
	m.policies.close(ctx)
	if m.store != nil {
		return m.store.Close(ctx)
	}
	return nil
}

// keeps reports whether calls outlive the process.
func (m *module) keeps() bool { return m.memory != nil && m.sessions.Keeps() }
