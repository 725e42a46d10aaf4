package store

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core/db"
)

// Options say where the tables are.
type Options struct {
	DB    *db.DB // cc_flows and cc_agents (db_url)
	AccDB *db.DB // cc_cdrs (acc_db_url); nil: DB
	RtDB  *db.DB // cc_calls (rt_db_url); nil: DB
	// Names are the parameters that rename tables and columns.
	Names Names
	// SpoolDir is the directory of the journal. Databases may share it.
	SpoolDir string
	// Layout is assumed until the tables have been seen; nil: the newest.
	Layout *Layout
	Log    *slog.Logger // nil: nowhere
	// Written is told the tags (see [CDRTag]) of CDRs that cannot be lost any
	// more. It must be quick. nil: nobody.
	Written func(tags []string)
	// Alarm is told what an operator must look at. It must not block. nil:
	// only the log.
	Alarm func(text string)
}

func (o *Options) fill() {
	if o.AccDB == nil {
		o.AccDB = o.DB
	}
	if o.RtDB == nil {
		o.RtDB = o.DB
	}
	if o.Layout == nil {
		o.Layout = &Layout{Agents: Era33, Calls: Era33, CDRMedia: true}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Store reads and writes the tables of call_center. Its methods may be called
// from any goroutine; actions of one call must be saved by one at a time.
type Store struct {
	opt   Options
	names Names

	writers      map[string]*db.Writer // by URL.ID
	own, acc, rt *db.Writer            // of DB, AccDB and RtDB; the same for the same database
	layout       atomic.Pointer[Layout]
	cut          atomic.Uint64
	refused      atomic.Uint64
}

// Layout is what the statements depend on.
type Layout struct {
	Agents, Calls Era
	CDRMedia      bool // cc_cdrs.media exists
}

// Layout is that of the tables as they were seen last.
func (s *Store) Layout() Layout { return *s.layout.Load() }

// New starts the writers of a store. What an earlier start left in the
// journal is written first. The databases need not be reachable: then
// Options.Layout is assumed until [Store.Load] has seen the tables. The
// databases stay the caller's to close, after [Store.Close].
func New(ctx context.Context, o Options) (*Store, error) {
	o.fill()
	names, err := fullNames(o.Names)
	if err != nil {
		return nil, err
	}
	s := &Store{opt: o, names: names, writers: map[string]*db.Writer{}}
	s.layout.Store(o.Layout)
	for _, side := range []struct {
		db     *db.DB
		writer **db.Writer
	}{{o.DB, &s.own}, {o.AccDB, &s.acc}, {o.RtDB, &s.rt}} {
		if *side.writer, err = s.writer(side.db); err != nil {
			return nil, errors.Join(err, s.Close(ctx))
		}
	}
	s.look(ctx)
	return s, nil
}

func (s *Store) writer(d *db.DB) (*db.Writer, error) {
	id := d.URL().ID()
	if w := s.writers[id]; w != nil {
		return w, nil
	}
	w, err := db.OpenWriter(db.WriterOptions{DB: d, Dir: s.opt.SpoolDir, Log: s.opt.Log, Alarm: s.opt.Alarm, Written: s.opt.Written})
	if err == nil {
		s.writers[id] = w
	}
	return w, err
}

// lookTimeout is how long a start waits for the layout.
const lookTimeout = 5 * time.Second

// look finds out the layout of the tables. Where a database does not answer
// it stays as it was.
func (s *Store) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	l := *s.layout.Load()
	if c, err := columnsOf(ctx, s.opt.DB, s.names[agentsTable]); err == nil {
		l.Agents = s.names.agentsEra(c)
	}
	if c, err := columnsOf(ctx, s.opt.RtDB, "cc_calls"); err == nil {
		l.Calls = callsEra(c)
	}
	if c, err := columnsOf(ctx, s.opt.AccDB, "cc_cdrs"); err == nil {
		l.CDRMedia = c == nil || c["media"]
	}
	s.layout.Store(&l)
}

// Tags are those of the CDRs that earlier starts had written to the journal and
// that were not in the database yet.
func (s *Store) Tags() map[string]bool { return s.acc.Tags() }

// Flush waits until everything saved so far is in the database.
func (s *Store) Flush(ctx context.Context) error {
	for _, w := range s.writers {
		if err := w.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close stops the writers. What is not in the database when ctx ends stays in
// the journal for the next start, and is no error.
func (s *Store) Close(ctx context.Context) error {
	var all error
	for _, w := range s.writers {
		all = errors.Join(all, w.Close(ctx))
	}
	return all
}

// Stats is the sum over the databases of a store.
type Stats struct {
	db.Stats
	Cut     uint64 // texts cut to the width of their column
	Refused uint64 // writes that were not even queued; the log names them
}

// Stats returns how far the store has come.
func (s *Store) Stats() Stats {
	sum := Stats{Cut: s.cut.Load(), Refused: s.refused.Load()}
	for _, w := range s.writers {
		one := w.Stats()
		sum.Written += one.Written
		sum.Applied += one.Applied
		sum.Rejected += one.Rejected
		sum.Lost += one.Lost
		sum.Damaged += one.Damaged
		sum.Bytes += one.Bytes
		sum.Failing = sum.Failing || one.Failing
		sum.DiskFailing = sum.DiskFailing || one.DiskFailing
	}
	return sum
}
