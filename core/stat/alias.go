package stat

import (
	"maps"
	"slices"
	"strings"
)

// Alias registers other spellings of a group's statistics: real turns one into
// the name that the group lists, and reports whether it is one. A statistic is
// found and reset by its other spellings too, and found under the one that was
// asked for, but listed once. It replaces the group's former function.
func (r *Registry) Alias(group string, real func(name string) (string, bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names == nil {
		r.names = make(map[string]func(string) (string, bool))
	}
	r.names[group] = real
}

// alias finds the statistic that has name as another spelling.
func (r *Registry) alias(all []Value, name string) (Value, bool) {
	r.mu.RLock()
	names := maps.Clone(r.names)
	r.mu.RUnlock()
	group, _, found := strings.Cut(name, ":")
	for _, g := range slices.Sorted(maps.Keys(names)) {
		if found && !strings.EqualFold(group, g) {
			continue
		}
		real, ok := names[g](bare(name))
		if !ok {
			continue
		}
		for _, v := range all {
			if v.Group == g && strings.EqualFold(v.Name, real) {
				return v, true
			}
		}
	}
	return Value{}, false
}

// spelled puts the listed names in the place of other spellings.
func (r *Registry) spelled(names []string) []string {
	all := r.All()
	names = slices.Clone(names)
	for i, name := range names {
		if slices.ContainsFunc(all, func(v Value) bool { return matches(v, name) }) {
			continue
		}
		if v, ok := r.alias(all, name); ok {
			names[i] = v.Group + ":" + v.Name
		}
	}
	return names
}

// bare is a name without its group.
func bare(name string) string {
	if _, after, ok := strings.Cut(name, ":"); ok {
		return after
	}
	return name
}
