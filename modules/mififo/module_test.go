//go:build unix

package mififo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/modules/mihttp/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHost is a server with a few commands.
type fakeHost struct {
	core.Host
	mi  mi.Registry
	mu  sync.Mutex
	log strings.Builder
}

func (h *fakeHost) Log() *slog.Logger { return slog.New(slog.NewTextHandler(h, nil)) }
func (h *fakeHost) MI() *mi.Registry  { return &h.mi }

func (h *fakeHost) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(p)
}

func (h *fakeHost) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

// bigSize is more than a pipe holds.
const bigSize = 1 << 20

func newHost(t *testing.T) *fakeHost {
	t.Helper()
	h := &fakeHost{}
	for _, c := range []mi.Command{
		{Name: "test:echo", Recipes: []mi.Recipe{{{Name: "text"}}}, Call: func(ps mi.Params) (any, error) { return ps.String("text"), nil }},
		{Name: "test:big", Call: func(mi.Params) (any, error) { return strings.Repeat("x", bigSize), nil }},
	} {
		if err := h.mi.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// rig is a running module with its FIFO and replies in a folder of its own.
type rig struct {
	*Module
	host *fakeHost
	dir  string
}

func newModule(dir string) *Module {
	m := New()
	m.name, m.replyDir = filepath.Join(dir, "fifo"), dir
	m.times = times{check: 20 * time.Millisecond, request: time.Minute, reply: 10 * time.Second, farewell: 50 * time.Millisecond}
	return m
}

func start(t *testing.T, change ...func(*Module)) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{newModule(dir), newHost(t), dir}
	for _, c := range change {
		c(r.Module)
	}
	if err := errors.Join(r.Init(r.host), r.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(r.name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the FIFO is still there: %v", err)
		}
	})
	return r
}

// echo sends a request through the FIFO as a client does.
func (r *rig) echo(t *testing.T, text string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	c := client.Client{Via: client.FIFO{Path: r.name, ReplyDir: r.dir}}
	got, err := c.Call(ctx, "echo", []string{text})
	return string(got), err
}

func (r *rig) mustEcho(t *testing.T) {
	t.Helper()
	if got, err := r.echo(t, "hello"); err != nil || got != `"hello"` {
		t.Errorf("echo: %s, %v", got, err)
	}
}

// write writes text into the FIFO as it is.
func (r *rig) write(t *testing.T, text string) {
	t.Helper()
	f, err := os.OpenFile(r.name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// replyFIFO makes a reply FIFO.
func (r *rig) replyFIFO(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lines opens a reply FIFO and reads n lines of it.
func lines(t *testing.T, path string, n int) (got []string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := bufio.NewReader(f)
	for range n {
		line, err := b.ReadString('\n')
		if err != nil {
			t.Fatalf("after %d lines: %v", len(got), err)
		}
		got = append(got, strings.TrimSuffix(line, "\n"))
	}
	return got
}

// eventually waits until the log says text.
func (h *fakeHost) eventually(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !strings.Contains(h.logged(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the log never says %q: %s", text, h.logged())
		}
	}
}

func request(id int, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s,"id":%d}`, method, params, id)
}

func answer(id int, result string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","result":%s,"id":%d}`, result, id)
}

func TestRequest(t *testing.T) {
	r := start(t)
	st, err := os.Lstat(r.name)
	if err != nil || st.Mode() != fs.ModeNamedPipe|0o660 {
		t.Errorf("the FIFO is %v, %v", st.Mode(), err)
	}
	for range 3 {
		r.mustEcho(t)
	}
	c := client.Client{Via: client.FIFO{Path: r.name, ReplyDir: r.dir}}
	if got, err := c.Call(t.Context(), "big", nil); err != nil || len(got) != bigSize+2 {
		t.Errorf("big: %d bytes, %v", len(got), err)
	}
	if _, err := c.Call(t.Context(), "nothing", nil); err == nil || err.Error() != "Method not found (-32601)" {
		t.Errorf("nothing: %v", err)
	}
}

// TestLivenessProbe is what python-opensips does before its first request.
func TestLivenessProbe(t *testing.T) {
	r := start(t)
	for range 10 {
		f, err := os.OpenFile(r.name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		r.mustEcho(t)
	}
	if text := r.host.logged(); strings.Contains(text, "level=ERROR") {
		t.Errorf("log %s", text)
	}
}

func TestSeveralInOneWrite(t *testing.T) {
	r := start(t)
	a, b := r.replyFIFO(t, "a"), r.replyFIFO(t, "b")
	r.write(t, ":a:"+request(1, "echo", `["one"]`)+" \n :b:"+request(2, "echo", `["two"]`)+
		":a:"+request(3, "echo", `["three"]`)+`::`+request(4, "echo", `["four"]`)+`:a:{"jsonrpc":"2.0","method":"echo","params":["five"]}:a:`+request(6, "none", `{}`))
	if got := lines(t, b, 1); got[0] != answer(2, `"two"`) {
		t.Errorf("b: %q", got)
	}
	want := []string{answer(1, `"one"`), answer(3, `"three"`), `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":6}`}
	if got := lines(t, a, 3); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("a: %q", got)
	}
}

func TestDeleted(t *testing.T) {
	r := start(t)
	r.mustEcho(t)
	for range 2 {
		before := strings.Count(r.host.logged(), "made again")
		if err := os.Remove(r.name); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); strings.Count(r.host.logged(), "made again") == before; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the FIFO was not made again")
			}
		}
		r.mustEcho(t)
	}
}

