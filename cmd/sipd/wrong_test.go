package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// canary is a password that nothing may print.
const canary = "c4n4ry-p4ssw0rd"

// away is a database that nobody serves: port 1 of loopback is closed.
const away = "mysql://operator:" + canary + "@127.0.0.1:1/opensips"

// wrongRoute is a route file that cannot be started. DIR, FILE, PORT, MI and
// DB stand for a folder, the file itself, two free ports and a database.
type wrongRoute struct {
	name  string
	lua   string   // what is wrong
	bare  bool     // lua is all: no listen before, no request_route after
	hold  string   // a port that another program has
	db    []string // what was done to the database
	want  string
	check bool // sipd check finds it, too
}

const center = "loadmodule \"b2b_logic\"\nloadmodule \"call_center\"\n"

var wrongRoutes = []wrongRoute{
	{name: "unknown module", check: true,
		lua:  `loadmodule "call_centre"`,
		want: `FILE:2: loadmodule "call_centre": no such module (did you mean "call_center"?); this build has ` + moduleNames()},
	{name: "missing module", check: true,
		lua:  `loadmodule "call_center"`,
		want: `FILE:2: module call_center needs module b2b_logic: add loadmodule "b2b_logic"`},
	{name: "module not loaded", check: true,
		lua:  `modparam("call_center", "wrapup_time", 5)`,
		want: `FILE:2: modparam call_center.wrapup_time: module call_center is not loaded: add loadmodule "call_center"`},
	{name: "unknown parameter", check: true,
		lua:  center + `modparam("call_center", "wrap_time", 5)`,
		want: `FILE:4: modparam call_center.wrap_time: module call_center has no such parameter; did you mean wrapup_time?`},
	{name: "wrong type", check: true,
		lua:  center + `modparam("call_center", "wrapup_time", "soon")`,
		want: `FILE:4: modparam call_center.wrapup_time: want seconds, got "soon"`},
	{name: "out of range", check: true,
		lua:  "loadmodule \"httpd\"\nmodparam(\"httpd\", \"port\", 65536)",
		want: `FILE:3: modparam httpd.port: want an integer from 0 to 65535, got 65536`},
	{name: "no such word", check: true,
		lua:  center + `modparam("call_center", "bridge_mode", "keep")`,
		want: `FILE:4: modparam call_center.bridge_mode: want one of keep-old, compat, got "keep"`},
	{name: "unknown global", check: true,
		lua:  `set{ t9_timer = 5 }`,
		want: `FILE:2: set t9_timer: no such global parameter; did you mean t1_timer?`},
	{name: "broken Lua", check: true, bare: true,
		lua:  "listen \"udp:127.0.0.1:PORT\"\n\nfunction request_route( send_reply(404) end",
		want: `FILE:3: syntax error near "("`},
	{name: "error at the top level", check: true, bare: true,
		lua:  "listen \"udp:127.0.0.1:PORT\"\nlocal t = nil\nt.x = 1",
		want: `FILE:3: attempt to index a non-table object(nil) with key 'x'`},
	{name: "no listen", check: true, bare: true,
		lua:  answer,
		want: `FILE:1: no listen: add listen "udp:127.0.0.1:5060"`},
	{name: "no request_route", check: true, bare: true,
		lua:  `listen "udp:127.0.0.1:PORT"`,
		want: `FILE:1: the file defines no request_route: add function request_route() ... end`},
	{name: "bad listen", check: true,
		lua:  `listen "udp:127.0.0.1:sip"`,
		want: `FILE:2: listen "udp:127.0.0.1:sip": "127.0.0.1:sip" is not a host and port`},
	{name: "bad transport", check: true,
		lua:  `listen "sctp:127.0.0.1:5060"`,
		want: `FILE:2: listen "sctp:127.0.0.1:5060": want "udp:host:port" or "tcp:host:port"`},
	{name: "not an address of this machine",
		lua:  `listen "udp:192.0.2.77:5060"`,
		want: `FILE:2: listen udp:192.0.2.77:5060: cannot assign requested address: no interface has this address: listen on one of this machine's, and advertise the public one`},
	{name: "busy UDP port", hold: "udp:127.0.0.1:MI",
		lua:  `listen "udp:127.0.0.1:MI"`,
		want: `FILE:2: listen udp:127.0.0.1:MI: address already in use: another program has it (ss -lnp | grep :MI shows which): stop it, or listen on another port`},
	{name: "the same socket twice",
		lua:  `listen "udp:127.0.0.1:PORT"`,
		want: `FILE:2: listen udp:127.0.0.1:PORT: address already in use: another program has it (ss -lnp | grep :PORT shows which): stop it, or listen on another port`},
	{name: "busy TCP port of the MI", hold: "tcp:127.0.0.1:MI",
		lua:  "loadmodule \"httpd\"\nloadmodule \"mi_http\"\nmodparam(\"httpd\", \"port\", MI)",
		want: `FILE:2: module httpd: cannot listen on 127.0.0.1:MI: listen tcp 127.0.0.1:MI: bind: address already in use: end the program that holds the port, or set another with modparam("httpd", "port", ...)`},
	{name: "unreachable database",
		lua:  center + `modparam("call_center", "db_url", "` + away + `")`,
		want: `FILE:3: module call_center: db_url: database mysql://operator:***@127.0.0.1:1/opensips: dial tcp 127.0.0.1:1: connect: connection refused: is the server running, and does it listen there?`},
	{name: "SQLite file in a missing folder",
		lua:  center + `modparam("call_center", "db_url", "sqlite://DIR/none/cc.db")`,
		want: `FILE:3: module call_center: db_url: database sqlite://DIR/none/cc.db: unable to open database file (14): the directory must exist and be writable by the user that runs sipd`},
	{name: "no database named",
		lua:  center,
		want: `FILE:3: module call_center: no database: add modparam("call_center", "db_url", "sqlite:///var/lib/sipd/sipd.db")`},
	{name: "bad database URL", check: true,
		lua:  center + `modparam("call_center", "db_url", "postgres://a:` + canary + `@127.0.0.1/x")`,
		want: `FILE:4: modparam call_center.db_url: bad database URL: scheme "postgres": want mysql or sqlite`},
	{name: "missing column", db: []string{"ALTER TABLE cc_flows DROP COLUMN dissuading_hangup"},
		lua:  center + `modparam("call_center", "db_url", "DB")`,
		want: `FILE:3: module call_center: database DB: table cc_flows, with the layout of OpenSIPS 3.3 or later, has no column dissuading_hangup (ccf_dissuading_hangup_column): add it, or name it with the parameter`},
	{name: "missing table", db: []string{"DROP TABLE cc_flows"},
		lua:  center + `modparam("call_center", "db_url", "DB")`,
		want: `FILE:3: module call_center: database DB: table cc_flows is missing: create it with sipd db create`},
	{name: "missing table of CDRs", db: []string{"DROP TABLE cc_cdrs"},
		lua:  center + `modparam("call_center", "db_url", "DB")`,
		want: `FILE:3: module call_center: table cc_cdrs: is missing in DB: create it with sipd db create`},
	{name: "missing column of CDRs", db: []string{"ALTER TABLE cc_cdrs DROP COLUMN talk_time"},
		lua:  center + `modparam("call_center", "db_url", "DB")`,
		want: `FILE:3: module call_center: table cc_cdrs: has no column talk_time: add it`},
	{name: "spool_dir that is a file",
		lua:  center + "modparam(\"call_center\", \"db_url\", \"DB\")\nmodparam(\"call_center\", \"spool_dir\", \"FILE\")",
		want: `FILE:3: module call_center: the journal's directory: mkdir FILE: not a directory: name one with modparam("call_center", "spool_dir", "/path")`},
	{name: "caller_offer", check: true,
		lua:  center + "modparam(\"call_center\", \"db_url\", \"DB\")\nmodparam(\"call_center\", \"caller_offer\", \"a:b:c\")",
		want: `FILE:5: modparam call_center.caller_offer: "a:b:c": port "b:c": want 1 to 65535: want host, host:port, flow=ID or *`},
	{name: "no such policy", check: true,
		lua:  center + `modparam("call_center", "dispatch_policy", "plug-in:/opt/p")`,
		want: `FILE:4: modparam call_center.dispatch_policy: want one of ` + policyNames() + `, lua or plugin:/path/to/binary, got "plug-in:/opt/p"`},
	{name: "setting of no policy", check: true,
		lua:  center + `modparam("call_center", "dispatch_policy_param", "reserve=2")`,
		want: `FILE:4: dispatch_policy: there are settings of a policy (reserve) and no policy to take them: add modparam("call_center", "dispatch_policy", ...)`},
	{name: "plugin that is not there", check: true,
		lua:  center + `modparam("call_center", "dispatch_policy", "plugin:DIR/none")`,
		want: `FILE:4: dispatch_policy: plugin DIR/none: there is no such file: build the plugin, or correct the path`},
	{name: "plugin that is a folder", check: true,
		lua:  center + `modparam("call_center", "dispatch_policy", "plugin:DIR")`,
		want: `FILE:4: dispatch_policy: plugin DIR: it is a folder: name the binary in it`},
	{name: "plugin that is not executable", check: true,
		lua:  center + `modparam("call_center", "dispatch_policy", "plugin:FILE")`,
		want: `FILE:4: dispatch_policy: plugin FILE: it is not executable: chmod +x FILE`},
	{name: "checksum that is none", check: true,
		lua:  center + "modparam(\"call_center\", \"dispatch_policy\", \"plugin:/bin/true\")\nmodparam(\"call_center\", \"dispatch_policy_sha256\", \"sum\")",
		want: `FILE:5: modparam call_center.dispatch_policy_sha256: want 64 hexadecimal digits, as sha256sum prints them, got "sum"`},
	{name: "policy of a script without one",
		lua:  center + "modparam(\"call_center\", \"db_url\", \"DB\")\nmodparam(\"call_center\", \"dispatch_policy\", \"lua\")",
		want: `FILE:3: module call_center: dispatch_policy: the route file has no policy: add cc.policy(function(view) ... end) to it`},
	{name: "ports of the player in the wrong order",
		lua:  "loadmodule \"player\"\nmodparam(\"player\", \"rtp_port_min\", 30000)\nmodparam(\"player\", \"rtp_port_max\", 20000)",
		want: `FILE:2: module player: rtp_port_min 30000 and rtp_port_max 20000: want both 0, or a range with an even port`},
	{name: "error in startup_route",
		lua:  `function startup_route() error("the tables are not there") end`,
		want: `startup_route: FILE:2: the tables are not there`},
}

