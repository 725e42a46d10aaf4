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

// writable reports whether a file can be written where the page is to be: before
// hours of simulation, not after them. What is there stays.
func writable(path string) error {
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}
