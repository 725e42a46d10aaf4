package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/db/dbtest"
	"github.com/sipd/sipd/test/ports"
)

// must runs a command that succeeds.
func must(t *testing.T, args ...string) (out string) {
	t.Helper()
	exit, out, errs := sipd(args...)
	if exit != exitOK || errs != "" {
		t.Fatalf("sipd %s: exit code %d: %s", strings.Join(args, " "), exit, errs)
	}
	return out
}

// fails runs a command that is to fail with an exit code and a message.
func fails(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	exit, out, errs := sipd(args...)
	if exit != code || !strings.Contains(errs, want) {
		t.Errorf("sipd %s: exit code %d, want %d with %s\n%s%s", strings.Join(args, " "), exit, code, want, out, errs)
	}
}

// TestProvision fills a database without SQL.
func TestProvision(t *testing.T) {
	for _, dialect := range []string{"sqlite", "mariadb"} {
		t.Run(dialect, func(t *testing.T) {
			url := newDB(t)
			if dialect == "mariadb" {
				url = dbtest.MariaDB(t)
				must(t, "db", "create", "--url", url)
			}
			out := must(t, "flow", "add", "tech", "--skill", "test", "--message-queue", "sip:moh@h", "--prependcid", "TECH", "--url", url)
			for _, want := range []string{"flow tech\n", "  message_queue         sip:moh@h\n", "run: sipd mi cc_reload ("} {
				if !strings.Contains(out, want) {
					t.Errorf("flow add: no %q in\n%s", want, out)
				}
			}
			must(t, "agent", "add", "1008", "--skills", "test,x", "--location", "sip:1008@h", "--url", url)
			must(t, "agent", "set", "1008", "--logstate", "1", "--wrapup-time", "5", "--url", url)
			must(t, "flow", "set", "tech", "--prependcid", "", "--message-dissuading", "player:busy", "--url", url)
			if got, want := must(t, "flow", "list", "--url", url), "flow  skill  priority  message_welcome  message_queue  message_dissuading\ntech  test   256       -                sip:moh@h      player:busy\n"; got != want {
				t.Errorf("flow list\n%s, want\n%s", got, want)
			}
			var agents []map[string]any
			if err := json.Unmarshal([]byte(must(t, "agent", "list", "--json", "--url", url)), &agents); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"agentid": "1008", "location": "sip:1008@h", "logstate": 1.0, "msrp_location": nil,
				"msrp_max_sessions": 4.0, "skills": "test,x", "wrapup_end_time": 0.0, "wrapup_time": 5.0}
			if fmt.Sprint(agents) != fmt.Sprint([]map[string]any{want}) {
				t.Errorf("agent list\n%v, want\n%v", agents, want)
			}
			fails(t, exitInput, `no "108"; did you mean "1008"?`, "agent", "rm", "108", "--url", url)
			fails(t, exitInput, "exists already", "flow", "add", "tech", "--skill", "x", "--message-queue", "sip:q@h", "--url", url)
			fails(t, exitInput, "nothing to change", "flow", "set", "tech", "--url", url)
			fails(t, exitInput, "add --skills", "agent", "add", "x", "--location", "sip:x@h", "--url", url)
			fails(t, exitInput, "which database", "agent", "rm", "1008")
			must(t, "agent", "rm", "1008", "--url", url)
			must(t, "flow", "rm", "tech", "--url", url)
			if got := must(t, "agent", "list", "--json", "--url", url); got != "[]\n" {
				t.Errorf("left %s", got)
			}
		})
	}
}

// TestProvisionRunning takes the database from the route file of a running
// server, with a renamed table, and reloads it.
func TestProvisionRunning(t *testing.T) {
	url := newDB(t, "ALTER TABLE cc_agents RENAME TO staff")
	file := writeRoute(t, fmt.Sprintf(`listen "udp:127.0.0.1:%d"
for _, m in ipairs{ "b2b_logic", "call_center", "httpd", "mi_http" } do loadmodule(m) end
modparam("httpd", "port", %d)
modparam("call_center", "db_url", "%s")
modparam("call_center", "cc_agents_table", "staff")
`, ports.Free(t), ports.Free(t), url)+answer)
	fails(t, exitFault, "the database is changed, the server is not: cc_reload: nobody listens",
		"agent", "add", "early", "--skills", "s", "--location", "sip:e@h", "-f", file, "--reload", "--mi", fmt.Sprintf("http://127.0.0.1:%d/mi", ports.Free(t)))
	in, stop := started(t, file, nil)
	defer stop()
	at := miURL(in)
	out := must(t, "agent", "add", "1008", "--skills", "s", "--location", "sip:1008@h", "--logstate", "1", "-f", file, "--reload", "--mi", at)
	if !strings.Contains(out, "the server has read it\n") {
		t.Error(out)
	}
	if got := must(t, "mi", "--url", at, "cc_list_agents"); !strings.Contains(got, `"1008"`) || !strings.Contains(got, `"early"`) {
		t.Errorf("the server has %s", got)
	}
	fails(t, exitInput, "call_center is not loaded", "flow", "list", "-f", writeRoute(t, "listen \"udp:127.0.0.1:0\""+answer))
}
