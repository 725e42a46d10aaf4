package bench

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/sipd/sipd/modules/mihttp/client"
	"github.com/sipd/sipd/test/ports"
)

// server is a running sipd binary.
type server struct {
	sip, mi string
	db      string // the file of the database
	pid     int
	up      time.Duration // from the start to the first answer
}

// binary builds sipd as users get it, without the race detector.
func binary(b *testing.B) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "sipd")
	cmd := exec.Command("go", "build", "-o", bin, "../../cmd/sipd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// startServer runs sipd with the flow "bench" and agents whose phones are the
// given URIs. The queue's media is at queue.
func startServer(b *testing.B, agents []string, queue string) *server {
	b.Helper()
	bin, dir := binary(b), b.TempDir()
	url := "sqlite://" + filepath.Join(dir, "bench.db")
	if out, err := exec.Command(bin, "db", "create", "--url", url).CombinedOutput(); err != nil {
		b.Fatalf("db create: %v\n%s", err, out)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	exe := func(q string, args ...any) {
		if _, err := db.Exec(q, args...); err != nil {
			b.Fatal(err)
		}
	}
	exe("begin")
	exe("insert into cc_flows (flowid, skill, message_queue) values ('bench', 'bench', ?)", queue)
	for i, uri := range agents {
		exe("insert into cc_agents (agentid, location, skills, logstate) values (?, ?, 'bench', 1)", fmt.Sprint("agent", i), uri)
	}
	exe("commit")
	s := &server{
		sip: fmt.Sprintf("127.0.0.1:%d", ports.Free(b)),
		mi:  fmt.Sprintf("http://127.0.0.1:%d/mi", ports.Free(b)),
		db:  filepath.Join(dir, "bench.db"),
	}
	port := strings.TrimSuffix(s.mi[strings.LastIndexByte(s.mi, ':')+1:], "/mi")
	cmd := exec.Command(bin, "run", "-f", "testdata/sipd.lua")
	cmd.Env = append(os.Environ(), "SIPD_LISTEN=udp:"+s.sip, "SIPD_DB_URL="+url, "SIPD_MI_PORT="+port)
	begin := time.Now()
	s.pid = launch(b, cmd)
	b.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	s.await(b)
	s.up = time.Since(begin)
	return s
}

// launch starts a server process and stops it with the benchmark.
func launch(b *testing.B, cmd *exec.Cmd) int {
	b.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		if b.Failed() {
			b.Logf("%s:\n%s", cmd.Args[0], log.Bytes())
		}
	})
	return cmd.Process.Pid
}

// await waits until the management interface answers.
func (s *server) await(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	for {
		if _, err := client.Call(ctx, s.mi, "uptime", nil); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			b.Fatal("sipd did not come up")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// cpu is the processor time that the process and its children have used, from
// the kernel's accounting.
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	total := cpuOf(pid)
	kids, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range kids {
		list, _ := os.ReadFile(f)
		for _, kid := range strings.Fields(string(list)) {
			if n, err := strconv.Atoi(kid); err == nil {
				total += cpu(b, n)
			}
		}
	}
	return total
}

// clockTicks is USER_HZ, which is 100 on every Linux that Go supports.
const clockTicks = 100

func cpuOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * time.Second / clockTicks
}
