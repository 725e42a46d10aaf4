package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/modules/mihttp/client"
	"github.com/sipd/sipd/test/ports"
)

// What BenchmarkRestart does.
const (
	restartQueued = 200 // callers who wait
	restartTalks  = 600 // calls with an agent
	restartChats  = 200 // chats with an agent
	restartKills  = 20
	restartBusy   = 30 // calls that end and begin in every round
	restartRings  = 5  // calls whose agent is being rung at the kill
)

// BenchmarkRestart kills sipd 20 times (kill -9) at random moments under 1,000
// live calls and some coming and going, starts it again at once, and looks
// whether anybody has noticed.
func BenchmarkRestart(b *testing.B) {
	for b.Loop() {
		(&crash{b: b, rnd: rand.New(rand.NewPCG(1, 1))}).run()
	}
}

// crash is the server that is killed, with everybody round it.
type crash struct {
	b   *testing.B
	rnd *rand.Rand
	bin string
	env []string
	cmd *exec.Cmd
	sip string
	mi  string
	db  *sql.DB

	caller, agent, chatter, media *phone.Phone
	last                          int
	waiting                       []string // users, in order
	talks, chats                  []*phone.Call

	up       []time.Duration
	restored int // calls that were there after a restart
	expected int
	lostBye  int
	byes     int
	reorders int
	again    int // ringing calls that reached an agent after all
	rung     int
}

func (c *crash) run() {
	b := c.b
	c.caller, c.media = openPhone(b, phone.Options{Name: "caller"}), openPhone(b, phone.Options{Name: "moh"})
	c.chatter = openPhone(b, phone.Options{Name: "chatter", Ring: 100 * time.Millisecond})
	c.agent = openPhone(b, phone.Options{Name: "agent", Ring: 100 * time.Millisecond})
	c.prepare()
	c.start()
	for range restartQueued {
		c.waiting = append(c.waiting, c.dial("queued"))
	}
	c.many(restartChats, "chat")
	c.chats, c.talks = c.talks, nil // they only go on
	c.many(restartTalks, "audio")
	for range restartKills {
		c.round()
	}
	c.end()
	c.report()
}

// prepare makes the database: nobody serves the flow "queued".
func (c *crash) prepare() {
	b, dir := c.b, c.b.TempDir()
	c.bin = binary(b)
	url := "sqlite://" + filepath.Join(dir, "cc.db")
	if out, err := exec.Command(c.bin, "db", "create", "--url", url).CombinedOutput(); err != nil {
		b.Fatalf("db create: %v\n%s", err, out)
	}
	var err error
	if c.db, err = sql.Open("sqlite", filepath.Join(dir, "cc.db")+"?_pragma=busy_timeout(10000)"); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.db.Close() })
	exe := func(q string, args ...any) {
		if _, err := c.db.Exec(q, args...); err != nil {
			b.Fatal(err)
		}
	}
	moh := c.media.URI().String()
	exe("insert into cc_flows (flowid, skill, message_queue) values ('queued', 'none', ?), ('audio', 'audio', ?), ('chat', 'chat', ?)", moh, moh, moh)
	for i := range restartTalks + restartBusy + restartRings {
		exe("insert into cc_agents (agentid, location, skills, logstate) values (?, ?, 'audio', 1)", fmt.Sprint("a", i), c.agent.URI().String())
	}
	for i := range restartChats / 4 {
		exe("insert into cc_agents (agentid, msrp_location, msrp_max_sessions, skills, logstate) values (?, ?, 4, 'chat', 1)", fmt.Sprint("c", i), c.chatter.URI().String())
	}
	c.sip = fmt.Sprintf("127.0.0.1:%d", ports.Free(b))
	port := ports.Free(b)
	c.mi = fmt.Sprintf("http://127.0.0.1:%d/mi", port)
	c.env = append(os.Environ(), "SIPD_LISTEN=udp:"+c.sip, "SIPD_DB_URL="+url, fmt.Sprint("SIPD_MI_PORT=", port))
}

