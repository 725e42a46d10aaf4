package callcenter

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// town is a call center on a network in memory, with phones.
type town struct {
	*module
	t     *testing.T
	net   *siptest.Network
	host  *fakeHost
	disk  *fakeStorage
	codes chan core.Code
	flow  string // what request_route asks for
	slow  chan struct{}
}

// inTown runs a test in virtual time, with the agent at sip:a@phone.
func inTown(t *testing.T, test func(*town)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		host, disk := &fakeHost{modules: map[string]core.Module{"player": townPlayer{}}}, &fakeStorage{}
		m := New().(*module)
		m.host, m.log, m.store, m.sessions = host, host.Log(), disk, b2b.New()
		o := &town{module: m, t: t, host: host, net: siptest.NewNetwork(t), disk: disk, codes: make(chan core.Code, 99), flow: "f"}
		host.ep = o.net.Endpoint("pbx", func(tx sip.ServerRequest) { o.serve(host, tx) })
		if err := m.sessions.Init(host); err != nil {
			t.Fatal(err)
		}
		m.start(engine.Load{
			Flows: []engine.FlowConfig{{ID: "f", Skill: "s", Queue: "sip:moh"}, {ID: "closed", Skill: "none", Queue: "sip:moh"}},
			Agents: []engine.AgentConfig{{ID: "a", Location: "sip:phone", Skills: []string{"s"}, LoggedIn: true},
				{ID: "out", Location: "sip:phone", Skills: []string{"s"}}},
			AtStart: true,
		}, offers{})
		test(o)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := m.Stop(ctx); err != nil {
			t.Error(err)
		}
		if err := m.sessions.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

// townPlayer is a module player whose music is played by the phone "music".
type townPlayer struct{ core.Module }

func (townPlayer) URI(string) (string, error) { return "sip:music", nil }

// serve is the server round the module.
func (o *town) serve(host *fakeHost, tx sip.ServerRequest) {
	for _, own := range host.own {
		if own(tx) {
			return
		}
	}
	go func() {
		msg := core.NewMsg(tx)
		if o.slow != nil {
			<-o.slow
		}
		code := o.handleCall(o.t.Context(), msg, core.Args{o.flow, "param"})
		o.codes <- code
		if code != core.True {
			_ = msg.Reply(480, "") // after -1 it may be an ACK
		}
	}()
}

func (o *town) agents() (list []engine.AgentInfo) {
	o.runner.ask(func(e *engine.Engine, now time.Time) { list = e.Agents(now) })
	return list
}

func TestHandleCall(t *testing.T) {
	inTown(t, func(o *town) {
		agent := o.net.Phone("phone", siptest.Script{Answer: time.Second})
		caller := o.net.Phone("bob", siptest.Script{})
		call := caller.Call("sip:f@pbx", "")
		if code := <-o.codes; code != core.True {
			t.Fatalf("code %d", code)
		}
		agent.Incoming()
		time.Sleep(10 * time.Second) // virtual
		call.Bye()
		time.Sleep(time.Second) // the way of the BYE
		cdrs := o.disk.cdrs()
		if len(cdrs) != 1 || cdrs[0].Type != engine.CDRAnswered || cdrs[0].Caller != "bob" || cdrs[0].Agent != "a" {
			t.Errorf("CDRs %+v", cdrs)
		}
	})
}

// TestHandleCallCancelled cancels while the route runs, before the session
// exists: the agent must not be held.
func TestHandleCallCancelled(t *testing.T) {
	inTown(t, func(o *town) {
		o.slow = make(chan struct{})
		o.net.Phone("phone", siptest.Script{NeverAnswer: true})
		call := o.net.Phone("bob", siptest.Script{}).Call("sip:f@pbx", "")
		synctest.Wait()
		call.Cancel()
		time.Sleep(time.Second)
		close(o.slow)
		code := <-o.codes
		time.Sleep(time.Second)
		for _, a := range o.agents() {
			if a.Ref != 0 {
				t.Errorf("code %d: agent %s is held by a call that is gone", code, a.ID)
			}
		}
		if code == core.True {
			if cdrs := o.disk.cdrs(); len(cdrs) != 1 || cdrs[0].Type != engine.CDRDropped {
				t.Errorf("CDRs %+v", cdrs)
			}
		}
	})
}

func TestHandleCallRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, flow string
		set        func(*sip.Request)
		want       core.Code
	}{
		{"no flow", "", nil, codeNoFlow},
		{"not INVITE", "f", func(r *sip.Request) { r.Method = sip.OPTIONS }, codeNoFlow},
		{"in a dialog", "f", func(r *sip.Request) { r.Headers.Set("To", "<sip:f@pbx>;tag=1") }, codeNoFlow},
		{"From", "f", func(r *sip.Request) { r.Headers.Set("From", "<sip:bob") }, codeNoFrom},
		{"unknown", "nosuch", nil, codeUnknown},
		{"closed", "closed", nil, codeClosed},
		{"no Contact", "f", func(r *sip.Request) { r.Headers.Del("Contact") }, codeFault},
		{"garbage", "f", func(r *sip.Request) { r.Body = []byte("hello") }, codeNoSDP},
		{"fax", "f", func(r *sip.Request) { r.Body = []byte(sdpWith("image 4000 udptl t38")) }, codeMedia},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inTown(t, func(o *town) {
				tx := &fakeTx{req: invite()}
				if tt.set != nil {
					tt.set(tx.req)
				}
				msg := core.NewMsg(tx)
				if got := o.handleCall(t.Context(), msg, core.Args{tt.flow}); got != tt.want {
					t.Errorf("code %d, want %d", got, tt.want)
				}
				if msg.Settled() {
					t.Error("the script may not answer a call that was refused")
				}
				if err := msg.Reply(480, ""); err != nil || tx.code != 480 {
					t.Errorf("reply %d: %v", tx.code, err)
				}
				if len(o.disk.cdrs()) > 0 {
					t.Error("a refused call has a CDR")
				}
			})
		})
	}
}

