package callcenter

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// phoenix is a call center that is killed and started again, in virtual time,
// on one folder and one database.
type phoenix struct {
	*module
	t    *testing.T
	net  *siptest.Network
	disk *fakeStorage
	load engine.Load
	dir  string
	host *fakeHost
	ep   *siptest.Endpoint
	mode int                       // db_mode
	set  func(*module)             // nil: the parameters of the tests
	args func(*core.Msg) core.Args // of cc_handle_call; nil: the flow f
}

// inPhoenix has a call center with the flow f and the agents a, at sip:phone,
// and out, who is logged out.
func inPhoenix(t *testing.T, test func(*phoenix)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &phoenix{t: t, net: siptest.NewNetwork(t), disk: &fakeStorage{}, dir: t.TempDir(), mode: 2, load: engine.Load{
			Flows: []engine.FlowConfig{{ID: "f", Skill: "s", Queue: "sip:moh"}},
			Agents: []engine.AgentConfig{{ID: "a", Location: "sip:phone", Skills: []string{"s"}, LoggedIn: true},
				{ID: "out", Location: "sip:other", Skills: []string{"s"}}},
		}}
		p.net.Phone("moh", siptest.Script{})
		p.start()
		test(p)
		p.mode = 0 // and this time all calls end
		p.restart()
		p.stop()
	})
}

// start does what the server does with the module, in its order.
func (p *phoenix) start() {
	p.t.Helper()
	var up atomic.Pointer[sip.Handler] // nothing arrives before the start is over
	gate := func(tx sip.ServerRequest) { (*up.Load())(tx) }
	if p.ep == nil {
		p.ep = p.net.Endpoint("pbx", gate)
	} else {
		p.ep = p.net.Restart(p.ep, gate)
	}
	host := &fakeHost{ep: p.ep}
	m := New().(*module)
	m.params.rejectOnNoAgents, m.params.wrapup = false, time.Minute
	m.host, m.log, m.store, m.sessions = host, host.Log(), p.disk, b2b.New()
	if p.set != nil {
		p.set(m)
	}
	for _, param := range m.sessions.Exports().Params {
		if param.Name == "db_mode" {
			if err := param.Set(p.mode); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	if err := m.sessions.Init(host); err != nil {
		p.t.Fatal(err)
	}
	var err error
	if m.memory, err = openMemory(p.dir, host.Log(), nil); err != nil {
		p.t.Fatal(err)
	}
	load := p.load
	load.AtStart = true
	m.begin(load, offers{})
	p.module, p.host = m, host
	serve := sip.Handler(func(tx sip.ServerRequest) { p.serve(m, host, tx) })
	up.Store(&serve)
	if err := m.Start(); err != nil {
		p.t.Fatal(err)
	}
	synctest.Wait()
}

// serve is the server round the module.
func (p *phoenix) serve(m *module, host *fakeHost, tx sip.ServerRequest) {
	for _, own := range host.own {
		if own(tx) {
			return
		}
	}
	go func() {
		msg, args := core.NewMsg(tx), core.Args{"f", "param"}
		if p.args != nil {
			args = p.args(msg)
		}
		if code := m.handleCall(p.t.Context(), msg, args); code != core.True {
			p.t.Errorf("cc_handle_call: %d", code)
		}
	}()
}

func (p *phoenix) restart() { p.t.Helper(); p.kill(); p.start() }

// kill ends the process in this instant, as kill -9 does.
func (p *phoenix) kill() {
	p.t.Helper()
	synctest.Wait()
	if err := p.memory.close(); err != nil { // nothing is written any more
		p.t.Error(err)
	}
	p.ep = p.net.Restart(p.ep, func(sip.ServerRequest) {})
	p.sessions.Retire()
	p.runner.leave()
	if err := p.sessions.Stop(p.t.Context()); err != nil { // those that had ended before
		p.t.Error(err)
	}
}

// stop is SIGTERM.
func (p *phoenix) stop() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		p.t.Error(err)
	}
	if err := p.sessions.Stop(ctx); err != nil {
		p.t.Error(err)
	}
	if err := p.memory.close(); err != nil {
		p.t.Error(err)
	}
}

