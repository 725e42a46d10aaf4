package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

func TestLoad(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		exec(t, d, `INSERT INTO cc_flows VALUES (1,'tech',256,'support','TECH',60,1,120,300,20,'sip:welcome@10.0.0.9','sip:moh@10.0.0.9','player:busy','sip:x@h');
INSERT INTO cc_flows (flowid, priority, skill, message_queue, message_welcome) VALUES ('plain', 1, 'Sales', 'player:moh', '');
INSERT INTO cc_agents VALUES (1,'zoe','sip:zoe@10.0.0.20',1,'sip:zoe-chat@10.0.0.20',3,'support, sales,,support , Sales',1790000123,7);
INSERT INTO cc_agents (agentid, location, skills) VALUES ('alice', 'sips:alice@h', 'x');
INSERT INTO cc_agents (agentid, msrp_location, skills, wrapup_end_time) VALUES ('chat', 'sip:chat@h', '', -5)`)
		s := start(t, Options{DB: d})
		got, bad, err := s.Load(t.Context())
		if err != nil || bad != nil {
			t.Fatal(err, bad)
		}
		want := engine.Load{
			Flows: []engine.FlowConfig{
				{ID: "tech", Priority: 256, Skill: "support", PrependCID: "TECH", MaxWrapup: time.Minute, Welcome: "sip:welcome@10.0.0.9",
					Queue: "sip:moh@10.0.0.9", FlowID: "sip:x@h", Dissuading: "player:busy", DissuadingHangup: true,
					DissuadingOnHold: 2 * time.Minute, DissuadingEWT: 5 * time.Minute, DissuadingQueueSize: 20},
				{ID: "plain", Priority: 1, Skill: "Sales", Queue: "player:moh"},
			},
			Agents: []engine.AgentConfig{
				{ID: "zoe", Location: "sip:zoe@10.0.0.20", MSRPLocation: "sip:zoe-chat@10.0.0.20", MSRPSessions: 3,
					Skills: []string{"support", "sales", "Sales"}, LoggedIn: true, Wrapup: 7 * time.Second, WrapupEnds: time.Unix(1790000123, 0)},
				{ID: "alice", Location: "sips:alice@h", Skills: []string{"x"}},
				{ID: "chat", MSRPLocation: "sip:chat@h", MSRPSessions: 4},
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

// TestBadRows names each bad row with a remedy and reads the others.
func TestBadRows(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		exec(t, d, `INSERT INTO cc_flows (flowid, skill, message_queue) VALUES ('nomusic', 's', ''), ('noskill', ' ', 'sip:q@h'), ('', 's', 'sip:q@h'), ('baduri', 's', 'moh'), ('http', 's', 'http://h/x'), ('good', 's', 'sip:q@h');
INSERT INTO cc_flows (flowid, skill, message_queue, message_welcome) VALUES ('badwelcome', 's', 'sip:q@h', 'sip:a b@h');
INSERT INTO cc_agents (agentid, location, msrp_location, skills) VALUES ('nowhere', NULL, NULL, 's'), ('empty', '', NULL, 's'), ('emptychat', 'sip:a@h', ' ', 's'), ('baduri', 'alice@h', NULL, 's'), ('player', 'player:x', NULL, 's'), ('good', 'sip:good@h', NULL, 's')`)
		s := start(t, Options{DB: d})
		l, bad, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Flows) != 1 || l.Flows[0].ID != "good" || len(l.Agents) != 1 || l.Agents[0].ID != "good" {
			t.Errorf("loaded %+v", l)
		}
		var text []string
		for _, b := range bad {
			text = append(text, b.String())
			if b.Remedy == "" || b.Used {
				t.Errorf("%+v", b)
			}
		}
		for i, want := range []string{
			`cc_flows "nomusic": message_queue is empty: set it to the SIP URI of the music that waiting callers hear`,
			`cc_flows "noskill": skill is empty`,
			`table cc_flows: flowid is empty`,
			`cc_flows "baduri": message_queue is a bad URI "moh"`,
			`cc_flows "http": message_queue "http://h/x" is not a SIP URI`,
			`cc_flows "badwelcome": message_welcome is a bad URI "sip:a b@h"`,
			`cc_agents "nowhere": location is NULL, and there is no place for chats either`,
			`cc_agents "empty": location is empty: set it to a SIP URI, or to NULL for no audio`,
			`cc_agents "emptychat": msrp_location is empty: set it to a SIP URI, or to NULL for no chats`,
			`cc_agents "baduri": location is a bad URI "alice@h"`,
			`cc_agents "player": location "player:x" is not a SIP URI`,
		} {
			if i >= len(text) || !strings.HasPrefix(text[i], want) {
				t.Fatalf("finding %d: want %s\nof\n%s", i, want, strings.Join(text, "\n"))
			}
		}
		if len(text) != 11 {
			t.Errorf("%d findings:\n%s", len(text), strings.Join(text, "\n"))
		}
	})
}