// start starts the server and waits until it answers OPTIONS.
func (c *crash) start() {
	begin := time.Now()
	c.cmd = exec.Command(c.bin, "run", "-f", "testdata/restart.lua")
	c.cmd.Env = c.env
	var log strings.Builder
	c.cmd.Stdout, c.cmd.Stderr = &log, &log
	if err := c.cmd.Start(); err != nil {
		c.b.Fatal(err)
	}
	cmd := c.cmd
	c.b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	ctx, cancel := context.WithTimeout(c.b.Context(), 20*time.Second)
	defer cancel()
	for !c.caller.Options(ctx, "sip:"+c.sip, 200*time.Millisecond) {
		if ctx.Err() != nil {
			c.b.Fatalf("sipd did not come up:\n%s", log.String())
		}
	}
	c.up = append(c.up, time.Since(begin))
}

// dial makes a call and returns the user it came from.
func (c *crash) dial(flow string) string {
	c.last++
	user := fmt.Sprintf("u%d", c.last)
	c.dialAs(user, flow)
	return user
}

func (c *crash) dialAs(user, flow string) *phone.Call {
	ctx, cancel := context.WithTimeout(c.b.Context(), 30*time.Second)
	defer cancel()
	from := c.caller.URI()
	from.User = user
	call, err := c.caller.Call(ctx, "sip:"+flow+"@"+c.sip, sip.Address{URI: from})
	if err != nil {
		c.b.Errorf("call %s to %s: %v", user, flow, err)
	}
	return call
}

// many makes calls, a few at a time.
func (c *crash) many(n int, flow string) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	limit := make(chan struct{}, 20)
	for range n {
		c.last++
		user := fmt.Sprintf("u%d", c.last)
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			if call := c.dialAs(user, flow); call != nil {
				mu.Lock()
				c.talks = append(c.talks, call)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// round is one kill: calls ring while it happens, and afterwards some end from
// either side.
func (c *crash) round() {
	var ringing sync.WaitGroup
	var mu sync.Mutex
	var late []*phone.Call
	for range restartRings {
		c.last++
		user := fmt.Sprintf("u%d", c.last)
		c.rung++
		ringing.Go(func() {
			if call := c.dialAs(user, "audio"); call != nil {
				mu.Lock()
				late = append(late, call)
				mu.Unlock()
			}
		})
	}
	time.Sleep(time.Duration(20+c.rnd.IntN(60)) * time.Millisecond)
	if err := c.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		c.b.Fatal(err)
	}
	_ = c.cmd.Wait()
	c.start()
	c.look()
	ringing.Wait()
	c.again += len(late)
	c.talks = append(c.talks, late...)
	c.settle(c.agent, len(c.talks)) // phones that rang at the kill are told it is over
	c.hangUp(restartBusy/2 + restartRings)
	c.agentsHangUp(restartBusy / 2)
	c.many(restartBusy, "audio")
}

// look compares what the server knows now with what there is.
func (c *crash) look() {
	var list struct{ Calls []struct{ State string } }
	c.ask("cc_list_calls", &list)
	n := 0
	for _, call := range list.Calls {
		if call.State == "toagent" || call.State == "queued" {
			n++
		}
	}
	there := len(c.waiting) + len(c.talks) + len(c.chats)
	c.expected += there
	c.restored += min(n, there)
	var queue struct {
		Calls []struct {
			User string `json:"Caller username"`
			Flow string
		}
	}
	c.ask("cc_list_queue", &queue)
	var users []string
	for _, q := range queue.Calls {
		if q.Flow == "queued" {
			users = append(users, q.User)
		}
	}
	if !slices.Equal(users, c.waiting) {
		c.reorders++
	}
}

func (c *crash) ask(command string, into any) {
	ctx, cancel := context.WithTimeout(c.b.Context(), 10*time.Second)
	defer cancel()
	got, err := client.Call(ctx, c.mi, command, nil)
	if err != nil {
		c.b.Fatalf("%s: %v", command, err)
	}
	data, err := json.Marshal(got)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		c.b.Fatal(err)
	}
}

