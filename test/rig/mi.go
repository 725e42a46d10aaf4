package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Object is a JSON object.
type Object = map[string]any

// Error is an error answer of the management interface.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data"`
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

// Post sends a body to the management interface and returns the answer's.
func (c *Server) Post(body string) (string, error) {
	got, err := post(c.MI, []byte(body))
	return string(got), err
}

// Try sends a command. params is an Object, a list, or nil. An error answer
// is an [*Error].
func (c *Server) Try(method string, params any) (json.RawMessage, error) {
	return Try(c.MI, method, params)
}

func post(url string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// Try sends a command to the management interface at url: see [Server.Try].
func Try(url, method string, params any) (json.RawMessage, error) {
	req := Object{"jsonrpc": "2.0", "id": 1, "method": method}
	if params != nil {
		req["params"] = params
	}
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	raw, err := post(url, body)
	if err != nil {
		return nil, err
	}
	var reply struct {
		Result json.RawMessage
		Error  *Error
	}
	if err := json.Unmarshal(raw, &reply); err != nil {
		return nil, fmt.Errorf("%w in %q", err, raw)
	}
	if reply.Error != nil {
		return nil, reply.Error
	}
	return reply.Result, nil
}

// Do sends a command that must succeed, and decodes its result unless into is
// nil.
func (c *Server) Do(method string, params, into any) {
	c.t.Helper()
	raw, err := c.Try(method, params)
	if err != nil {
		c.t.Fatalf("MI %s: %v", method, err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			c.t.Fatalf("MI %s: %v in %s", method, err, raw)
		}
	}
}

// Fails sends a command that must fail with this code.
func (c *Server) Fails(code int, method string, params any) *Error {
	c.t.Helper()
	raw, err := c.Try(method, params)
	e, ok := err.(*Error)
	if !ok || e.Code != code {
		c.t.Fatalf("MI %s %v: %s, %v; want error %d", method, params, raw, err, code)
	}
	return e
}

func (c *Server) list(method, member string) []Object {
	c.t.Helper()
	var all map[string][]Object
	c.Do(method, nil, &all)
	return all[member]
}

// Queue is what cc_list_queue says.
func (c *Server) Queue() []Object { c.t.Helper(); return c.list("cc_list_queue", "Calls") }

// Calls is what cc_list_calls says.
func (c *Server) Calls() []Object { c.t.Helper(); return c.list("cc_list_calls", "Calls") }

// Queued waits until n calls wait and returns them.
func (c *Server) Queued(n int) (list []Object) {
	c.t.Helper()
	c.Until(fmt.Sprintf("%d calls in the queue", n), func() bool {
		list = c.Queue()
		return len(list) == n
	})
	return list
}

// InState waits until the only call is in this state.
func (c *Server) InState(state string) {
	c.t.Helper()
	var got []Object
	c.Until("the call in state "+state, func() bool {
		got = c.Calls()
		return len(got) == 1 && got[0]["State"] == state
	})
}

// AgentInfo is what cc_list_agents says of an agent; nil when he is unknown.
func (c *Server) AgentInfo(id string) Object {
	c.t.Helper()
	for _, a := range c.list("cc_list_agents", "Agents") {
		if a["id"] == id {
			return a
		}
	}
	return nil
}

// State is the state of an agent: "offline", "unknown" or what
// cc_list_agents says.
func (c *Server) State(id string) string {
	c.t.Helper()
	a := c.AgentInfo(id)
	if a == nil {
		return "unknown"
	}
	if s, ok := a["State"].(string); ok {
		return s
	}
	return "offline"
}

// AwaitState waits for a state of an agent.
func (c *Server) AwaitState(id, state string) {
	c.t.Helper()
	c.Until("agent "+id+" "+state, func() bool { return c.State(id) == state })
}

// Chats is how many chats an agent has.
func (c *Server) Chats(id string) int {
	c.t.Helper()
	n, _ := c.AgentInfo(id)["Ongoing chats"].(float64)
	return int(n)
}

// Login logs an agent in (1) or out (0).
func (c *Server) Login(agent string, on int) {
	c.t.Helper()
	c.Do("cc_agent_login", Object{"agent_id": agent, "state": on}, nil)
}

// Reload reads flows and agents again.
func (c *Server) Reload() { c.t.Helper(); c.Do("cc_reload", nil, nil) }

// Stat reads one statistic of the call center.
func (c *Server) Stat(name string) int {
	c.t.Helper()
	name = "call_center:" + name
	var got map[string]int
	c.Do("get_statistics", Object{"statistics": []string{name}}, &got)
	v, ok := got[name]
	if !ok {
		c.t.Fatalf("there is no statistic %s: %v", name, got)
	}
	return v
}

// Stats compares statistics of the call center.
func (c *Server) Stats(want map[string]int) {
	c.t.Helper()
	for name, v := range want {
		if got := c.Stat(name); got != v {
			c.t.Errorf("%s = %d, want %d", name, got, v)
		}
	}
}

// Idle waits until no call is left, in memory or as a row.
func (c *Server) Idle() {
	c.t.Helper()
	c.Until("no call left", func() bool { return len(c.Calls()) == 0 && len(c.Rows("select id from cc_calls")) == 0 })
}
