package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/ports"
)

// cli stands in for opensips-cli: it does what that tool does on the wire, and
// shares no code with the product. carry sends one request and returns the
// reply.
type cli struct {
	t     *testing.T
	id    int
	carry func(t *testing.T, request string) string
}

// packs are the commands whose words from that place on go into one array.
var packs = map[string]int{
	"get_statistics": 0, "list_statistics": 0, "reset_statistics": 0,
	"statistics:get": 0, "statistics:list": 0, "statistics:reset": 0,
}

// run types a command line. It returns what stands for result or error, letter
// for letter, but for what differs from run to run.
func (c *cli) run(line string) string {
	c.t.Helper()
	words := strings.Fields(line)
	var names []string
	if err := json.Unmarshal([]byte(c.request("which", "{}")), &names); err != nil {
		c.t.Fatalf("which: %v", err)
	}
	if !slices.Contains(names, words[0]) {
		c.t.Errorf("no command '%s' in module 'mi'", words[0])
		return ""
	}
	return vary(c.request(words[0], params(words[0], words[1:])))
}

// params packs words as opensips-cli does: all of them as strings.
func params(method string, words []string) string {
	if len(words) == 0 {
		return "{}"
	}
	var value any = words
	if strings.Contains(words[0], "=") {
		named := map[string]string{}
		for _, w := range words {
			name, v, _ := strings.Cut(w, "=")
			named[name] = v
		}
		value = named
	} else if at, ok := packs[method]; ok {
		value = append(slices.Clone(anys(words[:at])), words[at:])
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func anys(words []string) (list []any) {
	for _, w := range words {
		list = append(list, w)
	}
	return list
}

// request sends one request and takes the envelope off its reply.
func (c *cli) request(method, params string) string {
	c.t.Helper()
	c.id++
	id := fmt.Sprintf(`"%d"`, 48213+c.id) // a decimal number, as text
	reply := c.carry(c.t, fmt.Sprintf(`{"jsonrpc": "2.0", "id": %s, "method": %q, "params": %s}`, id, method, params))
	inner, ok := strings.CutSuffix(reply, `,"id":`+id+`}`)
	if !ok || strings.ContainsAny(reply, "\r\n") {
		c.t.Fatalf("%s: the reply is %q", method, reply)
	}
	for _, key := range []string{`"result"`, `"error"`} {
		if text, ok := strings.CutPrefix(inner, `{"jsonrpc":"2.0",`+key+`:`); ok {
			return text
		}
	}
	c.t.Fatalf("%s: the reply is %q", method, reply)
	return ""
}

// varying are the numbers that differ from run to run.
var varying = regexp.MustCompile(`("(?:Avg Call Duration|Call Time|Waiting for|ETW|Wrapup-ends|Ref|PID)":)-?[0-9.]+`)

var sessionKey = regexp.MustCompile(`"id":"[0-9a-f]+\.[0-9]+"`)

func vary(text string) string {
	return sessionKey.ReplaceAllString(varying.ReplaceAllString(text, `${1}N`), `"id":"KEY"`)
}

func overHTTP(url string) func(*testing.T, string) string {
	return func(t *testing.T, request string) string {
		t.Helper()
		res, err := http.Post(url, "application/json", strings.NewReader(request))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s %s: %s, %v", res.Status, res.Header.Get("Content-Type"), body, err)
		}
		return string(body)
	}
}

// overFIFO first opens and closes the FIFO to see that somebody reads it, then
// makes its own, writes, and reads one line.
func overFIFO(dir string) func(*testing.T, string) string {
	fifo := filepath.Join(dir, "fifo")
	return func(t *testing.T, request string) string {
		t.Helper()
		probe, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		probe.Close()
		name := fmt.Sprintf("opensips_fifo_reply_%d", time.Now().UnixNano())
		own := filepath.Join(dir, name)
		if err := syscall.Mkfifo(own, 0o666); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(own)
		if err := os.WriteFile(fifo, []byte(":"+name+":"+request), 0); err != nil {
			t.Fatal(err)
		}
		line := make(chan string, 1)
		go func() {
			f, err := os.OpenFile(own, os.O_RDONLY, 0)
			if err != nil {
				line <- err.Error()
				return
			}
			defer f.Close()
			text, _ := bufio.NewReader(f).ReadString('\n')
			line <- strings.TrimSuffix(text, "\n")
		}()
		select {
		case text := <-line:
			return text
		case <-time.After(patience):
			t.Fatalf("no answer to %s", request)
			return ""
		}
	}
}

func overDatagram(server string) func(*testing.T, string) string {
	return func(t *testing.T, request string) string {
		t.Helper()
		where, udp := strings.CutPrefix(server, "udp:")
		var c net.Conn
		var err error
		if udp {
			c, err = net.Dial("udp", where)
		} else {
			own := filepath.Join(t.TempDir(), "cli")
			c, err = net.DialUnix("unixgram", &net.UnixAddr{Name: own, Net: "unixgram"}, &net.UnixAddr{Name: where, Net: "unixgram"})
		}
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		buf := make([]byte, 1<<16)
		n := 0
		if _, err = io.Copy(c, bytes.NewReader([]byte(request))); err == nil {
			n, err = c.Read(buf)
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

// typed is a command line and what it shows.
type typed struct{ line, want string }

// cliCommands are typed in this order at a center with a call in the queue of
// sales and another with agent al. Where a command begins with cc_, the test
// types it under its other name, too.
var cliCommands = []typed{
	{"cc_list_flows", `{"Flows":[{"id":"sales","Avg Call Duration":N,"Processed Calls":0,"Logged Agents":0,"Ongoing Calls":1,"Ref Calls":1},` +
		`{"id":"tech","Avg Call Duration":N,"Processed Calls":0,"Logged Agents":1,"Ongoing Calls":1,"Ref Calls":1}]}`},
	{"cc_list_agents", `{"Agents":[{"id":"dave","Ref":N,"Loged in":"NO"},{"id":"al","Ref":N,"Loged in":"YES","State":"incall"}]}`},
	{"cc_list_queue", `{"Calls":[{"index":0,"id":"KEY","Media":"RTP","Caller username":"bob","Caller display name":"\"SALES Bob\"",` +
		`"Waiting for":N,"ETW":N,"Flow":"sales","Priority":7,"Skill":"sell"}]}`},
	{"cc_list_calls", `{"Calls":[{"id":"KEY","Ref":N,"State":"queued","Call Time":N,"Flow":"sales"},` +
		`{"id":"KEY","Ref":N,"State":"toagent","Call Time":N,"Flow":"tech","Agent":"al"}]}`},
	{"cc_agent_login dave 1", `"OK"`},
	{"cc_agent_login agent_id=dave state=1", `"OK"`},
	{"cc_list_agents", `{"Agents":[{"id":"al","Ref":N,"Loged in":"YES","State":"incall"},{"id":"dave","Ref":N,"Loged in":"YES","State":"free"}]}`},
	{"cc_agent_login state=0 agent_id=dave", `"OK"`},
	{"cc_agent_login nobody 1", `{"code":404,"message":"Agent not found"}`},
	{"cc_agent_login al", `{"code":-32602,"message":"Invalid params","data":"Too few or too many parameters"}`},
	{"cc_agent_login agent=al state=1", `{"code":-32602,"message":"Invalid params","data":"Named parameters do not match"}`},
	{"cc_agent_login al yes", `{"code":-32602,"message":"Invalid params","data":"Bad type for parameter 'state'"}`},
	{"cc_dispatch_call_to_agent 1.1 al", `{"code":403,"message":"Internal dispatching is enabled"}`},
	{"cc_internal_call_dispatching", `{"dispatching":1}`},
	{"cc_internal_call_dispatching 0", `{"dispatching":0}`},
	{"cc_dispatch_call_to_agent call_id=1.1 agent_id=nobody", `{"code":404,"message":"Agent not found"}`},
	{"cc_dispatch_call_to_agent 1.1 dave", `{"code":404,"message":"Agent not logged in"}`},
	{"cc_dispatch_call_to_agent 1.1 al", `{"code":404,"message":"Call not found"}`},
	{"cc_internal_call_dispatching dispatching=1", `{"dispatching":1}`},
	{"get_statistics ccg_incalls call_center:ccg_onhold_calls", `{"call_center:ccg_incalls":2,"call_center:ccg_onhold_calls":1}`},
	{"statistics:get nothing", `{"code":404,"message":"Statistics Not Found","data":"nothing matches [\"nothing\"]"}`},
	{"list_statistics ccg_incalls ccg_onhold_calls", `{"call_center:ccg_incalls":"incremental","call_center:ccg_onhold_calls":"non-incremental"}`},
	{"which cc_agent_login", `[["agent_id","state"]]`},
	{"which command=cc_internal_call_dispatching", `[[],["dispatching"]]`},
	{"core:ps", `{"Processes":[{"ID":0,"PID":N,"Type":"sipd"}]}`},
	{"sr_get_status core", `{"Readiness":true,"Status":1,"Details":"running"}`},
	{"cache_store local key text", `"OK"`},
	{"cache_fetch local key", `{"key":"key","value":"text"}`},
	{"list_tcp_conns", `{"Connections":[]}`},
}

// cliLast are typed once all is done: they change what the others show.
var cliLast = []typed{
	{"reset_statistics ccg_incalls", `"OK"`},
	{"get_statistics ccg_incalls", `{"call_center:ccg_incalls":0}`},
	{"cc_reset_stats", `"OK"`},
	{"cc_reload", `"OK"`},
}

// TestCLI holds what opensips-cli shows, over each transport.
func TestCLI(t *testing.T) {
	unix := filepath.Join(t.TempDir(), "mi.sock")
	for _, socket := range []string{fmt.Sprintf("udp:127.0.0.1:%d", ports.Free(t)), unix} {
		c := newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))
		c.route = "testdata/mi.lua"
		agent := c.phone(phone.Options{Name: "al"})
		music := c.phone(phone.Options{Name: "moh"})
		queue := music.URI().String()
		c.flow("tech", row{"message_queue": queue, "skill": "help"})
		c.flow("sales", row{"message_queue": queue, "skill": "sell", "priority": "7", "prependcid": "SALES"})
		c.agent("al", row{"location": agent.URI().String(), "skills": "help"})
		c.agent("dave", row{"location": agent.URI().String(), "skills": "rest", "logstate": "0"})
		dir := t.TempDir()
		c.start("SIPD_MI_DIR="+dir, "SIPD_MI_SOCKET="+socket)
		bob := c.phone(phone.Options{Name: "bob"})
		talk := c.call(bob, "tech")
		c.hears(talk, "al")
		wait := c.call(bob, "sales", "Bob")
		c.hears(wait, "moh")
		c.until("a call in the queue", func() bool { return len(c.list("cc_list_queue", "Calls")) == 1 })

		transports := map[string]func(*testing.T, string) string{"datagram " + socket[:4]: overDatagram(socket)}
		if socket != unix {
			transports["http"], transports["fifo"] = overHTTP(c.mi), overFIFO(dir)
		}
		for _, commands := range [][]typed{cliCommands, cliLast} {
			for name, carry := range transports {
				t.Run(name, func(t *testing.T) { typeAll(&cli{t: t, carry: carry}, commands) })
			}
		}
		last := transports["datagram "+socket[:4]]
		if socket != unix {
			ownClient(t, c, dir, socket)
			last = transports["fifo"]
		}
		talk.Bye()
		wait.Bye()
		c.idle()
		if got := (&cli{t: t, carry: last}).run("kill"); got != `"OK"` {
			t.Errorf("kill: %s", got)
		}
		c.ends()
		for _, path := range []string{filepath.Join(dir, "fifo"), unix} {
			if _, err := os.Lstat(path); err == nil {
				t.Errorf("%s is left behind", path)
			}
		}
	}
}

func typeAll(c *cli, commands []typed) {
	for _, tt := range commands {
		lines := []string{tt.line}
		if other, ok := strings.CutPrefix(tt.line, "cc_"); ok {
			lines = append(lines, "call_center:"+other)
		}
		for _, line := range lines {
			if got := c.run(line); got != tt.want {
				c.t.Errorf("%s\n got %s\nwant %s", line, got, tt.want)
			}
		}
	}
}

// ownClient sends the same with sipd mi.
func ownClient(t *testing.T, c *center, dir, socket string) {
	t.Helper()
	for _, to := range [][]string{
		{"--url", c.mi}, {"--fifo", filepath.Join(dir, "fifo"), "--reply-dir", dir}, {"--datagram", socket},
	} {
		if got := sipd(t, 0, append(append([]string{"mi"}, to...), "cc_agent_login", "agent_id=al", "state=1")...); got != "\"OK\"\n" {
			t.Errorf("%v: %s", to, got)
		}
		if got := sipd(t, 1, append(append([]string{"mi"}, to...), "cc_agent_login", "nobody", "1")...); got != "Agent not found (404)\n" {
			t.Errorf("%v: %s", to, got)
		}
	}
}

// ends waits until the server has ended by itself.
func (c *center) ends() {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		c.t.Fatalf("the server did not end\n%s", c.log)
	}
	if code := c.cmd.ProcessState.ExitCode(); code != 0 {
		c.t.Errorf("exit code %d, want 0", code)
	}
}
