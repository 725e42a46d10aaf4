package callcenter

import (
	"fmt"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// Settings are what a route file sets for the module, for tools that look at
// a call center from outside.
type Settings struct {
	DBURL, AccDBURL, RtDBURL string // the last two are DBURL when not set
	SpoolDir                 string // "" when not set
	Names                    Names  // tables and columns
	Wrapup                   time.Duration
	MediaTimeout             time.Duration // media_answer_timeout
	RejectOnNoAgents         bool
	InternalDispatching      bool
}

// Spool is the directory of the journal, when db_url is u.
func (s Settings) Spool(u db.URL) string { return spoolPath(s.SpoolDir, u) }

// Names are tables and columns by the parameters that rename them.
type Names = store.Names

// SettingsOf reads the parameters of call_center in a configuration. The
// error names the place of one that is wrong, or says that the file does not
// load the module.
func SettingsOf(cfg *core.Config) (Settings, error) {
	p, err := paramsOf(cfg)
	if err != nil {
		return Settings{}, err
	}
	loaded := false
	for _, l := range cfg.Loads {
		loaded = loaded || l.Name == moduleName
	}
	if !loaded {
		return Settings{}, core.Problem{Pos: core.Pos{File: cfg.File, Line: 1}, Text: `call_center is not loaded: add loadmodule "call_center"`}
	}
	s := Settings{
		DBURL: p.dbURL, AccDBURL: p.accDBURL, RtDBURL: p.rtDBURL, SpoolDir: p.spoolDir, Names: names(p),
		Wrapup: p.wrapup, MediaTimeout: p.mediaTimeout, RejectOnNoAgents: p.rejectOnNoAgents, InternalDispatching: p.internalDispatching,
	}
	if s.DBURL == "" {
		s.DBURL = cfg.DefaultDB
	}
	if s.AccDBURL == "" {
		s.AccDBURL = s.DBURL
	}
	if s.RtDBURL == "" {
		s.RtDBURL = s.DBURL
	}
	return s, nil
}

// paramsOf reads the parameters; the error names the place of one that is wrong.
func paramsOf(cfg *core.Config) (*params, error) {
	values := defaults()
	byName := map[string]core.Param{}
	for _, p := range values.declare() {
		byName[p.Name] = p
	}
	for _, set := range cfg.Params {
		p, known := byName[set.Name]
		if set.Module != moduleName || !known {
			continue
		}
		if err := p.Set(set.Value); err != nil {
			return nil, core.Problem{Pos: set.Pos, Text: fmt.Sprintf("modparam %s.%s: %v", moduleName, set.Name, err)}
		}
	}
	return &values, nil
}
