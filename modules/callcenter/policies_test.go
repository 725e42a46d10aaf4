package callcenter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/plugins/policy"
)

// fakePlugin is a policy outside that the test answers for.
type fakePlugin struct {
	cfg policy.Config
	cb  policy.Callbacks

	mu       sync.Mutex
	asked    []engine.AskPolicy
	killed   []string
	closed   bool
	restarts int
}

func (f *fakePlugin) Ask(seq uint64, d dispatch.Delta) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, engine.AskPolicy{Seq: seq, Delta: d})
}
func (f *fakePlugin) Kill(reason string) {
	f.mu.Lock()
	f.killed = append(f.killed, reason)
	f.mu.Unlock()
}
func (f *fakePlugin) Close()        { f.mu.Lock(); f.closed = true; f.mu.Unlock() }
func (f *fakePlugin) Restarts() int { f.mu.Lock(); defer f.mu.Unlock(); return f.restarts }
func (f *fakePlugin) Pid() int      { return 4711 }

// answer answers the last question.
func (f *fakePlugin) answer(list ...dispatch.Assignment) {
	synctest.Wait()
	f.mu.Lock()
	last := f.asked[len(f.asked)-1]
	f.mu.Unlock()
	f.cb.Decided(last.Seq, dispatch.Decision{Assign: list})
	synctest.Wait()
}

// questions is how often it was asked.
func (f *fakePlugin) questions() int {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

func (f *fakePlugin) isClosed() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.closed }

// plugins starts fake plugins.
type plugins struct {
	mu      sync.Mutex
	refuse  error // of the next starts
	started []*fakePlugin
	hold    chan struct{} // a start waits for it, unless nil
}

func (p *plugins) load(c policy.Config, cb policy.Callbacks) (policyHost, error) {
	if p.hold != nil {
		<-p.hold
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return nil, p.refuse
	}
	f := &fakePlugin{cfg: c, cb: cb}
	p.started = append(p.started, f)
	cb.Ready()
	return f, nil
}

// policed is a running module with that policy; two agents can take its calls.
func policed(t *testing.T, name string, set func(*module)) (*module, *fakeHost, *plugins) {
	t.Helper()
	host, disk, fakes := &fakeHost{}, &fakeStorage{}, &plugins{}
	m := New().(*module)
	m.params.policy.name = name
	m.host, m.log, m.store, m.sessions = host, host.Log(), disk, b2b.New()
	m.policies.load = fakes.load
	m.policies.local = func(_ dispatch.Policy, cb policy.Callbacks) policyHost {
		h, _ := fakes.load(policy.Config{}, cb)
		return h
	}
	if set != nil {
		set(m)
	}
	for _, c := range m.commands() {
		if err := host.mi.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.policies.first(); err != nil {
		t.Fatal(err)
	}
	m.start(engine.Load{
		Flows: []engine.FlowConfig{{ID: "f", Skill: "s", Queue: "sip:moh@m"}},
		Agents: []engine.AgentConfig{
			{ID: "a", Location: "sip:a@a", Skills: []string{"s"}, LoggedIn: true},
			{ID: "b", Location: "sip:b@a", Skills: []string{"s"}, LoggedIn: true},
		},
		AtStart: true,
	}, offers{})
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		for i, f := range fakes.started {
			if !f.isClosed() {
				t.Errorf("plugin %d was left running", i)
			}
		}
	})
	return m, host, fakes
}

// told lists the events of a name as text: the values of their fields.
func (h *fakeHost) told(name string) (list []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.Name == name {
			var values []string
			for _, f := range e.Fields {
				values = append(values, fmt.Sprint(f.Value))
			}
			list = append(list, strings.Join(values, "|"))
		}
	}
	return list
}

// agentOf waits until nothing more happens, and says who has the call.
func (m *module) agentOf(id string) (agent string) {
	synctest.Wait()
	m.runner.ask(func(e *engine.Engine, now time.Time) {
		for _, c := range e.Calls(now) {
			if string(c.ID) == id {
				agent = c.Agent
			}
		}
	})
	return agent
}

