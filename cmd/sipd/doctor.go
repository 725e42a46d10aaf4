package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter"
	"github.com/sipd/sipd/modules/mihttp/client"
	"github.com/sipd/sipd/scripting"
)

type doctorCmd struct {
	Flow        string        `arg:"" optional:"" help:"Only this flow and its agents."`
	File        string        `short:"f" required:"" type:"path" help:"The route file."`
	MI          string        `name:"mi" help:"Where the running server answers; what the file says when not given." env:"SIPD_MI_URL"`
	Timeout     time.Duration `default:"4s" help:"How long a phone or media server may take."`
	OptionsOnly bool          `help:"Call nobody: without this, media servers are called for a moment, and phones that do not answer OPTIONS."`
	Silent      bool          `help:"Ask no phone or media server at all."`
	JSON        bool          `help:"Print the findings as JSON."`
}

// symptom is one thing that the doctor found.
type symptom struct {
	Severity string `json:"severity"` // error, warning, note, ok
	What     string `json:"what"`
	Remedy   string `json:"remedy,omitempty"`
}

const (
	sevError   = "error"   // callers are turned away or hear nothing
	sevWarning = "warning" // probably not what was meant
	sevNote    = "note"    // good to know
	sevOK      = "ok"      // looked at and sound
)

// symptoms collect what is found.
type symptoms []symptom

func (s *symptoms) add(severity, remedy, format string, args ...any) {
	*s = append(*s, symptom{severity, plain(fmt.Sprintf(format, args...)), plain(remedy)})
}

// doctorTime bounds everything but the questions to phones.
const doctorTime = 30 * time.Second

// Run examines a call center. Exit code 1: it found something; 2: it could
// not look.
func (c *doctorCmd) Run(s streams) error {
	found, err := c.examine()
	if err != nil {
		return badInput(fmt.Errorf("sipd doctor: %w", err))
	}
	if c.JSON {
		if err := printJSON(s.out, found); err != nil {
			return err
		}
	} else {
		printSymptoms(s.out, found)
	}
	for _, f := range found {
		if f.Severity == sevError || f.Severity == sevWarning {
			return errSilent
		}
	}
	return nil
}

func printSymptoms(w io.Writer, found symptoms) {
	n := map[string]int{}
	for _, f := range found {
		n[f.Severity]++
		fmt.Fprintf(w, "%-8s %s\n", f.Severity, f.What)
		if f.Remedy != "" {
			fmt.Fprintf(w, "%-8s %s\n", "", f.Remedy)
		}
	}
	fmt.Fprintf(w, "%s, %s\n", count(n[sevError], "error"), count(n[sevWarning], "warning"))
}

// patient is what is known of the call center.
type patient struct {
	cfg      *core.Config
	settings callcenter.Settings
	flows    []callcenter.Row // sound, and asked for
	agents   []callcenter.Row // sound
	live     *live            // nil: not running, or it does not answer
	self     func(uri string) bool
	file     string // the route file
	mi       string // begins a command to the running server: "sipd mi"
}

