package core

import (
	"context"
	"log/slog"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/stat"
)

// Module is a part of the server that a route file loads by name. New
// constructs one without side effects; the server then calls Exports, sets
// parameters, and calls Init, Start and Stop in the order that doc.go gives.
type Module interface {
	// Exports declares everything the module offers. It is pure data and may
	// be called many times; parameters point into the module.
	Exports() Exports
	// Init checks parameters and opens what the module needs. Nothing is on
	// the network yet. An error stops the server from starting; Stop is
	// called all the same, so it must cope with half an Init.
	Init(Host) error
}

// Starter is a module that runs something of its own once every module is
// initialised.
type Starter interface{ Start() error }

// Stopper is a module that has something to end. Modules stop in the reverse
// order of their start. After ctx ends, Stop gives up waiting.
type Stopper interface {
	Stop(ctx context.Context) error
}

// Exports is the declaration of a module. It drives the Lua binding, the
// checker, the management interface and the tests of README.md.
type Exports struct {
	Name   string   // as loadmodule spells it: "call_center"
	Needs  []string // modules that must be loaded too; they are initialised first
	Params []Param
	Funcs  []Func
	// Callbacks are the functions that the module takes from the script.
	Callbacks []Callback
	Vars      []Var
	MI        []mi.Command
	Stats     []stat.Desc
	Events    []event.Type
}

// Code is what a script function answers. A positive code is success, a
// negative one says what failed, and never is it 0. Unless Func.Test is set,
// success reaches Lua as the code and failure as false and the code.
type Code int

// True and False are the codes of functions that have nothing more to say.
const (
	True  Code = 1
	False Code = -1
)

// Routes is a set of route kinds.
type Routes uint

// The kinds of route.
const (
	RequestRoute Routes = 1 << iota
	LocalRoute
	EventRoute
	TimerRoute
	StartupRoute
	CallbackRoute // the function of a [Callback]: not one of AnyRoute

	// AnyRoute is every kind; MessageRoutes those with a message at hand.
	AnyRoute      = RequestRoute | LocalRoute | EventRoute | TimerRoute | StartupRoute
	MessageRoutes = RequestRoute | LocalRoute
)

// Kind is the type of a parameter or argument.
type Kind int

// The kinds of value a script can give.
const (
	StringKind Kind = iota
	IntKind
	BoolKind // a Lua boolean, or the integers 0 and 1 as OpenSIPS writes them
	AnyKind
	NumberKind // a float64
	ObjectKind // an [Object] of Arg.Class
)

// String names the kind as an error message does.
func (k Kind) String() string {
	switch k {
	case StringKind:
		return "a string"
	case IntKind:
		return "an integer"
	case BoolKind:
		return "0 or 1"
	case NumberKind:
		return "a number"
	case ObjectKind:
		return "an object"
	}
	return "any value"
}

// Func is a function that routes may call, under its OpenSIPS name.
type Func struct {
	Name   string
	Args   []Arg
	Routes Routes          // where it may be called; 0 means RequestRoute
	Test   bool            // answers true or false, not a code
	Codes  map[Code]string // the meaning of each code besides 1
	Doc    string
	// Call does the work in the goroutine of the route. ctx ends when the
	// route's time is over.
	Call func(ctx context.Context, m *Msg, a Args) Code
}

// Arg is one argument of a function.
type Arg struct {
	Name     string
	Kind     Kind
	Class    *Class // of an ObjectKind
	Optional bool
}

// Args are the arguments of one call, already checked against Func.Args: a
// string, an int, a float64, a bool, what an [Object] stands for, or nil where an
// optional one was left out.
type Args []any

// String returns argument i, or "" when it was left out.
func (a Args) String(i int) string { return arg[string](a, i) }

// Int returns argument i, or 0 when it was left out.
func (a Args) Int(i int) int { return arg[int](a, i) }

// Bool returns argument i, or false when it was left out.
func (a Args) Bool(i int) bool { return arg[bool](a, i) }

// Has reports whether argument i was given.
func (a Args) Has(i int) bool { return i < len(a) && a[i] != nil }

func arg[T any](a Args, i int) (v T) {
	if a.Has(i) {
		v, _ = a[i].(T)
	}
	return v
}

// Var is a pseudo-variable: $name in OpenSIPS, pv.name in Lua.
type Var struct {
	Name string // without the dollar
	Doc  string
	// Get returns a string, an int, a bool, or nil for NULL.
	Get func(m *Msg) any
	// Set assigns a string, an int or nil; nil when the variable is read-only.
	Set func(m *Msg, v any) error
}

// Host is what the server offers a module.
type Host interface {
	// Log returns a logger that carries the module's name.
	Log() *slog.Logger
	// Endpoint sends requests.
	Endpoint() sip.Endpoint
	// Module returns a module named in Needs, already initialised.
	Module(name string) Module
	// HandleDialogs adds a function that is offered every request before the
	// script runs. It returns true when the request belongs to a dialog of
	// its own; then nobody else sees it. It must not block.
	HandleDialogs(func(sip.ServerRequest) bool)
	// IsMyself reports whether host and port (0: any) are a socket's, its
	// advertised address or an alias.
	IsMyself(host string, port int) bool
	// Local runs the script's local_route on a request that a module is about
	// to send, which may change its headers. It does nothing when the script
	// has none. call may be nil.
	Local(req *sip.Request, call *CallInfo)
	// Emit raises a declared event.
	Emit(name string, fields ...event.Field)
	// Events is the event interface: transports register with it, and its bus
	// carries all events.
	Events() *evi.Interface
	// Stats and MI are the registries of the server.
	Stats() *stat.Registry
	MI() *mi.Registry
	// Version is the version of the server, such as "sipd (0.1.0 ...)".
	Version() string
	// DefaultDB is the database URL of the global db_default_url, or "".
	DefaultDB() string
	// Fatal tells the server that the module cannot go on; the server shuts
	// down and exits with the error.
	Fatal(error)
}

// CallInfo is what a local_route may know of the call a request belongs to.
type CallInfo struct {
	Key   string            // session key, as MI shows it
	Role  string            // "caller", "media" or "agent"
	State string            // $cc_state, or ""
	Ctx   map[string]string // $b2b_logic.ctx
}
