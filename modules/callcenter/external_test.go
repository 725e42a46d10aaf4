package callcenter

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// outside is a center whose calls are dispatched from outside.
func outside(tb testing.TB, calls, agents int) (*module, *fakeHost) {
	load := engine.Load{}
	for i := range 10 {
		load.Flows = append(load.Flows, engine.FlowConfig{ID: fmt.Sprint("f", i), Skill: fmt.Sprint("s", i), Queue: "sip:moh@m", Priority: i % 3})
	}
	for i := range agents {
		load.Agents = append(load.Agents, engine.AgentConfig{ID: fmt.Sprint("a", i), Location: "sip:a@a",
			Skills: []string{fmt.Sprint("s", i%10), fmt.Sprint("s", (i+3)%10)}, LoggedIn: true})
	}
	host := &fakeHost{}
	m := New().(*module)
	m.params.internalDispatching = false
	m.host, m.log, m.store, m.sessions = host, host.Log(), &fakeStorage{}, b2b.New()
	for _, c := range m.commands() {
		if err := host.mi.Register(c); err != nil {
			tb.Fatal(err)
		}
	}
	m.start(load, offers{})
	tb.Cleanup(func() { _ = m.Stop(context.Background()) })
	for i := range calls {
		m.runner.post(engine.CallArrived{Call: engine.CallID(fmt.Sprint(i, ".1")), Flow: fmt.Sprint("f", i%10), Media: engine.RTP, User: "bob", Display: "Bob"})
	}
	m.runner.ask(func(*engine.Engine, time.Time) {})
	return m, host
}

// do sends a command and returns the whole answer.
func (h *fakeHost) do(tb testing.TB, method string, params any) (result json.RawMessage, code int) {
	tb.Helper()
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		tb.Fatal(err)
	}
	var reply struct {
		Result json.RawMessage
		Error  struct{ Code int }
	}
	if err := json.Unmarshal(h.mi.Handle(request), &reply); err != nil {
		tb.Fatal(err)
	}
	return reply.Result, reply.Error.Code
}

// dispatcher is an external program: it reads the lists and pairs the first
// call that a free agent can take.
type dispatcher struct {
	tb   testing.TB
	host *fakeHost
}

func (d dispatcher) read() (calls []listed, free []listed) {
	queue, _ := d.host.do(d.tb, "call_center:list_queue", []any{})
	agents, _ := d.host.do(d.tb, "call_center:list_agents", []any{})
	var q struct{ Calls []listed }
	var a struct{ Agents []listed }
	if err := json.Unmarshal(queue, &q); err != nil {
		d.tb.Fatal(err)
	}
	if err := json.Unmarshal(agents, &a); err != nil {
		d.tb.Fatal(err)
	}
	for _, agent := range a.Agents {
		if agent.State == "free" {
			free = append(free, agent)
		}
	}
	return q.Calls, free
}

type listed struct{ ID, State, Skill string }

// skilled reports whether an agent of outside has a skill.
func (a listed) skilled(skill string) bool {
	var n int
	_, _ = fmt.Sscanf(a.ID, "a%d", &n)
	return skill == fmt.Sprint("s", n%10) || skill == fmt.Sprint("s", (n+3)%10)
}

// assignOne reads both lists and assigns one call.
func (d dispatcher) assignOne() (call, agent string) {
	calls, free := d.read()
	for _, c := range calls {
		for _, a := range free {
			if !a.skilled(c.Skill) {
				continue
			}
			if result, code := d.host.do(d.tb, "call_center:dispatch_call_to_agent", []string{c.ID, a.ID}); string(result) != `"OK"` {
				d.tb.Fatalf("%s to %s: %d", c.ID, a.ID, code)
			}
			return c.ID, a.ID
		}
	}
	d.tb.Fatal("nothing to assign")
	return "", ""
}

// TestExternalDispatch lets dispatchers fight for 200 calls and the agents: no
// call and no agent is given away twice, and who loses is told 404 or 488.
func TestExternalDispatch(t *testing.T) {
	m, host := outside(t, 200, 400)
	d := dispatcher{t, host}
	calls, free := d.read()
	if len(calls) != 200 || len(free) != 400 {
		t.Fatalf("%d calls, %d free agents", len(calls), len(free))
	}
	codes := make([][2]int, len(calls))
	var wg sync.WaitGroup
	for i, c := range calls {
		for j := range 2 {
			var agent listed
			for n := 0; agent.ID == ""; n++ {
				if a := free[(2*i+37*j+n)%len(free)]; a.skilled(c.Skill) {
					agent = a
				}
			}
			wg.Go(func() {
				_, codes[i][j] = host.do(t, "call_center:dispatch_call_to_agent", []string{c.ID, agent.ID})
			})
		}
	}
	wg.Wait()
	reserved := map[string]string{}
	m.runner.ask(func(e *engine.Engine, now time.Time) {
		for _, c := range e.Calls(now) {
			if other, twice := reserved[c.Agent]; c.Agent != "" && twice {
				t.Errorf("agent %s has %s and %s", c.Agent, other, c.ID)
			}
			reserved[c.Agent] = string(c.ID)
		}
	})
	for i, c := range codes {
		for _, code := range c {
			if code != 0 && code != 404 && code != 488 {
				t.Errorf("call %s: code %d", calls[i].ID, code)
			}
		}
		if c[0] == 0 && c[1] == 0 {
			t.Errorf("call %s was given away twice", calls[i].ID)
		}
	}
	if rate := len(reserved); rate < 100 {
		t.Errorf("only %d of 200 calls were given to an agent", rate)
	}
}

// BenchmarkExternalDispatch reads both lists and assigns one call, with 1,000
// waiting and 200 agents.
func BenchmarkExternalDispatch(b *testing.B) {
	m, host := outside(b, 1000, 200)
	d := dispatcher{b, host}
	next := 1000
	for b.Loop() {
		call, _ := d.assignOne()
		m.runner.post(engine.CallerGone{Call: engine.CallID(call)}) // his agent is free again
		m.runner.post(engine.CallArrived{Call: engine.CallID(fmt.Sprint(next, ".1")), Flow: fmt.Sprint("f", next%10), Media: engine.RTP, User: "bob", Display: "Bob"})
		next++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "assignments/s")
}

// BenchmarkListQueue is cc_list_queue with 10,000 waiting: how long the client
// waits, and how long calls do meanwhile.
func BenchmarkListQueue(b *testing.B) {
	m, host := outside(b, 10_000, 100)
	var held time.Duration
	for b.Loop() {
		host.mi.Handle([]byte(`{"jsonrpc":"2.0","id":1,"method":"call_center:list_queue"}`))
		m.runner.ask(func(e *engine.Engine, now time.Time) {
			start := time.Now()
			e.Queue(now)
			held += time.Since(start)
		})
	}
	b.ReportMetric(float64(held.Microseconds())/float64(b.N), "loop-µs")
}

// TestTwoDispatchers: two at once for one call, each with a free agent. One
// gets OK, the other hears that the call does not wait.
func TestTwoDispatchers(t *testing.T) {
	for range 50 {
		m, host := outside(t, 1, 20)
		codes := make(chan int, 2)
		for _, agent := range []string{"a0", "a10"} {
			go func() {
				_, code := host.do(t, "call_center:dispatch_call_to_agent", []string{"0.1", agent})
				codes <- code
			}()
		}
		if a, b := <-codes, <-codes; a+b != 404 {
			t.Fatalf("codes %d and %d", a, b)
		}
		if err := m.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}
