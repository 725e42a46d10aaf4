package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/core/sip/stack"
	"github.com/sipd/sipd/test/ports"
)

// clinic is a route file with its database.
func clinic(t *testing.T, extra string, changes ...string) (file, url string, port int) {
	t.Helper()
	url, port = newDB(t, changes...), ports.Free(t)
	return writeRoute(t, fmt.Sprintf(`listen "udp:127.0.0.1:%d"
for _, m in ipairs{ "b2b_logic", "call_center", "httpd", "mi_http" } do loadmodule(m) end
modparam("httpd", "port", %d)
modparam("call_center", "db_url", "%s")
`, port, ports.Free(t), url)+extra+answer), url, port
}

// diagnose runs sipd doctor and returns its findings but for those in order,
// as "severity: what: remedy".
func diagnose(t *testing.T, want int, args ...string) (list []string) {
	t.Helper()
	exit, out, errs := sipd(append([]string{"doctor", "--json", "--timeout=400ms"}, args...)...)
	if exit != want {
		t.Errorf("exit code %d, want %d: %s%s", exit, want, out, errs)
	}
	var found []symptom
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, f := range found {
		list = append(list, f.Severity+": "+f.What+": "+f.Remedy)
	}
	return list
}

// says looks for a finding that contains all of the words.
func says(t *testing.T, found []string, words ...string) {
	t.Helper()
	if !slices.ContainsFunc(found, func(f string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(f, w) })
	}) {
		t.Errorf("nothing says %q in\n%s", words, strings.Join(found, "\n"))
	}
}

