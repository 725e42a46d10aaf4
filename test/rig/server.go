package rig

import (
	"bytes"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sipd/sipd/test/ports"
)

// Patience bounds every wait; a machine under load is slow, not broken.
const Patience = 20 * time.Second

// Options say how a server is set up.
type Options struct {
	URL    string            // database that has the tables; empty: SQLite of its own
	Route  string            // the routes, without directives: those are made of the other fields
	Params map[string]string // "call_center.wrapup_time": "1"; values are Lua
	Lines  []string          // further directives
	Bin    string            // empty: [Bin]
}

// Server is one sipd with its database.
type Server struct {
	t       testing.TB
	o       Options
	dir     string
	DB      *sql.DB
	URL     string // of the database
	SIP, MI string // host:port, and URL of the management interface
	cmd     *exec.Cmd
	done    chan struct{}
	log     Log
	begin   int // length of the log before this start
}

// New makes a server that does not run yet.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	c := &Server{t: t, o: o, dir: t.TempDir(), URL: o.URL}
	if c.URL == "" {
		file := filepath.Join(c.dir, "cc.db")
		data, err := os.ReadFile(empty)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c.URL = "sqlite://" + file
	}
	c.DB = OpenSQL(t, c.URL)
	t.Cleanup(func() {
		if log := c.log.String(); strings.Contains(log, "DATA RACE") {
			t.Errorf("the server has a data race")
		}
		if t.Failed() {
			t.Logf("server log:\n%s", c.log.String())
		}
	})
	return c
}

// Set changes a parameter, "call_center.wrapup_time", for the next start. The
// value is Lua: text has quotes.
func (c *Server) Set(name, value string) {
	c.o.Params = maps.Clone(c.o.Params)
	if c.o.Params == nil {
		c.o.Params = map[string]string{}
	}
	c.o.Params[name] = value
}

// Start runs the server and waits until it answers.
func (c *Server) Start() {
	c.t.Helper()
	for range 3 { // a free port may be taken by another test meanwhile
		if c.launch(); c.up() {
			return
		}
	}
	c.t.Fatalf("no free port in three attempts\n%s", c.log.String())
}

// Refused runs the server, which must end at once with an error for the user,
// and returns what it printed.
func (c *Server) Refused() string {
	c.t.Helper()
	c.launch()
	select {
	case <-c.done:
	case <-time.After(Patience):
		c.t.Fatalf("the server runs, want it to end at start\n%s", c.log.String())
	}
	if code := c.cmd.ProcessState.ExitCode(); code != 2 {
		c.t.Errorf("exit code %d, want 2", code)
	}
	return c.log.String()
}

// launch runs the binary on free ports.
func (c *Server) launch() {
	c.t.Helper()
	mi := strconv.Itoa(ports.Free(c.t))
	if c.SIP == "" { // a restart is at the same place
		c.SIP = "127.0.0.1:" + strconv.Itoa(ports.Free(c.t))
	}
	c.MI = "http://127.0.0.1:" + mi + "/mi"
	file := c.File()
	if err := os.WriteFile(file, []byte(c.routes(mi)), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.begin = len(c.log.String())
	bin := c.o.Bin
	if bin == "" {
		bin = Bin
	}
	cmd := exec.Command(bin, "run", "-f", file)
	cmd.Stdout, cmd.Stderr = &c.log, &c.log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	c.cmd, c.done = cmd, done
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
	})
}

// File is the route file of the last start.
func (c *Server) File() string { return filepath.Join(c.dir, "route.lua") }

// routes is the route file: the directives, then the routes.
func (c *Server) routes(mi string) string {
	body, err := os.ReadFile(c.o.Route)
	if err != nil {
		c.t.Fatal(err)
	}
	params := map[string]string{
		"call_center.db_url":    strconv.Quote(c.URL),
		"call_center.spool_dir": strconv.Quote(filepath.Join(c.dir, "spool")),
		"httpd.port":            mi,
	}
	maps.Copy(params, c.o.Params)
	var b strings.Builder
	fmt.Fprintf(&b, "listen %q\nlog_level(4)\nlog_format \"json\"\n", "udp:"+c.SIP)
	b.WriteString("for _, m in ipairs{ \"b2b_logic\", \"call_center\", \"player\", \"httpd\", \"mi_http\" } do loadmodule(m) end\n")
	for _, line := range c.o.Lines {
		b.WriteString(line + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		module, param, _ := strings.Cut(name, ".")
		fmt.Fprintf(&b, "modparam(%q, %q, %s)\n", module, param, params[name])
	}
	return b.String() + string(body)
}

// up waits until the server answers; false means that a port was taken.
func (c *Server) up() (answers bool) {
	c.t.Helper()
	begin := c.begin
	c.Until("the server to answer", func() bool {
		select {
		case <-c.done:
			if !strings.Contains(c.log.String(), "already in use") {
				c.t.Fatalf("the server ended at start\n%s", c.log.String())
			}
			c.SIP = ""
			return true
		default:
		}
		answers = strings.Contains(c.log.String()[begin:], "sipd: listening on")
		return answers
	})
	return answers
}

// Kill sends SIGKILL, as the kernel does when memory is short.
func (c *Server) Kill() { Kill(c.cmd, c.done) }

// Kill is [Server.Kill] for a process whose end closes done.
func Kill(cmd *exec.Cmd, done <-chan struct{}) {
	_ = cmd.Process.Kill()
	<-done
}

// Stop sends SIGTERM and checks that the server exits with 0 within 5 s.
func (c *Server) Stop() { c.t.Helper(); Stop(c.t, c.cmd, c.done) }

// Stop is [Server.Stop] for a process whose end closes done.
func Stop(t testing.TB, cmd *exec.Cmd, done <-chan struct{}) {
	t.Helper()
	begin := time.Now()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-done:
	case <-time.After(Patience):
		t.Fatal("SIGTERM did not end the server")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("SIGTERM to exit took %v, want 5 s at most", took)
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// Until waits for a condition.
func (c *Server) Until(what string, ok func() bool) {
	c.t.Helper()
	deadline := time.After(Patience)
	for !ok() {
		select {
		case <-deadline:
			c.t.Fatalf("waited %v for %s", Patience, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Log is what the server printed so far.
func (c *Server) Log() string { return c.log.String() }

// Logged waits until the server has printed all the words.
func (c *Server) Logged(words ...string) {
	c.t.Helper()
	c.Until(fmt.Sprintf("the log to say %q", words), func() bool {
		log := c.log.String()
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(log, w) })
	})
}

// Log keeps what a server printed.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is everything so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
