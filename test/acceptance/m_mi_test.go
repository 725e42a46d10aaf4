package acceptance

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// answers sends a command under both names and checks that the whole answer
// matches: names, order and spelling of what is in it are what clients of
// OpenSIPS know.
func (c *center) answers(command, params, want string) {
	c.t.Helper()
	for _, name := range []string{"cc_" + command, "call_center:" + command} {
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":"7","method":%q`, name)
		if params != "" {
			body += `,"params":` + params
		}
		got, err := c.Post(body + "}")
		if err != nil {
			c.t.Fatal(err)
		}
		got = strings.Join(strings.Fields(got), " ")
		if !regexp.MustCompile("^" + want + "$").MatchString(got) {
			c.t.Errorf("%s %s answers\n%s\nwant\n%s", name, params, got, want)
		}
	}
}

// result is the pattern of a successful answer: "..." are strings, _ a number.
func result(pattern string) string {
	pattern = regexp.QuoteMeta(pattern)
	pattern = strings.ReplaceAll(pattern, `"\.\.\."`, `"[^"]+"`)
	pattern = strings.ReplaceAll(pattern, "_", `-?[0-9.]+`)
	return `\{ ?"jsonrpc": ?"2\.0", ?"result": ?` + strings.ReplaceAll(pattern, ":", ": ?") + `, ?"id": ?"7" ?\}`
}

// oops is the pattern of an error.
func oops(code int, message string) string {
	return fmt.Sprintf(`\{ ?"jsonrpc": ?"2\.0", ?"error": ?\{ ?"code": ?%d, ?"message": ?%q.*`, code, message)
}

// TestM32Reload is cc_reload.
func TestM32Reload(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.flow("f", nil)
	c.Start()
	c.flow("g", nil)
	c.answers("reload", "", result(`"OK"`))
	c.Hears(c.Call(c.desk("bob"), "g"), "moh")
	c.answers("reload", `{"x":1}`, oops(-32602, "Invalid params"))
	c.Exec("update cc_flows set message_queue = 'nonsense' where flowid = 'f'")
	c.answers("reload", "", oops(500, "Failed to reload"))
}

// TestM33AgentLogin is cc_agent_login.
func TestM33AgentLogin(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.Agent("a", at(c.desk("agent"), "logstate", "0"))
	c.Start()
	for _, params := range []string{`{"agent_id":"a","state":1}`, `{"agent_id":"a","state":"1"}`, `["a",1]`, `["a","1"]`} {
		c.answers("agent_login", params, result(`"OK"`))
		if got := c.State("a"); got != "free" {
			t.Errorf("after %s agent a is %s", params, got)
		}
		c.answers("agent_login", `["a",0]`, result(`"OK"`))
		if got := c.State("a"); got != "offline" {
			t.Errorf("after a logout agent a is %s", got)
		}
	}
	c.answers("agent_login", `["nobody",1]`, oops(404, "Agent not found"))
	c.answers("agent_login", `["a"]`, oops(-32602, "Invalid params"))
	c.answers("agent_login", `["a","often"]`, oops(-32602, "Invalid params"))
}

// TestM34ListQueue is cc_list_queue.
func TestM34ListQueue(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.flow("f", row{"prependcid": "TECH"})
	c.Start()
	c.answers("list_queue", "", result(`{"Calls":[]}`))
	c.Hears(c.Call(c.desk("bob"), "f", `"Bob B"`), "moh")
	c.Hears(c.Call(c.chat("eve"), "f"), "moh")
	c.answers("list_queue", "", result(`{"Calls":[`+
		`{"index":0,"id":"...","Media":"RTP","Caller username":"bob","Caller display name":"\"TECH Bob B\"","Waiting for":_,"ETW":_,"Flow":"f","Priority":256,"Skill":"test"},`+
		`{"index":1,"id":"...","Media":"MSRP","Caller username":"eve","Caller display name":"\"TECH eve\"","Waiting for":_,"ETW":_,"Flow":"f","Priority":256,"Skill":"test"}]}`))
}

