package policy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/test/ports"
	"github.com/sipd/sipd/test/rig"
)

var fence = regexp.MustCompile("(?s)```([^\n]*)\n(.*?)```")

// newcomer does what plugins/README.md says, in a home of his own.
type newcomer struct {
	t      *testing.T
	home   string
	env    []string
	places *strings.Replacer // the ports of this test instead of those of the page
	said   string            // by the last commands
}

// TestReadme follows the page from nothing to a call that the reader's own
// policy has dispatched.
func TestReadme(t *testing.T) {
	page, err := os.ReadFile("../../plugins/README.md")
	if err != nil {
		t.Fatal(err)
	}
	n := &newcomer{t: t, home: t.TempDir()}
	var places []string
	for _, port := range []string{"8888", "5060", "5071", "5072", "5073"} {
		places = append(places, port, strconv.Itoa(ports.Free(t)))
	}
	n.places = strings.NewReplacer(places...)
	n.setUp()
	list := fence.FindAllStringSubmatch(string(page), -1)
	for i := 0; i < len(list); i++ {
		kind, text := list[i][1], n.places.Replace(list[i][2])
		if kind == "sh meanwhile" { // what follows is what it says sooner or later
			i++
			n.until("it to say\n"+list[i][2], func() bool { return n.shell(text) == nil && n.saw(list[i][2]) == "" })
			continue
		}
		n.do(kind, text)
	}
}

// setUp is what step 1 leaves behind, which TestMain has done. The settings and
// caches of Go stay where they are.
func (n *newcomer) setUp() {
	n.t.Helper()
	source, err := filepath.Abs("../..")
	if err != nil {
		n.t.Fatal(err)
	}
	n.env = append(os.Environ(), "HOME="+n.home, "SIPD="+source, "PATH="+filepath.Dir(rig.Bin)+":"+os.Getenv("PATH"), "TERM=dumb", "PWD="+n.home)
	for _, name := range []string{"GOENV", "GOPATH", "GOMODCACHE", "GOCACHE"} {
		value, err := exec.CommandContext(n.t.Context(), "go", "env", name).Output()
		if err != nil {
			n.t.Fatal(err)
		}
		n.env = append(n.env, name+"="+strings.TrimSpace(string(value)))
	}
}

func (n *newcomer) do(kind, text string) {
	n.t.Helper()
	switch what, arg, _ := strings.Cut(kind, " "); {
	case kind == "sh build": // TestMain has built it
	case kind == "sh background":
		n.background(text)
	case kind == "sh":
		if err := n.shell(text); err != nil {
			n.t.Fatalf("%s%v\n%s", text, err, n.said)
		}
	case what == "go", what == "lua":
		if err := os.WriteFile(filepath.Join(n.dir(), arg), []byte(text), 0o600); err != nil {
			n.t.Fatal(err)
		}
	case what == "text":
		if missing := n.saw(text); missing != "" {
			n.t.Errorf("the page promises %q; it was\n%s", missing, n.said)
		}
	default:
		n.t.Fatalf("a block of kind %q: tell this test what it is", kind)
	}
}

// shell runs commands as one terminal does: the folder and the variables stay.
func (n *newcomer) shell(text string) error {
	script := "set -e\n" + text + "\nenv -0 >~/.after\n"
	cmd := exec.CommandContext(n.t.Context(), "sh", "-c", script)
	cmd.Dir, cmd.Env = n.dir(), n.env
	out, err := cmd.CombinedOutput()
	n.said = string(out)
	if after, e := os.ReadFile(filepath.Join(n.home, ".after")); err == nil && e == nil {
		n.env = strings.Split(strings.TrimRight(string(after), "\x00"), "\x00")
	}
	return err
}

// dir is the folder that the last command has left us in.
func (n *newcomer) dir() string {
	for _, v := range n.env {
		if dir, ok := strings.CutPrefix(v, "PWD="); ok {
			return dir
		}
	}
	return n.home
}

// background runs a command in a terminal of its own.
func (n *newcomer) background(text string) {
	n.t.Helper()
	var log rig.Log
	cmd := exec.CommandContext(n.t.Context(), "sh", "-c", "exec "+text)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = n.dir(), n.env, &log, &log
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if n.t.Failed() {
			n.t.Logf("%s%s", text, log.String())
		}
	})
	switch {
	case strings.HasPrefix(text, "sipd run"):
		n.until("the server to listen", func() bool { return strings.Contains(log.String(), "sipd: listening on") })
	case strings.Contains(text, "-sn uas"):
		port, _ := strconv.Atoi(regexp.MustCompile(`-p (\d+)`).FindStringSubmatch(text)[1])
		n.until("the phone to listen", func() bool {
			open, _ := os.ReadFile("/proc/net/udp")
			return strings.Contains(string(open), ":"+strings.ToUpper(strconv.FormatInt(int64(port)+0x10000, 16)[1:])+" ")
		})
	}
}

// saw returns the first line that the last commands have not said, spaces aside.
func (n *newcomer) saw(lines string) (missing string) {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	for line := range strings.Lines(n.places.Replace(lines)) {
		if !strings.Contains(squeeze(n.said), squeeze(line)) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func (n *newcomer) until(what string, ok func() bool) {
	n.t.Helper()
	deadline := time.After(rig.Patience)
	for !ok() {
		select {
		case <-deadline:
			n.t.Fatalf("waited %v for %s; the last commands said\n%s", rig.Patience, what, n.said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
