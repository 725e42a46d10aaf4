package main

import (
	"errors"
	"fmt"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate"
)

func pluginPolicy(path string, s dispatch.Settings) (simulate.Policy, error) {
	return simulate.Policy{}, fmt.Errorf("plugin %s: %w", path, errors.New("not in this build"))
}