// TestM35ListFlows is cc_list_flows.
func TestM35ListFlows(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.flow("old", nil)
	c.flow("new", row{"skill": "rare"})
	agent := c.desk("agent")
	c.Agent("a", at(agent))
	c.Start()
	call, _ := c.join(c.desk("bob"), "old", agent)
	call.Bye()
	c.Idle()
	c.Hears(c.Call(c.desk("eve"), "new"), "moh")
	c.answers("list_flows", "", result(`{"Flows":[`+
		`{"id":"new","Avg Call Duration":_,"Processed Calls":0,"Logged Agents":0,"Ongoing Calls":1,"Ref Calls":1},`+
		`{"id":"old","Avg Call Duration":_,"Processed Calls":1,"Logged Agents":1,"Ongoing Calls":0,"Ref Calls":0}]}`))
}

// TestM36ListAgents is cc_list_agents, with its "Loged in".
func TestM36ListAgents(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	for _, skill := range []string{"call", "wrap", "chat"} {
		c.flow(skill, row{"skill": skill})
	}
	phones := map[string]*phone.Phone{"call": c.desk("call"), "wrap": c.desk("wrap"), "chat": c.chat("chat")}
	c.Agent("out", at(c.desk("out"), "logstate", "0"))
	c.Agent("free", at(c.desk("free"), "skills", "none"))
	c.Agent("call", at(phones["call"], "skills", "call"))
	c.Agent("wrap", at(phones["wrap"], "skills", "wrap", "wrapup_time", "60"))
	c.Agent("chat", chatAt(phones["chat"], "3", "skills", "chat"))
	c.Start()
	c.join(c.desk("bob"), "call", phones["call"])
	call, _ := c.join(c.desk("eve"), "wrap", phones["wrap"])
	call.Bye()
	c.join(c.chat("mia"), "chat", phones["chat"])
	c.AwaitState("wrap", "wrapup")
	for _, want := range []string{
		`{"id":"out","Ref":0,"Loged in":"NO"}`, `{"id":"free","Ref":0,"Loged in":"YES","State":"free"}`,
		`{"id":"call","Ref":1,"Loged in":"YES","State":"incall"}`, `{"id":"wrap","Ref":0,"Loged in":"YES","State":"wrapup","Wrapup-ends":_}`,
		`{"id":"chat","Ref":1,"Loged in":"YES","State":"inchat","Ongoing chats":1,"Free chats":2}`,
	} {
		pattern := strings.TrimSuffix(strings.SplitN(result(want), `"result": ?`, 2)[1], `, ?"id": ?"7" ?\}`)
		c.answers("list_agents", "", `.*"result": ?\{ ?"Agents": ?\[.*`+pattern+`.*\].*`)
	}
	c.answers("list_agents", "", `.*"Agents": ?\[ ?\{ ?"id": ?"out".*`) // who is logged out comes first
}

// TestM37ListCalls is cc_list_calls.
func TestM37ListCalls(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent := c.desk("agent")
	c.flow("f", nil)
	c.Agent("a", at(agent))
	c.Start()
	c.answers("list_calls", "", result(`{"Calls":[]}`))
	c.join(c.desk("bob"), "f", agent)
	c.Hears(c.Call(c.desk("eve"), "f"), "moh")
	c.answers("list_calls", "", result(`{"Calls":[{"id":"...","Ref":_,"State":"queued","Call Time":_,"Flow":"f"},`+
		`{"id":"...","Ref":_,"State":"toagent","Call Time":_,"Flow":"f","Agent":"a"}]}`))
}

// TestM38ResetStats is cc_reset_stats: counters and averages, not what counts
// the calls of this moment.
func TestM38ResetStats(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent := c.desk("agent")
	c.flow("f", nil)
	c.Agent("a", at(agent, "wrapup_time", "60"))
	c.Start()
	call, _ := c.join(c.desk("bob"), "f", agent)
	call.Bye()
	c.AwaitState("a", "wrapup")
	c.Hears(c.Call(c.desk("eve"), "f"), "moh")
	c.Stats(map[string]int{"ccg_incalls": 2, "ccf_incalls-f": 2, "cca_answ_incalls-a": 1, "ccg_onhold_calls": 1})
	c.answers("reset_stats", "", result(`"OK"`))
	c.Stats(map[string]int{"ccg_incalls": 0, "ccf_incalls-f": 0, "cca_answ_incalls-a": 0, "ccg_distributed_incalls": 0, "ccg_onhold_calls": 1, "ccf_queued_calls-f": 1})
}

