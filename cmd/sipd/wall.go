package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// frame is all that one picture of the wallboard shows.
type frame struct {
	*live
	at      string                   // where it comes from
	now     string                   // time of day, or "" for none
	since   map[string]time.Duration // how long each agent is in his state; only those known
	trouble string                   // why it is old, or ""
	view
}

// view is how the operator wants it.
type view struct {
	width, height int // of the terminal; height 0 is endless
	colour        bool
	flow          string // only this one, "" for all
	busy          bool   // what is busiest first, not by name
}

// The colours of the wallboard, as SGR parameters.
const (
	colourHead   = "1"
	colourGood   = "32"
	colourUrgent = "1;31"
	colourPause  = "33"
	colourTalk   = "36"
	colourFaint  = "2"
)

// lines draws a frame: nothing else is read, so equal frames look equal.
func (f frame) lines() []string {
	var all []line
	all = append(all, f.summary())
	if f.trouble != "" {
		all = append(all, line{text: plain(f.trouble), colour: colourUrgent})
	}
	for _, t := range []board{f.flowBoard(), f.queueBoard(), f.agentBoard(), f.callBoard()} {
		if len(t.rows) > 0 || t.always {
			all = append(append(all, line{}), t.lines(f.width)...)
		}
	}
	if f.height > 0 && len(all) > f.height {
		more := len(all) - f.height + 1
		all = append(all[:max(f.height-1, 0)], line{text: fmt.Sprintf("... %d lines more", more), colour: colourFaint})
	}
	out := make([]string, len(all))
	for i, l := range all {
		out[i] = strings.TrimRight(fit(l.text, f.width), " ")
		if f.colour && l.colour != "" && out[i] != "" {
			out[i] = "\x1b[" + l.colour + "m" + out[i] + "\x1b[0m"
		}
	}
	return out
}

type line struct{ text, colour string }

func (f frame) summary() line {
	longest, waiting := f.waiting("")
	in, free := 0, 0
	for _, a := range f.Agents {
		if a.Logged == "YES" {
			in++
		}
		if a.State == "free" {
			free++
		}
	}
	text := fmt.Sprintf("%d waiting", waiting)
	if waiting > 0 {
		text += ", longest " + clock(longest)
	}
	text += fmt.Sprintf("   %d free of %d logged in   %s   %s", free, in, count(len(f.Calls), "call"), plain(f.at))
	if f.now != "" {
		text += "   " + f.now
	}
	return line{text: text, colour: colourHead}
}

// waiting counts the queue of a flow ("": all) and tells its longest wait.
func (f frame) waiting(flow string) (longest, n int) {
	for _, q := range f.Queue {
		if flow == "" || q.Flow == flow {
			longest, n = max(longest, q.Waiting), n+1
		}
	}
	return longest, n
}

func (f frame) flowBoard() board {
	b := board{always: true, columns: []column{{"FLOW", 0, true}, {"WAITING", 7, false}, {"LONGEST", 7, false}, {"EWT", 6, false}, {"FREE", 4, false}, {"AGENTS", 6, false}, {"CALLS", 5, false}}}
	flows := slices.DeleteFunc(slices.Clone(f.Flows), func(l liveFlow) bool { return f.flow != "" && l.ID != f.flow })
	slices.SortStableFunc(flows, func(x, y liveFlow) int {
		if f.busy {
			lx, nx := f.waiting(x.ID)
			ly, ny := f.waiting(y.ID)
			if c := cmp.Or(cmp.Compare(ny, nx), cmp.Compare(ly, lx)); c != 0 {
				return c
			}
		}
		return cmp.Compare(x.ID, y.ID)
	})
	for _, l := range flows {
		longest, n := f.waiting(l.ID)
		r := row{cells: []string{l.ID, strconv.Itoa(n), "", f.ewt(l.ID), f.stat("ccf_free_agents-" + l.ID), strconv.Itoa(l.Logged), strconv.Itoa(l.Calls)}}
		if n > 0 {
			r.cells[2] = clock(longest)
		}
		switch {
		case l.Logged == 0 && n > 0:
			r.colour = colourUrgent
		case n > 0:
			r.colour = colourPause
		}
		b.rows = append(b.rows, r)
	}
	return b
}

