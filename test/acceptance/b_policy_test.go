package acceptance

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// alphabet is a policy that is a process of its own.
func alphabet(t *testing.T) string { return rig.Build(t, "testdata/policies/alphabet") }

// staff adds agents with those ids, who answer at once, and returns their
// phones.
func (c *center) staff(ids ...string) map[string]*phone.Phone {
	c.t.Helper()
	phones := map[string]*phone.Phone{}
	for _, id := range ids {
		phones[id] = c.desk(id)
		c.Agent(id, at(phones[id]))
	}
	return phones
}

// pid is the process of the policy.
func (c *center) pid() int {
	c.t.Helper()
	n, _ := c.Policy()["PID"].(float64)
	if n <= 0 {
		c.t.Fatalf("the policy has no process: %v", c.Policy())
	}
	return int(n)
}

// TestB12 kills a policy in the middle of a decision. The rule of OpenSIPS takes
// over, and hands back when the policy is there again.
func TestB12(t *testing.T) {
	t.Parallel()
	bin, block := alphabet(t), filepath.Join(t.TempDir(), "block")
	c := centerOn(t, rig.Options{Lines: []string{`loadmodule "prometheus"`}}, "dispatch_policy", strconv.Quote("plugin:"+bin),
		"dispatch_policy_param", strconv.Quote("block="+block), "dispatch_policy_deadline", "2000")
	c.flow("f", nil)
	c.staff("d", "c", "b", "a")
	c.Start()
	c.Decides("plugin:" + bin)
	bob := c.desk("bob")
	c.Hears(c.Call(bob, "f"), "a")

	if err := os.WriteFile(block, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	calls := make(chan *phone.Call, 1)
	go func() { // nothing is played before the decision
		call, err := c.Dial(bob, "f")
		if err != nil {
			t.Error(err)
		}
		calls <- call
	}()
	c.Until("the policy to be in a decision", func() bool { _, err := os.Stat(block + ".deciding"); return err == nil })
	killed := time.Now()
	if err := syscall.Kill(c.pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.Hears(rig.Receive(c.Server, "the answer to a caller", calls), "d") // idle longest: the first of the table
	c.within(2*time.Second, killed, "the call was given to an agent")
	if err := os.Remove(block); err != nil {
		t.Fatal(err)
	}
	now := c.Decides("plugin:" + bin)
	c.Hears(c.Call(bob, "f"), "b")
	c.Queued(0)
	c.Stats(map[string]int{"cc_policy_active": 1, "cc_policy_fallbacks": 1, "cc_policy_restarts": 1, "cc_policy_assigned": 3,
		"ccg_distributed_incalls": 3, "cc_policy_impossible": 0})
	res, err := http.Get(strings.TrimSuffix(c.MI, "mi") + "metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	metrics, _ := io.ReadAll(res.Body)
	for _, want := range []string{"\nsipd_callcenter_policy_active 1\n", "\nsipd_callcenter_policy_restarts_total 1\n", "\nsipd_callcenter_policy_fallbacks_total 1\n"} {
		if !strings.Contains(string(metrics), want) {
			t.Errorf("no metric %q in\n%s", want, metrics)
		}
	}
	if n := now["Counters"].(object)["Restarts"]; n != float64(1) {
		t.Errorf("%v restarts, want 1", n)
	}
	c.Until("the events of the change, there and back", func() bool {
		told := c.Events("E_CALLCENTER_POLICY") // those of the start may be among them
		return len(told) >= 2 && told[len(told)-2]["state"] == "fallback" && told[len(told)-1]["state"] == "active"
	})
	for _, e := range c.Events("E_CALLCENTER_POLICY") {
		if e["policy"] != "plugin:"+bin || (e["reason"] == "") != (e["state"] == "active") {
			t.Errorf("event %v", e)
		}
	}
	c.Logged("the built-in rule stands in for the dispatch policy", "the dispatch policy decides")
}

// TestB12Switch changes the policy while the server runs.
func TestB12Switch(t *testing.T) {
	t.Parallel()
	bin := alphabet(t)
	c := newCenter(t)
	c.flow("f", nil)
	c.staff("c", "a", "b", "e", "d")
	c.Start()
	bob := c.desk("bob")
	c.Hears(c.Call(bob, "f"), "c") // idle longest
	c.Do("cc_set_policy", object{"policy": "plugin:" + bin}, nil)
	c.Decides("plugin:" + bin)
	call := c.Call(bob, "f")
	c.Hears(call, "a")
	var why object
	for _, q := range c.Calls() {
		if q["Agent"] == "a" {
			c.Do("cc_why", object{"call_id": q["id"]}, &why)
		}
	}
	if why["Chosen"] != "first of the alphabet" {
		t.Errorf("why: %v", why)
	}
	c.Do("cc_set_policy", object{"policy": "plugin:" + bin, "param": []string{"order=last"}}, nil)
	now := c.Decides("plugin:" + bin)
	if s := now["Settings"].(object); s["order"] != "last" || now["Path"] != bin {
		t.Errorf("list: %v", now)
	}
	c.Hears(c.Call(bob, "f"), "e")
	before := c.pid()
	c.Do("cc_reload_policy", nil, nil)
	c.Decides("plugin:" + bin)
	if after := c.pid(); after == before {
		t.Errorf("process %d goes on after the reload", after)
	}
	if err := syscall.Kill(before, 0); err == nil {
		t.Errorf("the old process %d is still there", before)
	}
	c.Hears(c.Call(bob, "f"), "d")
	c.Do("cc_set_policy", object{"policy": "balancing"}, nil)
	c.Decides("balancing")
	c.Hears(c.Call(bob, "f"), "b")
	c.Stop()
}

// TestB12Refused holds that a policy that cannot be used is refused at the
// start, and changes nothing while the server runs.
func TestB12Refused(t *testing.T) {
	t.Parallel()
	bin, dir := alphabet(t), t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old := write("old", "#!/bin/sh\necho '1|99|unix|/nowhere|grpc|'\nsleep 60\n", 0o700)
	other := write("other", "#!/bin/sh\necho hello\n", 0o700)
	text := write("notes", "no program", 0o600)

	running := newCenter(t, "dispatch_policy", strconv.Quote("plugin:"+bin))
	running.flow("f", nil)
	running.staff("b", "a")
	running.Start()
	running.Decides("plugin:" + bin)
	before := running.pid()
	for _, tt := range []struct {
		name, path, sha256 string
		check              bool // sipd check finds it
		want               string
	}{
		{"wrong path", filepath.Join(dir, "none"), "", true, "plugin " + dir + "/none: there is no such file: build the plugin, or correct the path"},
		{"folder", dir, "", true, "plugin " + dir + ": it is a folder: name the binary in it"},
		{"not executable", text, "", true, "plugin " + text + ": it is not executable: chmod +x " + text},
		{"wrong checksum", bin, strings.Repeat("0", 64), true, "plugin " + bin + ": its SHA-256 is "},
		{"wrong protocol version", old, "", false, "it speaks version 99 of the protocol of dispatch policies, this sipd version 1: build it anew"},
		{"no policy", other, "", false, `it printed "hello" instead of the handshake: is it a dispatch policy?`},
	} {
		c := newCenter(t, "dispatch_policy", strconv.Quote("plugin:"+tt.path), "dispatch_policy_sha256", strconv.Quote(tt.sha256))
		if got := c.Refused(); !strings.Contains(got, "dispatch_policy: ") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: the start says\n%s\nwant %s", tt.name, got, tt.want)
		}
		exit := 0
		if tt.check {
			exit = 2
		}
		if got := rig.Run(t, exit, "check", c.File()); strings.Contains(got, tt.want) != tt.check {
			t.Errorf("%s: sipd check says\n%s\nwant %s", tt.name, got, tt.want)
		}
		if tt.sha256 != "" {
			continue // a checksum is the route file's
		}
		err := running.Fails(500, "cc_set_policy", object{"policy": "plugin:" + tt.path})
		if got, _ := err.Data.(string); !strings.Contains(got, tt.want) || !strings.HasSuffix(got, "; the policy is what it was") {
			t.Errorf("%s: cc_set_policy says %v\nwant %s", tt.name, err.Data, tt.want)
		}
	}
	if err := running.Fails(500, "cc_set_policy", object{"policy": "plugin:" + bin, "param": []string{"order=sideways"}}); !strings.Contains(err.Data.(string), `order: want first or last, got "sideways"`) {
		t.Errorf("a wrong setting: %v", err.Data)
	}
	if after := running.pid(); after != before || running.Policy()["State"] != "active" {
		t.Errorf("the policy is %v, its process was %d", running.Policy(), before)
	}
	running.Hears(running.Call(running.desk("bob"), "f"), "a")
}

// TestB12Pinned starts only the binary whose checksum the route file has, also
// when a command names another.
func TestB12Pinned(t *testing.T) {
	t.Parallel()
	bin := alphabet(t)
	data, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, append(data, 0), 0o700); err != nil { // it would run as well
		t.Fatal(err)
	}
	c := newCenter(t, "dispatch_policy", strconv.Quote("plugin:"+bin), "dispatch_policy_sha256", fmt.Sprintf("%q", fmt.Sprintf("%X", sha256.Sum256(data))))
	c.flow("f", nil)
	c.staff("b", "a")
	c.Start()
	c.Decides("plugin:" + bin)
	before := c.pid()
	if err := c.Fails(500, "cc_set_policy", object{"policy": "plugin:" + other}); !strings.Contains(err.Data.(string), "plugin "+other+": its SHA-256 is ") {
		t.Errorf("another binary: %v", err.Data)
	}
	if after := c.pid(); after != before {
		t.Errorf("the process was %d and is %d", before, after)
	}
	c.Hears(c.Call(c.desk("bob"), "f"), "a")
}

// TestB12Replaced exchanges the binary of a policy that runs: by one that works
// no more, which changes nothing, and back.
func TestB12Replaced(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(alphabet(t))
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "policy")
	replace := func(data []byte) {
		if err := os.WriteFile(bin+".new", data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(bin+".new", bin); err != nil {
			t.Fatal(err)
		}
	}
	replace(good)
	c := newCenter(t, "dispatch_policy", strconv.Quote("plugin:"+bin))
	c.flow("f", nil)
	c.staff("c", "b", "a")
	c.Start()
	c.Decides("plugin:" + bin)
	before := c.pid()
	replace([]byte("#!/bin/sh\nexit 3\n"))
	if err := c.Fails(500, "cc_reload_policy", nil); !strings.Contains(err.Data.(string), "before it printed the handshake") {
		t.Errorf("reload of a broken binary: %v", err.Data)
	}
	if after := c.pid(); after != before {
		t.Errorf("the process was %d and is %d", before, after)
	}
	bob := c.desk("bob")
	c.Hears(c.Call(bob, "f"), "a")
	replace(good)
	c.Do("cc_reload_policy", nil, nil)
	c.Decides("plugin:" + bin)
	c.Hears(c.Call(bob, "f"), "b")
}
