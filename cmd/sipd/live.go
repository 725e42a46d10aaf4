package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/mihttp/client"
)

// live is what a running server says of its call center, in OpenSIPS's words.
type live struct {
	Version string
	Flows   []liveFlow
	Agents  []liveAgent
	Queue   []liveQueued
	Calls   []liveCall
	Stats   map[string]int // without the group
}

type liveFlow struct {
	ID     string `json:"id"`
	Logged int    `json:"Logged Agents"`
	Calls  int    `json:"Ongoing Calls"`
}

type liveAgent struct {
	ID     string `json:"id"`
	Logged string `json:"Loged in"` // YES or NO
	State  string
	Wrapup *int `json:"Wrapup-ends"` // seconds; nil: none
	Chats  *int `json:"Ongoing chats"`
}

type liveQueued struct {
	ID      string `json:"id"`
	Media   string
	User    string `json:"Caller username"`
	Display string `json:"Caller display name"`
	Waiting int    `json:"Waiting for"` // seconds
	ETW     int
	Flow    string
}

type liveCall struct {
	ID    string `json:"id"`
	State string
	Time  int `json:"Call Time"` // seconds
	Flow  string
	Agent string
}

// fetch asks a server for its flows, agents, queue, calls and statistics.
func fetch(ctx context.Context, c client.Client) (*live, error) {
	l := &live{Stats: map[string]int{}}
	var version struct{ Server string }
	var flows struct{ Flows []liveFlow }
	var agents struct{ Agents []liveAgent }
	var queue struct{ Calls []liveQueued }
	var calls struct{ Calls []liveCall }
	for _, q := range []struct {
		command string
		to      any
	}{{"version", &version}, {"cc_list_flows", &flows}, {"cc_list_agents", &agents}, {"cc_list_queue", &queue}, {"cc_list_calls", &calls}} {
		if err := askMI(ctx, c, q.command, nil, q.to); err != nil {
			return nil, err
		}
	}
	l.Version, l.Flows, l.Agents, l.Queue, l.Calls = version.Server, flows.Flows, agents.Agents, queue.Calls, calls.Calls
	stats := map[string]int{}
	if err := askMI(ctx, c, "get_statistics", []any{[]string{"call_center:"}}, &stats); err != nil {
		return nil, err
	}
	for name, n := range stats {
		l.Stats[name[len("call_center:"):]] = n
	}
	return l, nil
}

func askMI(ctx context.Context, c client.Client, command string, params, to any) error {
	result, err := c.Call(ctx, command, params)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(result, to); err != nil {
		return fmt.Errorf("%s answered something unexpected: %w", command, err)
	}
	return nil
}

// agent finds an agent.
func (l *live) agent(id string) (a liveAgent, ok bool) {
	for _, a := range l.Agents {
		if a.ID == id {
			return a, true
		}
	}
	return a, false
}

// miOf is where a server with this route file takes commands; ok is false
// when the file does not load mi_http.
func miOf(cfg *core.Config) (c client.Client, ok bool) {
	ip, port, root := "127.0.0.1", 8888, "mi"
	for _, l := range cfg.Loads {
		ok = ok || l.Name == "mi_http"
	}
	for _, p := range cfg.Params {
		text, _ := p.Value.(string)
		switch p.Module + "." + p.Name {
		case "httpd.ip":
			ip = text
		case "httpd.port":
			switch n := p.Value.(type) {
			case int:
				port = n
			case float64:
				port = int(n)
			}
		case "mi_http.root":
			root = text
		case "mi_http.token":
			c.Token = text
		}
	}
	if addr := net.ParseIP(ip); addr == nil || addr.IsUnspecified() {
		ip = "127.0.0.1"
	}
	c.URL = "http://" + net.JoinHostPort(ip, strconv.Itoa(port)) + "/" + root
	return c, ok
}