func (f frame) stat(name string) string {
	if n, there := f.Stats[name]; there {
		return strconv.Itoa(n)
	}
	return ""
}

// ewt is the expected waiting time of a flow; none when nobody is there.
func (f frame) ewt(flow string) string {
	n, there := f.Stats["ccf_etw-"+flow]
	if !there {
		return ""
	}
	return wait(n)
}

// wait writes an expected time; with nobody logged in it has no end.
func wait(n int) string {
	if n < 0 || n >= math.MaxInt32 {
		return "-"
	}
	return clock(n)
}

func (f frame) queueBoard() board {
	b := board{columns: []column{{"#", 3, false}, {"CALLER", 0, true}, {"WAITING", 7, false}, {"EWT", 6, false}, {"FLOW", 16, true}}}
	for i, q := range f.Queue {
		if f.flow != "" && q.Flow != f.flow {
			continue
		}
		caller := sip.Unquote(strings.TrimSpace(q.Display))
		if caller == "" {
			caller = q.User
		} else if q.User != "" {
			caller += " " + q.User
		}
		if q.Media == "MSRP" {
			caller += " (chat)"
		}
		b.rows = append(b.rows, row{cells: []string{strconv.Itoa(i + 1), caller, clock(q.Waiting), wait(q.ETW), q.Flow}})
	}
	return b
}

// The order of agents' states on a busy wallboard.
var stateOrder = []string{"incall", "inchat", "wrapup", "free", ""}

func (f frame) agentBoard() board {
	b := board{columns: []column{{"AGENT", 0, true}, {"STATE", 8, true}, {"FOR", 7, false}, {"WRAPUP", 6, false}, {"FLOW", 16, true}}}
	flowOf := map[string]string{}
	for _, c := range f.Calls {
		if c.Agent != "" {
			flowOf[c.Agent] = c.Flow
		}
	}
	agents := slices.DeleteFunc(slices.Clone(f.Agents), func(a liveAgent) bool { return f.flow != "" && flowOf[a.ID] != f.flow && a.Logged != "YES" })
	slices.SortStableFunc(agents, func(x, y liveAgent) int {
		if f.busy {
			if c := cmp.Or(cmp.Compare(slices.Index(stateOrder, x.State), slices.Index(stateOrder, y.State)), cmp.Compare(f.since[y.ID], f.since[x.ID])); c != 0 {
				return c
			}
		}
		return cmp.Compare(x.ID, y.ID)
	})
	for _, a := range agents {
		r := row{cells: []string{a.ID, a.State, "", "", flowOf[a.ID]}}
		switch {
		case a.Logged != "YES":
			r.cells[1], r.colour = "out", colourFaint
		case a.State == "free":
			r.colour = colourGood
		case a.State == "wrapup":
			r.colour = colourPause
		default:
			r.colour = colourTalk
		}
		if d, known := f.since[a.ID]; known {
			r.cells[2] = clock(int(d / time.Second))
		}
		if a.Wrapup != nil {
			r.cells[3] = clock(*a.Wrapup)
		}
		if a.Chats != nil {
			r.cells[1] += " " + strconv.Itoa(*a.Chats)
		}
		b.rows = append(b.rows, r)
	}
	return b
}

func (f frame) callBoard() board {
	b := board{columns: []column{{"CALL OF", 0, true}, {"STATE", 11, true}, {"AGENT", 12, true}, {"TIME", 7, false}, {"ID", 22, true}}}
	calls := slices.Clone(f.Calls)
	slices.SortStableFunc(calls, func(x, y liveCall) int { return cmp.Compare(y.Time, x.Time) })
	for _, c := range calls {
		if f.flow == "" || c.Flow == f.flow {
			b.rows = append(b.rows, row{cells: []string{c.Flow, c.State, c.Agent, clock(c.Time), c.ID}})
		}
	}
	return b
}

// clock writes seconds as 0:07, 12:30 or 1:02:03.
func clock(n int) string {
	n = max(n, 0)
	if n >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
	}
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}