// TestM39InternalDispatching is cc_internal_call_dispatching, read and set.
func TestM39InternalDispatching(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.Start()
	c.answers("internal_call_dispatching", "", result(`{"dispatching":1}`))
	c.answers("internal_call_dispatching", `{"dispatching":0}`, result(`{"dispatching":0}`))
	c.answers("internal_call_dispatching", "", result(`{"dispatching":0}`))
	c.answers("internal_call_dispatching", `["1"]`, result(`{"dispatching":1}`))
	c.answers("internal_call_dispatching", `["x"]`, oops(-32602, "Invalid params"))
	c.answers("no_such_command", "", oops(-32601, "Method not found"))
}

// TestM40 is cc_dispatch_call_to_agent with its refusals, and two of them at
// once.
func TestM40(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	voice, text := c.desk("voice"), c.chat("text")
	c.flow("f", nil)
	c.Agent("voice", at(voice, "wrapup_time", "60"))
	c.Agent("text", chatAt(text, "1"))
	c.Agent("out", at(voice, "logstate", "0"))
	c.Agent("unskilled", at(voice, "skills", "none"))
	c.Agent("second", at(voice, "wrapup_time", "60"))
	c.Start()
	params := func(call any, agent string) string { return fmt.Sprintf(`{"call_id":%q,"agent_id":%q}`, call, agent) }
	c.answers("dispatch_call_to_agent", params("x", "voice"), oops(403, "Internal dispatching is enabled"))
	c.Do("cc_internal_call_dispatching", []any{0}, nil)
	call, chat := c.Call(c.desk("bob"), "f"), c.Call(c.chat("eve"), "f")
	c.Hears(chat, "moh")
	queue := c.Queued(2)
	audio, msrp := queue[0]["id"], queue[1]["id"]
	for _, tt := range []struct {
		call    any
		agent   string
		code    int
		message string
	}{
		{audio, "nobody", 404, "Agent not found"},
		{audio, "out", 404, "Agent not logged in"},
		{"7.7", "voice", 404, "Call not found"},
		{audio, "unskilled", 488, "Agent has no skill for the call"},
		{audio, "text", 488, "Agent is not free/audio enabled"},
		{msrp, "voice", 488, "Agent is not free/chat enabled"},
	} {
		c.answers("dispatch_call_to_agent", params(tt.call, tt.agent), oops(tt.code, tt.message))
	}
	rig.None(c.Server, "a call after a refused command", voice.Invited())

	var wg sync.WaitGroup
	won := make(chan string, 2)
	for _, agent := range []string{"voice", "second"} {
		wg.Go(func() {
			if _, err := c.Try("cc_dispatch_call_to_agent", []any{audio, agent}); err == nil {
				won <- agent
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d of two commands for one call succeeded, want 1", len(won))
	}
	c.Hears(call, "voice")
	if n := len(voice.Invited()); n != 1 {
		t.Errorf("%d phones rang, want 1", n)
	}
	c.Hears(c.Answered(voice), "bob")
	call.Bye()
	c.CDR(1, row{"agent_id": <-won, "call_type": "0"})
	c.Do("call_center:dispatch_call_to_agent", []any{msrp, "text"}, nil)
	c.Hears(chat, "text")
	c.answers("dispatch_call_to_agent", params(msrp, "text"), oops(404, "Call not found"))
	other := c.Call(c.chat("mia"), "f")
	c.Hears(other, "moh")
	c.answers("dispatch_call_to_agent", params(c.Queued(1)[0]["id"], "text"), oops(488, "Agent is not free/chat enabled"))
}