// caller calls the flow and hears the queue.
func (p *phoenix) caller(name string) *siptest.Call {
	p.t.Helper()
	c := p.net.Phone(name, siptest.Script{}).Call("sip:f@pbx", "")
	if !c.Wait(siptest.Confirmed) {
		p.t.Fatalf("%s is answered %d", name, c.Code())
	}
	return c
}

// queue is who waits, in order.
func (p *phoenix) queue() (users []string) {
	p.runner.ask(func(e *engine.Engine, now time.Time) {
		for _, q := range e.Queue(now) {
			users = append(users, q.User)
		}
	})
	return users
}

// agent is what cc_list_agents says.
func (p *phoenix) agent(id string) (info engine.AgentInfo) {
	p.runner.ask(func(e *engine.Engine, now time.Time) {
		for _, a := range e.Agents(now) {
			if a.ID == id {
				info = a
			}
		}
	})
	return info
}

// hears waits until the caller is joined to the party of that name.
func (p *phoenix) hears(c *siptest.Call, who string) {
	p.t.Helper()
	for range 100 {
		if name, _, _ := strings.Cut(c.Peer(), "/"); name == who {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.t.Fatalf("the caller hears %s, want %s", c.Peer(), who)
}

// TestRestartKeepsQueue: those who wait stay in their order and hear the music
// that they heard; when an agent comes they reach him in that order.
func TestRestartKeepsQueue(t *testing.T) {
	inPhoenix(t, func(p *phoenix) {
		phone := p.net.Phone("phone", siptest.Script{})
		p.runner.request(engine.AgentLogin{Agent: "a"})
		first := p.caller("bob")
		time.Sleep(time.Minute)
		p.caller("eve")
		p.restart()
		if got := p.queue(); !slices.Equal(got, []string{"bob", "eve"}) {
			t.Errorf("the queue is %q", got)
		}
		p.hears(first, "moh")
		if a := p.agent("a"); a.LoggedIn {
			t.Error("who logged out is logged in again")
		}
		p.runner.request(engine.AgentLogin{Agent: "a", On: true})
		phone.Incoming()
		p.hears(first, "phone")
		first.Bye()
		time.Sleep(time.Second)
		cdrs := p.disk.cdrs()
		if len(cdrs) != 1 || cdrs[0].Type != engine.CDRAnswered || cdrs[0].Caller != "bob" || cdrs[0].Wait < time.Minute {
			t.Errorf("CDRs %+v", cdrs)
		}
	})
}

// TestRestartOffersAgain: the agent whose phone rang is rung again at once. It
// is no refusal.
func TestRestartOffersAgain(t *testing.T) {
	inPhoenix(t, func(p *phoenix) {
		phone := p.net.Phone("phone", siptest.Script{Answer: 5 * time.Second})
		call := p.net.Phone("bob", siptest.Script{}).Call("sip:f@pbx", "")
		rang := phone.Incoming()
		p.restart()
		rang.Wait(siptest.Ended) // cancelled
		phone.Incoming()
		if !call.Wait(siptest.Confirmed) {
			t.Fatalf("the caller is answered %d", call.Code())
		}
		p.hears(call, "phone")
		time.Sleep(10 * time.Second)
		call.Bye()
		time.Sleep(time.Second)
		cdrs := p.disk.cdrs()
		if len(cdrs) != 1 || cdrs[0].Type != engine.CDRAnswered || cdrs[0].Agent != "a" {
			t.Errorf("CDRs %+v", cdrs)
		}
	})
}

// TestRestartWhileTalking: a BYE of either side ends the call with the talk
// time of both lives, and wrap-up begins.
func TestRestartWhileTalking(t *testing.T) {
	for _, who := range []string{"caller", "agent"} {
		inPhoenix(t, func(p *phoenix) {
			phone := p.net.Phone("phone", siptest.Script{})
			call := p.caller("bob")
			talk := phone.Incoming()
			p.hears(call, "phone")
			time.Sleep(time.Minute)
			p.restart()
			if a := p.agent("a"); a.State != engine.InCall {
				t.Errorf("agent %+v", a)
			}
			time.Sleep(time.Minute)
			if who == "caller" {
				call.Bye()
			} else {
				talk.Bye()
			}
			call.Wait(siptest.Ended)
			talk.Wait(siptest.Ended)
			time.Sleep(time.Second)
			cdrs := p.disk.cdrs()
			if len(cdrs) != 1 || cdrs[0].Type != engine.CDRAnswered || cdrs[0].Talk < 2*time.Minute || cdrs[0].Talk > 2*time.Minute+5*time.Second {
				t.Errorf("%s: CDRs %+v", who, cdrs)
			}
			pause := p.agent("a")
			p.restart()
			if a := p.agent("a"); a.State != engine.Wrapup || pause.Wrapup-a.Wrapup > time.Second {
				t.Errorf("%s: agent %+v, before %+v", who, a, pause)
			}
		})
	}
}

// TestRestartKeepsLogin: also of an agent whose row has a wrap-up.
func TestRestartKeepsLogin(t *testing.T) {
	for range 20 { // it was a race
		inPhoenix(t, func(p *phoenix) {
			p.runner.request(engine.AgentLogin{Agent: "out", On: true})
			p.load.Agents[1].WrapupEnds = time.Now().Add(time.Hour)
			p.restart()
			if a := p.agent("out"); !a.LoggedIn {
				t.Errorf("agent %+v", a)
			}
		})
	}
}

// TestRestartCDROnce kills the process between the decision of a CDR and the
// moment in which nothing but the database holds it.
func TestRestartCDROnce(t *testing.T) {
	for _, step := range []string{"decided", "in the journal", "told"} {
		inPhoenix(t, func(p *phoenix) {
			p.runner.request(engine.AgentLogin{Agent: "a"})
			call := p.caller("bob")
			if step == "told" {
				p.disk.onSave = func(a engine.Action) {
					if w, ok := a.(engine.WriteCDR); ok {
						p.memory.written([]string{store.CDRTag(w.CDR)})
					}
				}
			}
			call.Bye()
			time.Sleep(time.Second)
			switch cdrs := p.disk.cdrs(); {
			case len(cdrs) != 1:
				t.Fatalf("CDRs %+v", cdrs)
			case step == "decided": // the journal was not written yet
				p.disk.saved = nil
			case step == "in the journal":
				p.disk.tags = map[string]bool{store.CDRTag(cdrs[0]): true}
			}
			p.restart()
			if cdrs := p.disk.cdrs(); len(cdrs) != 1 || cdrs[0].Type != engine.CDRDropped {
				t.Errorf("%s: after the restart %+v", step, cdrs)
			}
			p.disk.onSave = nil
		})
	}
}

// TestStop: SIGTERM says nothing on the wire and the next start goes on, unless
// nothing is kept.
func TestStop(t *testing.T) {
	for _, mode := range []int{2, 0} {
		inPhoenix(t, func(p *phoenix) {
			p.mode = mode
			p.restart()
			p.runner.request(engine.AgentLogin{Agent: "a"})
			call := p.caller("bob")
			time.Sleep(time.Second)
			p.stop()
			time.Sleep(time.Second)
			ended := call.State() == siptest.Ended
			if n := len(p.disk.cdrs()); ended != (mode == 0) || (n == 1) != (mode == 0) {
				t.Errorf("db_mode %d: ended %t, %d CDRs", mode, ended, n)
			}
			p.start()
			if n := len(p.queue()); (n == 1) != (mode == 2) {
				t.Errorf("db_mode %d: after the start %d calls wait", mode, n)
			}
		})
	}
}
