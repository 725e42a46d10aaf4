package engine

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt")

// t0 is when every test begins.
var t0 = time.Date(2030, 1, 1, 9, 0, 0, 0, time.UTC)

// TestTranscripts plays testdata/*.txt: paragraphs of commands above a line,
// everything the engine does below it.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newStage().play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s differs; run with -update and look at the diff. Now:\n%s", file, got)
			}
		})
	}
}

// stage runs one transcript.
type stage struct {
	eng  *Engine
	now  time.Time
	load Load

	events bool // ReportCall is shown
}

func newStage() *stage {
	return &stage{now: t0, eng: New(Options{Wrapup: 30 * time.Second, RejectOnNoAgents: true, InternalDispatching: true})}
}

func (s *stage) play(t *testing.T, text string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		commands, _, _ := strings.Cut(part+"\n", "----\n")
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(strings.TrimRight(commands, "\n") + "\n")
		var result string
		quiet := true
		for line := range strings.SplitSeq(commands, "\n") {
			words := strings.Fields(line)
			if len(words) == 0 || words[0][0] == '#' {
				continue
			}
			quiet = false
			result += s.run(t, words)
		}
		if !quiet {
			out.WriteString("----\n" + result)
		}
	}
	return out.String()
}

// run does one command and tells what came of it.
func (s *stage) run(t *testing.T, w []string) string {
	arg := func(i int) string {
		if i < len(w) {
			return w[i]
		}
		return ""
	}
	n, _ := strconv.Atoi(arg(2))
	id := CallID(arg(1))
	switch w[0] {
	case "options":
		s.options(t, w[1:])
	case "events":
		s.events = arg(1) == "on"
	case "flow":
		s.load.Flows = replace(s.load.Flows, flowOf(t, w[1:]), func(f FlowConfig) string { return f.ID })
	case "agent":
		s.load.Agents = replace(s.load.Agents, s.agentOf(t, w[1:]), func(a AgentConfig) string { return a.ID })
	case "remove":
		s.remove(arg(1))
	case "load":
		ev := s.load
		ev.AtStart = arg(1) == "start"
		return s.step(ev)
	case "call":
		return s.step(callOf(w[1:]))
	case "connected":
		return s.step(Connected{id, n})
	case "announcing":
		return s.step(Announcing{id, n})
	case "announced":
		return s.step(AnnounceDone{id, n})
	case "failed":
		code := 486
		if len(w) > 3 {
			code, _ = strconv.Atoi(w[3])
		}
		return s.step(ConnectFailed{id, n, code})
	case "gone":
		return s.step(PeerGone{id, n})
	case "bye":
		return s.step(CallerGone{id})
	case "lost":
		return s.step(CallLost{id, "test"})
	case "login", "logout":
		return s.step(AgentLogin{arg(1), w[0] == "login"})
	case "release":
		return s.step(ReleaseAgent{arg(1), strings.Join(w[min(2, len(w)):], " ")})
	case "assign":
		return s.step(Assign{id, arg(2)})
	case "dispatching":
		return s.step(SetDispatching{arg(1) == "on"})
	case "reset":
		return s.step(ResetStats{})
	case "hangupall":
		return s.step(HangUpAll{})
	case "wait":
		return s.wait(t, arg(1))
	case "show":
		return s.show(arg(1), arg(2))
	default:
		t.Fatalf("unknown command %q", w)
	}
	return ""
}

func (s *stage) step(ev Event) string {
	var out string
	for _, a := range s.eng.Step(s.now, ev) {
		switch a.(type) {
		case KeepCall, KeepAgent, ForgetCall: // TestRandomHistory restarts from them
			continue
		case ReportCall:
			if !s.events {
				continue
			}
		}
		out += s.print(a) + "\n"
	}
	return out
}

// wait moves the clock, with a tick whenever one is due.
func (s *stage) wait(t *testing.T, text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	end := s.now.Add(d)
	var out string
	for at, ok := s.eng.Wake(); ok && !at.After(end); at, ok = s.eng.Wake() {
		if at.Before(s.now) {
			t.Fatalf("wake at %s is before %s", at, s.now)
		}
		s.now = at
		if did := s.step(Tick{}); did != "" {
			out += "[" + s.since(at) + "]\n" + did
		}
	}
	s.now = end
	return out
}

