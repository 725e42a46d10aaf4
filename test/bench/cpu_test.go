package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/test/ports"
)

// The load of BenchmarkCallCPU.
const (
	callRate = 200  // calls a second
	calls    = 4000 // in all
)

// BenchmarkCallCPU reports the server's processor time for one simple call
// (INVITE, the agent answers after 20 ms, BYE, one CDR) at 200 calls a
// second, and that of Kamailio relaying the same call in the same run. The
// ratio is what can be compared between machines.
func BenchmarkCallCPU(b *testing.B) {
	for b.Loop() {
		ours, ourFailed := sipdCPU(b)
		theirs, theirFailed := kamailioCPU(b)
		b.ReportMetric(float64(ours.Microseconds())/calls, "sipd-µs/call")
		b.ReportMetric(float64(theirs.Microseconds())/calls, "kamailio-µs/call")
		b.ReportMetric(ours.Seconds()/theirs.Seconds(), "ratio")
		b.ReportMetric(float64(ourFailed), "sipd-failed")
		b.ReportMetric(float64(theirFailed), "kamailio-failed")
	}
}

func sipdCPU(b *testing.B) (time.Duration, int) {
	agent := startAgent(b)
	var agents []string
	for i := range 100 {
		agents = append(agents, fmt.Sprintf("sip:agent%d@%s", i, agent))
	}
	s := startServer(b, agents, "sip:queue@"+agent)
	before := cpu(b, s.pid)
	failed := load(b, s.sip)
	return cpu(b, s.pid) - before, failed
}

func kamailioCPU(b *testing.B) (time.Duration, int) {
	agent := startAgent(b)
	listen := fmt.Sprintf("127.0.0.1:%d", ports.Free(b))
	cfg, err := os.ReadFile("testdata/kamailio.cfg")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	file := filepath.Join(dir, "kamailio.cfg")
	text := strings.NewReplacer("LISTEN", listen, "AGENT", agent).Replace(string(cfg))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	// fm is the memory manager without debugging: Kamailio at its fastest.
	pid := launch(b, exec.Command("kamailio", "-DD", "-f", file, "-x", "fm", "-X", "fm", "-P", filepath.Join(dir, "pid"), "-Y", dir))
	awaitUDP(b, listen)
	before := cpu(b, pid)
	failed := load(b, listen)
	return cpu(b, pid) - before, failed
}

// startAgent runs SIPp as the agents' phones and returns its address.
func startAgent(b *testing.B) string {
	b.Helper()
	port := ports.Free(b)
	cmd := exec.Command("sipp", "-sf", "testdata/agent.xml", "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-nostdin", "-skip_rlimit")
	cmd.Env = append(os.Environ(), "TERM=dumb")
	launch(b, cmd)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	awaitUDP(b, addr)
	return addr
}

// load makes the calls and returns how many failed.
func load(b *testing.B, target string) int {
	b.Helper()
	dir := b.TempDir()
	cmd := exec.Command("sipp", target, "-sf", "testdata/caller.xml", "-i", "127.0.0.1", "-p", strconv.Itoa(ports.Free(b)),
		"-r", strconv.Itoa(callRate), "-m", strconv.Itoa(calls), "-l", "2000", "-nostdin", "-trace_stat", "-stf", filepath.Join(dir, "stat.csv"), "-fd", "60s", "-timeout", "90s", "-skip_rlimit")
	cmd.Env = append(os.Environ(), "TERM=dumb")
	if out, err := cmd.CombinedOutput(); err != nil && cmd.ProcessState.ExitCode() != 1 { // 1: some calls failed
		b.Fatalf("sipp: %v\n%s", err, out)
	}
	return failedCalls(b, filepath.Join(dir, "stat.csv"))
}

// failedCalls reads SIPp's statistics file.
func failedCalls(b *testing.B, file string) int {
	b.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	names, last := strings.Split(lines[0], ";"), strings.Split(lines[len(lines)-1], ";")
	for i, name := range names {
		if name == "FailedCall(C)" && i < len(last) {
			n, _ := strconv.Atoi(last[i])
			return n
		}
	}
	b.Fatalf("no FailedCall(C) in %s", lines[0])
	return 0
}

// awaitUDP waits until something is bound to the address.
func awaitUDP(b *testing.B, addr string) {
	b.Helper()
	port, _ := strconv.Atoi(addr[strings.LastIndexByte(addr, ':')+1:])
	want := fmt.Sprintf(":%04X ", port)
	for range 200 {
		if raw, err := os.ReadFile("/proc/net/udp"); err == nil && strings.Contains(string(raw), want) {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	b.Fatalf("nothing listens on %s", addr)
}