// policyNames lists the built-in policies.
func policyNames() string {
	var names []string
	for _, i := range dispatch.Builtin() {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}

// text replaces the place holders, and undo puts them back.
func (w wrongRoute) prepare(t *testing.T) (file string, undo *strings.Replacer, ports [2]int) {
	t.Helper()
	file = writeRoute(t, "")
	udp, mi := freePorts(t)
	db := newDB(t, w.db...)
	dir := filepath.Dir(file)
	lua := w.lua
	if !w.bare {
		lua = "listen \"udp:127.0.0.1:PORT\"\n" + lua + answer
	}
	lua = strings.NewReplacer("DIR", dir, "FILE", file, "PORT", strconv.Itoa(udp), "MI", strconv.Itoa(mi), "DB", db).Replace(lua)
	if err := os.WriteFile(file, []byte(lua), 0o600); err != nil {
		t.Fatal(err)
	}
	undo = strings.NewReplacer(file, "FILE", db, "DB", dir, "DIR",
		fmt.Sprintf(":%d", udp), ":PORT", fmt.Sprintf(":%d", mi), ":MI")
	return file, undo, [2]int{udp, mi}
}

// TestWrongRoutes holds that every wrong route file is refused with a place
// and a remedy, and that nothing of it stays started.
func TestWrongRoutes(t *testing.T) {
	for _, w := range wrongRoutes {
		t.Run(w.name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			file, undo, ports := w.prepare(t)
			release := func() {}
			if w.hold != "" {
				_, release = hold(t, strings.ReplaceAll(w.hold, "MI", strconv.Itoa(ports[1])))
			}
			exit, out, errs := refused("run", "-f", file)
			release()
			if exit != exitInput || out != "" {
				t.Errorf("exit code %d, want %d; stdout %q", exit, exitInput, out)
			}
			if got := strings.TrimSuffix(undo.Replace(errs), "\n"); got != w.want {
				t.Errorf("\n got %s\nwant %s", got, w.want)
			}
			if strings.Contains(errs, canary) {
				t.Error("the password is shown")
			}
			for _, listen := range []string{"udp:127.0.0.1:%d", "tcp:127.0.0.1:%d"} {
				for _, port := range ports {
					_, stop := hold(t, fmt.Sprintf(listen, port))
					stop()
				}
			}
			w.checked(t, file, undo)
		})
	}
}

