package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/stack"
	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/corecmd"
	"github.com/sipd/sipd/scripting"
)

// serverName is what the Server header and MI version say.
func serverName() string {
	return fmt.Sprintf("sipd (%s (%s/%s))", version, runtime.GOARCH, runtime.GOOS)
}

// instance is one server with what the process adds to it: logging and the
// core's own commands.
type instance struct {
	*core.Server
	cfg   *core.Config
	level *slog.LevelVar
	xlog  *corecmd.FollowLevel
	kill  chan struct{} // MI kill
	conns atomic.Pointer[stack.Stack]
	cache cache
}

// instanceOptions change a server for the demo and for tests.
type instanceOptions struct {
	env  func(string) string
	log  io.Writer // where logs go
	wrap wrapper
}

// newInstance loads a route file; nothing is opened yet. Its error is the
// user's to mend.
func newInstance(file string, o instanceOptions) (*instance, error) {
	if o.env == nil {
		o.env = os.Getenv
	}
	script, err := scripting.Load(file, scripting.Options{Modules: builtin, Env: o.env})
	if err != nil {
		return nil, badInput(err)
	}
	cfg := script.Config()
	inherit(cfg)
	if err := incomplete(cfg).Err(); err != nil {
		return nil, badInput(err)
	}
	in := &instance{cfg: cfg, level: new(slog.LevelVar), kill: make(chan struct{}, 1)}
	in.level.Set(cfg.Log.Level)
	in.xlog = &corecmd.FollowLevel{Base: in.level}
	log := newLogger(o.log, cfg.Log, in.level)
	in.Server = core.NewServer(core.Options{
		Config:  cfg,
		Catalog: builtin(),
		Log:     log,
		Version: serverName(),
		Open: func(ctx context.Context, h sip.Handler) (core.Network, error) {
			s, n, err := openStack(ctx, cfg, log, h, o.wrap)
			if err != nil {
				return nil, err
			}
			in.conns.Store(s)
			in.Stats().Collect("core", func() []stat.Value { return networkStats(s) })
			return n, nil
		},
		Bind: func(mods []core.Module, s *core.Server) (core.Router, error) {
			r, err := script.NewRouter(mods, scripting.Bindings{
				IsMyself: s.IsMyself, Sockets: s.Sockets, Log: newLogger(o.log, cfg.Log, in.xlog), Version: serverName(), Events: s.EVI()})
			if err == nil {
				in.cache.use(r)
			}
			return r, err
		},
	})
	return in, in.commands()
}

// commands registers the core's own management commands and statistics.
func (in *instance) commands() error {
	o := corecmd.Options{
		Registry: in.MI(), Stats: in.Stats(), Level: in.level, Server: serverName(),
		Events: in.EVI(), Start: time.Now(), Now: time.Now, Args: os.Args,
		Kill: func() {
			select {
			case in.kill <- struct{}{}:
			default:
			}
		},
		XLog: in.xlog, Running: in.Running, Conns: in.connections, Cache: &in.cache,
	}
	for _, c := range corecmd.Commands(o) {
		if err := in.MI().Register(c); err != nil {
			return err
		}
	}
	return corecmd.Register(in.Stats(), o)
}

// newLogger makes the logger that log_level and log_format ask for.
func newLogger(w io.Writer, cfg core.LogConfig, level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if cfg.JSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