// hangUp ends calls from the callers' side; an agent's call must end for each.
func (c *crash) hangUp(n int) {
	before := c.agent.Live()
	for range n {
		i := c.rnd.IntN(len(c.talks))
		c.talks[i].Bye()
		c.talks = slices.Delete(c.talks, i, i+1)
	}
	c.byes += n
	c.lostBye += c.settle(c.agent, before-n)
}

// agentsHangUp ends calls from the agents' side.
func (c *crash) agentsHangUp(n int) {
	before := c.caller.Live()
	for _, call := range c.agent.Some(n) {
		call.Bye()
	}
	c.byes += n
	c.lostBye += c.settle(c.caller, before-n)
	c.talks = slices.DeleteFunc(c.talks, func(t *phone.Call) bool {
		select {
		case <-t.Ended():
			return true
		default:
			return false
		}
	})
}

// settle waits until a phone has as few calls as it should, and returns how
// many it has too many.
func (c *crash) settle(p *phone.Phone, want int) int {
	for range 100 {
		if p.Live() <= want {
			return 0
		}
		time.Sleep(50 * time.Millisecond)
	}
	return p.Live() - want
}

// end hangs up everything and waits for the last CDR.
func (c *crash) end() {
	for _, call := range c.caller.Some(c.caller.Live()) {
		call.Bye()
	}
	c.lostBye += c.settle(c.agent, 0) + c.settle(c.chatter, 0)
	c.byes += len(c.talks) + len(c.chats)
	for range 100 {
		var n int
		if err := c.db.QueryRow("select count(*) from cc_calls").Scan(&n); err == nil && n == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	_ = c.cmd.Wait()
}

func (c *crash) report() {
	var missing, twice int
	rows, err := c.db.Query("select caller, count(*) from cc_cdrs where call_type in (0, 1, -1) group by caller")
	if err != nil {
		c.b.Fatal(err)
	}
	defer rows.Close()
	seen := 0
	for rows.Next() {
		var user string
		var n int
		if err := rows.Scan(&user, &n); err != nil {
			c.b.Fatal(err)
		}
		seen++
		if n > 1 {
			twice++
		}
	}
	missing = c.last - seen
	up := c.up[1:]
	slices.Sort(up)
	fmt.Printf("\nkill -9, %d times, under %d waiting, %d talking, %d chatting:\n", restartKills, restartQueued, restartTalks, restartChats)
	fmt.Printf("  up and answering OPTIONS     p50 %.2f s, longest %.2f s\n", up[len(up)/2].Seconds(), up[len(up)-1].Seconds())
	fmt.Printf("  established calls restored   %d of %d\n", c.restored, c.expected)
	fmt.Printf("  BYE reached the other side   %d of %d\n", c.byes-c.lostBye, c.byes)
	fmt.Printf("  queue in its order           %d of %d\n", restartKills-c.reorders, restartKills)
	fmt.Printf("  ringing at the kill, served  %d of %d\n", c.again, c.rung)
	fmt.Printf("  calls %d: CDR missing %d, twice %d\n", c.last, missing, twice)
	fmt.Printf("  phones left in a call        callers %d, agents %d, media %d\n\n", c.caller.Live(), c.agent.Live()+c.chatter.Live(), c.media.Live())
	c.b.ReportMetric(up[len(up)-1].Seconds(), "up-max-s")
	c.b.ReportMetric(float64(c.expected-c.restored), "not-restored")
	c.b.ReportMetric(float64(c.lostBye), "lost-BYE")
	c.b.ReportMetric(float64(missing), "CDR-missing")
	c.b.ReportMetric(float64(twice), "CDR-twice")
}
