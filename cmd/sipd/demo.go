package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/examples/routes"
	"github.com/sipd/sipd/modules/mihttp/client"
)

// The lanes of the demo's ladder.
const (
	laneCaller = "1005"
	laneServer = "sipd"
	lanePlayer = "player"
	laneAgent  = "1008"
)

// demoTime bounds the whole scripted call.
const demoTime = 30 * time.Second

type demoCmd struct {
	Once   bool   `help:"Exit after the first call: 0 when it reached the agent."`
	Listen string `default:"udp:127.0.0.1:5060" help:"Where to listen; a port in use is replaced by a free one."`
	MI     int    `default:"8888" name:"mi-port" help:"Port of the management interface; one in use is replaced."`
}

// demo is one run: the server, two phones and the ladder.
type demo struct {
	out    io.Writer
	err    io.Writer // logs
	ladder *ladder
	tap    *tap
	events *event.Subscription
	in     *instance
	dir    string // temporary: database and route file
	url    string // of the database
	file   string // the route file
	listen string
	mi     int
	caller *phone.Phone
	agent  *phone.Phone
}

// Run makes one call that anybody can follow, then stays up to be called.
func (c *demoCmd) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := &demo{out: s.out, err: s.err, ladder: newLadder(s.out, isTerminal(s.out), laneCaller, laneServer, lanePlayer, laneAgent)}
	var err error
	if d.listen, err = freeListen(c.Listen); err != nil {
		return badInput(err)
	}
	d.mi = freeTCP(c.MI)
	defer d.close()
	if err := d.start(ctx); err != nil {
		return err
	}
	if err := d.call(ctx); err != nil {
		return fmt.Errorf("the demo call did not reach the agent: %w", err)
	}
	if err := d.printCDRs(ctx); err != nil {
		return err
	}
	if c.Once {
		return nil
	}
	d.invite()
	return d.in.serveUntil(ctx, s.err)
}

// start makes the database, opens the phones, and runs the server.
func (d *demo) start(ctx context.Context) (err error) {
	if d.dir, err = os.MkdirTemp("", "sipd-demo-"); err != nil {
		return err
	}
	d.url = "sqlite://" + filepath.Join(d.dir, "sipd.db")
	d.file = filepath.Join(d.dir, "demo.lua")
	text, err := routes.Files.ReadFile("demo.lua")
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.file, text, 0o600); err != nil {
		return err
	}
	if d.caller, err = openPhone(ctx, phone.Options{Name: laneCaller}); err != nil {
		return err
	}
	if d.agent, err = openPhone(ctx, phone.Options{Name: laneAgent, Ring: 1500 * time.Millisecond}); err != nil {
		return err
	}
	if err := d.provision(ctx); err != nil {
		return err
	}
	d.tap = &tap{ladder: d.ladder, phones: map[int]string{d.caller.Port(): laneCaller, d.agent.Port(): laneAgent}}
	d.in, err = newInstance(d.file, instanceOptions{log: d.err, env: d.env, wrap: d.wrap})
	if err != nil {
		return err
	}
	if err := d.in.Start(ctx); err != nil {
		return badInput(err)
	}
	d.events = d.in.Events().Subscribe(256)
	go d.watch(d.events)
	return nil
}

// env answers the route file's env.
func (d *demo) env(name string) string {
	switch name {
	case "SIPD_LISTEN":
		return d.listen
	case "SIPD_DB_URL":
		return d.url
	case "SIPD_MI_PORT":
		return strconv.Itoa(d.mi)
	}
	return os.Getenv(name)
}

func (d *demo) wrap(n core.Network, h sip.Handler) (core.Network, sip.Handler) {
	d.tap.Network = n
	return d.tap, d.tap.handler(h)
}

// provision writes the flow and the agent, as an operator would.
func (d *demo) provision(ctx context.Context) error {
	db, err := createDB(ctx, d.url)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Write().ExecContext(ctx, `INSERT INTO cc_flows (flowid, skill, message_welcome, message_queue, prependcid)
		VALUES ('tech_support', 'test', 'player:welcome', 'player:moh', 'Support')`); err != nil {
		return db.Explain(err)
	}
	_, err = db.Write().ExecContext(ctx, `INSERT INTO cc_agents (agentid, location, logstate, skills) VALUES ('1008', ?, 0, 'test')`,
		d.agent.URI().String())
	return db.Explain(err)
}

