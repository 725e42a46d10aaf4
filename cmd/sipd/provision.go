package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/modules/callcenter"
	"github.com/sipd/sipd/modules/mihttp/client"
	"github.com/sipd/sipd/scripting"
)

// table is one of the two tables that operators fill, as a command sees it.
type table struct {
	command string // "flow", "agent"
	open    func(context.Context, *db.DB, callcenter.Names) (*callcenter.Editor, error)
	columns []string // of sipd flow list, besides the id
}

var (
	flowTable = table{"flow", callcenter.EditFlows, []string{"skill", "priority", "message_welcome", "message_queue", "message_dissuading"}}
	// agentTable shows where an agent is and what he can do.
	agentTable = table{"agent", callcenter.EditAgents, []string{"logstate", "skills", "location", "msrp_location", "wrapup_time"}}
)

// provisionFlags are the flags of commands that change a table.
type provisionFlags struct {
	place
	miFlags
	Reload bool `help:"Let the running server read the tables (sipd mi cc_reload). It logs agents in and out as logstate says."`
	JSON   bool `help:"Print the row as JSON."`
}

// miFlags say where a running server takes commands.
type miFlags struct {
	MI    string `help:"Where the running server answers." name:"mi" default:"http://127.0.0.1:8888/mi" env:"SIPD_MI_URL"`
	Token string `help:"Bearer token of the server, when it wants one." env:"SIPD_MI_TOKEN"`
}

func (m miFlags) client() client.Client { return client.Client{URL: m.MI, Token: m.Token} }

// edit opens the table and runs do on it. Errors are the user's to mend.
func (t table) edit(p place, what string, do func(context.Context, *callcenter.Editor) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), dbTime)
	defer cancel()
	err := func() error {
		d, s, err := p.open(ctx)
		if err != nil {
			return err
		}
		defer d.Close()
		e, err := t.open(ctx, d, s.Names)
		if err != nil {
			return err
		}
		return do(ctx, e)
	}()
	if err == nil {
		return nil
	}
	var none *callcenter.NoRowError
	if errors.As(err, &none) {
		err = fmt.Errorf("%w%s", err, t.hint(none))
	}
	return badInput(fmt.Errorf("sipd %s %s: %w", t.command, what, err))
}

// hint names the id that was probably meant.
func (t table) hint(e *callcenter.NoRowError) string {
	if near := scripting.Nearest(e.ID, e.Known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Sprintf(": sipd %s list shows what is there", t.command)
}

// list prints the table.
func (t table) list(s streams, p place, asJSON bool) error {
	return t.edit(p, "list", func(ctx context.Context, e *callcenter.Editor) error {
		rows, err := e.List(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(s.out, rowObjects(rows))
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "%s\t%s\n", t.command, strings.Join(t.columns, "\t"))
		for _, r := range rows {
			fmt.Fprint(w, plain(r.ID()))
			for _, c := range t.columns {
				text := plain(r.Get(c))
				if text == "" {
					text = "-"
				}
				fmt.Fprintf(w, "\t%s", text)
			}
			fmt.Fprintln(w)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for _, r := range rows {
			if r.Fault != nil {
				fmt.Fprintf(s.out, "%s (sipd leaves it out)\n", plain(r.Fault.String()))
			}
		}
		return nil
	})
}

// put adds or changes a row, says what is there now, and reloads.
func (t table) put(s streams, f provisionFlags, what, id string, do func(context.Context, *callcenter.Editor) (callcenter.Row, error)) error {
	err := t.edit(f.place, what+" "+id, func(ctx context.Context, e *callcenter.Editor) error {
		row, err := do(ctx, e)
		if err != nil {
			return err
		}
		if f.JSON {
			return printJSON(s.out, rowObject(row))
		}
		return printRow(s.out, t.command, row)
	})
	if err != nil {
		return err
	}
	return f.reload(s)
}

// set changes a row.
func (t table) set(s streams, f provisionFlags, id string, c callcenter.Changes) error {
	return t.put(s, f, "set", id, func(ctx context.Context, e *callcenter.Editor) (callcenter.Row, error) {
		if len(c) == 0 {
			return callcenter.Row{}, fmt.Errorf("nothing to change: name a column, see sipd %s set --help", t.command)
		}
		return e.Set(ctx, id, c)
	})
}

// remove deletes a row.
func (t table) remove(s streams, f provisionFlags, id string) error {
	err := t.edit(f.place, "rm "+id, func(ctx context.Context, e *callcenter.Editor) error { return e.Remove(ctx, id) })
	if err != nil {
		return err
	}
	if f.JSON {
		err = printJSON(s.out, mi.Object{}.With("removed", id))
	} else {
		_, err = fmt.Fprintf(s.out, "%s %s was removed\n", t.command, id)
	}
	if err != nil {
		return err
	}
	return f.reload(s)
}

// reload makes the running server read what was written, or says how.
func (f provisionFlags) reload(s streams) error {
	if !f.Reload {
		if !f.JSON {
			fmt.Fprintln(s.out, "run: sipd mi cc_reload (it logs agents in and out as logstate says)")
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), dbTime)
	defer cancel()
	if _, err := f.client().Call(ctx, "cc_reload", nil); err != nil {
		return fmt.Errorf("the database is changed, the server is not: cc_reload: %w", err)
	}
	if !f.JSON {
		fmt.Fprintln(s.out, "the server has read it")
	}
	return nil
}

// printRow writes a line for each column that holds something.
func printRow(w io.Writer, what string, r callcenter.Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s %s\n", what, r.ID())
	for _, c := range r.Cells[1:] {
		if c.Value != nil && *c.Value != "" {
			fmt.Fprintf(t, "  %s\t%s\n", c.Column, plain(*c.Value))
		}
	}
	return t.Flush()
}

// rowObject is a row as JSON: OpenSIPS's column names, in their order.
func rowObject(r callcenter.Row) mi.Object {
	o := mi.Object{}
	for _, c := range r.Cells {
		var v any = c.Value
		if n := r.Get(c.Column); c.Number && json.Valid([]byte(n)) {
			v = json.RawMessage(n)
		}
		o = o.With(c.Column, v)
	}
	if r.Fault != nil {
		o = o.With("fault", r.Fault.String())
	}
	return o
}

func rowObjects(rows []callcenter.Row) []mi.Object {
	list := make([]mi.Object, len(rows))
	for i, r := range rows {
		list[i] = rowObject(r)
	}
	return list
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
