package callcenter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// policyCommands are those about who decides.
func (m *module) policyCommands() []mi.Command {
	return []mi.Command{
		{Name: "list_policies", Effect: mi.Reads, Doc: "lists the dispatch policies, and says which one decides", Call: m.miPolicies},
		{Name: "set_policy", Doc: "changes the dispatch policy, once the new one works", Call: m.miSetPolicy,
			Recipes: []mi.Recipe{{{Name: "policy"}}, {{Name: "policy"}, {Name: "param", Kind: mi.Array}}}},
		{Name: "reload_policy", Doc: "starts the binary of the dispatch policy anew, and ends the old one once the new one works", Call: m.miReloadPolicy},
	}
}

func (m *module) miPolicies(mi.Params) (any, error) {
	var s engine.PolicyState
	var now chosen
	var restarts, pid int
	err := m.view(func(e *engine.Engine, _ time.Time) {
		s, now, restarts = e.PolicyState(), m.policies.now, m.policies.restarts()
		if now.seat != nil {
			pid = now.seat.host.Pid()
		}
	})
	if err != nil {
		return nil, err
	}
	o := mi.Object{}.With("Policy", s.Name).With("State", policyState(s.Active))
	if !s.Active {
		o = o.With("Fallback", m.params.chatPolicy).With("Reason", s.Reason)
	}
	if !s.Since.IsZero() {
		o = o.With("Since", s.Since.UTC().Format(time.RFC3339))
	}
	o = o.With("Settings", settingsObject(now.settings))
	if path, plugin := now.path(); plugin {
		o = o.With("Path", path).With("PID", pid)
	}
	return o.With("Counters", countersObject(s.PolicyCounts, restarts)).With("Policies", m.policyObjects(s.Name)), nil
}

func settingsObject(s dispatch.Settings) mi.Object {
	o := mi.Object{}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		o = o.With(key, s[key])
	}
	return o
}

func countersObject(c engine.PolicyCounts, restarts int) mi.Object {
	return mi.Object{}.With("Assigned", c.Assigned).With("Asked", c.Asked).With("Decided", c.Decided).With("Stale", c.Stale).
		With("Impossible", c.Impossible).With("Late", c.Late).With("Fallbacks", c.Fallbacks).With("Restarts", restarts)
}

// policyObjects are the policies that set_policy takes without more ado, and
// the plugin that is chosen.
func (m *module) policyObjects(name string) (list []mi.Object) {
	add := func(policy, doc string, settings map[string]string) {
		chosen := "NO"
		if policy == name {
			chosen = "YES"
		}
		about := []mi.Object{}
		for _, key := range slices.Sorted(maps.Keys(settings)) {
			about = append(about, mi.Object{}.With("Name", key).With("Doc", settings[key]))
		}
		list = append(list, mi.Object{}.With("Name", policy).With("Chosen", chosen).With("Doc", doc).With("Settings", about))
	}
	for _, i := range dispatch.Builtin() {
		add(i.Name, i.Doc, i.Settings)
	}
	if m.policies.script != nil {
		add(scriptPolicy, "the function of the route file", nil)
	}
	if _, plugin := (choice{name: name}).path(); plugin {
		add(name, "a process of its own", nil)
	}
	return list
}

func (m *module) miSetPolicy(p mi.Params) (any, error) {
	settings, err := settingsOf(p.Array("param"))
	if err != nil {
		return nil, refusedPolicy(err)
	}
	return m.changePolicy(choice{p.String("policy"), settings})
}

func (m *module) miReloadPolicy(mi.Params) (any, error) {
	var now choice
	if err := m.view(func(*engine.Engine, time.Time) { now = m.policies.now.choice }); err != nil {
		return nil, err
	}
	if _, plugin := now.path(); !plugin {
		return nil, &mi.Error{Code: 400, Message: "Nothing to reload", Data: fmt.Sprintf("the policy %s is no plugin: set_policy changes it", now.name)}
	}
	return m.changePolicy(now)
}

func (m *module) changePolicy(c choice) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), reloadTime)
	defer cancel()
	err := m.policies.change(ctx, c)
	switch {
	case errors.Is(err, errStopped):
		return nil, errStopped
	case err != nil:
		m.log.Error("the dispatch policy was not changed", "policy", c.name, "err", err)
		return nil, refusedPolicy(err)
	}
	return nil, nil
}

// refusedPolicy is the answer to a policy that cannot be used; the one before
// goes on.
func refusedPolicy(err error) error {
	return &mi.Error{Code: 500, Message: "Failed to set the policy", Data: fmt.Sprintf("%v; the policy is what it was", err)}
}