func (s *stage) since(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return "+" + at.Sub(t0).String()
}

// print is one action on a line.
func (s *stage) print(a Action) string {
	switch a := a.(type) {
	case Answer:
		return fmt.Sprintf("  answer %s %d", a.Call, a.Code)
	case Connect:
		target := [...]string{"welcome", "queue", "dissuading", "agent"}[a.Target]
		out := fmt.Sprintf("  connect %s#%d to %s %s", a.Call, a.Attempt, target, a.URI)
		for _, f := range [][2]string{{"agent", a.Agent}, {"as", a.Display}, {"announce", a.Announce}} {
			if f[1] != "" {
				out += " " + f[0] + " " + f[1]
			}
		}
		return out
	case Hangup:
		return "  hangup " + string(a.Call)
	case SaveCall:
		return "  save " + s.row(a.Row)
	case UpdateCall:
		return "  update " + s.row(a.Row)
	case DeleteCall:
		return "  delete " + string(a.Call)
	case WriteCDR:
		c := a.CDR
		return fmt.Sprintf("  cdr %s cid=%d type=%d agent=%s wait=%s pickup=%s talk=%s rejected=%d fstats=%d",
			c.Call, c.CID, c.Type, c.Agent, c.Wait, c.Pickup, c.Talk, c.Rejected, c.Stats)
	case SaveWrapup:
		return "  save wrapup " + a.Agent + " ends " + s.since(a.Ends)
	case ReportAgent:
		out := fmt.Sprintf("  report %s %s", a.Agent, a.State)
		if !a.WrapupEnds.IsZero() {
			out += " until " + s.since(a.WrapupEnds)
		}
		if a.Chats > 0 {
			out += " chats=" + strconv.Itoa(a.Chats)
		}
		if a.Flow != "" {
			out += " flow=" + a.Flow
		}
		return out
	case Alarm:
		return fmt.Sprintf("  alarm %s %s%s: %s", a.Call, a.Flow, a.Agent, a.Text)
	case ReportCall:
		out := fmt.Sprintf("  event %s %s wait=%s", a.Call, a.What, a.Wait)
		if a.Agent != "" {
			out += " agent=" + a.Agent
		}
		switch a.What {
		case HappenRejected:
			out += fmt.Sprintf(" code=%d", a.Code)
		case HappenEnded:
			out += fmt.Sprintf(" type=%d talk=%s", a.Type, a.Talk)
		}
		return out
	case Trace:
		return fmt.Sprintf("  trace %s %s %s %s", a.Call, a.State, a.Flow, a.Agent)
	}
	return fmt.Sprintf("  %T", a)
}

func (s *stage) row(r CallRow) string {
	return fmt.Sprintf("%s %s agent=%s no_rej=%d setup=%d eta=%d last=%s received=%s %s/%s flow=%s param=%s",
		r.Call, r.State, r.Agent, r.Rejections, r.SetupTime, r.ETA, s.since(r.LastStart), s.since(r.Received),
		r.User, r.Display, r.Flow, r.Param)
}

func (s *stage) show(what, prefix string) string {
	var out string
	switch what {
	case "why":
		if w, ok := s.eng.Why(s.now, CallID(prefix)); ok {
			out += fmt.Sprintf("  %s %s agent=%s etw=%d waiting=%s ahead=%d%v: %s\n", w.ID, w.State, w.Agent, w.ETW, w.Waiting, w.Ahead.Count, w.Ahead.First, w.Reason)
			for _, g := range w.Agents {
				out += fmt.Sprintf("    %s: %d%v soonest=%s\n", g.Hindrance, g.Count, g.First, g.Soonest)
			}
		}
	case "queue":
		for _, q := range s.eng.Queue(s.now) {
			out += fmt.Sprintf("  %+v\n", q)
		}
	case "flows":
		for _, f := range s.eng.Flows(s.now) {
			out += fmt.Sprintf("  %+v\n", f)
		}
	case "agents":
		for _, a := range s.eng.Agents(s.now) {
			out += fmt.Sprintf("  %+v\n", a)
		}
	case "calls":
		for _, c := range s.eng.Calls(s.now) {
			out += fmt.Sprintf("  %+v\n", c)
		}
	case "stats":
		for _, st := range s.eng.Stats(s.now) {
			if strings.HasPrefix(st.Name(), prefix) && (st.Value != 0 || prefix != "") {
				out += fmt.Sprintf("  %s %d\n", st.Name(), st.Value)
			}
		}
	}
	return out
}

