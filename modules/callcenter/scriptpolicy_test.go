package callcenter

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/plugins/policy"
	"github.com/sipd/sipd/scripting"
)

// scriptedBy is the policy of a route file with that text in front.
func scriptedBy(t testing.TB, text string) dispatch.Policy {
	t.Helper()
	file := filepath.Join(t.TempDir(), "routes.lua")
	text = "loadmodule \"b2b_logic\" loadmodule \"call_center\"\n" + text + "\nfunction request_route() drop() end"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := scripting.Load(file, scripting.Options{Modules: func() []core.Module { return []core.Module{b2b.New(), New()} }})
	if err != nil {
		t.Fatal(err)
	}
	m := New().(*module)
	m.params.policy.deadline = time.Minute // tests of other things do not depend on the speed of the machine
	router, err := s.NewRouter([]core.Module{m}, scripting.Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(router.Close)
	return m.policies.script
}

// deciding is a policy that does that with its view.
func deciding(t testing.TB, body string) dispatch.Policy {
	t.Helper()
	return scriptedBy(t, "cc.policy(function(view)\n"+body+"\nend)")
}

// balancing is the rule of OpenSIPS.
const balancing = `
  for _, media in ipairs{ "RTP", "MSRP" } do
    for call in view:calls() do
      local agent = call.media == media and view:idlest(call)
      if agent then view:assign(call, agent, "first who is free") end
    end
  end`

// lawless proposes what comes, twice.
const lawless = `
  for skill, media in view:kinds() do
    for call in view:waiting(skill, media) do
      for agent in view:team(skill) do
        if view:assign(call, agent) then view:assign(call, agent) end
      end
    end
  end`

// busyCenter is a center at random.
func busyCenter(r *rand.Rand, calls, agents, skills int) dispatch.Delta {
	d := dispatch.Delta{Now: time.Unix(1e6, 0).UTC(), Reset: true}
	skill := func() string { return fmt.Sprint("s", r.IntN(skills)) }
	for i := range calls {
		d.Calls = append(d.Calls, dispatch.Call{ID: fmt.Sprint("c", i), Flow: "f", Skill: skill(), Media: dispatch.Media(1 + r.IntN(2)),
			Place:  dispatch.Place{Priority: r.IntN(4), Refused: r.IntN(9) == 0, Turn: uint64(i)},
			Joined: d.Now.Add(-time.Duration(r.IntN(100)) * time.Second)})
	}
	for i := range agents {
		a := dispatch.Agent{ID: fmt.Sprint("a", i), Skills: []string{skill()}, Phone: true, MaxChats: 3, Login: d.Now.Add(-time.Hour),
			State: dispatch.State(r.IntN(4)), Standing: dispatch.Standing{Since: uint64(r.IntN(1000)*1000 + i)}}
		if s := skill(); s != a.Skills[0] {
			a.Skills = append(a.Skills, s)
		}
		switch a.State {
		case dispatch.Free:
			a.Audio, a.Slots, a.FreeSince = r.IntN(3) > 0, r.IntN(4), d.Now.Add(-time.Minute)
		case dispatch.InChat:
			a.Standing.Chats = 1 + r.IntN(2)
			a.Slots = 3 - a.Standing.Chats
		}
		d.Agents = append(d.Agents, a)
	}
	return d
}

// TestScriptPolicyLegal runs policies in Lua on random centers. What they
// propose can be carried out, in its order, and each leaves its view as it was.
func TestScriptPolicyLegal(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	policies := map[string]dispatch.Policy{"balancing": deciding(t, balancing), "lawless": deciding(t, lawless),
		"one": deciding(t, `for call in view:calls() do for agent in view:agents(call) do return view:assign(call, agent) end end`)}
	for round := range 150 {
		d := busyCenter(r, r.IntN(40), r.IntN(20), 1+r.IntN(4))
		for name, p := range policies {
			c := dispatch.NewCenter()
			c.Apply(d)
			before := c.Whole()
			p.Decide(&c.View)
			if after := c.Whole(); !reflect.DeepEqual(before, after) {
				t.Fatalf("round %d: %s changed its view:\n%+v\n%+v", round, name, before, after)
			}
			got := dispatch.Run(p, c)
			replay := dispatch.NewCenter()
			replay.Apply(d)
			for _, a := range got.Assign {
				if err := replay.Assign(a); err != nil {
					t.Fatalf("round %d: %s: %+v: %v", round, name, a, err)
				}
			}
			for call := range replay.Calls() {
				if replay.Idlest(call.Kind()) != nil {
					t.Fatalf("round %d: %s left call %s beside an agent", round, name, call.ID)
				}
			}
			if want := dispatch.Plan(d, dispatch.Balancing); name == "balancing" && !slices.EqualFunc(got.Assign, want, samePair) {
				t.Fatalf("round %d: %+v, want %+v", round, got.Assign, want)
			}
		}
	}
}

func samePair(a, b dispatch.Assignment) bool { return a.Call == b.Call && a.Agent == b.Agent }

// deskCenter has two calls and two agents, one of them in wrap-up.
func deskCenter() *dispatch.Center {
	now := time.Unix(1_700_000_000, 500_000_000).UTC()
	c := dispatch.NewCenter()
	c.Apply(dispatch.Delta{Now: now, Reset: true,
		Calls: []dispatch.Call{
			{ID: "1.1", Flow: "sales", Media: dispatch.RTP, Skill: "s", Place: dispatch.Place{Priority: 2, Refused: true, Turn: 7}, Joined: now.Add(-90 * time.Second), Site: "x"},
			{ID: "2.1", Flow: "sales", Media: dispatch.MSRP, Skill: "s", Place: dispatch.Place{Priority: 1, Turn: 8}, Joined: now}},
		Agents: []dispatch.Agent{
			{ID: "al", Skills: []string{"s", "t"}, Site: "y", Phone: true, MaxChats: 2, Audio: true, Slots: 2, Standing: dispatch.Standing{Since: 1},
				FreeSince: now.Add(-30 * time.Second), Login: now.Add(-100 * time.Second), Busy: 25 * time.Second, Handled: 3},
			{ID: "bo", Skills: []string{"s"}, State: dispatch.Wrapup, WrapupEnds: now.Add(1500 * time.Millisecond), BusyFrom: now.Add(-time.Second)}},
	})
	return c
}

// TestScriptView reads every field and calls every method.
func TestScriptView(t *testing.T) {
	said := func(expr string) string { return `view:hold(view:call("1.1"), tostring(` + expr + `) .. ".")` }
	call, al, bo := `view:call("1.1").`, `view:agent("al").`, `view:agent("bo").`
	tried := map[string]bool{}
	for expr, want := range map[string]string{
		"view.now - 1700000000": "0.5", call + "id": "1.1", call + "flow": "sales", call + "skill": "s", call + "media": "RTP",
		call + "priority": "2", call + "refused": "true", call + "wait": "90", call + "site": "x",
		al + "id": "al", al + "state": "free", "#" + al + "skills": "2", al + "site": "y", al + "phone": "true", al + "audio": "true",
		al + "chats": "0", al + "slots": "2", al + "max_chats": "2", al + "idle": "30", bo + "idle": "0", bo + "wrapup": "1.5",
		al + "wrapup": "0", bo + "state": "wrapup", al + "logged_in": "100", al + "busy": "25", bo + "busy": "1", al + "load": "0.25",
		al + "handled": "3", `view:agent("al"):has("t")`: "true", `view:agent("bo"):has("t")`: "false",
		`view:agent("al"):fits(view:call("1.1"))`: "true", `view:agent("bo"):fits(view:call("1.1"))`: "false",
		"view:calls()().id": "2.1", "view:changed()()": "s", "select(2, view:kinds()())": "RTP", `view:waiting("s", "msrp")().id`: "2.1",
		`view:first("s", "RTP").id`: "1.1", `view:first("t", "RTP")`: "nil", `view:count("s", "RTP")`: "1", `view:ahead(view:call("2.1"))`: "0",
		`view:agents(view:call("1.1"))().id`: "al", `view:idlest(view:call("1.1")).id`: "al", `view:fullest(view:call("2.1")).id`: "al",
		`view:room("s", "MSRP")`: "1", `view:team("s")().id`: "al", `view:call("9")`: "nil", `view:agent("9")`: "nil",
		`view:assign(view:call("1.1"), view:agent("al"), "why")`:     "true",
		`select(2, view:assign(view:call("1.1"), view:agent("bo")))`: "the agent has no room for the call",
		`view:again(5) or view:again(2) or view:again(9)`:            "nil",
		`(function() view:assign(view:first("s","MSRP"), view:agent("al")) return view:agent("al").slots .. view:agent("al").chats .. view:count("s", "MSRP") end)()`: "110",
	} {
		c := deskCenter()
		body := said(expr)
		if strings.HasPrefix(expr, "view:assign(") {
			body = "local call = view:call(\"1.1\")\nview:hold(call, tostring(" + expr + ") .. \".\")"
		}
		d := deciding(t, body).Decide(&c.View)
		if len(d.Hold) != 1 || d.Hold[0].Reason != want+"." {
			t.Errorf("%s is %+v, want %s", expr, d.Hold, want)
		}
		if strings.Contains(expr, "again") && d.Again != 2*time.Second {
			t.Errorf("again after %v", d.Again)
		}
		if strings.Contains(expr, "why") && !slices.Equal(d.Assign, []dispatch.Assignment{{Call: "1.1", Agent: "al", Reason: "why"}}) {
			t.Errorf("assigned %+v", d.Assign)
		}
		tried[expr] = true
	}
	for _, class := range []core.Class{viewClass, callClass, agentClass} {
		for _, f := range class.Fields {
			mentioned(t, tried, class.Name, "."+f.Name)
		}
		for _, m := range class.Methods {
			mentioned(t, tried, class.Name, ":"+m.Name+"(")
		}
	}
}

func mentioned(t *testing.T, tried map[string]bool, class, name string) {
	t.Helper()
	for expr := range tried {
		if strings.Contains(expr, name) || strings.HasSuffix(name, "(") && strings.Contains(expr+"(", name) || name == ":hold(" {
			return
		}
	}
	t.Errorf("%s%s is not tried", class, name)
}

// TestScriptPolicyFaults: an error or a limit loses the policy with the place
// in the route file.
func TestScriptPolicyFaults(t *testing.T) {
	for body, want := range map[string]string{
		`return view.callz`: "routes.lua:3: a view has no callz; did you mean call?",
		`for call in view:calls() do
		   view:assign(call.id, call) end`: `routes.lua:4: view:assign: argument 1 (call): want a call, got "2.1"`,
		`view:assign(view:call("1.1"), view:call("1.1"))`: "routes.lua:3: view:assign: argument 2 (agent): want an agent, got a call",
		`view:first("s", "audio")`:                        `routes.lua:3: view:first: want the media "RTP" or "MSRP", got "audio"`,
		`view:again(0)`:                                   "routes.lua:3: view:again: want seconds from 0.01 to 86400, got 0",
		`view:again(0/0)`:                                 "routes.lua:3: view:again: want seconds from 0.01 to 86400, got NaN",
		`view:hold(view:call("1.1"), "")`:                 "routes.lua:3: view:hold: say why the call is held: operators see it",
		`for call in ipairs(view:calls()) do end`:         "routes.lua:3: bad argument",
		`local function f() return 1 + f() end f()`:       "routes.lua:3: lua callstack overflow",
		`while true do end`:                               "routes.lua:3: the function ",
		`while true do pcall(view.calls, view) end`:       "routes.lua:3: the function ",
	} {
		p := deciding(t, body)
		deadline := 200 * time.Millisecond
		p.(*scripted).deadline = &deadline
		lost := make(chan string, 2)
		host := policy.Local(p, policy.Callbacks{Ready: func() {}, Decided: func(uint64, dispatch.Decision) { lost <- "nothing" },
			Lost: func(reason string) { lost <- reason }})
		host.Ask(1, deskCenter().Whole())
		got := <-lost
		if i := strings.Index(got, "routes.lua"); i >= 0 {
			got = got[i:]
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s\nlost by %s\nwant    %s", body, got, want)
		}
		host.Close()
	}
}

// BenchmarkScriptPolicy is one decision of a policy in Lua about 1,000 waiting
// calls and 500 agents.
func BenchmarkScriptPolicy(b *testing.B) {
	for name, body := range map[string]string{
		"balancing": balancing,
		"heads": `for skill, media in view:kinds() do
			local call = view:first(skill, media)
			while call do
				local agent = view:idlest(call)
				if not agent then break end
				view:assign(call, agent, "longest idle")
				call = view:first(skill, media)
			end
		end`,
	} {
		for what, agents := range map[string]int{"nobody free": 0, "500 agents": 500} {
			b.Run(name+"/"+what, func(b *testing.B) {
				c := dispatch.NewCenter()
				c.Apply(busyCenter(rand.New(rand.NewPCG(1, 1)), 1000, agents, 10))
				p := deciding(b, body)
				for b.Loop() {
					p.Decide(&c.View)
				}
			})
		}
	}
}
