package callcenter

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// TestWhy says why a call waits, and bounds what it says.
func TestWhy(t *testing.T) {
	load := center()
	for i := range 30 {
		load.Agents = append(load.Agents, engine.AgentConfig{ID: fmt.Sprintf("off%02d", i), Location: "sip:off@a", Skills: []string{"s"}})
	}
	m, host, _ := running(t, load)
	for i := range 15 {
		m.arrive(t, fmt.Sprintf("c%02d", i), "tech", engine.RTP, "")
	}
	got := host.ask(t, "call_center:why", `["c14"]`)
	want := `{"id":"c14","State":"queued","Flow":"tech","Media":"RTP","Skill":"s","index":13,"Waiting for":0,"ETW":0,` +
		`"Reason":"every agent with the skill s who takes calls is busy",` +
		`"Ahead":{"Count":13,"Calls":["c01","c02","c03","c04","c05","c06","c07","c08","c09","c10"],"More":3},` +
		`"Agents":[{"Is":"in wrap-up","Count":1,"Agents":["rest"],"More":0,"Soonest":91},` +
		`{"Is":"in a call","Count":1,"Agents":["busy"],"More":0},` +
		`{"Is":"logged out","Count":31,"Agents":["out","off00","off01","off02","off03","off04","off05","off06","off07","off08"],"More":21}]}`
	if got != want {
		t.Errorf("waiting:\n%s\nwant\n%s", got, want)
	}
	if got := host.ask(t, "cc_why", `{"call_id":"c00"}`); got != `{"id":"c00","State":"toagent","Flow":"tech","Media":"RTP","Skill":"s","Agent":"busy","Chosen":"longest idle"}` {
		t.Errorf("with an agent: %s", got)
	}
	if got := host.ask(t, "cc_why", `["nobody"]`); got != `{"code":404,"message":"Call not found"}` {
		t.Errorf("unknown: %s", got)
	}
}

// TestRelease frees an agent whose phone rings for ever; the event says why.
func TestRelease(t *testing.T) {
	m, host, disk := running(t, center())
	m.arrive(t, "1", "tech", engine.RTP, "")
	m.runner.post(engine.Connected{Call: "1", Attempt: 1})
	for _, name := range []string{"busy", "busy", "out"} {
		if got := host.ask(t, "call_center:release_agent", `["`+name+`", "his phone crashed"]`); got != `"OK"` {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := host.ask(t, "cc_release_agent", `{"agent_id":"nobody","reason":""}`); got != `{"code":404,"message":"Agent not found"}` {
		t.Errorf("unknown: %s", got)
	}
	if cdrs := disk.cdrs(); len(cdrs) != 1 || cdrs[0].Type != engine.CDRAnswered {
		t.Errorf("CDRs %+v", cdrs)
	}
	got := host.named(eventAlarm)
	want := event.Event{Name: eventAlarm, Fields: []event.Field{{Name: "call_id", Value: ""}, {Name: "flow_id", Value: ""},
		{Name: "agent_id", Value: "busy"}, {Name: "text", Value: "agent busy was released: his phone crashed"}}}
	if len(got) != 3 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("alarms %v, want first %v", got, want)
	}
}

// named lists the events of a name.
func (h *fakeHost) named(name string) (list []event.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.Name == name {
			list = append(list, e)
		}
	}
	return list
}

// TestExternalWarning tells at start that somebody else has to dispatch.
func TestExternalWarning(t *testing.T) {
	for _, on := range []bool{true, false} {
		var log bytes.Buffer
		host := &fakeHost{log: slog.New(slog.NewTextHandler(&log, nil))}
		m := New().(*module)
		m.params.internalDispatching = on
		m.host, m.log, m.store, m.sessions = host, host.Log(), &fakeStorage{}, b2b.New()
		m.start(engine.Load{}, offers{})
		if err := m.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(log.String(), "internal_call_dispatching is 0"); warned == on {
			t.Errorf("internal_call_dispatching %t, warned %t", on, warned)
		}
	}
}