// TestDeletedAndTaken keeps what somebody put in the FIFO's place.
func TestDeletedAndTaken(t *testing.T) {
	r := start(t)
	moved := filepath.Join(r.dir, "moved")
	if err := errors.Join(os.Rename(r.name, moved), os.WriteFile(r.name, []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	r.host.eventually(t, "cannot be made again")
	if text, err := os.ReadFile(r.name); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
	if err := errors.Join(os.Remove(r.name), os.Rename(moved, r.name)); err != nil {
		t.Fatal(err)
	}
	r.mustEcho(t)
}

// TestNobodyReads holds that clients that never open or never read their FIFO
// hold up nobody else.
func TestNobodyReads(t *testing.T) {
	r := start(t, func(m *Module) { m.times.reply = time.Minute })
	r.replyFIFO(t, "unopened")
	deaf, err := os.OpenFile(r.replyFIFO(t, "deaf"), os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	r.write(t, ":unopened:"+request(1, "echo", `["x"]`)+":deaf:"+request(2, "big", `{}`))
	r.mustEcho(t)
	for i := range 2 * maxWaiting { // what is too much is dropped
		r.write(t, ":unopened:"+request(i, "echo", `["x"]`))
	}
	r.host.eventually(t, "too many are not read")
	r.mustEcho(t)
	deaf.Close() // the write breaks off
}

// TestRepliesBounded holds that clients by the hundred cost a bounded amount.
func TestRepliesBounded(t *testing.T) {
	h, dir := newHost(t), t.TempDir()
	r := newReplies(dir, time.Minute, h.Log())
	for i := range 2 * maxWaiting {
		name := fmt.Sprint("client", i)
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
		r.send(name, []byte("x"))
	}
	r.mu.Lock()
	waiting := r.waiting
	r.mu.Unlock()
	if waiting != maxWaiting || strings.Count(h.logged(), "too many are not read") != maxWaiting {
		t.Errorf("%d wait, log %s", waiting, h.logged())
	}
	r.stop(t.Context(), time.Millisecond)
	if r.waiting != 0 || r.bytes != 0 || len(r.queues) != 0 {
		t.Errorf("left: %d replies, %d bytes, %d queues", r.waiting, r.bytes, len(r.queues))
	}
	r.done = make(chan struct{})
	r.send("large", make([]byte, maxBytes+1))
	if len(r.queues) != 0 {
		t.Error("a reply beyond maxBytes waits")
	}
}

func TestReplyTimeout(t *testing.T) {
	r := start(t, func(m *Module) { m.times.reply = 30 * time.Millisecond })
	r.replyFIFO(t, "unopened")
	r.write(t, ":unopened:"+request(1, "echo", `["x"]`)+":unopened:"+request(1, "echo", `["x"]`))
	r.host.eventually(t, errNoRead.Error())
	r.write(t, ":missing:"+request(1, "echo", `["x"]`))
	r.host.eventually(t, "no such file")
}

func TestLongRequest(t *testing.T) {
	r := start(t)
	path := r.replyFIFO(t, "r")
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		f, err := os.OpenFile(r.name, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		_, _ = f.WriteString(`:r:{"jsonrpc":"2.0","id":1,"x":"`)
		block := strings.Repeat("y", 1<<16)
		for range 40 {
			if _, err := f.WriteString(block); err != nil {
				t.Error(err)
			}
		}
		_, _ = f.WriteString("\n")
	}()
	want := `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request","data":"longer than 1048576 bytes"},"id":null}`
	if got := lines(t, path, 1); got[0] != want {
		t.Errorf("got %s", got[0])
	}
	<-sent
	r.mustEcho(t)
}

func TestUnfinished(t *testing.T) {
	for _, text := range []string{`:r:{"jsonrpc":`, ":r", ":r:", "noise without an end", `:r:{"x":"`} {
		r := start(t, func(m *Module) { m.times.request = 50 * time.Millisecond })
		r.write(t, text)
		r.host.eventually(t, "was not finished in time")
		r.mustEcho(t)
	}
}

func TestNames(t *testing.T) {
	r := start(t)
	outside := filepath.Join(t.TempDir(), "victim")
	if err := errors.Join(os.WriteFile(outside, nil, 0o600), os.Symlink(outside, filepath.Join(r.dir, "link")),
		os.WriteFile(filepath.Join(r.dir, "plain"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	target := r.replyFIFO(t, "target")
	reader, err := os.OpenFile(target, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := os.Symlink(target, filepath.Join(r.dir, "tofifo")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	if err := r.host.mi.Register(mi.Command{Name: "test:count", Call: func(mi.Params) (any, error) { ran++; return nil, nil }}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../x", "a/b", ".", "a.b", `a\b`, "/etc/passwd", "a\x00b", "a\tb"} {
		r.write(t, ":"+name+":"+request(1, "count", `{}`))
		r.host.eventually(t, fmt.Sprintf("%q", fmt.Sprintf(`reply FIFO %.80q: want a name in reply_dir without . / \`, name)))
	}
	for _, name := range []string{"link", "plain", "tofifo"} {
		r.write(t, ":"+name+":"+request(1, "echo", `["x"]`))
		r.host.eventually(t, "fifo="+filepath.Join(r.dir, name))
	}
	r.mustEcho(t)
	if ran != 0 {
		t.Errorf("%d requests with a bad name were run", ran)
	}
	for _, path := range []string{outside, filepath.Join(r.dir, "plain")} {
		if text, err := os.ReadFile(path); err != nil || len(text) > 0 {
			t.Errorf("%s has %d bytes, %v", path, len(text), err)
		}
	}
}

func TestPretty(t *testing.T) {
	r := start(t, func(m *Module) { m.pretty = true })
	path := r.replyFIFO(t, "r")
	r.write(t, ":r:"+request(1, "echo", `["x"]`))
	if got := lines(t, path, 5); got[1] != `    "jsonrpc": "2.0",` || !json.Valid([]byte(strings.Join(got, "\n"))) {
		t.Errorf("got %q", got)
	}
	r.mustEcho(t)
}

func TestInit(t *testing.T) {
	dir := t.TempDir()
	stale, plain := filepath.Join(dir, "stale"), filepath.Join(dir, "plain")
	if err := errors.Join(syscall.Mkfifo(stale, 0o600), os.WriteFile(plain, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	running := start(t)
	for _, tt := range []struct {
		name   string
		change func(*Module)
		want   string
	}{
		{"stale FIFO", func(m *Module) { m.name = stale }, ""},
		{"another server's", func(m *Module) { m.name = running.name }, "is read by another program"},
		{"another file", func(m *Module) { m.name = plain }, "exists and is not a FIFO"},
		{"relative", func(m *Module) { m.name = "fifo" }, "want an absolute path"},
		{"no folder", func(m *Module) { m.name = filepath.Join(dir, "none", "fifo") }, "cannot make the FIFO"},
		{"no reply_dir", func(m *Module) { m.replyDir = filepath.Join(dir, "none") }, "want a folder that exists"},
		{"no such group", func(m *Module) { m.access.Group = "no-such-group" }, `group "no-such-group"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newModule(t.TempDir())
			tt.change(m)
			err := m.Init(newHost(t))
			text := fmt.Sprint(err)
			if tt.want == "" && err != nil || !strings.Contains(text, tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err := m.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	running.mustEcho(t)
	for mode, want := range map[fs.FileMode]bool{0o660: false, 0o666: true} {
		m, h := newModule(t.TempDir()), newHost(t)
		m.access.Mode = mode
		if err := errors.Join(m.Init(h), m.Stop(t.Context())); err != nil {
			t.Error(err)
		}
		if got := strings.Contains(h.logged(), "every user of this machine"); got != want {
			t.Errorf("mode %o: %s", mode, h.logged())
		}
	}
}

// TestClientAlone covers the client when nobody answers.
func TestClientAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "fifo")
	c := client.Client{Via: client.FIFO{Path: path, ReplyDir: dir}}
	if _, err := c.Call(t.Context(), "x", nil); err == nil || !strings.Contains(err.Error(), "does its route file load mi_fifo?") {
		t.Errorf("no FIFO: %v", err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Call(t.Context(), "x", nil); err == nil || !strings.Contains(err.Error(), "nobody reads the FIFO") {
		t.Errorf("no reader: %v", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Call(ctx, "x", nil); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "may have been carried out") {
		t.Errorf("no answer: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "sipd_mi_*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDocs(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
