package callcenter

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/plugins/policy"
)

// The bounds of dispatch_policy_deadline: the engine ends a policy that has not
// answered for two seconds.
const (
	shortestDeadline = time.Millisecond
	longestDeadline  = 2 * time.Second
)

// policyParams are the parameters of the dispatch policy.
type policyParams struct {
	name     string
	settings dispatch.Settings
	sha256   string
	env      string
	mtls     bool
	deadline time.Duration
}

func (p *policyParams) declare() []core.Param {
	return []core.Param{
		core.String("dispatch_policy", &p.name, "who gets which call: a built-in policy, lua, or plugin:/path/to/binary; empty: the rule of chat_dispatch_policy, or the policy of the route file where it has one").
			Checked(func(name string) error { return choice{name, p.settings}.check() }),
		p.setting(),
		core.String("dispatch_policy_sha256", &p.sha256, "SHA-256 checksum that the binary of a policy must have; empty: any").Checked(checksum),
		core.String("dispatch_policy_env", &p.env, "names of the environment variables that a policy's process is given, separated by commas").Checked(variables),
		core.Bool("dispatch_policy_mtls", &p.mtls, "1: the connection with a policy's process is encrypted, and both sides show certificates"),
		p.deadlineParam(),
	}
}

// setting is a parameter that may be given once for each key.
func (p *policyParams) setting() core.Param {
	var text string
	param := core.String("dispatch_policy_param", &text, "key=value: a setting of the policy; may be given more than once").
		Checked(func(text string) error {
			key, value, err := setting(text)
			if err == nil && p.name != "" {
				err = choice{p.name, dispatch.Settings{key: value}}.check()
			}
			return err
		})
	set := param.Set
	param.Many = true
	param.Set = func(v any) error {
		if err := set(v); err != nil {
			return err
		}
		key, value, err := setting(text)
		if err != nil {
			return err
		}
		if p.settings == nil {
			p.settings = dispatch.Settings{}
		}
		p.settings[key] = value
		return nil
	}
	return param
}

func (p *policyParams) deadlineParam() core.Param {
	d := p.deadline
	param := core.Millis("dispatch_policy_deadline", &d, "how long a policy that is not built in may take for a decision until the built-in rule stands in for it, 1 to 2000")
	set := param.Set
	param.Set = func(v any) error {
		if err := set(v); err != nil {
			return err
		}
		if d < shortestDeadline || d > longestDeadline {
			return fmt.Errorf("want milliseconds from %d to %d, got %v", shortestDeadline.Milliseconds(), longestDeadline.Milliseconds(), v)
		}
		p.deadline = d
		return nil
	}
	return param
}

// checksum is a SHA-256 in hex, or nothing.
func checksum(text string) error {
	if _, err := hex.DecodeString(text); text != "" && (err != nil || len(text) != 64) {
		return fmt.Errorf("want 64 hexadecimal digits, as sha256sum prints them, got %q", text)
	}
	return nil
}

// variables is a list of names of environment variables.
func variables(text string) error {
	for _, name := range nameList(text) {
		if strings.ContainsAny(name, "= \t") {
			return fmt.Errorf("want names separated by commas, without values (those are sipd's own), got %q", name)
		}
	}
	return nil
}

// nameList splits a list at its commas.
func nameList(text string) (names []string) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// choice is the policy that the route file names.
func (p *policyParams) choice() choice { return choice{p.name, p.settings} }

// config is how the plugin at path is started.
func (p *policyParams) config(path string, s dispatch.Settings, log *slog.Logger) policy.Config {
	return policy.Config{Path: path, SHA256: strings.ToLower(p.sha256), Env: nameList(p.env), MTLS: p.mtls, Settings: s, Log: log}
}