// TestHandleCallStopped gives the request back to the script.
func TestHandleCallStopped(t *testing.T) {
	inTown(t, func(o *town) {
		o.runner.close()
		tx := &fakeTx{req: invite()}
		msg := core.NewMsg(tx)
		if got := o.handleCall(t.Context(), msg, core.Args{"f"}); got != codeFault || msg.Settled() {
			t.Errorf("code %d, settled %t", got, msg.Settled())
		}
	})
}

func TestAgentLogin(t *testing.T) {
	inTown(t, func(o *town) {
		for _, tt := range []struct {
			agent string
			state int
			want  core.Code
		}{{"out", 1, 1}, {"out", 0, 1}, {"nobody", 1, codeUnknown}} {
			if got := o.agentLogin(t.Context(), nil, core.Args{tt.agent, tt.state}); got != tt.want {
				t.Errorf("%s %d: %d, want %d", tt.agent, tt.state, got, tt.want)
			}
		}
	})
}

func TestState(t *testing.T) {
	for _, tt := range []struct {
		msg  *core.Msg
		want any
	}{{nil, nil}, {&core.Msg{}, nil}, {&core.Msg{Call: &core.CallInfo{}}, nil}, {&core.Msg{Call: &core.CallInfo{State: "queued"}}, "queued"}} {
		if got := ccState(tt.msg); got != tt.want {
			t.Errorf("$cc_state %v, want %v", got, tt.want)
		}
	}
}

// fakeTx is a server transaction of nobody.
type fakeTx struct {
	req  *sip.Request
	code int
}

func (t *fakeTx) Request() *sip.Request         { return t.req }
func (t *fakeTx) Respond(r *sip.Response) error { t.code = r.Code; return nil }
func (t *fakeTx) OnCancel(func(*sip.Request))   {}

func invite() *sip.Request {
	r := &sip.Request{Method: sip.INVITE, URI: sip.URI{Scheme: "sip", User: "f", Host: "pbx"}}
	for _, h := range [][2]string{{"From", "<sip:bob@phones>;tag=x"}, {"To", "<sip:f@pbx>"}, {"Call-ID", "1"},
		{"CSeq", "1 INVITE"}, {"Contact", "<sip:bob@phones:5060>"}} {
		r.Headers.Add(h[0], h[1])
	}
	return r
}
