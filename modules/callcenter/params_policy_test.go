package callcenter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// set is one modparam of call_center.
type set struct {
	name  string
	value any
}

// config is a route file with those lines, from line 10.
func config(lines ...set) *core.Config {
	cfg := &core.Config{File: "route.lua", Loads: []core.Load{{Name: moduleName}}}
	for i, l := range lines {
		cfg.Params = append(cfg.Params, core.ParamSet{Module: moduleName, Name: l.name, Value: l.value, Pos: core.Pos{File: "route.lua", Line: 10 + i}})
	}
	return cfg
}

// TestPolicyParams refuses what cannot be right at its line.
func TestPolicyParams(t *testing.T) {
	for _, tt := range []struct {
		lines []set
		want  string // "": taken
	}{
		{[]set{{"dispatch_policy", "full-load"}}, ""},
		{[]set{{"dispatch_policy", ""}}, ""},
		{[]set{{"dispatch_policy", "lua"}}, ""},
		{[]set{{"dispatch_policy_param", "a=b"}, {"dispatch_policy", "plugin:/no/such/binary"}, {"dispatch_policy_param", "c = d=e"}}, ""},
		{[]set{{"dispatch_policy", "best"}}, `route.lua:10: modparam call_center.dispatch_policy: want one of balancing, full-load`},
		{[]set{{"dispatch_policy", "best"}}, `, lua or plugin:/path/to/binary, got "best"`},
		{[]set{{"dispatch_policy", "plugin:"}}, `route.lua:10: modparam call_center.dispatch_policy: "plugin:" names no binary: want plugin:/path/to/binary`},
		{[]set{{"dispatch_policy", 3}}, `route.lua:10: modparam call_center.dispatch_policy: want a string, got 3`},
		{[]set{{"dispatch_policy", "balancing"}, {"dispatch_policy_param", "x=1"}}, `route.lua:11: modparam call_center.dispatch_policy_param: policy balancing has no setting "x": it takes none`},
		{[]set{{"dispatch_policy_param", "x=1"}, {"dispatch_policy", "balancing"}}, `route.lua:11: modparam call_center.dispatch_policy: policy balancing has no setting "x": it takes none`},
		{[]set{{"dispatch_policy", "lua"}, {"dispatch_policy_param", "x=1"}}, `route.lua:11: modparam call_center.dispatch_policy_param: the policy lua takes no settings (x): write them into its function`},
		{[]set{{"dispatch_policy_param", "x"}}, `route.lua:10: modparam call_center.dispatch_policy_param: want key=value, got "x"`},
		{[]set{{"dispatch_policy_param", "=1"}}, `want key=value, got "=1"`},
		{[]set{{"dispatch_policy_sha256", strings.Repeat("aB", 32)}}, ""},
		{[]set{{"dispatch_policy_sha256", "abc"}}, `route.lua:10: modparam call_center.dispatch_policy_sha256: want 64 hexadecimal digits, as sha256sum prints them, got "abc"`},
		{[]set{{"dispatch_policy_sha256", strings.Repeat("xy", 32)}}, `want 64 hexadecimal digits`},
		{[]set{{"dispatch_policy_env", "HOME, PATH,"}}, ""},
		{[]set{{"dispatch_policy_env", "HOME=/root"}}, `want names separated by commas, without values (those are sipd's own), got "HOME=/root"`},
		{[]set{{"dispatch_policy_mtls", 2}}, `want 0 or 1, got 2`},
		{[]set{{"dispatch_policy_deadline", 1}, {"dispatch_policy_deadline", 2000}}, ""},
		{[]set{{"dispatch_policy_deadline", 0}}, `want milliseconds from 1 to 2000, got 0`},
		{[]set{{"dispatch_policy_deadline", 2001}}, `want milliseconds from 1 to 2000, got 2001`},
		{[]set{{"dispatch_policy_deadline", "50"}}, `want milliseconds, got "50"`},
	} {
		_, err := SettingsOf(config(tt.lines...))
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%v: %v", tt.lines, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%v: %v\nwant %s", tt.lines, err, tt.want)
		}
	}
}

