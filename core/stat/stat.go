// Package stat holds the statistics that modules declare: counters, gauges
// and functions, named group:name as OpenSIPS does.
package stat

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Kind says how a statistic behaves.
type Kind int

// The kinds of statistic.
const (
	Counter Kind = iota // only grows, until it is reset
	Gauge               // goes up and down; a reset leaves it alone
	Func                // computed when it is read; a reset leaves it alone
)

// Desc declares a statistic for the reference documentation and the tests
// that hold it against the README. Name may end in "-FLOW" or "-AGENT" for a
// family with one member an object.
type Desc struct {
	Name string
	Kind Kind
	Doc  string
}

// Stat is one statistic.
type Stat struct {
	Group, Name string
	Kind        Kind
	n           atomic.Int64
	fn          func() int64
}

// Add adds d to a counter or gauge.
func (s *Stat) Add(d int64) { s.n.Add(d) }

// Set sets a gauge.
func (s *Stat) Set(v int64) { s.n.Store(v) }

// Value reads the statistic. It is never negative: clients of the management
// interface read unsigned numbers.
func (s *Stat) Value() int64 {
	if s.fn != nil {
		return max(s.fn(), 0)
	}
	return max(s.n.Load(), 0)
}

// Reset zeroes a counter and leaves the other kinds alone.
func (s *Stat) Reset() {
	if s.Kind == Counter {
		s.n.Store(0)
	}
}

// Registry holds all statistics of a server. The zero value is ready.
type Registry struct {
	mu    sync.RWMutex
	stats map[string]*Stat // by lower-case group:name
	dyn   map[string]func() []Value
	names map[string]func(string) (string, bool) // other spellings, by group
	zero  map[string]int64                       // of collected counters: what was read at their reset
	docs  map[string]string                      // by lower-case group:name, without "-F"
}

// Value is one statistic as it was read.
type Value struct {
	Group, Name string
	Kind        Kind
	Value       int64
	// Label and ID say what the member of a family is about, such as "flow"
	// and "support"; Family is then the name without the id ("ccf_incalls").
	Family, Label, ID string
}

func key(group, name string) string { return strings.ToLower(group + ":" + name) }

// New registers a counter or gauge. A name that is taken is an error.
func (r *Registry) New(group, name string, kind Kind) (*Stat, error) {
	return r.add(&Stat{Group: group, Name: name, Kind: kind})
}

// NewFunc registers a statistic that is computed when read. fn may be called
// from any goroutine.
func (r *Registry) NewFunc(group, name string, fn func() int64) (*Stat, error) {
	return r.add(&Stat{Group: group, Name: name, Kind: Func, fn: fn})
}

func (r *Registry) add(s *Stat) (*Stat, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := key(s.Group, s.Name)
	if _, ok := r.stats[k]; ok {
		return nil, fmt.Errorf("statistic %s:%s is declared twice", s.Group, s.Name)
	}
	if r.stats == nil {
		r.stats = make(map[string]*Stat)
	}
	r.stats[k] = s
	return s, nil
}

// Collect registers a function that lists the statistics of a group whose
// members come and go (one a flow, one an agent). It replaces the group's
// former function.
func (r *Registry) Collect(group string, fn func() []Value) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dyn == nil {
		r.dyn = make(map[string]func() []Value)
	}
	r.dyn[group] = fn
}

// All reads every statistic, sorted by group and name.
func (r *Registry) All() []Value {
	r.mu.RLock()
	var fixed []*Stat
	for _, s := range r.stats {
		fixed = append(fixed, s)
	}
	var fns []func() []Value
	for _, fn := range r.dyn {
		fns = append(fns, fn)
	}
	r.mu.RUnlock()
	var vs []Value // read outside the lock: a function may take its time
	for _, s := range fixed {
		vs = append(vs, Value{Group: s.Group, Name: s.Name, Kind: s.Kind, Value: s.Value()})
	}
	vs = append(vs, r.sinceReset(collect(fns))...)
	slices.SortFunc(vs, func(a, b Value) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Name, b.Name))
	})
	return vs
}

// Find reads the statistics a client named: "all", "group:", "group:name" or
// a bare name, or another spelling of one. unknown is the first name that matched nothing, or "".
func (r *Registry) Find(names []string) (vs []Value, unknown string) {
	all := r.All()
	for _, name := range names {
		n := len(vs)
		for _, v := range all {
			if matches(v, name) {
				vs = append(vs, v)
			}
		}
		if v, ok := r.alias(all, name); len(vs) == n && ok {
			v.Name = bare(name)
			vs = append(vs, v)
		}
		if len(vs) == n && !strings.EqualFold(name, "all") && unknown == "" {
			unknown = name
		}
	}
	return vs, unknown
}

func matches(v Value, name string) bool {
	if strings.EqualFold(name, "all") {
		return true
	}
	if group, ok := strings.CutSuffix(name, ":"); ok {
		return strings.EqualFold(group, v.Group)
	}
	return strings.EqualFold(name, v.Group+":"+v.Name) || strings.EqualFold(name, v.Name)
}

func collect(fns []func() []Value) (vs []Value) {
	for _, fn := range fns {
		vs = append(vs, fn()...)
	}
	return vs
}

// sinceReset takes off what collected counters had at their reset. One that
// has less now was set back by its owner and counts on its own again.
func (r *Registry) sinceReset(vs []Value) []Value {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.zero) == 0 {
		return vs
	}
	for i, v := range vs {
		k := key(v.Group, v.Name)
		switch zero := r.zero[k]; {
		case v.Kind != Counter || zero == 0:
		case v.Value < zero:
			delete(r.zero, k)
		default:
			vs[i].Value -= zero
		}
	}
	return vs
}

// Reset zeroes the counters that Find would match and reports how many
// statistics were known by these names.
func (r *Registry) Reset(names []string) (known int) {
	names = r.spelled(names)
	r.mu.RLock()
	for _, s := range r.stats {
		if matchesAny(Value{Group: s.Group, Name: s.Name}, names) {
			s.Reset()
			known++
		}
	}
	fns := slices.Collect(maps.Values(r.dyn))
	r.mu.RUnlock()
	vs := collect(fns) // outside the lock: a function may take its time
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range vs {
		if !matchesAny(v, names) {
			continue
		}
		known++
		if v.Kind == Counter {
			r.forget(v)
		}
	}
	return known
}

// forget makes a collected counter read 0 from here on. r.mu is held.
func (r *Registry) forget(v Value) {
	if r.zero == nil {
		r.zero = make(map[string]int64)
	}
	r.zero[key(v.Group, v.Name)] = v.Value
}

// Restarted tells that the owner of a group of collected counters has set
// them to 0 itself.
func (r *Registry) Restarted(group string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.zero {
		if strings.HasPrefix(k, key(group, "")) {
			delete(r.zero, k)
		}
	}
}

func matchesAny(v Value, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return matches(v, name) })
}