func (c *doctorCmd) examine() (symptoms, error) {
	cfg, settings, err := readSettings(c.File)
	if err != nil {
		return nil, err
	}
	if settings.DBURL == "" {
		return nil, fmt.Errorf(`%s names no database: add modparam("call_center", "db_url", ...)`, c.File)
	}
	ctx, cancel := context.WithTimeout(context.Background(), doctorTime)
	defer cancel()
	found := symptoms{}
	p := &patient{cfg: cfg, settings: settings, self: selfOf(cfg), file: c.File, mi: "sipd mi"}
	if err := c.tables(ctx, p, &found); err != nil {
		return nil, err
	}
	c.running(ctx, p, &found)
	p.configuration(&found)
	if !c.Silent {
		if err := c.questions(p, &found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// tables looks at the database and reads flows and agents.
func (c *doctorCmd) tables(ctx context.Context, p *patient, found *symptoms) error {
	dbs, names, err := place{File: c.File}.openAll(ctx)
	defer dbs.close()
	if err != nil {
		return err
	}
	r, err := callcenter.CheckAll(ctx, dbs.own, dbs.acc, dbs.rt, names)
	if err != nil {
		return err
	}
	for _, bad := range r.Findings {
		if bad.Used && (c.Flow != "" || bad.Table == tableOf(names, "cc_flows_table", "cc_flows")) {
			continue // said below, of the flow
		}
		severity := sevError
		if bad.Used || strings.Contains(bad.Why, "version") { // OpenSIPS would mind it, sipd does not
			severity = sevWarning
		}
		found.add(severity, bad.Remedy, "%s", strings.TrimSuffix(bad.String(), ": "+bad.Remedy))
	}
	if flows, err := callcenter.EditFlows(ctx, dbs.own, names); err == nil {
		if p.flows, err = sound(ctx, flows); err != nil {
			return err
		}
	}
	if agents, err := callcenter.EditAgents(ctx, dbs.own, names); err == nil {
		if p.agents, err = sound(ctx, agents); err != nil {
			return err
		}
	}
	found.add(sevOK, "", "%s: layout of %s, %s, %s", dbs.own.URL(), r.Era, count(len(p.flows), "flow"), count(len(p.agents), "agent"))
	if len(p.flows) == 0 {
		found.add(sevError, "run sipd flow add ID --skill WORD --message-queue URI -f "+c.File, "there is no flow that can be used")
	}
	if c.Flow != "" {
		if err := p.only(c.Flow); err != nil {
			return err
		}
	}
	dbs.backlog(ctx, p.settings.Spool(dbs.own.URL()), found)
	if n, err := callcenter.ForeignCalls(ctx, dbs.rt); err == nil && n > 0 {
		found.add(sevNote, "run sipd db clean -f "+c.File+" once no OpenSIPS uses the table", "cc_calls holds %s of an OpenSIPS", count(n, "call"))
	}
	return nil
}

func tableOf(n callcenter.Names, param, otherwise string) string {
	if name := n[param]; name != "" {
		return name
	}
	return otherwise
}

// backlog looks for what waits in the journal.
func (d databases) backlog(ctx context.Context, dir string, found *symptoms) {
	seen := map[*db.DB]bool{}
	for _, one := range []*db.DB{d.own, d.acc, d.rt} {
		if seen[one] {
			continue
		}
		seen[one] = true
		b, err := db.BacklogOf(ctx, one, dir)
		switch {
		case err != nil:
			found.add(sevWarning, "run it as the user that runs sipd", "the journal in %s cannot be read: %v", dir, err)
		case b.Statements > 0:
			found.add(sevWarning, "start sipd if it does not run; it writes them as soon as the database takes them", "the journal in %s holds %s for %s", dir, count(b.Statements, "write"), one.URL())
		}
		if b.Damaged > 0 {
			found.add(sevWarning, "look for faults of the disk", "the journal in %s has %d damaged bytes", dir, b.Damaged)
		}
	}
}

// sound lists the rows that the server would use.
func sound(ctx context.Context, e *callcenter.Editor) (list []callcenter.Row, err error) {
	rows, err := e.List(ctx)
	for _, r := range rows {
		if r.Fault == nil {
			list = append(list, r)
		}
	}
	return list, err
}

// only keeps one flow.
func (p *patient) only(id string) error {
	var ids []string
	for _, f := range p.flows {
		if f.ID() == id {
			p.flows = []callcenter.Row{f}
			return nil
		}
		ids = append(ids, f.ID())
	}
	hint := ""
	if near := scripting.Nearest(id, ids); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("no flow %q that can be used%s", id, hint)
}

// running asks the server, when it runs.
func (c *doctorCmd) running(ctx context.Context, p *patient, found *symptoms) {
	at, loaded := miOf(p.cfg)
	if c.MI != "" {
		at, loaded = client.Client{URL: c.MI, Token: at.Token}, true
	}
	if !loaded {
		found.add(sevNote, `add loadmodule "httpd" and loadmodule "mi_http"`, "the file does not load mi_http: a running server can be asked nothing")
		return
	}
	if at.URL != client.DefaultURL {
		p.mi += " --url " + at.URL
	}
	var err error
	if p.live, err = fetch(ctx, at); err != nil {
		found.add(sevNote, "run sipd run -f "+c.File, "no server answers: %v", err)
		return
	}
	found.add(sevOK, "", "%s answers %s: %s waiting", at.URL, p.live.Version, count(len(p.live.Queue), "call"))
	var dispatching struct{ Dispatching int }
	if err := askMI(ctx, at, "cc_internal_call_dispatching", nil, &dispatching); err == nil {
		p.settings.InternalDispatching = dispatching.Dispatching != 0 // it may be set at run time
	}
	var reload []string
	for _, f := range p.flows {
		if !contains(p.live.Flows, func(l liveFlow) bool { return l.ID == f.ID() }) {
			reload = append(reload, "flow "+f.ID())
		}
	}
	for _, a := range p.agents {
		if _, there := p.live.agent(a.ID()); !there {
			reload = append(reload, "agent "+a.ID())
		}
	}
	if len(reload) > 0 {
		found.add(sevError, "run "+p.mi+" cc_reload; it logs agents in and out as logstate says", "the running server has not read %s", strings.Join(reload, ", "))
	}
}

func contains[T any](list []T, is func(T) bool) bool {
	for _, v := range list {
		if is(v) {
			return true
		}
	}
	return false
}

// questions asks the phones and media servers.
func (c *doctorCmd) questions(p *patient, found *symptoms) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pr, err := openProber(ctx, p.cfg, c.Timeout, !c.OptionsOnly)
	if err != nil {
		return err
	}
	defer pr.close()
	uris, uses := p.uris()
	ask := map[string]bool{}
	for uri, media := range uris {
		if !strings.HasPrefix(strings.ToLower(uri), "player:") && !p.self(uri) {
			ask[uri] = media
		}
	}
	results := pr.all(ctx, ask)
	for _, u := range uses {
		o, asked := results[u.uri]
		switch {
		case !asked:
		case o.fine && uris[u.uri] && p.settings.MediaTimeout > 0 && o.after > p.settings.MediaTimeout:
			found.add(sevError, "let it answer sooner, or set media_answer_timeout to more seconds", "%s %s %s, and media_answer_timeout is %v%s", u.what, u.uri, o.text, p.settings.MediaTimeout, u.effect)
		case o.fine:
			found.add(sevOK, "", "%s %s %s", u.what, u.uri, o.text)
		default:
			found.add(sevError, o.hint, "%s %s %s%s", u.what, u.uri, o.text, u.effect)
		}
	}
	return nil
}
