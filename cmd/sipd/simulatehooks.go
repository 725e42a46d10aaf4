package main

import (
	"os"

	"github.com/sipd/sipd/modules/callcenter/simulate"
	"github.com/sipd/sipd/modules/callcenter/simulate/report"
)

// simulationLimits tells the limits of a scenario.
func simulationLimits(s *simulate.Scenario) (*simulate.Limits, error) { return simulate.Known(s) }

// writeSimulation writes the page with plots.
func writeSimulation(path string, r *simulate.Report) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := report.Write(f, r); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
