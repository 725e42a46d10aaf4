package callcenter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// storage is what the module needs of the database.
type storage interface {
	Load(context.Context) (engine.Load, []store.BadRow, error)
	Save(engine.Action) // in the background
	ClearCalls()        // in the background
	// Tags are those of the CDRs that an earlier start has left in the journal.
	Tags() map[string]bool
	Close(context.Context) error
}

// databases is the store with the connections it was opened on.
type databases struct {
	*store.Store
	open   []*db.DB
	memory *memory
}

// Close drains the journal as far as ctx allows, then disconnects.
func (d *databases) Close(ctx context.Context) error {
	err := errors.Join(d.Store.Close(ctx), d.memory.close()) // the journal speaks to the memory
	for _, c := range d.open {
		err = errors.Join(err, c.Close())
	}
	return err
}

// openStore opens the databases of the three URLs; equal ones share a
// connection.
func openStore(ctx context.Context, p *params, host core.Host) (_ *databases, err error) {
	d := &databases{}
	defer func() {
		if err != nil {
			for _, c := range d.open {
				_ = c.Close() // the first error is the one to tell
			}
			_ = d.memory.close()
		}
	}()
	byURL := map[string]*db.DB{}
	connect := func(param, text, otherwise string) *db.DB {
		if text == "" {
			text = otherwise
		}
		if byURL[text] != nil || err != nil {
			return byURL[text]
		}
		c, openErr := db.Open(ctx, text)
		if openErr != nil {
			err = fmt.Errorf("%s: %w", param, openErr)
			return nil
		}
		byURL[text] = c
		d.open = append(d.open, c)
		return c
	}
	own, ownParam := p.dbURL, "db_url"
	if own == "" {
		own, ownParam = host.DefaultDB(), "db_default_url"
	}
	if own == "" {
		return nil, errors.New(`no database: add modparam("call_center", "db_url", "sqlite:///var/lib/sipd/sipd.db")`)
	}
	o := store.Options{
		DB: connect(ownParam, own, ""), AccDB: connect("acc_db_url", p.accDBURL, own), RtDB: connect("rt_db_url", p.rtDBURL, own),
		Names: names(p), Log: host.Log(),
		Alarm: func(text string) { host.Emit(eventAlarm, event.Field{Name: "text", Value: text}) },
	}
	if err != nil {
		return nil, err
	}
	if o.SpoolDir, err = spoolDir(p.spoolDir, o.DB.URL()); err != nil {
		return nil, err
	}
	if d.memory, err = openMemory(filepath.Join(o.SpoolDir, "restart"), host.Log(), o.Alarm); err != nil {
		return nil, err
	}
	o.Written = d.memory.written
	if d.Store, err = store.New(ctx, o); err != nil {
		return nil, err
	}
	if err = d.Writable(ctx); err != nil {
		return nil, errors.Join(err, d.Store.Close(ctx))
	}
	return d, nil
}

func names(p *params) store.Names {
	n := store.Names{}
	for param, value := range p.names {
		n[param] = *value
	}
	return n
}

// spoolDir is where the journal lives. It must be there before the first
// call: a journal that cannot be written would lose what it is for.
func spoolDir(param string, u db.URL) (string, error) {
	dir := spoolPath(param, u)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf(`the journal's directory: %w: name one with modparam("call_center", "spool_dir", "/path")`, err)
	}
	return dir, nil
}

func spoolPath(param string, u db.URL) string {
	switch {
	case param != "":
		return param
	case u.Dialect == db.SQLite:
		return filepath.Dir(u.Name)
	}
	return "/var/lib/sipd/spool"
}
