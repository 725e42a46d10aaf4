package mi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Registry holds the commands of a server. The zero value is ready, and all
// methods may be called at the same time.
type Registry struct {
	// OnPanic is told of a command that panicked; its caller gets -32000. Set
	// it before the first Handle.
	OnPanic func(command string, value any, stack []byte)

	// OnChange is told of each call that may have changed something, after
	// it, and with its error. Set it before the first Handle.
	OnChange func(command string, ps Params, err *Error)

	mu        sync.RWMutex
	canonical map[string]*Command
	aliases   map[string]*Command
	locals    map[string][]*Command
}

// Register adds a command. A canonical name or alias that is taken is an
// error, and so is a faulty declaration.
func (r *Registry) Register(c Command) error {
	c.Name = trimProto(c.Name)
	module, local, ok := strings.Cut(c.Name, ":")
	if !ok || module == "" || local == "" || strings.ContainsAny(c.Name, " \t\r\n") {
		return fmt.Errorf("command %q: want module:command", c.Name)
	}
	if err := c.check(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range append([]string{c.Name}, c.Aliases...) {
		if other := r.taken(name); other != nil {
			return fmt.Errorf("command %s: the name %s is taken by %s: rename one", c.Name, name, other.Name)
		}
	}
	if r.canonical == nil {
		r.canonical, r.aliases, r.locals = map[string]*Command{}, map[string]*Command{}, map[string][]*Command{}
	}
	r.canonical[c.Name] = &c
	r.locals[local] = append(r.locals[local], &c)
	for _, a := range c.Aliases {
		r.aliases[a] = &c
	}
	return nil
}

func (r *Registry) taken(name string) *Command {
	if c := r.canonical[name]; c != nil {
		return c
	}
	return r.aliases[name]
}

// trimProto takes "proto_" off the module: OpenSIPS calls the commands of
// proto_tcp "tcp:...".
func trimProto(name string) string { return strings.TrimPrefix(name, "proto_") }

// Lookup returns the command that answers to name. The error is an *[Error]:
// not found, or ambiguous with the names to use instead.
func (r *Registry) Lookup(name string) (Command, error) {
	c, err := r.find(name)
	if err != nil {
		return Command{}, err
	}
	return *c, nil
}

func (r *Registry) find(name string) (*Command, *Error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if c := r.taken(name); c != nil {
		return c, nil
	}
	if strings.Contains(name, ":") {
		if c := r.canonical[trimProto(name)]; c != nil {
			return c, nil
		}
		return nil, notFound()
	}
	switch found := r.locals[name]; len(found) {
	case 0:
		return nil, notFound()
	case 1:
		return found[0], nil
	default:
		return nil, ambiguous(strings.Join(canonicalNames(found), ", "))
	}
}

// Names lists every name that a command answers to, sorted: canonical names,
// aliases, and local names that are not ambiguous. Clients refuse to send a
// name that is not listed.
func (r *Registry) Names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	names := make(map[string]bool)
	for name := range r.canonical {
		names[name] = true
	}
	for name := range r.aliases {
		names[name] = true
	}
	for name, found := range r.locals {
		if len(found) == 1 {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Module lists the canonical names of one module's commands, sorted.
func (r *Registry) Module(module string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	prefix := trimProto(module) + ":"
	var names []string
	for name := range r.canonical {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func canonicalNames(cs []*Command) []string {
	var names []string
	for _, c := range cs {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}
