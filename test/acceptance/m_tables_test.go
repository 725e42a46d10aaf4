package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/db/dbtest"
	"github.com/sipd/sipd/test/rig"
)

// statements reads a file of SQL, one statement a line.
func statements(t *testing.T, file string) (list []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "schema", file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			list = append(list, strings.TrimSuffix(line, ";"))
		}
	}
	return list
}

// schema runs the statements of a file that make the tables, all when none is
// named.
func schema(t *testing.T, url, file string, tables ...string) {
	t.Helper()
	db := rig.OpenSQL(t, url)
	for _, s := range statements(t, file) {
		ok := len(tables) == 0
		for _, table := range tables {
			ok = ok || strings.Contains(s, " "+table+" ")
		}
		if ok {
			rig.Exec(t, db, s)
		}
	}
}

// quoted is text as Lua has it.
func quoted(text string) string { return fmt.Sprintf("%q", text) }

// serves makes a call that an agent takes, and checks its CDR.
func (c *center) serves(flow, agent string) {
	c.t.Helper()
	c.Start()
	call := c.Call(c.desk("bob"), flow)
	c.Hears(call, "agent")
	c.Until("the row of the call", func() bool { return len(c.Rows("select id from cc_calls where agent = '"+agent+"'")) == 1 })
	call.Bye()
	c.CDR(1, row{"caller": "bob", "flow_id": flow, "agent_id": agent, "call_type": "0"})
	c.Idle()
}

// TestM1 starts on databases as OpenSIPS makes them, and names versions that
// are wrong or missing.
func TestM1(t *testing.T) {
	for _, file := range []string{"opensips33.sql", "opensips32.sql"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			url := dbtest.MariaDB(t)
			schema(t, url, file)
			c := centerOn(t, rig.Options{URL: url})
			c.flow("f", nil)
			c.Agent("a", at(c.desk("agent")))
			rig.Run(t, 0, "db", "check", "--url", url)
			c.serves("f", "a")
			c.Exec("update version set table_version = 7 where table_name = 'cc_flows'")
			c.Exec("delete from version where table_name = 'cc_agents'")
			out := rig.Run(t, 2, "db", "check", "--url", url)
			c.Stop()
			c.Start()
			for _, want := range []string{"cc_flows.* has version 7", "cc_agents.* has no row in table version"} {
				if re := regexp.MustCompile(want); !re.MatchString(out) || !re.MatchString(c.Log()) {
					t.Errorf("db check and the start do not both say %q:\n%s", want, out)
				}
			}
		})
	}
}

// TestM2 has flows and agents, CDRs and calls in three databases.
func TestM2(t *testing.T) {
	t.Parallel()
	conf, acc, rt := dbtest.MariaDB(t), dbtest.MariaDB(t), dbtest.MariaDB(t)
	schema(t, conf, "opensips33.sql", "version", "cc_flows", "cc_agents")
	schema(t, acc, "opensips33.sql", "version", "cc_cdrs")
	schema(t, rt, "opensips33.sql", "version", "cc_calls")
	c := centerOn(t, rig.Options{URL: conf}, "acc_db_url", quoted(acc), "rt_db_url", quoted(rt))
	cdrs, calls := rig.OpenSQL(t, acc), rig.OpenSQL(t, rt)
	agent := c.desk("agent")
	c.flow("f", nil)
	c.Agent("a", at(agent))
	c.Start()
	call, _ := c.join(c.desk("bob"), "f", agent)
	c.Until("the row of the call", func() bool {
		r := rig.Rows(t, calls, "select * from cc_calls")
		return len(r) == 1 && r[0]["agent"] == "a" && r[0]["state"] == "6"
	})
	call.Bye()
	c.Until("the CDR", func() bool {
		r := rig.Rows(t, cdrs, "select * from cc_cdrs")
		return len(r) == 1 && r[0]["agent_id"] == "a"
	})
	c.Until("no row of a call", func() bool { return len(rig.Rows(t, calls, "select * from cc_calls")) == 0 })
	c.Until("the end of wrap-up saved", func() bool { return c.Rows("select wrapup_end_time from cc_agents")[0]["wrapup_end_time"] != "0" })
}