// refused runs a command that ends at once; one that does not is ended as an
// operator would, so that the test can say what it printed.
func refused(args ...string) (exit int, out, errs string) {
	late := time.AfterFunc(20*time.Second, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) })
	defer late.Stop()
	return sipd(args...)
}

// checked compares what sipd check says of the same file.
func (w wrongRoute) checked(t *testing.T, file string, undo *strings.Replacer) {
	t.Helper()
	exit, out, errs := sipd("check", file)
	got, want, wantExit := undo.Replace(out), "FILE: ok, 0 warnings\n", exitOK
	if w.check {
		want, wantExit = w.want+"\n", exitInput
	}
	if exit != wantExit || got != want {
		t.Errorf("check: exit code %d\n got %s\nwant %s\n%s", exit, got, want, errs)
	}
}

// TestWrongCommands does the same for command lines.
func TestWrongCommands(t *testing.T) {
	in, stop := started(t, writeRoute(t, `listen "udp:127.0.0.1:0"
for _, m in ipairs{ "httpd", "mi_http" } do loadmodule(m) end
modparam("httpd", "port", 0)`+answer), nil)
	defer stop()
	mi := miURL(in)
	dir := t.TempDir()
	damaged := newDB(t, "ALTER TABLE cc_flows DROP COLUMN skill")
	for _, c := range []struct {
		args string
		exit int
		want string // stderr
	}{
		{"", 2, `sipd: expected one of "run", "check", "mi", "db", "demo", ...`},
		{"frobnicate", 2, `sipd: unexpected argument frobnicate`},
		{"run", 2, `sipd: missing flags: --file=STRING`},
		{"run --frob", 2, `sipd: unknown flag --frob`},
		{"run -f DIR/none.lua", 2, `DIR/none.lua:1: reading DIR/none.lua: openat none.lua: no such file or directory`},
		{"run -f DIR", 2, `DIR:1: reading DIR: read DIR: is a directory`},
		{"check", 2, `sipd: expected "<file>"`},
		{"check DIR/none.lua", 2, `DIR/none.lua: 1 error, 0 warnings`},
		{"db", 2, `sipd: expected one of "create", "check", "upgrade", "clean"`},
		{"db create", 2, `sipd: missing flags: --url=STRING`},
		{"db create --url here", 2, `sipd db create: bad database URL: want mysql://user:password@host/database or sqlite:///path`},
		{"db create --url " + away, 2, `sipd db create: database mysql://operator:***@127.0.0.1:1/opensips: dial tcp 127.0.0.1:1: connect: connection refused: is the server running, and does it listen there?`},
		{"db check --url " + away, 2, `sipd db check: database mysql://operator:***@127.0.0.1:1/opensips: dial tcp 127.0.0.1:1: connect: connection refused: is the server running, and does it listen there?`},
		{"db check --url sqlite://DIR/none/cc.db", 2, `sipd db check: database sqlite://DIR/none/cc.db: unable to open database file (14): the directory must exist and be writable by the user that runs sipd`},
		{"db check --url DB", 2, `DB: 1 finding`},
		{"demo --once --listen tcp:127.0.0.1:0", 2, `--listen tcp:127.0.0.1:0: want udp:HOST:PORT`},
		{"demo --once --listen udp:nowhere", 2, `--listen udp:nowhere: address nowhere: missing port in address`},
		{"mi", 2, `sipd: expected "<command>"`},
		{"mi --url 127.0.0.1:8888 which", 2, `sipd mi: --url "127.0.0.1:8888": want http://HOST:PORT/mi`},
		{"mi --url MI -j which [1", 2, `sipd mi which: argument 1 is not JSON: "[1"`},
		{"mi --url MI which a=1 2", 2, `sipd mi which: some arguments have names and some do not: name all or none, or give them as JSON with -j`},
		{"mi --url http://127.0.0.1:1/mi which", 1, `sipd: nobody listens at http://127.0.0.1:1/mi: is the server running, and does its route file load httpd and mi_http? (Post "http://127.0.0.1:1/mi": dial tcp 127.0.0.1:1: connect: connection refused)`},
		{"mi --fifo DIR/fifo --datagram udp:127.0.0.1:1 which", 2, `sipd: --fifo and --datagram can't be used together`},
		{"mi --datagram udp:nowhere which", 2, `sipd mi: --datagram "udp:nowhere": want udp:HOST:PORT or a path`},
		{"mi --datagram DIR/sock --reply-dir DIR which", 1, `sipd: nobody listens at DIR/sock: is the server running, and does its route file load mi_datagram? (dial unixgram TMP->DIR/sock: connect: no such file or directory)`},
		{"mi --fifo DIR/fifo --reply-dir DIR which", 1, `sipd: nobody reads the FIFO DIR/fifo: is the server running, and does its route file load mi_fifo? (open DIR/fifo: no such file or directory)`},
		{"mi --url MI cc_nothing", 1, `Method not found (-32601)`},
		{"mi --url MI log_level much", 1, `Invalid params (-32602): Bad type for parameter 'level'`},
	} {
		t.Run(c.args, func(t *testing.T) {
			undo := strings.NewReplacer(dir, "DIR", mi, "MI", damaged, "DB", " (sipd --help lists commands and flags)", "")
			args := strings.Fields(strings.NewReplacer("DIR", dir, "MI", mi, "DB", damaged).Replace(c.args))
			exit, _, errs := sipd(args...)
			if exit != c.exit {
				t.Errorf("exit code %d, want %d", exit, c.exit)
			}
			if got := strings.TrimSuffix(unnamed.ReplaceAllString(undo.Replace(errs), "TMP"), "\n"); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// unnamed is the path of a client's own socket.
var unnamed = regexp.MustCompile(`\S*/sipd_mi_\d+_\d+`)
