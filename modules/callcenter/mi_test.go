package callcenter

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// ask sends a command and returns what stands for result or error.
func (h *fakeHost) ask(t *testing.T, method, params string) string {
	t.Helper()
	raw := h.mi.Handle([]byte(`{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`))
	var reply struct{ Result, Error json.RawMessage }
	if err := json.Unmarshal(raw, &reply); err != nil {
		t.Fatalf("%s: %v in %s", method, err, raw)
	}
	if reply.Error != nil {
		return string(reply.Error)
	}
	return string(reply.Result)
}

func center() engine.Load {
	return engine.Load{
		Flows: []engine.FlowConfig{
			{ID: "tech", Priority: 10, Skill: "s", PrependCID: "Tech", Queue: "sip:moh@m"},
			{ID: "chat", Priority: 5, Skill: "c", Queue: "sip:moh@m"},
		},
		Agents: []engine.AgentConfig{
			{ID: "out", Location: "sip:out@a", Skills: []string{"s"}},
			{ID: "busy", Location: "sip:busy@a", Skills: []string{"s"}, LoggedIn: true},
			{ID: "rest", Location: "sip:rest@a", Skills: []string{"s"}, LoggedIn: true, WrapupEnds: time.Now().Add(90500 * time.Millisecond)},
			{ID: "chatty", MSRPLocation: "sip:chatty@a", MSRPSessions: 3, Skills: []string{"c"}, LoggedIn: true},
			{ID: "idle", Location: "sip:idle@a", Skills: []string{"x"}, LoggedIn: true},
		},
		AtStart: true,
	}
}

func (m *module) arrive(t *testing.T, id, flow string, media engine.Media, display string) {
	t.Helper()
	got := m.runner.request(engine.CallArrived{Call: engine.CallID(id), Flow: flow, Media: media, User: "bob", Display: display})
	if got != engine.Done {
		t.Fatalf("call %s: %d", id, got)
	}
}

// TestLists has the exact text of every list: clients read keys by name and
// people in their order.
func TestLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, host, _ := running(t, center())
		m.arrive(t, "1.1", "tech", engine.RTP, `"Bob <&> B"`)
		m.arrive(t, "2.2", "chat", engine.MSRP, "")
		time.Sleep(2500 * time.Millisecond) // virtual
		m.arrive(t, "3.3", "tech", engine.RTP, "")
		m.arrive(t, "4.4", "tech", engine.RTP, `"Eve"`)
		time.Sleep(1900 * time.Millisecond)
		for method, want := range map[string]string{
			"cc_list_flows": `{"Flows":[` +
				`{"id":"chat","Avg Call Duration":0,"Processed Calls":0,"Logged Agents":1,"Ongoing Calls":1,"Ref Calls":1},` +
				`{"id":"tech","Avg Call Duration":0,"Processed Calls":0,"Logged Agents":2,"Ongoing Calls":3,"Ref Calls":3}]}`,
			"cc_list_agents": `{"Agents":[` +
				`{"id":"out","Ref":0,"Loged in":"NO"},` +
				`{"id":"busy","Ref":1,"Loged in":"YES","State":"incall"},` +
				`{"id":"rest","Ref":0,"Loged in":"YES","State":"wrapup","Wrapup-ends":87},` +
				`{"id":"chatty","Ref":1,"Loged in":"YES","State":"inchat","Ongoing chats":1,"Free chats":2},` +
				`{"id":"idle","Ref":0,"Loged in":"YES","State":"free"}]}`,
			"cc_list_queue": `{"Calls":[` +
				`{"index":0,"id":"3.3","Media":"RTP","Caller username":"bob","Caller display name":"\"Tech bob\"","Waiting for":1,"ETW":0,"Flow":"tech","Priority":10,"Skill":"s"},` +
				`{"index":1,"id":"4.4","Media":"RTP","Caller username":"bob","Caller display name":"\"Tech Eve\"","Waiting for":1,"ETW":0,"Flow":"tech","Priority":10,"Skill":"s"}]}`,
			"cc_list_calls": `{"Calls":[` +
				`{"id":"4.4","Ref":2,"State":"queued","Call Time":1,"Flow":"tech"},` +
				`{"id":"3.3","Ref":2,"State":"queued","Call Time":1,"Flow":"tech"},` +
				`{"id":"2.2","Ref":1,"State":"toagent","Call Time":4,"Flow":"chat","Agent":"chatty"},` +
				`{"id":"1.1","Ref":1,"State":"toagent","Call Time":4,"Flow":"tech","Agent":"busy"}]}`,
		} {
			if got := host.ask(t, method, "[]"); got != want {
				t.Errorf("%s\ngot  %s\nwant %s", method, got, want)
			}
			if other := host.ask(t, "call_center:"+strings.TrimPrefix(method, "cc_"), "[]"); other != want {
				t.Errorf("%s differs under its other name: %s", method, other)
			}
		}
	})
}

