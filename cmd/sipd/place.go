package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter"
	"github.com/sipd/sipd/scripting"
)

// place says which database a command works on: one given by its URL, or that
// of a route file, with the names it gives to tables and columns.
type place struct {
	URL  string `help:"Database: sqlite:///path or mysql://user:password@host/database." env:"SIPD_DB_URL"`
	File string `short:"f" type:"path" help:"Route file to take the database from, with the names of tables and columns. --url goes before its db_url."`
}

// settings returns the parameters of call_center, from the file or default.
func (p place) settings() (callcenter.Settings, error) {
	if p.File == "" {
		if p.URL == "" {
			return callcenter.Settings{}, errors.New("which database? name it with --url, or the route file with -f")
		}
		return callcenter.Settings{DBURL: p.URL, AccDBURL: p.URL, RtDBURL: p.URL}, nil
	}
	_, s, err := readSettings(p.File)
	switch {
	case err != nil:
		return s, err
	case p.URL != "" && s.DBURL == s.AccDBURL && s.DBURL == s.RtDBURL:
		s.DBURL, s.AccDBURL, s.RtDBURL = p.URL, p.URL, p.URL
	case p.URL != "":
		s.DBURL = p.URL
	case s.DBURL == "":
		return s, fmt.Errorf(`%s names no database: add modparam("call_center", "db_url", ...), or give --url`, p.File)
	}
	return s, nil
}

// readSettings loads a route file without starting anything.
func readSettings(file string) (*core.Config, callcenter.Settings, error) {
	script, err := scripting.Load(file, scripting.Options{Modules: builtin, Env: os.Getenv})
	if err != nil {
		return nil, callcenter.Settings{}, err
	}
	s, err := callcenter.SettingsOf(script.Config())
	return script.Config(), s, err
}

// open connects to the database of flows and agents.
func (p place) open(ctx context.Context) (*db.DB, callcenter.Settings, error) {
	s, err := p.settings()
	if err != nil {
		return nil, s, err
	}
	d, err := db.Open(ctx, s.DBURL)
	return d, s, err
}