// TestPolicyConfig is what a plugin is started with.
func TestPolicyConfig(t *testing.T) {
	sum := strings.Repeat("AB", 32)
	p, err := paramsOf(config(set{"dispatch_policy", "plugin:bin/p"}, set{"dispatch_policy_param", "a=b"}, set{"dispatch_policy_param", "c = d=e"},
		set{"dispatch_policy_sha256", sum}, set{"dispatch_policy_env", "HOME, PATH"}, set{"dispatch_policy_mtls", 1}))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.policy.choice().resolved()
	if err != nil {
		t.Fatal(err)
	}
	here, _ := os.Getwd()
	path, _ := c.path()
	got := p.policy.config(path, c.settings, nil)
	if got.Path != filepath.Join(here, "bin", "p") || got.SHA256 != strings.ToLower(sum) || !got.MTLS ||
		strings.Join(got.Env, "|") != "HOME|PATH" || len(got.Settings) != 2 || got.Settings["a"] != "b" || got.Settings["c"] != "d=e" {
		t.Errorf("config %+v", got)
	}
}

// TestCheckPolicy names the line of what can be told without starting it.
func TestCheckPolicy(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("not a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		lines []set
		want  string
	}{
		{nil, ""},
		{[]set{{"dispatch_policy", "balancing"}}, ""},
		{[]set{{"dispatch_policy_param", "x=1"}}, `route.lua:10: dispatch_policy: there are settings of a policy (x) and no policy to take them: add modparam("call_center", "dispatch_policy", ...)`},
		{[]set{{"dispatch_policy", "plugin:" + dir + "/none"}, {"dispatch_policy_param", "x=1"}}, "route.lua:10: dispatch_policy: plugin " + dir + "/none: there is no such file: build the plugin, or correct the path"},
		{[]set{{"dispatch_policy", "plugin:" + dir}}, "it is a folder: name the binary in it"},
		{[]set{{"dispatch_policy", "plugin:" + text}}, "it is not executable: chmod +x " + text},
		{[]set{{"dispatch_policy_sha256", strings.Repeat("0", 64)}, {"dispatch_policy", "plugin:/bin/sh"}}, "route.lua:11: dispatch_policy: plugin /bin/sh: its SHA-256 is "},
	} {
		got := CheckPolicy(config(tt.lines...)).Err()
		if tt.want == "" && got != nil || tt.want != "" && (got == nil || !strings.Contains(got.Error(), tt.want)) {
			t.Errorf("%v: %v\nwant %s", tt.lines, got, tt.want)
		}
	}
}

// TestOwnBinary holds that a command starts no binary that others can exchange.
func TestOwnBinary(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bin", "p")
	link := filepath.Join(dir, "link")
	for _, err := range []error{os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o755), os.Symlink(file, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	check := func(what, want string) {
		t.Helper()
		for _, path := range []string{file, link} {
			err := ownBinary(path)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s, %s: %v, want %q", what, path, err, want)
			}
		}
	}
	check("ours", "")
	if err := ownBinary(file + "none"); err != nil {
		t.Errorf("of a file that is not there: %v", err)
	}
	for _, path := range []string{file, filepath.Dir(file)} {
		for mode, want := range map[os.FileMode]string{0o777: "everybody may change " + path + ": chmod o-w it, or name the plugin in the route file", 0o755: ""} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			check("mode "+mode.String(), want)
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	for _, path := range []string{file, filepath.Dir(file)} {
		if err := os.Chown(path, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		check("of another user", path+" belongs to neither root nor the user who runs sipd: chown it")
		if err := os.Chown(path, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadmePolicies holds the table of policies to those that are built in.
func TestReadmePolicies(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range dispatch.Builtin() {
		_, row, found := strings.Cut(string(readme), "\n| `"+i.Name+"` | ")
		row, _, _ = strings.Cut(row, "\n")
		if !found {
			t.Errorf("README.md has no row of the policy %s", i.Name)
		}
		for key := range i.Settings {
			if !strings.Contains(row, "`"+strings.NewReplacer(".*.*", ".A.B").Replace(key)+"`") {
				t.Errorf("README.md, policy %s: no setting %s", i.Name, key)
			}
		}
	}
}
