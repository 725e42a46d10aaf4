package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db/dbtest"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/ports"
	"github.com/sipd/sipd/test/rig"
)

// block is a fenced block of a page, or the place of the call.
type block struct{ kind, text string }

var fence = regexp.MustCompile("(?s)```([^\n]*)\n(.*?)```|<!-- (call) -->")

func blocks(t *testing.T, page string) (list []block) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fence.FindAllStringSubmatch(string(data), -1) {
		list = append(list, block{m[1] + m[3], m[2]})
	}
	return list
}

// TestF9 holds that the Chinese page has the commands of the English one,
// which TestF1FromZero runs.
func TestF9(t *testing.T) {
	en, zh := blocks(t, "first-call.md"), blocks(t, "first-call.zh.md")
	if len(en) != len(zh) {
		t.Fatalf("%d blocks in English, %d in Chinese", len(en), len(zh))
	}
	for i := range en {
		if en[i] != zh[i] {
			t.Errorf("block %d differs:\n%s\n%s", i+1, en[i].text, zh[i].text)
		}
	}
}

// newcomer does what docs/first-call.md says.
type newcomer struct {
	*center
	dir    string
	env    []string
	places *strings.Replacer // the ports of this test instead of those of the page
	said   string            // by the last command or statement
}

// TestF1FromZero follows the page from nothing to the answered call.
func TestF1FromZero(t *testing.T) {
	server := dbtest.Start(t)
	c := &center{t: t, log: &rig.Log{}}
	agent := c.phone(phone.Options{Name: "1008", Ring: 200 * time.Millisecond})
	c.sip = "127.0.0.1:" + strconv.Itoa(ports.Free(t))
	mi := strconv.Itoa(ports.Free(t))
	c.mi = "http://127.0.0.1:" + mi + "/mi"
	admin := server.Database(t)
	c.db = rig.OpenSQL(t, admin)
	place := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(admin)
	n := &newcomer{center: c, dir: t.TempDir(), places: strings.NewReplacer(
		"@127.0.0.1/callcenter", "@"+place+"/callcenter", "127.0.0.1:5060", c.sip, ":8888", ":"+mi, "8888", mi,
		"127.0.0.1:5070", fmt.Sprintf("127.0.0.1:%d", agent.Port()))}
	n.env = append(os.Environ(), "PATH="+filepath.Dir(rig.Bin)+":"+os.Getenv("PATH"), "SIPD_MI_URL="+c.mi)
	for _, b := range blocks(t, "first-call.md") {
		n.do(b, agent)
	}
}

func (n *newcomer) do(b block, agent *phone.Phone) {
	n.t.Helper()
	text := n.places.Replace(b.text)
	switch kind, arg, _ := strings.Cut(b.kind, " "); {
	case b.kind == "sh build": // TestMain has built it
	case b.kind == "sh background":
		n.background(text)
	case kind == "sh":
		n.shell(text, arg == "fails")
	case kind == "sql":
		n.sql(text, arg)
	case kind == "lua":
		if err := os.WriteFile(filepath.Join(n.dir, arg), []byte(text), 0o600); err != nil {
			n.t.Fatal(err)
		}
	case kind == "text":
		for line := range strings.Lines(text) {
			n.saw(strings.TrimSpace(line))
		}
	case kind == "call":
		n.talk(agent)
	default:
		n.t.Fatalf("a block of kind %q: tell this test what it is", b.kind)
	}
}

// saw holds that the last command said a line, spaces aside.
func (n *newcomer) saw(line string) {
	n.t.Helper()
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	if !strings.Contains(squeeze(n.said), squeeze(line)) {
		n.t.Errorf("the page promises %q; it was\n%s", line, n.said)
	}
}

func (n *newcomer) shell(text string, fails bool) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "="); ok && strings.HasPrefix(line, "export ") {
			n.env = append(n.env, name+"="+value)
			continue
		}
		cmd := exec.CommandContext(ctx, "sh", "-ec", line)
		cmd.Dir, cmd.Env = n.dir, n.env
		out, err := cmd.CombinedOutput()
		if (err != nil) != fails {
			n.t.Fatalf("%s: %v\n%s", line, err, out)
		}
		n.said = string(out)
	}
}

func (n *newcomer) background(text string) {
	n.t.Helper()
	cmd := exec.Command("sh", "-ec", "exec "+strings.TrimSpace(text))
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = n.dir, n.env, n.log, n.log
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	n.until("the server to listen", func() bool { return strings.Contains(n.log.String(), "listening on") })
}

// sql runs statements, in a database when one is named.
func (n *newcomer) sql(text, database string) {
	n.t.Helper()
	ctx := n.t.Context()
	conn, err := n.db.Conn(ctx)
	if err != nil {
		n.t.Fatal(err)
	}
	defer conn.Close()
	if database != "" {
		if _, err := conn.ExecContext(ctx, "USE "+database); err != nil {
			n.t.Fatal(err)
		}
	}
	for statement := range strings.SplitSeq(text, ";") {
		switch statement = strings.TrimSpace(statement); {
		case statement == "":
		case strings.HasPrefix(statement, "SELECT"):
			n.until("the row", func() bool { n.said = n.query(conn, statement); return n.said != "" })
		default:
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				n.t.Fatalf("%s: %v", statement, err)
			}
		}
	}
}

func (n *newcomer) query(conn *sql.Conn, q string) (out string) {
	rows, err := conn.QueryContext(n.t.Context(), q)
	if err != nil {
		n.t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	cols, _ := rows.Columns()
	for rows.Next() {
		values, into := make([]sql.NullString, len(cols)), make([]any, len(cols))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			n.t.Fatal(err)
		}
		var texts []string
		for _, v := range values {
			texts = append(texts, v.String)
		}
		out += strings.Join(texts, " | ") + "\n"
	}
	return out
}

// talk is step 6: 1005 calls, hears the queue, and is joined to 1008.
func (n *newcomer) talk(agent *phone.Phone) {
	n.t.Helper()
	for len(agent.Invited()) > 0 { // doctor has called, too
		<-agent.Invited()
	}
	caller := n.phone(phone.Options{Name: "1005"})
	from := caller.URI()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	call, err := caller.Call(ctx, "sip:1008@"+n.sip, sip.Address{URI: from})
	if err != nil {
		n.t.Fatal(err)
	}
	select {
	case invite := <-agent.Invited():
		if got, _ := invite.From(); got.URI.User != "1005" || !strings.Contains(got.Display, "Support 1005") {
			n.t.Errorf("1008 sees %s", got)
		}
	case <-ctx.Done():
		n.t.Fatal("1008 does not ring")
	}
	n.hears(call, "1008")
	there := n.answered(agent)
	n.hears(there, "1005")
	call.Bye()
	n.ended(there)
	n.until("the pause", func() bool {
		for _, a := range n.list("cc_list_agents", "Agents") {
			if a["id"] == "1008" {
				return a["State"] == "wrapup"
			}
		}
		return false
	})
}