func TestListsEmpty(t *testing.T) {
	_, host, _ := running(t, engine.Load{})
	for method, want := range map[string]string{
		"cc_list_flows": `{"Flows":[]}`, "cc_list_agents": `{"Agents":[]}`,
		"cc_list_queue": `{"Calls":[]}`, "cc_list_calls": `{"Calls":[]}`,
	} {
		if got := host.ask(t, method, "[]"); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
}

func TestCommands(t *testing.T) {
	_, host, _ := running(t, center())
	for _, tt := range []struct{ method, params, want string }{
		{"cc_agent_login", `["out", "1"]`, `"OK"`},
		{"cc_agent_login", `{"agent_id": "out", "state": 0}`, `"OK"`},
		{"cc_agent_login", `["nobody", 1]`, `{"code":404,"message":"Agent not found"}`},
		{"cc_agent_login", `["out"]`, `{"code":-32602,"message":"Invalid params","data":"Too few or too many parameters"}`},
		{"cc_reset_stats", `[]`, `"OK"`},
		{"cc_internal_call_dispatching", `[]`, `{"dispatching":1}`},
		{"cc_internal_call_dispatching", `[0]`, `{"dispatching":0}`},
		{"cc_internal_call_dispatching", `[]`, `{"dispatching":0}`},
		{"cc_internal_call_dispatching", `{"dispatching": "1"}`, `{"dispatching":1}`},
		{"cc_internal_call_dispatching", `["on"]`, `{"code":-32602,"message":"Invalid params","data":"Bad type for parameter 'dispatching'"}`},
	} {
		if got := host.ask(t, tt.method, tt.params); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.method, tt.params, got, tt.want)
		}
	}
}

func TestDispatchCommand(t *testing.T) {
	m, host, _ := running(t, center())
	assign := func(call, agent, want string) {
		t.Helper()
		if got := host.ask(t, "cc_dispatch_call_to_agent", `["`+call+`", "`+agent+`"]`); got != want {
			t.Errorf("dispatch %s to %s: %s, want %s", call, agent, got, want)
		}
	}
	assign("1", "busy", `{"code":403,"message":"Internal dispatching is enabled"}`)
	host.ask(t, "cc_internal_call_dispatching", `[0]`)
	m.arrive(t, "1", "tech", engine.RTP, "")
	m.arrive(t, "2", "chat", engine.MSRP, "")
	m.arrive(t, "3", "tech", engine.RTP, "")
	assign("1", "nobody", `{"code":404,"message":"Agent not found"}`)
	assign("1", "out", `{"code":404,"message":"Agent not logged in"}`)
	assign("9", "busy", `{"code":404,"message":"Call not found"}`)
	assign("1", "idle", `{"code":488,"message":"Agent has no skill for the call"}`)
	assign("1", "rest", `{"code":488,"message":"Agent is not free/audio enabled"}`)
	assign("2", "idle", `{"code":488,"message":"Agent has no skill for the call"}`)
	assign("1", "busy", `"OK"`)
	assign("1", "busy", `{"code":404,"message":"Call not found"}`)
	assign("3", "busy", `{"code":488,"message":"Agent is not free/audio enabled"}`)
	assign("2", "chatty", `"OK"`)
}

