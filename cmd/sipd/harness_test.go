package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/modules/httpd"
	"github.com/sipd/sipd/test/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// buffer is a writer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// sipd runs a command line in this process.
func sipd(args ...string) (exit int, out, errs string) {
	var o, e buffer
	exit = run(args, streams{&o, &e})
	return exit, o.String(), e.String()
}

// moduleNames lists the modules of this build as an error does.
func moduleNames() string {
	var names []string
	for _, m := range builtin() {
		names = append(names, m.Exports().Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// answer is the end of every route file that is about its beginning.
const answer = "\nfunction request_route() send_reply(404, \"Not Found\") end\n"

// writeRoute writes a route file.
func writeRoute(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "routes.lua")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// newDB makes an embedded database with the tables, and changes it.
func newDB(t *testing.T, changes ...string) (url string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cc.db")
	url = "sqlite://" + path
	d, err := createDB(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, q := range changes {
		if _, err := raw.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return url
}

// freePorts finds a UDP and a TCP port of loopback that are free now.
func freePorts(t *testing.T) (udp, tcp int) {
	t.Helper()
	return ports.Free(t), ports.Free(t)
}

// hold takes a port, "udp:HOST:PORT" or "tcp:HOST:PORT", until stop.
func hold(t *testing.T, listen string) (addr string, stop func()) {
	t.Helper()
	proto, place, _ := strings.Cut(listen, ":")
	if proto == "udp" {
		c, err := net.ListenPacket("udp", place)
		if err != nil {
			t.Fatalf("%s is not free: %v", listen, err)
		}
		return c.LocalAddr().String(), func() { c.Close() }
	}
	l, err := net.Listen("tcp", place)
	if err != nil {
		t.Fatalf("%s is not free: %v", listen, err)
	}
	return l.Addr().String(), func() { l.Close() }
}

// started runs a route file until stop.
func started(t *testing.T, file string, env map[string]string) (in *instance, stop func()) {
	t.Helper()
	var log buffer
	in, err := newInstance(file, instanceOptions{log: &log, env: func(name string) string { return env[name] }})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return in, func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := in.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			fmt.Fprintln(t.Output(), log.String())
		}
	}
}

// miURL is where a started server takes commands.
func miURL(in *instance) string {
	return fmt.Sprintf("http://%s/mi", in.Module("httpd").(*httpd.Module).Addr())
}
