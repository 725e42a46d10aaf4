package main

import (
	"errors"

	"github.com/sipd/sipd/modules/callcenter/simulate"
)

// simulationLimits tells the limits of a scenario. None are known yet.
func simulationLimits(*simulate.Scenario) (*simulate.Limits, error) { return nil, nil }

// writeSimulation writes the page with plots.
func writeSimulation(string, *simulate.Report) error {
	return errors.New("this build has no page")
}
