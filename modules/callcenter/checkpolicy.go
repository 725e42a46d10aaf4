package callcenter

import (
	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/plugins/policy"
)

// CheckPolicy finds what is wrong with the dispatch policy that a configuration
// names, as far as that can be told without starting it.
func CheckPolicy(cfg *core.Config) (ps core.Problems) {
	p, err := paramsOf(cfg)
	if err != nil {
		return nil // SettingsOf says it, and the check of the file
	}
	if err := p.policy.look(); err != nil {
		return core.Problems{{Pos: policyPos(cfg), Text: "dispatch_policy: " + err.Error()}}
	}
	return nil
}

// look checks the policy of the route file without starting it.
func (p *policyParams) look() error {
	c := p.choice()
	if err := c.check(); err != nil {
		return err
	}
	c, err := c.resolved()
	if err != nil {
		return err
	}
	if path, plugin := c.path(); plugin {
		return policy.Check(p.config(path, c.settings, nil))
	}
	return nil
}

// policyPos is where the policy was named last, or else its settings were.
func policyPos(cfg *core.Config) (pos core.Pos) {
	pos = core.Pos{File: cfg.File, Line: 1}
	named := false
	for _, set := range cfg.Params {
		if set.Module != moduleName {
			continue
		}
		if set.Name == "dispatch_policy" {
			pos, named = set.Pos, true
		} else if set.Name == "dispatch_policy_param" && !named {
			pos = set.Pos
		}
	}
	return pos
}
