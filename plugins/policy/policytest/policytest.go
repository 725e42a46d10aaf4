// Package policytest is what every dispatch policy has to stand, wherever it
// runs.
//
//	func TestMine(t *testing.T) {
//		policytest.Run(t, func() policy.Policy { return &mine{} })
//	}
//
// It lives through random histories of a small center and holds that the policy
//
//   - answers each question, in time;
//   - proposes only what is legal: the call waits, the agent has the skill and
//     room for one more;
//   - proposes again what has come to nothing;
//   - comes to an end, and says why: for each assignment, and for each call it
//     leaves beside an agent who could take it;
//   - decides the same when the same happens again.
//
// [RunBinary] asks a plugin's process the same; so does the program in the folder
// cmd, for authors in other languages.
package policytest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch/dispatchtest"
	"github.com/sipd/sipd/plugins/policy"
)

const (
	histories = 3
	states    = 300              // of each history
	patience  = 10 * time.Second // sipd itself has 2 seconds, on a machine less busy than a test's
)

// Run tests a policy in this process. New makes one that knows nothing yet.
func Run(tb testing.TB, new func() policy.Policy) {
	tb.Helper()
	run(tb, func(cb policy.Callbacks) (*policy.Host, error) { return policy.Local(new(), cb), nil })
}

// RunBinary tests the plugin at path.
func RunBinary(tb testing.TB, path string, s policy.Settings) {
	tb.Helper()
	runBinary(tb, path, s)
}

func runBinary(tb testing.TB, path string, s policy.Settings) Report {
	tb.Helper()
	return run(tb, func(cb policy.Callbacks) (*policy.Host, error) {
		return policy.Load(policy.Config{Path: path, Settings: s}, cb)
	})
}

func run(tb testing.TB, start func(policy.Callbacks) (*policy.Host, error)) (r Report) {
	tb.Helper()
	for seed := range uint64(histories) {
		first := live(tb, seed, start, &r)
		again := live(tb, seed, start, &r)
		if i := differ(first, again); i >= 0 {
			tb.Fatalf("history %d, question %d: the same happened twice, and the decisions differ:\n  %s\n  %s\nA policy must not look at any clock but View.Now, and not throw dice or rely on the order of a Go map",
				seed, i, at(first, i), at(again, i))
		}
	}
	refuse(tb, start, &r)
	return r
}

// live goes through one history and returns the decisions.
func live(tb testing.TB, seed uint64, start func(policy.Callbacks) (*policy.Host, error), r *Report) []string {
	tb.Helper()
	s := begin(tb, start, r)
	defer s.host.Close()
	dispatchtest.Check(tb, s, seed, states, dispatchtest.Explains)
	return s.said
}

func begin(tb testing.TB, start func(policy.Callbacks) (*policy.Host, error), r *Report) *subject {
	tb.Helper()
	s := &subject{tb: tb, report: r, answers: make(chan answer, 1), lost: make(chan string, 1)}
	host, err := start(policy.Callbacks{
		Ready:   func() {},
		Decided: func(seq uint64, d policy.Decision) { offer(s.answers, answer{seq, d}) },
		Lost:    func(reason string) { offer(s.lost, reason) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.host = host
	return s
}

func offer[T any](c chan T, v T) {
	select {
	case c <- v:
	default:
	}
}

func differ(a, b []string) int {
	if slices.Equal(a, b) {
		return -1
	}
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(nothing was asked)"
}

// subject is a hosted policy as dispatchtest wants one: what Watch is told goes
// out with the next Decide.
type subject struct {
	tb      testing.TB
	host    *policy.Host
	report  *Report
	answers chan answer
	lost    chan string

	seq   uint64
	whole bool // it was told everything once
	delta policy.Delta
	said  []string
}

type answer struct {
	seq uint64
	d   policy.Decision
}

// Watch implements [policy.Watcher].
func (s *subject) Watch(_ *policy.View, d policy.Delta) {
	if d.Reset {
		s.delta = d
		return
	}
	s.delta.Calls = append(s.delta.Calls, d.Calls...)
	s.delta.Gone = append(s.delta.Gone, d.Gone...)
	s.delta.Agents = append(s.delta.Agents, d.Agents...)
	s.delta.Left = append(s.delta.Left, d.Left...)
}

// Decide implements [policy.Policy].
func (s *subject) Decide(v *policy.View) policy.Decision {
	s.tb.Helper()
	d := s.delta
	if !s.whole {
		d, s.whole = v.Whole(), true
	}
	d.Now, s.delta = v.Now(), policy.Delta{}
	s.seq++
	began := time.Now()
	s.host.Ask(s.seq, d)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-s.answers:
		s.report.add(time.Since(began), a.d)
		return s.check(a)
	case reason := <-s.lost:
		s.tb.Fatalf("question %d: %s", s.seq, reason)
	case <-timer.C:
		s.tb.Fatalf("question %d: no answer within %s", s.seq, patience)
	}
	return policy.Decision{}
}

func (s *subject) check(a answer) policy.Decision {
	s.tb.Helper()
	if a.seq != s.seq {
		s.tb.Fatalf("question %d: the answer is to question %d", s.seq, a.seq)
	}
	for _, as := range a.d.Assign {
		if as.Reason == "" {
			s.tb.Fatalf("question %d: it gives call %q to agent %q without a reason: operators want to know why", s.seq, as.Call, as.Agent)
		}
	}
	s.said = append(s.said, fmt.Sprintf("%+v", a.d))
	return a.d
}
