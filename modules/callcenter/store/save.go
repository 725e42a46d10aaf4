package store

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// The widths of columns, in characters. All others are wideText.
const (
	callerText = 64 // cc_cdrs.caller
	wideText   = 128
)

// Save queues the write that an action asks for and returns at once. Other
// actions are ignored. What is saved in one order is written in that order
// for each database.
func (s *Store) Save(a engine.Action) {
	l := s.layout.Load()
	switch a := a.(type) {
	case engine.SaveCall:
		s.put(s.rt, s.insertCall(l, a.Row))
	case engine.UpdateCall:
		s.put(s.rt, s.updateCall(l, a.Row))
	case engine.DeleteCall:
		s.put(s.rt, db.Op{SQL: "DELETE FROM cc_calls WHERE b2buaid = ?", Args: []any{s.wide(string(a.Call))}})
	case engine.WriteCDR:
		s.put(s.acc, s.insertCDR(l, a.CDR))
	case engine.SaveWrapup:
		s.put(s.own, s.updateWrapup(l, a))
	}
}

// ClearCalls queues the removal of the rows of cc_calls that an earlier sipd
// left: no call survives the process that carried it. Rows of OpenSIPS stay;
// they hold ticks since its start where ours hold Unix times. Servers that
// share the table must not call it.
func (s *Store) ClearCalls() {
	s.put(s.rt, db.Op{SQL: "DELETE FROM cc_calls WHERE recv_time > ?", Args: []any{ticksLimit}})
}

// ticksLimit is more seconds than any server has run, and an instant before
// sipd existed (September 2001).
const ticksLimit = 1_000_000_000

func (s *Store) put(w *db.Writer, op db.Op) {
	if err := w.Write(op); err != nil {
		s.refused.Add(1)
		s.opt.Log.Error("row not written", "sql", op.SQL, "args", op.Args, "err", err)
	}
}

// insert collects the columns of an INSERT.
type insert struct {
	table string
	names []string
	args  []any
}

func (i *insert) set(name string, value any) {
	i.names, i.args = append(i.names, name), append(i.args, value)
}

func (i *insert) op() db.Op {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(i.names)), ", ")
	return db.Op{SQL: "INSERT INTO " + i.table + " (" + strings.Join(i.names, ", ") + ") VALUES (" + marks + ")", Args: i.args}
}

func (s *Store) insertCall(l *Layout, r engine.CallRow) db.Op {
	i := insert{table: "cc_calls"}
	i.set("state", stateNumber(l.Calls, r.State))
	if l.Calls >= Era33 {
		i.set("media", r.Media.Row())
	}
	i.set("ig_cback", 0)
	i.set("no_rej", r.Rejections)
	i.set("setup_time", r.SetupTime)
	i.set("eta", min(r.ETA, math.MaxInt32))
	i.set("last_start", unix(r.LastStart))
	i.set("recv_time", unix(r.Received))
	i.set("caller_dn", s.wide(r.Display))
	i.set("caller_un", s.wide(r.User))
	i.set("b2buaid", s.wide(string(r.Call)))
	i.set("flow", s.wide(r.Flow))
	i.set("agent", s.wide(r.Agent))
	if l.Calls >= Era31 {
		i.set("script_param", s.wide(r.Param))
	}
	return i.op()
}

func (s *Store) updateCall(l *Layout, r engine.CallRow) db.Op {
	return db.Op{
		SQL:  "UPDATE cc_calls SET state = ?, ig_cback = ?, no_rej = ?, last_start = ?, agent = ? WHERE b2buaid = ?",
		Args: []any{stateNumber(l.Calls, r.State), 0, r.Rejections, unix(r.LastStart), s.wide(r.Agent), s.wide(string(r.Call))},
	}
}

func (s *Store) insertCDR(l *Layout, c engine.CDR) db.Op {
	i := insert{table: "cc_cdrs"}
	i.set("caller", s.fit(c.Caller, callerText))
	i.set("received_timestamp", c.Received.Local().Format(time.DateTime))
	i.set("wait_time", wholeSeconds(c.Wait))
	i.set("pickup_time", wholeSeconds(c.Pickup))
	i.set("talk_time", wholeSeconds(c.Talk))
	i.set("flow_id", s.wide(c.Flow))
	i.set("agent_id", nullable(s.wide(c.Agent)))
	i.set("call_type", int(c.Type))
	i.set("rejected", c.Rejected)
	i.set("fstats", c.Stats)
	i.set("cid", int64(uint32(c.CID)))
	if l.CDRMedia {
		i.set("media", int(c.Media))
	}
	op := i.op()
	op.Tag = CDRTag(c)
	return op
}

// CDRTag names a CDR among all that were ever written: a call has one last
// CDR, and one for each refusal.
func CDRTag(c engine.CDR) string {
	return fmt.Sprintf("%s/%d/%d", c.Call, c.Type, c.Rejected)
}

// LastCDR returns the call that a CDRTag is of, and whether the CDR is its last.
func LastCDR(tag string) (id engine.CallID, last bool) {
	end := strings.LastIndexByte(tag, '/')
	if end < 0 {
		return "", false
	}
	kind := strings.LastIndexByte(tag[:end], '/')
	if kind < 0 {
		return "", false
	}
	return engine.CallID(tag[:kind]), tag[kind+1:end] != fmt.Sprint(int(engine.CDRRejected))
}

// updateWrapup stores when a wrap-up ends. Releases before 3.1 keep the time
// of the agent's last call instead, which is now.
func (s *Store) updateWrapup(l *Layout, a engine.SaveWrapup) db.Op {
	column, value := quote(s.names[aWrapupEnd]), unix(a.Ends)
	if l.Agents == Era30 {
		column, value = "last_call_end", time.Now().Unix()
	}
	return db.Op{
		SQL:  "UPDATE " + quote(s.names[agentsTable]) + " SET " + column + " = ? WHERE " + quote(s.names[aAgentID]) + " = ?",
		Args: []any{value, s.wide(a.Agent)},
	}
}

// stateNumber is the number of a state in cc_calls.state, which before 3.1
// had fewer states.
func stateNumber(e Era, st engine.CallState) int {
	if e >= Era31 {
		return int(st)
	}
	switch st {
	case engine.StateNone:
		return 0
	case engine.StateWelcome, engine.StateDissuading1, engine.StateDissuading2:
		return 1
	case engine.StateQueued:
		return 2
	case engine.StatePreAgent, engine.StateToAgent:
		return 3
	}
	return 4
}

// unix returns Unix seconds, 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// wholeSeconds rounds down; the columns are not signed.
func wholeSeconds(d time.Duration) int64 {
	return min(max(0, int64(d/time.Second)), math.MaxInt32)
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (s *Store) wide(text string) string { return s.fit(text, wideText) }

// fit cuts a text to a number of characters, and makes it UTF-8 when it is not.
func (s *Store) fit(text string, width int) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	s.cut.Add(1)
	for i := range text {
		if width == 0 {
			return text[:i]
		}
		width--
	}
	return text
}