// watch shows what the call and the agent do.
func (d *demo) watch(sub *event.Subscription) {
	for e := range sub.C() {
		state, _ := e.Get("state").(string)
		switch e.Name {
		case "E_CALLCENTER_CALL_REPORT":
			d.ladder.callState(state)
		case "E_CALLCENTER_AGENT_REPORT":
			d.ladder.agentState(state)
		}
	}
}

// call is the story: welcome, queue, the agent logs in, they talk, the
// caller hangs up.
func (d *demo) call(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	d.ladder.agentState("offline")
	d.ladder.head()
	d.ladder.note("1005 calls support")
	c, err := d.caller.Call(ctx, "sip:support@"+d.listen[len("udp:"):], sip.Address{Display: `"Alice"`, URI: d.caller.URI()})
	if err != nil {
		return err
	}
	if err := hear(ctx, c, "welcome"); err != nil {
		return err
	}
	d.ladder.note("1005 hears the welcome, once")
	if err := hear(ctx, c, "moh"); err != nil {
		return err
	}
	d.ladder.note("1005 hears music and waits")
	if err := pause(ctx, 1500*time.Millisecond); err != nil {
		return err
	}
	d.ladder.note("agent 1008 logs in: the phone rings at once, the music plays on")
	if _, err := d.mirpc("cc_agent_login", "1008", "1"); err != nil {
		return err
	}
	if err := hear(ctx, c, laneAgent); err != nil {
		return err
	}
	d.ladder.note("they talk")
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	d.ladder.note("1005 hangs up")
	c.Bye()
	return pause(ctx, 300*time.Millisecond) // let the last lines be drawn
}

// hear waits until the other side is the party of that name.
func hear(ctx context.Context, c *phone.Call, who string) error {
	for {
		select {
		case got := <-c.Heard():
			if got == who {
				return nil
			}
		case <-c.Ended():
			return fmt.Errorf("the call ended before 1005 heard %s", who)
		case <-ctx.Done():
			return fmt.Errorf("1005 did not hear %s: %w", who, ctx.Err())
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// invite says how to go on.
func (d *demo) invite() {
	sipd := os.Args[0]
	mi := sipd + " mi"
	if url := fmt.Sprintf("http://127.0.0.1:%d/mi", d.mi); url != client.DefaultURL {
		mi += " --url " + url
	}
	fmt.Fprintf(d.out, `
sipd stays up. Next:

  call in      any softphone to sip:support@%s (no registration needed)
  look         %s cc_list_agents
               %s cc_list_queue
               %s get_statistics call_center:
  change       %s is the route of this demo; copy it, then
               %s check FILE and %s run -f FILE
  stop         Ctrl-C

`, d.listen[len("udp:"):], mi, mi, mi, d.file, sipd, sipd)
}

// close stops the server and removes what the demo made.
func (d *demo) close() {
	if d.in != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		_ = d.in.Stop(ctx)
	}
	if d.events != nil {
		d.events.Close()
	}
	if d.dir != "" {
		os.RemoveAll(d.dir)
	}
}

// freeListen keeps a listen directive whose port is free, and takes a free
// port instead of one in use.
func freeListen(text string) (string, error) {
	if len(text) < 4 || text[:4] != "udp:" {
		return "", fmt.Errorf("--listen %s: want udp:HOST:PORT", text)
	}
	c, err := net.ListenPacket("udp", text[4:])
	if err != nil {
		host, _, splitErr := net.SplitHostPort(text[4:])
		if splitErr != nil {
			return "", fmt.Errorf("--listen %s: %w", text, splitErr)
		}
		if c, err = net.ListenPacket("udp", net.JoinHostPort(host, "0")); err != nil {
			return "", fmt.Errorf("--listen %s: %w", text, err)
		}
	}
	defer c.Close()
	return "udp:" + c.LocalAddr().String(), nil
}

// freeTCP returns the port, or a free one when it is in use.
func freeTCP(port int) int {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return port // the server will say why it cannot listen
		}
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// isTerminal reports whether w shows colours to a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
