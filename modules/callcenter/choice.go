package callcenter

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// The names of policies that are not built in.
const (
	scriptPolicy = "lua"     // that of the route file
	pluginPrefix = "plugin:" // and the path of a binary
)

// choice is a dispatch policy as an operator names it.
type choice struct {
	name     string // of a built-in one, "lua" or "plugin:PATH"
	settings dispatch.Settings
}

// path is that of the plugin's binary; ok is false for other policies.
func (c choice) path() (path string, ok bool) { return strings.CutPrefix(c.name, pluginPrefix) }

// check finds what can be told without starting anything.
func (c choice) check() error {
	path, plugin := c.path()
	switch {
	case plugin && path == "":
		return fmt.Errorf("%q names no binary: want plugin:/path/to/binary", c.name)
	case plugin:
		return nil // the settings are the plugin's own
	case c.name == "" && len(c.settings) > 0:
		return fmt.Errorf(`there are settings of a policy (%s) and no policy to take them: add modparam("call_center", "dispatch_policy", ...)`, c.settingNames())
	case c.name == "":
		return nil
	case c.name == scriptPolicy && len(c.settings) > 0:
		return fmt.Errorf("the policy lua takes no settings (%s): write them into its function", c.settingNames())
	case c.name == scriptPolicy:
		return nil
	case !slices.Contains(builtinNames(), c.name):
		return fmt.Errorf("want one of %s, %s or plugin:/path/to/binary, got %q", strings.Join(builtinNames(), ", "), scriptPolicy, c.name)
	}
	_, err := dispatch.New(c.name, c.settings)
	return err
}

func (c choice) settingNames() string {
	return strings.Join(slices.Sorted(maps.Keys(c.settings)), ", ")
}

// resolved has the path of a plugin absolute: it counts from the directory in
// which sipd runs.
func (c choice) resolved() (choice, error) {
	path, plugin := c.path()
	if !plugin {
		return c, nil
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return c, fmt.Errorf("%s: %w: name the binary by an absolute path", c.name, err)
	}
	c.name = pluginPrefix + full
	return c, nil
}

func builtinNames() (names []string) {
	for _, i := range dispatch.Builtin() {
		names = append(names, i.Name)
	}
	return names
}

// setting reads "key=value".
func setting(text string) (key, value string, err error) {
	key, value, ok := strings.Cut(text, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok || key == "" {
		return "", "", fmt.Errorf("want key=value, got %q", text)
	}
	return key, value, nil
}

// settingsOf reads a list of "key=value".
func settingsOf(list []string) (dispatch.Settings, error) {
	all := dispatch.Settings{}
	for _, text := range list {
		key, value, err := setting(text)
		if err != nil {
			return nil, err
		}
		if _, twice := all[key]; twice {
			return nil, fmt.Errorf("setting %s is given twice", key)
		}
		all[key] = value
	}
	return all, nil
}
