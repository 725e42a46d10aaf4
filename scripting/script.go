package scripting

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/sip"
)

// Options are what reading a route file needs.
type Options struct {
	// Modules returns fresh instances of every module of this build. Only
	// their declarations are used; none is initialised.
	Modules func() []core.Module
	// Env answers env "NAME"; nil is os.Getenv.
	Env func(string) string
}

// Bindings are what routes need from the running server.
type Bindings struct {
	IsMyself func(host string, port int) bool // answers is_myself
	Sockets  func() []*sip.Socket             // the listening sockets
	Log      *slog.Logger                     // where xlog and log write; nil discards
	Version  string                           // $version
	Now      func() time.Time                 // the clock of budgets and $Ts; nil is time.Now
	Events   *evi.Interface                   // where subscribe_event and raise_event go; nil: they fail
}

func (b Bindings) complete() Bindings {
	if b.IsMyself == nil {
		b.IsMyself = func(string, int) bool { return false }
	}
	if b.Sockets == nil {
		b.Sockets = func() []*sip.Socket { return nil }
	}
	if b.Log == nil {
		b.Log = slog.New(slog.DiscardHandler)
	}
	if b.Now == nil {
		b.Now = time.Now
	}
	return b
}

// Script is a route file that was read and whose configuration is sound.
type Script struct {
	cfg       *core.Config
	src       *sources
	env       func(string) string
	owner     map[string]string
	values    globals
	warnings  core.Problems
	modules   map[string]core.Exports
	callbacks map[string]core.Pos // that the script has functions for
	broken    bool                // the top level did not run to its end
}

// Load reads a route file and runs its configuration phase. Its error is of
// type [core.Problems]: everything that stops a start, with file:line.
func Load(file string, o Options) (*Script, error) {
	s, problems := read(file, o)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// Check reads a route file and returns everything that is wrong with it: what
// stops a start and what would fail in a route are errors; what is only odd
// is a warning. Nothing is opened.
func Check(file string, o Options) (faults, warnings core.Problems) {
	s, faults := read(file, o)
	if s == nil {
		return faults, nil
	}
	l := newLinter(s)
	l.run()
	faults = append(faults, l.faults...)
	warnings = append(s.warnings, l.warnings...)
	return sorted(faults), sorted(warnings)
}

// sorted orders findings by place and drops what was found twice.
func sorted(ps core.Problems) core.Problems {
	slices.SortFunc(ps, func(a, b core.Problem) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(ps)
}

// Config is what the configuration phase recorded.
func (s *Script) Config() *core.Config { return s.cfg }

// read runs the configuration phase. The script is nil when not even that
// was possible.
func read(file string, o Options) (*Script, core.Problems) {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	s := &Script{cfg: newConfig(file), env: o.Env, owner: map[string]string{}, values: defaultGlobals(), modules: map[string]core.Exports{}, callbacks: map[string]core.Pos{}}
	src, err := openSources(file)
	if err != nil {
		return nil, problem(file, err)
	}
	defer src.close()
	s.src = src
	if _, err := src.load(filepath.Base(file)); err != nil {
		return nil, problem(file, err)
	}
	var all []core.Exports
	for _, m := range o.Modules() {
		x := m.Exports()
		all = append(all, x)
		s.modules[x.Name] = x
		for _, f := range x.Funcs {
			s.owner[f.Name] = x.Name
		}
	}
	a := &api{src: src, b: Bindings{}.complete(), env: o.Env, funcs: map[string]core.Func{}, callbacks: callbacks(all, s.owner), owner: s.owner, slow: s.slowLimits()}
	rec := &recorder{cfg: s.cfg, modules: s.modules, api: a, values: &s.values, callbacks: s.callbacks}
	st, err := newState(a, rec)
	s.warnings = rec.warnings
	if err != nil {
		s.broken = true
		return s, append(rec.problems, problem(file, err)...)
	}
	defer st.L.Close()
	s.cfg.Routes.Request = st.hook("request_route") != nil
	s.cfg.Routes.Local = st.hook("local_route") != nil
	s.cfg.Routes.Startup = st.hook("startup_route") != nil
	for _, name := range []string{"reply_route", "error_route"} {
		if fn := st.hook(name); fn != nil {
			s.warnings = append(s.warnings, core.Problem{Pos: core.Pos{File: fn.Proto.SourceName, Line: fn.Proto.LineDefined},
				Text: name + " is never run: sipd answers requests and does not relay them"})
		}
	}
	return s, rec.problems
}

// newConfig is what a file without directives means.
func newConfig(file string) *core.Config {
	return &core.Config{File: file, Log: core.LogConfig{Level: slog.LevelInfo}, Globals: map[string]core.ParamSet{}}
}

// problem gives an error of reading or running the file a place.
func problem(file string, err error) core.Problems {
	var p core.Problem
	if errors.As(err, &p) {
		return core.Problems{p}
	}
	text := err.Error()
	var ae *lua.ApiError
	if errors.As(err, &ae) {
		text = ae.Object.String()
		if s := asSignal(ae.Object); s != nil {
			text = "exit and drop can be called inside a route only"
		}
	}
	if pos, rest, ok := splitPos(text); ok {
		return core.Problems{{Pos: pos, Text: rest}}
	}
	return core.Problems{{Pos: core.Pos{File: file, Line: 1}, Text: text}}
}

// splitPos takes "file:line: " off an error of the Lua machine.
func splitPos(text string) (core.Pos, string, bool) {
	place, rest, ok := strings.Cut(text, ": ")
	if !ok {
		return core.Pos{}, text, false
	}
	i := strings.LastIndexByte(place, ':')
	if i < 0 {
		return core.Pos{}, text, false
	}
	var line int
	if n, err := fmt.Sscanf(place[i+1:], "%d", &line); n != 1 || err != nil {
		return core.Pos{}, text, false
	}
	return core.Pos{File: place[:i], Line: line}, rest, true
}

func (s *Script) slowLimits() limits {
	return limits{time: s.values.slow, steps: 10 * s.values.steps, bytes: routeBytes}
}

// routeBytes is the memory one route may ask for.
const routeBytes = 32 << 20
