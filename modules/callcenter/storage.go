package callcenter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

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
	Foreign(context.Context) (int, error)
	Close(context.Context) error
}

// databases is the store with the connections it was opened on.
type databases struct {
	*store.Store
	open   []*db.DB
	memory *memory
	log    *slog.Logger

	path  string // of the snapshot
	names store.Names
	spare *snapshot // until the first Load
	away  error     // the database was not reached by the first Load
	read  time.Time // when the snapshot was, that was taken instead

	snapped bool
	kept    *snapshot // what the file says, nil: not known
}

// Load reads flows and agents and keeps them for a start without database.
// While the database is away, the first Load takes what was kept.
func (d *databases) Load(ctx context.Context) (engine.Load, []store.BadRow, error) {
	spare := d.spare
	d.spare = nil
	var load engine.Load
	var bad []store.BadRow
	err := d.away
	if err == nil || spare == nil {
		load, bad, err = d.Store.Load(ctx)
	}
	switch {
	case err == nil:
		d.away = nil
		d.snap(load, bad)
	case spare != nil && (d.away != nil || errors.Is(err, context.DeadlineExceeded)):
		d.away, d.read = err, spare.Read
		return engine.Load{Flows: spare.Flows, Agents: spare.Agents}, nil, nil
	}
	return load, bad, err
}

// snap writes a snapshot of what will be used: not of a reload that is refused
// for its bad rows. One that would say the same gets another time only.
func (d *databases) snap(load engine.Load, bad []store.BadRow) {
	refused := slices.ContainsFunc(bad, func(r store.BadRow) bool { return !r.Used })
	if d.snapped && refused {
		return
	}
	d.snapped = true
	s := snapshot{Read: time.Now(), Names: d.names, Layout: d.Layout(), Flows: load.Flows, Agents: load.Agents}
	if d.kept != nil && d.kept.same(&s) && os.Chtimes(d.path, s.Read, s.Read) == nil {
		return
	}
	d.kept = &s
	if err := s.write(d.path); err != nil {
		d.kept = nil
		d.log.Warn("flows and agents are not kept for a start without database", "err", err)
	}
}

// Foreign is [store.Foreign], but does not wait for a database that is away.
func (d *databases) Foreign(ctx context.Context) (int, error) {
	if d.away != nil {
		return 0, nil
	}
	return d.Store.Foreign(ctx)
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
// connection. One that does not answer is an error, unless there is a snapshot
// to start from: then it may come later.
func openStore(ctx context.Context, p *params, host core.Host) (_ *databases, err error) {
	own, ownParam := p.dbURL, "db_url"
	if own == "" {
		own, ownParam = host.DefaultDB(), "db_default_url"
	}
	if own == "" {
		return nil, errors.New(`no database: add modparam("call_center", "db_url", "sqlite:///var/lib/sipd/sipd.db")`)
	}
	u, err := db.Parse(own)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ownParam, err)
	}
	spool := spoolPath(p.spoolDir, u)
	d := &databases{log: host.Log(), names: names(p), path: snapshotPath(spool, u)}
	d.spare = readSnapshot(d.path, d.names)
	c := connections{ctx: ctx, log: d.log, spare: d.spare != nil, byURL: map[string]*db.DB{}, away: map[*db.DB]error{}}
	defer func() {
		if err != nil {
			c.close()
			_ = d.memory.close()
		}
	}()
	o := store.Options{
		DB: c.connect(ownParam, own, ""), AccDB: c.connect("acc_db_url", p.accDBURL, own), RtDB: c.connect("rt_db_url", p.rtDBURL, own),
		Names: d.names, Log: host.Log(),
		Alarm: func(text string) { host.Emit(eventAlarm, event.Field{Name: "text", Value: text}) },
	}
	if c.err != nil {
		return nil, c.err
	}
	d.open, d.away = c.open, c.away[o.DB]
	if o.SpoolDir, err = spoolDir(spool); err != nil {
		return nil, err
	}
	if d.memory, err = openMemory(filepath.Join(o.SpoolDir, "restart"), host.Log(), o.Alarm); err != nil {
		return nil, err
	}
	o.Written = d.memory.written
	if len(c.away) > 0 { // it would wait for each of them again
		o.Layout = &d.spare.Layout
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, awayTime/10)
		defer cancel()
	}
	if d.Store, err = store.New(ctx, o); err != nil {
		return nil, err
	}
	if len(c.away) > 0 {
		return d, nil
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

// spoolPath is where the journal lives.
func spoolPath(param string, u db.URL) string {
	switch {
	case param != "":
		return param
	case u.Dialect == db.SQLite:
		return filepath.Dir(u.Name)
	}
	return "/var/lib/sipd/spool"
}

// spoolDir makes the journal's directory. It must be there before the first
// call: a journal that cannot be written would lose what it is for.
func spoolDir(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf(`the journal's directory: %w: name one with modparam("call_center", "spool_dir", "/path")`, err)
	}
	return dir, nil
}
