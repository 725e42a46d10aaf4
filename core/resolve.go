package core

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// resolve picks the modules that cfg loads out of catalog, gives them their
// parameters, and orders them so that every module follows those it needs.
func resolve(catalog []Module, cfg *Config) ([]Module, error) {
	byName := make(map[string]Module)
	for _, m := range catalog {
		byName[m.Exports().Name] = m
	}
	var ps Problems
	loaded := make(map[string]Pos)
	var order []string
	for _, l := range cfg.Loads {
		if byName[l.Name] == nil {
			ps = append(ps, Problem{l.Pos, fmt.Sprintf("loadmodule %q: no such module; this build has %s", l.Name, names(byName))})
			continue
		}
		if _, twice := loaded[l.Name]; !twice {
			order = append(order, l.Name)
		}
		loaded[l.Name] = l.Pos
	}
	for _, name := range order {
		for _, need := range byName[name].Exports().Needs {
			if _, ok := loaded[need]; !ok {
				ps = append(ps, Problem{loaded[name], fmt.Sprintf("module %s needs module %s: add loadmodule %q", name, need, need)})
			}
		}
	}
	for _, set := range cfg.Params {
		if err := setParam(byName, loaded, set); err != nil {
			ps = append(ps, Problem{set.Pos, err.Error()})
		}
	}
	if err := ps.Err(); err != nil {
		return nil, err
	}
	return byNeeds(byName, order), nil
}

func names(byName map[string]Module) string {
	var ns []string
	for n := range byName {
		ns = append(ns, n)
	}
	sort.Strings(ns)
	return strings.Join(ns, ", ")
}

func setParam(byName map[string]Module, loaded map[string]Pos, set ParamSet) error {
	full := set.Module + "." + set.Name
	m := byName[set.Module]
	if _, ok := loaded[set.Module]; !ok || m == nil {
		return fmt.Errorf("modparam %s: module %s is not loaded: add loadmodule %q", full, set.Module, set.Module)
	}
	for _, p := range m.Exports().Params {
		if p.Name == set.Name {
			if err := p.Set(set.Value); err != nil {
				return fmt.Errorf("modparam %s: %w", full, err)
			}
			return nil
		}
	}
	return fmt.Errorf("modparam %s: module %s has no such parameter", full, set.Module)
}

// byNeeds orders depth first, keeping the order of loading otherwise. Needs
// that form a circle are cut where they close: a circle is a fault of the
// build, which the tests of cmd/sipd catch.
func byNeeds(byName map[string]Module, order []string) []Module {
	var mods []Module
	var done []string
	var visit func(string)
	visit = func(name string) {
		if slices.Contains(done, name) {
			return
		}
		done = append(done, name)
		for _, need := range byName[name].Exports().Needs {
			visit(need)
		}
		mods = append(mods, byName[name])
	}
	for _, name := range order {
		visit(name)
	}
	return mods
}
