package scripting

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// router runs routes on a pool of states.
type router struct {
	api    *api
	free   chan *state
	max    int
	base   context.Context // ends with Close
	cancel context.CancelFunc

	mu     sync.Mutex
	states int // made and not discarded
	closed bool
}

var _ core.Router = (*router)(nil)

// errBusy makes the server answer 503.
type errBusy struct {
	states int
	wait   time.Duration
}

func (e errBusy) Error() string {
	return fmt.Sprintf("all %d Lua states were in use for %v; raise lua_states with set{}", e.states, e.wait)
}

// StatusCode is the SIP status this error asks for.
func (e errBusy) StatusCode() int { return 503 }

var errClosed = errors.New("the router is closed")

// NewRouter runs the worker phase of the script: it binds the functions and
// variables of the loaded modules and prebuilds some states. The router
// starts no goroutine.
func (s *Script) NewRouter(mods []core.Module, b Bindings) (core.Router, error) {
	v := s.values
	b = b.complete()
	a := &api{src: s.src, b: b, env: s.env, funcs: map[string]core.Func{}, owner: s.owner, vars: map[string]core.Var{},
		shared: newShared(b.Now), slow: s.slowLimits(), wait: v.wait, call: v.call,
		limit: limits{time: v.budget, steps: v.steps, bytes: routeBytes}}
	if err := a.add(mods); err != nil {
		return nil, err
	}
	r := &router{api: a, free: make(chan *state, v.states), max: v.states}
	r.base, r.cancel = context.WithCancel(context.Background())
	a.base = r.base
	for range min(max(4, runtime.GOMAXPROCS(0)), v.states) {
		st, err := newState(a, nil)
		if err != nil {
			r.Close()
			return nil, problem(s.cfg.File, err)
		}
		r.states++
		r.free <- st
	}
	if err := s.handOver(a); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// add takes over what the loaded modules export.
func (a *api) add(mods []core.Module) error {
	var all []core.Exports
	for _, m := range mods {
		x := m.Exports()
		all = append(all, x)
		for _, f := range x.Funcs {
			if slices.Contains(nativeNames(), f.Name) {
				return fmt.Errorf("module %s: function %s has the name of a built-in one", x.Name, f.Name)
			}
			a.funcs[f.Name] = f
		}
		for _, v := range x.Vars {
			a.vars[v.Name] = v
		}
	}
	a.callbacks = callbacks(all, a.owner)
	return nil
}

// take gets a state: a free one, a new one while there may be more, or the
// next that comes back in time.
func (r *router) take() (*state, error) {
	select {
	case st := <-r.free:
		return st, nil
	default:
	}
	r.mu.Lock()
	grow := r.states < r.max && !r.closed
	if grow {
		r.states++
	}
	closed := r.closed
	r.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	if grow {
		st, err := newState(r.api, nil)
		if err != nil {
			r.lose()
		}
		return st, err
	}
	timer := time.NewTimer(r.api.wait)
	defer timer.Stop()
	select {
	case st := <-r.free:
		return st, nil
	case <-timer.C:
		return nil, errBusy{r.max, r.api.wait}
	case <-r.base.Done():
		return nil, errClosed
	}
}

func (r *router) lose() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states--
}

// give puts a state back, or ends it when it is doubtful.
func (r *router) give(st *state, doubtful bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if doubtful || r.closed {
		r.states--
		st.L.Close()
		return
	}
	r.free <- st // never full: it has room for every state
}

// Close ends the router.
func (r *router) Close() {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for {
		select {
		case st := <-r.free:
			r.states--
			st.L.Close()
		default:
			return
		}
	}
}

// Request implements [core.Router].
func (r *router) Request(m *core.Msg) error {
	m.Kind = core.RequestRoute
	return r.with(func(st *state) error {
		fn := st.hook("request_route")
		if fn == nil {
			return errors.New("the route file defines no request_route")
		}
		n := &run{msg: m, origin: m.Req.URI}
		if err := st.execute(r.base, n, "request_route", fn, r.api.limit); err != nil {
			return err
		}
		if m.Settled() || n.dropped || m.Req.Method == sip.ACK {
			return nil
		}
		return fmt.Errorf("%s:%d: request_route ended without an answer to %s (Call-ID %s): reply, hand the request to a module, or drop() it",
			fn.Proto.SourceName, fn.Proto.LineDefined, m.Req.Method, clip(m.Req.CallID(), 128))
	})
}