func TestReload(t *testing.T) {
	m, host, disk := running(t, center())
	answers := map[string]func(context.Context) (engine.Load, []store.BadRow, error){
		`{"code":500,"message":"Failed to reload","data":"database mysql://u:***@h/d: gone"}`: func(context.Context) (engine.Load, []store.BadRow, error) {
			return engine.Load{}, nil, errors.New("database mysql://u:***@h/d: gone")
		},
		`{"code":500,"message":"Failed to reload","data":"1 bad rows, the first: `: func(context.Context) (engine.Load, []store.BadRow, error) {
			return engine.Load{}, []store.BadRow{{Table: "cc_agents", ID: "doubtful", Used: true}, {Table: "cc_flows", ID: "mute", Why: "no queue", Remedy: "add one"}}, nil
		},
	}
	for want, load := range answers {
		disk.load = load
		if got := host.ask(t, "cc_reload", "[]"); !strings.HasPrefix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
		if got := host.ask(t, "cc_list_flows", "[]"); !strings.Contains(got, "tech") {
			t.Errorf("a failed reload changed the flows: %s", got)
		}
	}
	disk.load = func(context.Context) (engine.Load, []store.BadRow, error) {
		return engine.Load{Flows: []engine.FlowConfig{{ID: "new", Skill: "s", Queue: "sip:q@q"}}}, nil, nil
	}
	if got := host.ask(t, "cc_reload", "[]"); got != `"OK"` {
		t.Errorf("reload: %s", got)
	}
	if got := host.ask(t, "cc_list_flows", "[]"); strings.Contains(got, "tech") || !strings.Contains(got, "new") {
		t.Errorf("after the reload: %s", got)
	}
	_ = m
}

// TestReloadOneAtATime lets the newer of two readings win, and bounds the
// wait for the other.
func TestReloadOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host, disk := running(t, center())
		reading, most := 0, 0
		disk.load = func(ctx context.Context) (engine.Load, []store.BadRow, error) {
			reading++
			most = max(most, reading)
			<-ctx.Done() // the database hangs
			reading--
			return engine.Load{}, nil, ctx.Err()
		}
		begun := time.Now()
		replies := make(chan string, 3)
		for range 3 {
			go func() { replies <- host.ask(t, "cc_reload", "[]") }()
		}
		for range 3 {
			if got := <-replies; !strings.HasPrefix(got, `{"code":500,"message":"Failed to reload","data":"`) {
				t.Errorf("reload: %s", got)
			}
		}
		if took := time.Since(begun); took > reloadTime || most != 1 {
			t.Errorf("%d at once, %v", most, took)
		}
	})
}

// TestStopped answers commands that come too late, and ends every call.
func TestStopped(t *testing.T) {
	m, host, disk := running(t, center())
	m.arrive(t, "1", "tech", engine.RTP, "")
	if err := m.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	disk.load = func(context.Context) (engine.Load, []store.BadRow, error) { return engine.Load{}, nil, nil }
	for method, params := range map[string]string{
		"cc_list_flows": "[]", "cc_list_agents": "[]", "cc_list_queue": "[]", "cc_list_calls": "[]", "cc_reload": "[]",
		"cc_reset_stats": "[]", "cc_internal_call_dispatching": "[]", "cc_agent_login": `["busy", 1]`, "cc_dispatch_call_to_agent": `["1", "busy"]`,
	} {
		if got := host.ask(t, method, params); got != `{"code":503,"message":"The call center is stopping"}` {
			t.Errorf("%s: %s", method, got)
		}
	}
	if vs := host.stats.All(); len(vs) > 0 {
		t.Errorf("a stopped call center has statistics: %v", vs)
	}
	if cdrs := disk.cdrs(); len(cdrs) != 1 || cdrs[0].Type != engine.CDRError || !disk.closed {
		t.Errorf("CDRs %+v, closed %t", cdrs, disk.closed)
	}
}

// TestStatistics reads them through the registry.
func TestStatistics(t *testing.T) {
	m, host, _ := running(t, center())
	m.arrive(t, "1", "tech", engine.RTP, "")
	got := map[string]int64{}
	for _, v := range host.stats.All() {
		got[v.Group+":"+v.Name] = v.Value
	}
	for name, want := range map[string]int64{
		"call_center:ccg_incalls": 1, "call_center:ccf_dist_incalls-tech": 1, "call_center:cca_dist_incalls-busy": 1,
		"call_center:ccg_free_agents": 2, "call_center:ccf_incalls-chat": 0, "call_center:cca_att-out": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s = %d (known %t), want %d", name, v, ok, want)
		}
	}
}