// TestPolicyOutside has a plugin decide, disappear and come back.
func TestPolicyOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, host, fakes := policed(t, "plugin:/opt/p", nil)
		p := fakes.started[0]
		if p.questions() != 1 || !p.asked[0].Delta.Reset {
			t.Fatalf("asked %+v, want to be told everything", p.asked)
		}
		p.answer()
		m.arrive(t, "1", "f", engine.RTP, "")
		p.answer(dispatch.Assignment{Call: "1", Agent: "b", Reason: "it is Tuesday"})
		if got := m.agentOf("1"); got != "b" {
			t.Errorf("call 1 is with %q, want b", got)
		}
		if got := host.told(eventHappen); !slices.Contains(got, "offered|1|f|b|RTP|0|it is Tuesday") {
			t.Errorf("events %q", got)
		}
		p.cb.Lost("it fell over")
		m.arrive(t, "2", "f", engine.RTP, "")
		if got := m.agentOf("2"); got != "a" {
			t.Errorf("without the plugin call 2 is with %q, want a", got)
		}
		p.restarts = 1
		p.cb.Ready()
		p.answer()
		want := []string{"plugin:/opt/p|active|",
			"plugin:/opt/p|fallback|it fell over", "plugin:/opt/p|active|"}
		if got := host.told(eventPolicy); !slices.Equal(got, want) {
			t.Errorf("events %q\nwant %q", got, want)
		}
		got := map[string]int64{}
		for _, v := range m.collect() {
			if name, ok := strings.CutPrefix(v.Name, "cc_policy_"); ok {
				got[name] = v.Value
			}
		}
		if got["active"] != 1 || got["assigned"] != 2 || got["fallbacks"] != 1 || got["restarts"] != 1 || len(got) != 9 {
			t.Errorf("statistics %v", got)
		}
	})
}

// TestPolicyHolds shows why a policy leaves a call waiting.
func TestPolicyHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, host, fakes := policed(t, "plugin:/opt/p", nil)
		p := fakes.started[0]
		p.answer()
		m.arrive(t, "1", "f", engine.RTP, "")
		seq := uint64(p.questions())
		p.cb.Decided(seq, dispatch.Decision{Hold: []dispatch.Hold{{Call: "1", Reason: "Monday comes first"}}})
		if got := m.agentOf("1"); got != "" {
			t.Errorf("a call that is held is with %q", got)
		}
		got := host.ask(t, "cc_why", `["1"]`)
		if want := `"Reason":"held back by the policy plugin:/opt/p: Monday comes first","Held":"Monday comes first","Ahead":{`; !strings.Contains(got, want) {
			t.Errorf("why: %s\nwant %s", got, want)
		}
	})
}

// TestPolicyLate never waits for a plugin that does not answer, and has it
// killed after two seconds.
func TestPolicyLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, host, fakes := policed(t, "plugin:/opt/p", func(m *module) { m.params.policy.deadline = 200 * time.Millisecond })
		p := fakes.started[0]
		p.answer()
		m.arrive(t, "1", "f", engine.RTP, "")
		time.Sleep(199 * time.Millisecond)
		if got := m.agentOf("1"); got != "" {
			t.Errorf("before the deadline call 1 is with %q", got)
		}
		time.Sleep(time.Millisecond)
		if got := m.agentOf("1"); got != "a" {
			t.Errorf("after the deadline call 1 is with %q, want a", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(p.killed) != 1 {
			t.Errorf("killed %q, want once", p.killed)
		}
		if got := host.told(eventPolicy); got[len(got)-1] != "plugin:/opt/p|fallback|no answer within 200ms" {
			t.Errorf("events %q", got)
		}
	})
}

