package core

import (
	"fmt"
	"log/slog"
	"time"
)

// Pos is a place in a route file.
type Pos struct {
	File string
	Line int
}

// String writes "file:line", or nothing for a value that no file set.
func (p Pos) String() string {
	if p.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Config is what the configuration phase of a route file recorded. It is data
// only: nothing has been opened.
type Config struct {
	File      string // the route file
	Listen    []Listen
	Aliases   []Alias
	Loads     []Load
	Params    []ParamSet
	Log       LogConfig
	DefaultDB string              // db_default_url
	Globals   map[string]ParamSet // global parameters by name, for the SIP stack
	Routes    RouteNames
}

// Listen is one listen directive.
type Listen struct {
	Proto     string // "udp" or "tcp"
	Host      string
	Port      int    // 5060 when absent
	Advertise string // "host[:port]", or ""
	Tag       string
	Pos       Pos
}

// Alias is a name that is_myself accepts besides the sockets.
type Alias struct {
	Host string
	Port int // 0: any
	Pos  Pos
}

// Load is one loadmodule directive.
type Load struct {
	Name string // without path and .so
	Pos  Pos
}

// ParamSet is one modparam directive, or one global parameter (Module "").
type ParamSet struct {
	Module, Name string
	Value        any // string, int, float64 or bool
	Pos          Pos
}

// LogConfig says what is logged and how.
type LogConfig struct {
	Level slog.Level
	JSON  bool
}

// RouteNames lists what the file defines, so that the server asks the script
// only for what exists.
type RouteNames struct {
	Request, Local, Startup bool
	Named                   []string
	Events                  []string
	Timers                  []Timer
}

// Timer is one timer_route.
type Timer struct {
	Name  string
	Every time.Duration
}

// Router runs routes. scripting implements it.
type Router interface {
	// Request runs request_route in the caller's goroutine. An error is a
	// Lua error or a limit that was hit, with file:line in its text; the
	// server answers 500 then, when nothing has been answered.
	Request(m *Msg) error
	// Local runs local_route.
	Local(m *Msg) error
	// Startup runs startup_route.
	Startup() error
	// Timer and Event run the route of that name.
	Timer(name string) error
	Event(name string, fields map[string]any) error
	// Close ends the router; no route may run afterwards.
	Close()
}

// Problem is one finding in a configuration, with its place.
type Problem struct {
	Pos  Pos
	Text string
}

// Error writes "file:line: text".
func (p Problem) Error() string {
	if p.Pos.File == "" {
		return p.Text
	}
	return p.Pos.String() + ": " + p.Text
}

// Problems are all findings of one check; as an error it is one a line.
type Problems []Problem

// Error joins the findings with newlines.
func (ps Problems) Error() string {
	text := ""
	for i, p := range ps {
		if i > 0 {
			text += "\n"
		}
		text += p.Error()
	}
	return text
}

// Err returns ps as an error, or nil when there is no finding.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}