// Local implements [core.Router]. The request is changed in place.
func (r *router) Local(m *core.Msg) error {
	m.Kind = core.LocalRoute
	return r.with(func(st *state) error {
		fn := st.hook("local_route")
		if fn == nil {
			return nil
		}
		return st.execute(r.base, &run{msg: m, origin: m.Req.URI, own: true}, "local_route", fn, r.api.limit)
	})
}

// Startup implements [core.Router].
func (r *router) Startup() error {
	return r.with(func(st *state) error {
		fn := st.hook("startup_route")
		if fn == nil {
			return nil
		}
		return st.execute(r.base, &run{msg: &core.Msg{Kind: core.StartupRoute}}, "startup_route", fn, r.api.slow)
	})
}

// Timer implements [core.Router].
func (r *router) Timer(name string) error {
	return r.with(func(st *state) error {
		fn := st.timers[name]
		if fn == nil {
			return fmt.Errorf("there is no timer_route %q", name)
		}
		return st.execute(r.base, &run{msg: &core.Msg{Kind: core.TimerRoute}}, name, fn, r.api.slow)
	})
}

// Event implements [core.Router].
func (r *router) Event(name string, fields map[string]any) error {
	return r.with(func(st *state) error {
		fn := st.routes[eventRoutes][name]
		if fn == nil {
			return fmt.Errorf("there is no event_route.%s", name)
		}
		ev := st.L.NewTable()
		ev.RawSetString("name", lua.LString(name))
		for k, v := range fields {
			ev.RawSetString(k, luaValue(v))
		}
		return st.execute(r.base, &run{msg: &core.Msg{Kind: core.EventRoute}}, name, fn, r.api.slow, ev)
	})
}

// with lends a state to f.
func (r *router) with(f func(*state) error) error {
	st, err := r.take()
	if err != nil {
		return err
	}
	doubtful := true // also when f panics
	defer func() { r.give(st, doubtful) }()
	err = f(st)
	doubtful = st.doubtful
	return err
}

// execute runs one route.
func (st *state) execute(ctx context.Context, n *run, name string, fn *lua.LFunction, l limits, args ...lua.LValue) error {
	n.ctx, n.names = ctx, []string{name}
	st.run, st.coroutines = n, 0
	defer func() { st.run = nil }()
	st.budget.start(l)
	err := st.L.CallByParam(lua.P{Fn: fn, Protect: true}, args...)
	st.L.SetTop(0)
	if err == nil {
		return nil
	}
	if s := asSignal(errorValue(err)); s != nil {
		n.dropped = s.drop
		return nil
	}
	// After a limit, a panic of Go or too deep a recursion, the state may hold
	// memory or be torn; a plain error leaves it whole.
	var ae *lua.ApiError
	plain := errors.As(err, &ae) && ae.Type == lua.ApiErrorRun && !strings.Contains(ae.Object.String(), "overflow")
	st.doubtful = st.budget.err != nil || !plain
	return routeError(err)
}

// maxTrace is how many callers an error names.
const maxTrace = 4

// routeError is an error of a route on one line: the place and text, then the
// callers.
func routeError(err error) error {
	var ae *lua.ApiError
	if !errors.As(err, &ae) {
		return err
	}
	text := clip(ae.Object.String(), 1024)
	if t, ok := ae.Object.(*lua.LTable); ok {
		text = fmt.Sprintf("a table was thrown: %s", t.RawGetString("message").String())
	}
	var callers []string
	for line := range strings.SplitSeq(ae.StackTrace, "\n") {
		place, _, ok := strings.Cut(strings.TrimSpace(line), ": in ")
		if ok && place != "[G]" && !strings.HasPrefix(text, place) && !slices.Contains(callers, place) && len(callers) < maxTrace {
			callers = append(callers, place)
		}
	}
	if ae.Type == lua.ApiErrorPanic && !strings.Contains(text, "overflow") {
		text = "panic: " + text
	}
	if _, _, placed := splitPos(text); !placed && len(callers) > 0 {
		text, callers = callers[0]+": "+text, callers[1:]
	}
	if len(callers) > 0 {
		text += " (called from " + strings.Join(callers, ", ") + ")"
	}
	return errors.New(text)
}
