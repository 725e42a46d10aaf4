package simulate

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// rows are the CDRs that a server would have written of a run.
func (w *world) rows(begin time.Time) (list []engine.CDR) {
	for n := range w.contacts[:w.came-1] {
		f, c := &w.book.fates[n], &w.sc.Classes[w.contacts[n].class]
		row := engine.CDR{Caller: "c", Received: begin.Add(f.arrived), Flow: c.Name, Media: engine.Media(c.Media), CID: n}
		switch {
		case f.answered >= 0 && f.ended >= 0:
			row.Wait, row.Talk, row.Agent = f.answered-f.arrived, f.talked(0), w.people[f.agent].id
		case f.abandoned >= 0:
			row.Wait, row.Type = f.abandoned-f.arrived, engine.CDRDropped
		default:
			continue
		}
		for _, d := range []*time.Duration{&row.Wait, &row.Talk} {
			*d = d.Round(time.Second)
		}
		row.Received = row.Received.Truncate(time.Second)
		list = append(list, row)
	}
	return list
}

// TestFromCDRs holds that a day that is simulated from its own CDRs turns out as
// it was.
func TestFromCDRs(t *testing.T) {
	sc := scenario(t, "mixed").WithLoad(0.9)
	for i := range sc.Classes {
		sc.Classes[i].Skills = even("a") // a flow has one skill
	}
	w, err := newWorld(sc, builtin(t, "full-load"), 4, span{0, 23 * time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	was := w.measures()

	load := engine.Load{}
	for _, c := range sc.Classes {
		f := engine.FlowConfig{ID: c.Name, Priority: c.Priority, Skill: "a", Queue: "sip:q@h", MaxWrapup: max(c.Wrapup, 1)}
		load.Flows = append(load.Flows, f)
	}
	for _, p := range w.people {
		a := engine.AgentConfig{ID: p.id, Skills: p.skills}
		if p.phone {
			a.Location = "sip:a@h"
		}
		if p.chats > 0 {
			a.MSRPLocation, a.MSRPSessions = "sip:c@h", p.chats
		}
		load.Agents = append(load.Agents, a)
	}
	midnight := time.Date(2024, 5, 31, 0, 0, 0, 0, time.UTC)
	rows := append(w.rows(midnight), engine.CDR{Received: midnight, Flow: "closed"}, engine.CDR{Received: midnight, Flow: "vip", Agent: "retired", Type: engine.CDRRejected})
	day, notes, err := FromCDRs("2024-05-31", load, rows)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(notes, "\n"); got != `flow "closed" is not in cc_flows any more: its rows are left out (1)`+"\n"+`agent "retired" is not in cc_agents any more: he is left out` {
		t.Errorf("notes %s", got)
	}
	r := run(t, Options{Scenario: day, Policies: []Policy{builtin(t, "full-load")}, Seeds: 3, Length: day.TraceLength()})
	again := r.Outcomes[0].Mean
	for i, c := range was.Classes {
		d := again.Classes[0]
		for _, e := range again.Classes {
			if strings.TrimSuffix(e.Class, " (chat)") == c.Class {
				d = e
			}
		}
		t.Logf("%d %s: %g/%g arrived, level %.3f/%.3f, queue %.1f/%.1f s, abandoned %.3f/%.3f", i, c.Class, c.Arrived, d.Arrived, c.SLc, d.SLc, c.QueueTime, d.QueueTime, c.AbandonRate, d.AbandonRate)
		if math.Abs(c.SLc-d.SLc) > 0.06 || math.Abs(c.QueueTime-d.QueueTime) > 2 || math.Abs(c.AbandonRate-d.AbandonRate) > 0.02 {
			t.Errorf("%s has become another", c.Class)
		}
	}
	double := day.WithLoad(2).stream(1, 0, 24*time.Hour)
	if len(double) != 2*len(day.Trace) {
		t.Errorf("%d contacts at double load, want %d", len(double), 2*len(day.Trace))
	}
	half := len(day.WithLoad(0.5).stream(1, 0, 24*time.Hour))
	if ratio := float64(half) / float64(len(day.Trace)); ratio < 0.45 || ratio > 0.55 {
		t.Errorf("%.3f of the contacts at half load", ratio)
	}
	if n := r.Scenario.WithAgents(30).Agents(); n != 30 {
		t.Errorf("%d agents", n)
	}
}

func TestFromNoCDRs(t *testing.T) {
	flows := []engine.FlowConfig{{ID: "f", Skill: "s", Queue: "sip:q@h"}}
	now := time.Now()
	for want, c := range map[string]struct {
		rows []engine.CDR
	}{
		"no call of today in cc_cdrs belongs to a flow of cc_flows (rows: 0)": {},
		"no call of today in cc_cdrs belongs to a flow of cc_flows (rows: 1)": {[]engine.CDR{{Flow: "g", Received: now}}},
		"no agent of cc_agents took a call that day":                          {[]engine.CDR{{Flow: "f", Received: now, Type: engine.CDRDropped}}},
	} {
		if _, _, err := FromCDRs("today", engine.Load{Flows: flows}, c.rows); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