func (s *stage) remove(id string) {
	s.load.Flows = without(s.load.Flows, id, func(f FlowConfig) string { return f.ID })
	s.load.Agents = without(s.load.Agents, id, func(a AgentConfig) string { return a.ID })
}

func replace[T any](list []T, item T, id func(T) string) []T {
	for i := range list {
		if id(list[i]) == id(item) {
			list = append([]T(nil), list...)
			list[i] = item
			return list
		}
	}
	return append(list, item)
}

func without[T any](list []T, gone string, id func(T) string) []T {
	var kept []T
	for _, item := range list {
		if id(item) != gone {
			kept = append(kept, item)
		}
	}
	return kept
}

// pairs walks over "key=value" words.
func pairs(words []string, each func(key, value string)) {
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		each(k, v)
	}
}

func seconds(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (s *stage) options(t *testing.T, words []string) {
	o := Options{Wrapup: 30 * time.Second, RejectOnNoAgents: true, InternalDispatching: true}
	pairs(words, func(k, v string) {
		switch k {
		case "wrapup":
			o.Wrapup = seconds(t, v)
		case "accept":
			o.RejectOnNoAgents = false
		case "pos":
			o.QueuePosParam = v
		case "policy":
			o.ChatPolicy = v
		case "compat-etw":
			o.CompatETW = true
		case "fallback":
			o.Fallback = "sip:" + v
		case "failures":
			o.MaxFailures, _ = strconv.Atoi(v)
			o.AgentRetry = time.Minute
		case "pos-refresh":
			o.PosRefresh = seconds(t, v)
		case "external":
			o.InternalDispatching = false
		case "drop-old":
			o.DropOld = true
		default:
			t.Fatalf("unknown option %q", k)
		}
	})
	s.eng = New(o)
}

func flowOf(t *testing.T, words []string) FlowConfig {
	f := FlowConfig{ID: words[0], Priority: 256, Skill: "s", Queue: "sip:moh@media"}
	pairs(words[1:], func(k, v string) {
		switch k {
		case "priority":
			f.Priority, _ = strconv.Atoi(v)
		case "skill":
			f.Skill = v
		case "prefix":
			f.PrependCID = v
		case "max-wrapup":
			f.MaxWrapup = seconds(t, v)
		case "welcome":
			f.Welcome = "sip:" + v
		case "queue":
			f.Queue = "sip:" + v
		case "flowid":
			f.FlowID = "sip:" + v
		case "dissuading":
			f.Dissuading = "sip:" + v
		case "hangup":
			f.DissuadingHangup = true
		case "on-hold":
			f.DissuadingOnHold = seconds(t, v)
		case "ewt":
			f.DissuadingEWT = seconds(t, v)
		case "qsize":
			f.DissuadingQueueSize, _ = strconv.Atoi(v)
		default:
			t.Fatalf("unknown property %q of flow", k)
		}
	})
	return f
}

func (s *stage) agentOf(t *testing.T, words []string) AgentConfig {
	a := AgentConfig{ID: words[0], Location: "sip:" + words[0] + "@phones", Skills: []string{"s"}, LoggedIn: true}
	pairs(words[1:], func(k, v string) {
		switch k {
		case "skills":
			a.Skills = strings.Split(v, ",")
		case "off":
			a.LoggedIn = false
		case "wrapup":
			a.Wrapup = seconds(t, v)
		case "ends":
			a.WrapupEnds = t0.Add(seconds(t, v))
		case "chats":
			a.MSRPSessions, _ = strconv.Atoi(v)
			a.MSRPLocation = "sip:" + words[0] + "@chat"
		case "no-audio":
			a.Location = ""
		default:
			t.Fatalf("unknown property %q of agent", k)
		}
	})
	return a
}

func callOf(words []string) CallArrived {
	c := CallArrived{Call: CallID(words[0]), Flow: words[1], Media: RTP, User: words[0]}
	pairs(words[2:], func(k, v string) {
		switch k {
		case "chat":
			c.Media = MSRP
		case "user":
			c.User = v
		case "display":
			c.Display = strings.ReplaceAll(v, "_", " ")
		case "param":
			c.Param = v
		}
	})
	return c
}