// openDesk opens a phone that answers OPTIONS and must not be called.
func openDesk(t *testing.T) (uri string, invited *atomic.Bool) {
	t.Helper()
	invited = new(atomic.Bool)
	s, err := stack.Open(t.Context(), stack.Options{Listen: []stack.Listen{{Proto: "udp", Host: "127.0.0.1"}}, Handler: func(tx sip.ServerRequest) {
		if tx.Request().Method != sip.OPTIONS {
			invited.Store(true)
		}
		_ = tx.Respond(sip.NewResponse(tx.Request(), 200, "", ""))
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s.Sockets()[0].Contact("desk").String(), invited
}

// TestDoctorPhones has media servers and phones that answer, refuse, hang,
// redirect and are not there.
func TestDoctorPhones(t *testing.T) {
	open := func(o phone.Options) string {
		p, err := openPhone(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if n := p.Live(); n != 0 {
				t.Errorf("%s is left with %d calls", o.Name, n)
			}
		})
		return p.URI().String()
	}
	good, busy, hangs := open(phone.Options{Name: "good"}), open(phone.Options{Name: "busy", Code: 486}), open(phone.Options{Name: "hangs", Never: true})
	dead := fmt.Sprintf("sip:dead@127.0.0.1:%d", ports.Free(t))
	alice := open(phone.Options{Name: "alice", Never: true})
	desk, invited := openDesk(t)
	file, url, _ := clinic(t, "")
	add := func(args ...string) { must(t, append(args, "--url", url)...) }
	add("flow", "add", "tech", "--skill", "s", "--message-welcome", good, "--message-queue", dead)
	add("flow", "add", "sales", "--skill", "s", "--message-welcome", busy, "--message-queue", hangs)
	add("flow", "add", "other", "--skill", "s", "--message-queue", "sip:moh@no-such-host.invalid")
	add("agent", "add", "alice", "--skills", "s", "--location", alice, "--logstate", "1")
	add("agent", "add", "ghost", "--skills", "s", "--location", dead, "--logstate", "1")
	add("agent", "add", "desk", "--skills", "s", "--location", desk, "--logstate", "1")
	begun := time.Now()
	found := diagnose(t, exitFault, "-f", file)
	if took := time.Since(begun); took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
	says(t, found, "ok: flow tech: message_welcome "+good+" answers calls")
	says(t, found, "error: flow tech: message_queue "+dead+" does not answer calls within 400ms: callers hear nothing while they wait", "is the server running")
	says(t, found, "error: flow sales: message_welcome "+busy+" refuses calls with 486 Busy Here: callers go to the queue without a welcome")
	says(t, found, "error: flow sales: message_queue "+hangs+" does not answer calls within 400ms after 180 Ringing")
	says(t, found, "error: flow other: message_queue sip:moh@no-such-host.invalid names no-such-host.invalid, which has no address")
	says(t, found, "ok: agent alice: location "+alice+" rings") // it refuses OPTIONS
	says(t, found, "ok: agent desk: location "+desk+" answers OPTIONS")
	says(t, found, "error: agent ghost: location "+dead+" does not answer calls", "the agent gets no calls")
	says(t, found, "ok: flow tech: 3 of 3 agents with skill s are logged in")
	says(t, found, "note: no server answers: nobody listens at", "run sipd run -f")

	found = diagnose(t, exitFault, "tech", "-f", file)
	if all := strings.Join(found, "\n"); strings.Contains(all, "sales") || !strings.Contains(all, dead) {
		t.Errorf("asked for tech only:\n%s", all)
	}
	says(t, diagnose(t, exitFault, "-f", file, "--options-only"), "error: agent alice: location "+alice+" refuses OPTIONS with 481")
	diagnose(t, exitOK, "-f", file, "--silent")
	if invited.Load() {
		t.Error("a phone that answers OPTIONS was called")
	}
	fails(t, exitInput, `no flow "teck" that can be used; did you mean "tech"?`, "doctor", "teck", "-f", file)
}

// TestDoctorSlow has a media server that answers later than sipd waits.
func TestDoctorSlow(t *testing.T) {
	slow, err := openPhone(t.Context(), phone.Options{Name: "slow", Ring: 1100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	file, url, _ := clinic(t, "modparam(\"call_center\", \"media_answer_timeout\", 1)\n")
	must(t, "flow", "add", "tech", "--skill", "s", "--message-queue", slow.URI().String(), "--url", url)
	must(t, "agent", "add", "al", "--skills", "s", "--location", slow.URI().String(), "--logstate", "1", "--url", url)
	says(t, diagnose(t, exitFault, "-f", file, "--timeout", "5s"),
		"error: flow tech: message_queue "+slow.URI().String()+" answers calls, in 1.1", "and media_answer_timeout is 1s: callers hear nothing while they wait")
}

// TestDoctorLogin has the agent of the first attempt: in the database, and
// not logged in.
func TestDoctorLogin(t *testing.T) {
	file, url, _ := clinic(t, "loadmodule \"player\"\n")
	must(t, "flow", "add", "tech_support", "--skill", "test", "--message-queue", "player:moh", "--url", url)
	must(t, "agent", "add", "1008", "--skills", "test", "--location", "sip:1008@127.0.0.1:1", "--url", url)
	want := []string{"error: flow tech_support: 0 of 1 agents with skill test are logged in: cc_handle_call answers -4 (reject_on_no_agents is 1): run sipd mi ", " cc_agent_login 1008 1"}
	says(t, diagnose(t, exitFault, "-f", file, "--silent"), want...)

	must(t, "flow", "set", "tech_support", "--message-welcome", "player:welcom", "--url", url)
	says(t, diagnose(t, exitFault, "-f", file, "--silent"), "error: flow tech_support: message_welcome is player:welcom, and the player has no such sound", "there are ", "welcome")
	must(t, "flow", "set", "tech_support", "--message-welcome", "player:welcome;x=1", "--url", url)

	in, stop := started(t, file, nil)
	defer stop()
	at := miURL(in)
	found := diagnose(t, exitFault, "-f", file, "--silent")
	says(t, found, want...)
	says(t, found, "ok: "+at+" answers sipd (", ": 0 calls waiting")
	must(t, "mi", "--url", at, "cc_agent_login", "1008", "1")
	says(t, diagnose(t, exitOK, "-f", file, "--silent"), "ok: flow tech_support: 1 of 1 agents with skill test are logged in")
	must(t, "agent", "add", "new", "--skills", "test", "--location", "sip:new@127.0.0.1:1", "--url", url)
	says(t, diagnose(t, exitFault, "-f", file, "--silent"), "error: the running server has not read agent new: run sipd mi --url "+at+" cc_reload")
	must(t, "mi", "--url", at, "cc_reload")
	must(t, "mi", "--url", at, "cc_agent_login", "1008", "1")
	must(t, "mi", "--url", at, "cc_internal_call_dispatching", "0")
	says(t, diagnose(t, exitFault, "-f", file, "--silent"), "warning: internal_call_dispatching is 0")
}

// TestDoctorSettings has settings that contradict each other.
func TestDoctorSettings(t *testing.T) {
	file, url, port := clinic(t, "modparam(\"call_center\", \"internal_call_dispatching\", 0)\nmodparam(\"call_center\", \"reject_on_no_agents\", 0)\n",
		"UPDATE version SET table_version = 1 WHERE table_name = 'cc_agents'",
		"INSERT INTO cc_agents (agentid, location, skills) VALUES ('bad', 'nowhere', 's')")
	self := fmt.Sprintf("127.0.0.1:%d", port)
	add := func(args ...string) { must(t, append(args, "--url", url)...) }
	add("flow", "add", "a", "--skill", "s", "--message-welcome", "sip:x@h", "--message-queue", "sip:x@h", "--dissuading-ewt-th", "5", "--max-wrapup-time", "10")
	add("flow", "add", "b", "--skill", "S", "--message-queue", "player:moh", "--message-dissuading", "sip:moh@"+self)
	add("flow", "add", "c", "--skill", "chat", "--message-queue", "sip:x@h")
	add("agent", "add", "al", "--skills", "s", "--location", "sip:al@"+self, "--wrapup-time", "60", "--logstate", "1")
	add("agent", "add", "cy", "--skills", "chat", "--msrp-location", "sip:cy@h", "--logstate", "1")
	found := diagnose(t, exitFault, "-f", file, "--silent")
	for _, words := range [][]string{
		{"warning: internal_call_dispatching is 0", "external dispatcher"},
		{"warning: table cc_agents: has version 1"},
		{`error: cc_agents "bad": location is a bad URI "nowhere"`},
		{"warning: flow a: message_queue is the same as message_welcome"},
		{"warning: flow a: dissuading_ewt_th has no effect without message_dissuading", "sipd flow set a --message-dissuading"},
		{"note: flow a: max_wrapup_time 10 shortens the wrapup_time 60 of agent al"},
		{"error: flow b: no agent has skill S: callers wait (reject_on_no_agents is 0)", "upper and lower case differ"},
		{"error: flow b: message_queue is player:moh, and the module player is not loaded"},
		{"error: flow b: message_dissuading sip:moh@" + self + " is sipd itself"},
		{"warning: flow b: message_dissuading is never played"},
		{"error: agent al: location sip:al@" + self + " is sipd itself"},
		{"warning: flow c: no agent with skill chat has a location"},
	} {
		says(t, found, words...)
	}
	fails(t, exitInput, "no such file", "doctor", "-f", filepath.Join(t.TempDir(), "none.lua"))
	fails(t, exitInput, "missing flags: --file", "doctor")
	gone := writeRoute(t, "listen \"udp:127.0.0.1:0\"\n"+center+"modparam(\"call_center\", \"db_url\", \""+away+"\")"+answer)
	quiet(t, exitInput, "doctor", "-f", gone)
}
