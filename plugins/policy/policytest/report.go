package policytest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/plugins/policy"
)

// Report is what a policy did in the test.
type Report struct {
	Assigned, Held int
	took           []time.Duration
}

func (r *Report) add(took time.Duration, d policy.Decision) {
	r.took = append(r.took, took)
	r.Assigned += len(d.Assign)
	r.Held += len(d.Hold)
}

// String is a few lines to be read.
func (r Report) String() string {
	took := slices.Sorted(slices.Values(r.took))
	if len(took) == 0 {
		return "nothing was asked"
	}
	return fmt.Sprintf("%d questions, %d assignments, %d calls held\nan answer took %s in the middle, %s at the 99th percentile, %s at most",
		len(took), r.Assigned, r.Held, took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
}

// Binary tests a plugin outside of a test. The error is the first fault.
func Binary(path string, s policy.Settings) (r Report, err error) {
	f := &failure{}
	defer func() {
		if p := recover(); p != nil {
			if p != any(f) {
				panic(p)
			}
			err = f.err
		}
	}()
	return runBinary(f, path, s), nil
}

// failure is a test that ends by a panic.
type failure struct {
	testing.TB
	err error
}

func (f *failure) Helper() {}

func (f *failure) Fatal(args ...any) {
	f.err = fmt.Errorf("%s", fmt.Sprint(args...))
	panic(f)
}

func (f *failure) Fatalf(format string, args ...any) {
	f.err = fmt.Errorf(format, args...)
	panic(f)
}