// TestWrongTypes needs SQLite, which stores anything anywhere.
func TestWrongTypes(t *testing.T) {
	d := openDB(t, "sqlite://"+t.TempDir()+"/x.db")
	exec(t, d, `CREATE TABLE cc_flows (flowid, priority, skill, prependcid, max_wrapup_time, dissuading_hangup, dissuading_onhold_th, dissuading_ewt_th, dissuading_qsize_th, message_welcome, message_queue, message_dissuading, message_flow_id);
CREATE TABLE cc_agents (agentid, location, logstate, msrp_location, msrp_max_sessions, skills, wrapup_end_time, wrapup_time);
INSERT INTO cc_flows VALUES ('a','high','s',NULL,0,0,0,0,0,NULL,'sip:q@h',NULL,NULL), ('b',-1,'s',NULL,0,0,0,0,0,NULL,'sip:q@h',NULL,NULL), ('c',NULL,'s',NULL,0,0,0,0,0,NULL,'sip:q@h',NULL,NULL), ('d',3,'s',NULL,0,0,0,0,0,NULL,'sip:q@h',NULL,NULL), ('d',4,'s',NULL,0,0,0,0,0,NULL,'sip:q@h',NULL,NULL);
INSERT INTO cc_agents VALUES ('x','sip:x@h',1,NULL,NULL,'s',NULL,0), (NULL,'sip:x@h',1,NULL,NULL,'s',0,0), ('y','sip:x@h',1,NULL,NULL,NULL,0,0)`)
	l, bad, err := start(t, Options{DB: d}).Load(t.Context())
	if err != nil || len(bad) != 6 || len(l.Flows) != 1 || l.Flows[0].Priority != 3 || len(l.Agents) != 1 {
		t.Errorf("%+v\n%v\n%v", l, bad, err)
	}
	for i, want := range []string{`priority is "high"`, `priority is "-1"`, "priority is NULL", "flowid occurs twice", "agentid is NULL", "skills is NULL"} {
		if i < len(bad) && bad[i].Why != want {
			t.Errorf("finding %d: %s, want %s", i, bad[i].Why, want)
		}
	}
}

// The layouts of earlier releases, as far as both databases take the text.
const (
	eraFlows30  = `CREATE TABLE cc_flows (id INTEGER PRIMARY KEY NOT NULL, flowid CHAR(64) NOT NULL, priority INT DEFAULT 256 NOT NULL, skill CHAR(64) NOT NULL, prependcid CHAR(32) NOT NULL, message_welcome CHAR(128) DEFAULT NULL, message_queue CHAR(128) NOT NULL)`
	eraAgents30 = `CREATE TABLE cc_agents (id INTEGER PRIMARY KEY NOT NULL, agentid CHAR(128) NOT NULL, location CHAR(128) NOT NULL, logstate INT DEFAULT 0 NOT NULL, skills CHAR(255) NOT NULL, last_call_end INT DEFAULT 0 NOT NULL)`
	eraAgents31 = `CREATE TABLE cc_agents (id INTEGER PRIMARY KEY NOT NULL, agentid CHAR(128) NOT NULL, location CHAR(128) NOT NULL, logstate INT DEFAULT 0 NOT NULL, skills CHAR(255) NOT NULL, wrapup_end_time INT DEFAULT 0 NOT NULL, wrapup_time INT DEFAULT 0 NOT NULL)`
	eraCDRs     = `CREATE TABLE cc_cdrs (caller CHAR(64) NOT NULL, received_timestamp DATETIME NOT NULL, wait_time INT, pickup_time INT, talk_time INT, flow_id CHAR(128) NOT NULL, agent_id CHAR(128) DEFAULT NULL, call_type INT NOT NULL, rejected INT, fstats INT, cid INT)`
	eraCalls31  = `CREATE TABLE cc_calls (state INT NOT NULL, ig_cback INT NOT NULL, no_rej INT NOT NULL, setup_time INT NOT NULL, eta INT NOT NULL, last_start INT NOT NULL, recv_time INT NOT NULL, caller_dn CHAR(128) NOT NULL, caller_un CHAR(128) NOT NULL, b2buaid CHAR(128) NOT NULL, flow CHAR(128) NOT NULL, agent CHAR(128) NOT NULL, script_param CHAR(128) NOT NULL)`
)

