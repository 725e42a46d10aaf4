package rig

import (
	"bufio"
	"encoding/json"
	"slices"
	"strings"
)

// The names under which the routes of a test log what they see, with a field
// json: each event, and each INVITE that sipd sends.
const (
	logEvent = "rig event"
	logLeg   = "rig leg"
)

// noted returns what the routes have logged under a name.
func (c *Server) noted(name string) (list []Object) {
	in := bufio.NewScanner(strings.NewReader(c.log.String()))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var line struct{ Msg, JSON string }
		var o Object
		if !strings.Contains(in.Text(), name) || json.Unmarshal(in.Bytes(), &line) != nil || line.Msg != name {
			continue
		}
		if json.Unmarshal([]byte(line.JSON), &o) == nil {
			list = append(list, o)
		}
	}
	return list
}

// Legs returns the INVITEs that sipd has sent: role, state ($cc_state), uri
// and ctx.
func (c *Server) Legs() []Object { return c.noted(logLeg) }

// Events returns the events of a name so far.
func (c *Server) Events(name string) []Object {
	return slices.DeleteFunc(c.noted(logEvent), func(o Object) bool { return o["name"] != name })
}

// Reports returns the events E_CALLCENTER_AGENT_REPORT of an agent so far.
func (c *Server) Reports(agent string) []Object {
	return slices.DeleteFunc(c.Events("E_CALLCENTER_AGENT_REPORT"), func(o Object) bool { return o["agent_id"] != agent })
}

// Reported waits until the agent's events have told exactly these states, and
// returns them.
func (c *Server) Reported(agent string, states ...string) []Object {
	c.t.Helper()
	var got []string
	var list []Object
	defer func() {
		if !slices.Equal(got, states) {
			c.t.Errorf("events of %s: %v, want %v", agent, got, states)
		}
	}()
	c.Until("the events of agent "+agent, func() bool {
		list, got = c.Reports(agent), nil
		for _, r := range list {
			s, _ := r["state"].(string)
			got = append(got, s)
		}
		return len(got) >= len(states)
	})
	return list
}