// TestSetPolicy changes the policy while calls go on. The old one goes on until
// the new one is up, and is not heard any more then.
func TestSetPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, host, fakes := policed(t, "plugin:/opt/p", nil)
		old := fakes.started[0]
		old.answer()

		fakes.hold = make(chan struct{})
		answer := make(chan string)
		go func() {
			answer <- host.ask(t, "cc_set_policy", `["plugin:/opt/q", ["level=3", "name = x=y"]]`)
		}()
		m.arrive(t, "1", "f", engine.RTP, "") // the loop does not wait for the start
		late := old.questions()
		old.answer(dispatch.Assignment{Call: "1", Agent: "b"})
		if got := m.agentOf("1"); got != "b" || old.isClosed() {
			t.Errorf("while the new one starts call 1 is with %q, the old one closed %t", got, old.isClosed())
		}
		close(fakes.hold)
		if got := <-answer; got != `"OK"` || !old.isClosed() {
			t.Fatalf("set_policy: %s; the old one closed %t", got, old.isClosed())
		}
		p := fakes.started[1]
		if p.cfg.Path != "/opt/q" || p.cfg.Settings["level"] != "3" || p.cfg.Settings["name"] != "x=y" {
			t.Errorf("started %+v", p.cfg)
		}
		p.answer()
		m.arrive(t, "2", "f", engine.RTP, "")
		old.cb.Decided(uint64(late), dispatch.Decision{Assign: []dispatch.Assignment{{Call: "2", Agent: "a"}}})
		old.cb.Lost("it was closed")
		if got := m.agentOf("2"); got != "" {
			t.Errorf("the old policy gave call 2 to %q", got)
		}
		p.answer(dispatch.Assignment{Call: "2", Agent: "a"})
		if got := m.agentOf("2"); got != "a" {
			t.Errorf("call 2 is with %q, want a", got)
		}
		if got := host.ask(t, "cc_set_policy", `{"policy":""}`); got != `"OK"` || !p.isClosed() {
			t.Errorf("back to the default: %s, the plugin closed %t", got, p.isClosed())
		}
		if got := host.ask(t, "cc_list_policies", `[]`); !strings.HasPrefix(got, `{"Policy":"balancing","State":"active",`) {
			t.Errorf("list: %s", got)
		}
	})
}

// TestSetPolicyRefused keeps the policy that decides, and says why.
func TestSetPolicyRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, host, fakes := policed(t, "plugin:/opt/p", nil)
		old := fakes.started[0]
		old.answer()
		fakes.refuse = errors.New("plugin /opt/q: it speaks protocol 9, sipd speaks 1: build it anew")
		for _, tt := range []struct{ method, params, want string }{
			{"cc_set_policy", `["plugin:/opt/q"]`, `"plugin /opt/q: it speaks protocol 9, sipd speaks 1: build it anew; the policy is what it was"`},
			{"cc_reload_policy", `[]`, `"plugin /opt/q: it speaks protocol 9, sipd speaks 1: build it anew; the policy is what it was"`},
			{"cc_set_policy", `["plugin:"]`, `"\"plugin:\" names no binary: want plugin:/path/to/binary; the policy is what it was"`},
			{"cc_set_policy", `["best"]`, `lua or plugin:/path/to/binary, got \"best\"; the policy is what it was"`},
			{"cc_set_policy", `["balancing", ["x=1"]]`, `"policy balancing has no setting \"x\": it takes none; the policy is what it was"`},
			{"cc_set_policy", `["balancing", ["x"]]`, `"want key=value, got \"x\"; the policy is what it was"`},
			{"cc_set_policy", `["plugin:/p", ["x=1", "x=2"]]`, `"setting x is given twice; the policy is what it was"`},
			{"cc_set_policy", `["lua"]`, `"the route file has no policy: add cc.policy(function(view) ... end) to it; the policy is what it was"`},
		} {
			got := host.ask(t, tt.method, tt.params)
			if !strings.HasPrefix(got, `{"code":500,"message":"Failed to set the policy","data":"`) || !strings.Contains(got, tt.want) {
				t.Errorf("%s %s: %s\nwant %s", tt.method, tt.params, got, tt.want)
			}
		}
		m.arrive(t, "1", "f", engine.RTP, "")
		old.answer(dispatch.Assignment{Call: "1", Agent: "b"})
		if got := m.agentOf("1"); got != "b" || old.isClosed() {
			t.Errorf("call 1 is with %q, the old policy closed %t", got, old.isClosed())
		}
	})
}