// TestM3 has another name for every table and column that may have one.
func TestM3(t *testing.T) {
	t.Parallel()
	names := map[string]string{ // parameter, default name
		"cc_agents_table": "cc_agents", "cca_agentid_column": "agentid", "cca_location_column": "location",
		"cca_msrp_location_column": "msrp_location", "cca_msrp_max_sessions_column": "msrp_max_sessions",
		"cca_skills_column": "skills", "cca_logstate_column": "logstate", "cca_wrapupend_column": "wrapup_end_time",
		"cca_wrapuptime_column": "wrapup_time",
		"cc_flows_table":        "cc_flows", "ccf_flowid_column": "flowid", "ccf_priority_column": "priority", "ccf_skill_column": "skill",
		"ccf_cid_column": "prependcid", "ccf_max_wrapup_column": "max_wrapup_time", "ccf_dissuading_hangup_column": "dissuading_hangup",
		"ccf_dissuading_onhold_th_column": "dissuading_onhold_th", "ccf_dissuading_ewt_th_column": "dissuading_ewt_th",
		"ccf_dissuading_qsize_th_column": "dissuading_qsize_th", "ccf_m_welcome_column": "message_welcome",
		"ccf_m_queue_column": "message_queue", "ccf_m_dissuading_column": "message_dissuading", "ccf_m_flow_id_column": "message_flow_id",
	}
	if len(names) != 23 {
		t.Fatalf("%d names, want 23", len(names))
	}
	url := dbtest.MariaDB(t)
	db := rig.OpenSQL(t, url)
	for _, s := range statements(t, "opensips33.sql") {
		if strings.Contains(s, "TABLE cc_flows") || strings.Contains(s, "TABLE cc_agents") {
			for _, old := range names {
				s = regexp.MustCompile(`\b`+old+`\b`).ReplaceAllString(s, "my_"+old)
			}
		}
		rig.Exec(t, db, s)
	}
	params := []string{}
	for p, old := range names {
		params = append(params, p, quoted("my_"+old))
	}
	c := centerOn(t, rig.Options{URL: url}, params...)
	agent, welcome := c.desk("agent"), c.desk("hello")
	my := func(r row) row { // with the other names
		renamed := row{}
		for k, v := range r {
			renamed["my_"+k] = v
		}
		return renamed
	}
	rig.Insert(t, db, "my_cc_flows", nil, my(row{"flowid": "f", "skill": "s", "prependcid": "P", "priority": "7", "max_wrapup_time": "30",
		"message_queue": rig.URI(c.media), "message_welcome": rig.URI(welcome), "dissuading_hangup": "1", "dissuading_qsize_th": "1",
		"message_dissuading": rig.URI(c.desk("sorry"))}))
	rig.Insert(t, db, "my_cc_agents", nil, my(row{"agentid": "a", "location": rig.URI(agent), "msrp_location": rig.URI(c.chat("text")),
		"msrp_max_sessions": "2", "skills": "s", "logstate": "1", "wrapup_time": "60"}))
	c.Start()
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "hello")
	c.Answered(welcome).Bye()
	if f, _ := c.Invited(agent).From(); f.Name() != "P bob" {
		t.Errorf("the agent's phone shows %q", f.Name())
	}
	c.Hears(c.Answered(agent), "bob")
	waiting := c.Call(c.desk("eve"), "f") // hears the welcome
	c.Answered(welcome).Bye()
	c.Hears(waiting, "moh")
	if q := c.Queued(1)[0]; q["Priority"] != 7.0 || q["Skill"] != "s" {
		t.Errorf("the queue has %v", q)
	}
	last := c.Call(c.desk("mia"), "f") // one waits: too many
	c.Answered(welcome).Bye()
	c.Hears(last, "sorry")
	call.Bye()
	c.AwaitState("a", "wrapup")
	if left, _ := c.AgentInfo("a")["Wrapup-ends"].(float64); left < 20 || left > 30 {
		t.Errorf("wrap-up for %v s, want the flow's 30", left)
	}
	c.Until("the end of wrap-up saved", func() bool {
		return rig.Rows(t, db, "select my_wrapup_end_time from my_cc_agents")[0]["my_wrapup_end_time"] != "0"
	})
}