// TestEras reads and writes the tables of older releases.
func TestEras(t *testing.T) {
	calls30 := strings.Replace(eraCalls31, ", script_param CHAR(128) NOT NULL", "", 1)
	for _, c := range []struct {
		era           Era
		agents, calls string
		state         string
	}{{Era31, eraAgents31, eraCalls31, "4"}, {Era30, eraAgents30, calls30, "2"}} {
		t.Run(c.era.String(), func(t *testing.T) {
			each(t, func(t *testing.T, d *db.DB) {
				exec(t, d, strings.Join([]string{eraFlows30, c.agents, eraCDRs, c.calls,
					"INSERT INTO cc_flows VALUES (1, 'f', 7, 's', '', NULL, 'sip:q@h')",
					"INSERT INTO cc_agents (id, agentid, location, skills) VALUES (1, 'a', 'sip:a@h', 's')"}, ";\n"))
				if c.era == Era31 {
					for _, col := range []string{"max_wrapup_time INT", "dissuading_hangup INT", "dissuading_onhold_th INT", "dissuading_ewt_th INT", "dissuading_qsize_th INT"} {
						exec(t, d, "ALTER TABLE cc_flows ADD COLUMN "+col+" DEFAULT 0 NOT NULL")
					}
					exec(t, d, "ALTER TABLE cc_flows ADD COLUMN message_dissuading CHAR(128) DEFAULT '' NOT NULL;\nALTER TABLE cc_flows ADD COLUMN message_flow_id CHAR(128)")
				}
				s := start(t, Options{DB: d})
				l, bad, err := s.Load(t.Context())
				if err != nil || bad != nil || len(l.Agents) != 1 || len(l.Flows) != 1 || l.Flows[0].Priority != 7 {
					t.Fatalf("%+v, %v, %v", l, bad, err)
				}
				s.Save(engine.SaveCall{Row: callRow("1.1")})
				s.Save(engine.WriteCDR{CDR: engine.CDR{Caller: "x", Received: start0, Flow: "f"}})
				s.Save(engine.SaveWrapup{Agent: "a", Ends: start0})
				flush(t, s)
				if got := all(t, d, "SELECT state, b2buaid FROM cc_calls"); !slices.Equal(got, []string{c.state + "|1.1"}) {
					t.Errorf("cc_calls %q", got)
				}
				if got := all(t, d, "SELECT caller, flow_id FROM cc_cdrs"); !slices.Equal(got, []string{"x|f"}) {
					t.Errorf("cc_cdrs %q", got)
				}
				if got := all(t, d, "SELECT "+map[Era]string{Era30: "last_call_end", Era31: "wrapup_end_time"}[c.era]+" > 0 FROM cc_agents"); !slices.Equal(got, []string{"1"}) {
					t.Errorf("wrap-up %q", got)
				}
				r, err := Check(t.Context(), Options{DB: d})
				if err != nil || r.Era != c.era || len(r.Findings) != 2 {
					t.Errorf("Check: %v, %v; want the missing versions only", r, err)
				}
			})
		})
	}
}