// TestReloadPolicy starts the binary of the policy anew.
func TestReloadPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host, fakes := policed(t, "plugin:/opt/p", func(m *module) { m.params.policy.settings = dispatch.Settings{"k": "v"} })
		if got := host.ask(t, "cc_reload_policy", `[]`); got != `"OK"` {
			t.Fatal(got)
		}
		if p := fakes.started[1]; !fakes.started[0].isClosed() || p.cfg.Path != "/opt/p" || p.cfg.Settings["k"] != "v" {
			t.Errorf("started %+v", p.cfg)
		}
		fakes.started[1].answer()
		want := `{"Policy":"plugin:/opt/p","State":"active","Since":"2000-01-01T00:00:00Z","Settings":{"k":"v"},"Path":"/opt/p","PID":4711,` +
			`"Counters":{"Assigned":0,"Asked":3,"Decided":1,"Stale":0,"Impossible":0,"Late":0,"Fallbacks":0,"Restarts":0},"Policies":[` +
			`{"Name":"balancing","Chosen":"NO","Doc":"`
		if got := host.ask(t, "cc_list_policies", `[]`); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, `{"Name":"plugin:/opt/p","Chosen":"YES","Doc":"a process of its own","Settings":[]}]}`) {
			t.Errorf("list: %s\nwant %s", got, want)
		}
		host.ask(t, "cc_set_policy", `["full-load"]`)
		if got := host.ask(t, "cc_reload_policy", `[]`); got != `{"code":400,"message":"Nothing to reload","data":"the policy full-load is no plugin: set_policy changes it"}` {
			t.Error(got)
		}
	})
}

// TestPolicyReaders holds that who may look only changes no policy.
func TestPolicyReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host, fakes := policed(t, "plugin:/opt/p", nil)
		for request, allowed := range map[string]bool{
			`"method":"cc_list_policies","params":[]`:             true,
			`"method":"cc_set_policy","params":["plugin:/opt/q"]`: false,
			`"method":"cc_reload_policy","params":[]`:             false,
		} {
			got := string(host.mi.HandleReads([]byte(`{"jsonrpc":"2.0","id":1,` + request + `}`)))
			if strings.Contains(got, `"code":403`) == allowed {
				t.Errorf("%s: %s", request, got)
			}
		}
		if len(fakes.started) != 1 {
			t.Errorf("%d plugins were started", len(fakes.started))
		}
	})
}

// TestScriptPolicy takes the policy of the route file when the server starts.
func TestScriptPolicy(t *testing.T) {
	for name, want := range map[string]string{"": "lua", "lua": "lua", "full-load": "full-load"} {
		synctest.Test(t, func(t *testing.T) {
			m, host, _ := policed(t, name, nil)
			m.SetScriptPolicy(dispatch.Balancing)
			if err := m.Start(); err != nil {
				t.Fatal(err)
			}
			got := host.ask(t, "cc_list_policies", `[]`)
			if !strings.HasPrefix(got, `{"Policy":"`+want+`",`) || !strings.Contains(got, `{"Name":"lua",`) {
				t.Errorf("dispatch_policy %q: %s", name, got)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		m, _, _ := policed(t, "lua", nil)
		if err := m.Start(); err == nil || err.Error() != "dispatch_policy: the route file has no policy: add cc.policy(function(view) ... end) to it" {
			t.Errorf("without a script's policy: %v", err)
		}
	})
}

// TestPolicyStops ends the plugin with the module, and starts no other then.
func TestPolicyStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, host, fakes := policed(t, "plugin:/opt/p", nil)
		fakes.hold = make(chan struct{})
		answer := make(chan string)
		go func() { answer <- host.ask(t, "cc_set_policy", `["plugin:/opt/q"]`) }()
		synctest.Wait()
		stopped := make(chan error)
		go func() { stopped <- m.Stop(context.Background()) }()
		synctest.Wait()
		close(fakes.hold)
		if got := <-answer; !strings.Contains(got, `"code":503`) {
			t.Errorf("set_policy in the end: %s", got)
		}
		if err := <-stopped; err != nil || !fakes.started[0].isClosed() || !fakes.started[1].isClosed() {
			t.Errorf("stopped with %v, closed %t and %t", err, fakes.started[0].isClosed(), fakes.started[1].isClosed())
		}
		if got := host.ask(t, "cc_set_policy", `["plugin:/opt/r"]`); !strings.Contains(got, `"code":503`) || len(fakes.started) != 2 {
			t.Errorf("set_policy after the end: %s, %d started", got, len(fakes.started))
		}
	})
}