// TestM4 loses the database after the start: calls go on, and their CDRs are
// there when it is back, in order and once.
func TestM4(t *testing.T) {
	t.Parallel()
	server := dbtest.Start(t)
	url := server.Database(t)
	schema(t, url, "opensips33.sql")
	c := centerOn(t, rig.Options{URL: url})
	agent := c.desk("agent")
	c.flow("f", nil)
	c.Agent("a", at(agent, "logstate", "0"))
	c.Start()
	server.Kill()
	callers := []string{"c1", "c2", "c3"}
	for _, name := range callers {
		call := c.Call(c.desk(name), "f")
		c.Hears(call, "moh")
		c.Queued(1)
		c.Login("a", 1)
		c.Hears(call, "agent")
		c.Hears(c.Answered(agent), name)
		call.Bye()
		c.AwaitState("a", "wrapup")
		c.Login("a", 0)
		c.AwaitState("a", "offline")
		c.Until("his wrap-up to end", func() bool { return c.State("a") == "offline" && len(c.Calls()) == 0 })
	}
	server.Restart(t)
	cdrs := c.CDRs(len(callers))
	for i, name := range callers {
		c.Want(cdrs[i], row{"caller": name, "agent_id": "a", "call_type": "0", "fstats": "7"})
	}
	c.Until("no row of a call", func() bool { return len(c.Rows("select * from cc_calls")) == 0 })
	if n := len(c.CDRs(len(callers))); n != len(callers) {
		t.Errorf("%d CDRs", n)
	}
}

// TestM5 reloads flows and agents under live calls.
func TestM5(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, old, fresh := c.desk("agent"), c.desk("old"), c.desk("new")
	c.flow("f", nil)
	c.flow("other", row{"skill": "rare"})
	c.Agent("a", at(agent, "wrapup_time", "60"))
	c.Agent("b", at(old, "logstate", "0"))
	c.Start()
	call, _ := c.join(c.desk("bob"), "f", agent) // by an agent who is removed now
	waiting := c.Call(c.desk("eve"), "other")
	c.Hears(waiting, "moh")
	c.Exec("delete from cc_agents where agentid = 'a'")
	c.Exec("update cc_agents set location = ?, skills = 'test,rare' where agentid = 'b'", rig.URI(fresh))
	c.Exec("update cc_flows set priority = 3 where flowid = 'other'")
	c.flow("late", row{"skill": "rare"})
	c.Agent("n", at(c.desk("n"), "logstate", "0"))
	c.Login("b", 1) // the table says 0; he stays
	c.Exec("update cc_agents set logstate = 1 where agentid = 'b'")
	before := c.Stat("ccg_incalls")
	c.Reload()
	c.Live(call, "the call of the agent who was removed")
	c.Hears(waiting, "new") // his new skill, at his new place
	if got := c.Stat("ccg_incalls"); got != before {
		t.Errorf("ccg_incalls went from %d to %d", before, got)
	}
	if got := c.State("n"); got != "offline" {
		t.Errorf("the new agent is %s, want offline", got)
	}
	third := c.Call(c.desk("mia"), "late")
	c.Hears(third, "moh")
	if q := c.Queued(1)[0]; q["Flow"] != "late" {
		t.Errorf("the queue has %v", q)
	}
	call.Bye()
	c.CDR(1, row{"agent_id": "a", "call_type": "0"})
	c.Until("agent a to be gone", func() bool { return c.State("a") == "unknown" })
	c.Hears(c.Answered(fresh), "eve")
	waiting.Bye()
	c.AwaitState("b", "wrapup")
	c.Reload()
	if got := c.State("b"); got != "wrapup" && got != "incall" {
		t.Errorf("after a reload b is %s, want his wrap-up untouched", got)
	}

	c.Exec("insert into cc_flows (flowid, skill, message_queue) values ('good', 'test', 'sip:moh@127.0.0.1')")
	c.Exec("insert into cc_flows (flowid, skill, message_queue) values ('halfbroken', 'test', '')")
	if e := c.Fails(500, "cc_reload", nil); !strings.Contains(fmt.Sprint(e.Data), "halfbroken") {
		t.Errorf("the error is %v, want the name of the row", e.Data)
	}
	c.RefusedWith(404, c.desk("zoe"), "good")
}

// TestM6 accepts a flow with a skill that nobody has, and warns.
func TestM6(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.flow("f", row{"skill": "swahili"})
	c.Agent("a", at(c.desk("agent")))
	c.Start()
	c.Logged("swahili", `"level":"WARN"`)
	if !strings.Contains(rig.Run(t, 2, "db", "check", "--url", c.URL), "swahili") {
		t.Error("db check does not name the skill")
	}
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "moh")
	c.Queued(1)
	if got := c.State("a"); got != "free" {
		t.Errorf("agent %s, want free", got)
	}
}
