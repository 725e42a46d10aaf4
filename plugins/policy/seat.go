package policy

import (
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// seat runs a policy over a center kept from deltas. What the policy proposes
// is undone in it before the next delta, so that the center is always the sum
// of what the host said, whatever the host made of the proposals.
type seat struct {
	policy dispatch.Policy
	center *dispatch.Center
	again  time.Time // the policy asked for Decide at this time; zero: it did not

	calls  map[string]dispatch.Call // proposed for, as they were before
	agents map[string]dispatch.Agent
}

func newSeat(p dispatch.Policy) *seat {
	return &seat{
		policy: p, center: dispatch.NewCenter(),
		calls: map[string]dispatch.Call{}, agents: map[string]dispatch.Agent{},
	}
}

// configure hands the settings to the policy.
func (s *seat) configure(set dispatch.Settings) (err error) {
	defer recovered(&err)
	if c, ok := s.policy.(Configurer); ok {
		return c.Configure(set)
	}
	if len(set) > 0 {
		return fmt.Errorf("it takes no settings, got %s", strings.Join(slices.Sorted(maps.Keys(set)), ", "))
	}
	return nil
}

// decide brings the center up to date and asks the policy. The error is a panic
// of the policy, after which the seat must not be used.
func (s *seat) decide(d dispatch.Delta) (_ dispatch.Decision, err error) {
	defer recovered(&err)
	s.undo()
	s.center.Apply(d)
	if !s.again.IsZero() && !d.Now.Before(s.again) {
		s.center.Rethink()
	}
	if w, ok := s.policy.(dispatch.Watcher); ok {
		w.Watch(&s.center.View, d)
	}
	decision := dispatch.Run((*noting)(s), s.center)
	s.again = time.Time{}
	if decision.Again > 0 {
		s.again = d.Now.Add(decision.Again)
	}
	return decision, nil
}

func (s *seat) undo() {
	for _, c := range s.calls {
		s.center.PutCall(c)
	}
	for _, a := range s.agents {
		s.center.PutAgent(a)
	}
	clear(s.calls)
	clear(s.agents)
}

// noting is the policy of a seat that takes note of what its proposals change.
type noting seat

// Decide implements [dispatch.Policy].
func (s *noting) Decide(v *dispatch.View) dispatch.Decision {
	d := s.policy.Decide(v)
	for _, a := range d.Assign {
		if v.Legal(a) != nil {
			continue
		}
		if _, ok := s.calls[a.Call]; !ok {
			s.calls[a.Call] = *v.Call(a.Call)
		}
		if _, ok := s.agents[a.Agent]; !ok {
			s.agents[a.Agent] = *v.Agent(a.Agent)
		}
	}
	return d
}

// recovered turns a panic into an error that says where it was.
func recovered(err *error) {
	r := recover()
	if r == nil {
		return
	}
	if f, ok := r.(dispatch.Fault); ok {
		*err = f
		return
	}
	*err = &panicked{text: fmt.Sprintf("the policy panicked: %v%s", r, origin()), stack: debug.Stack()}
}

// panicked is a panic of the policy.
type panicked struct {
	text  string
	stack []byte
}

func (p *panicked) Error() string { return p.text }

// origin is the place of the panic: the first frame outside the runtime.
func origin() string {
	pc := make([]uintptr, 16)
	frames := runtime.CallersFrames(pc[:runtime.Callers(4, pc)])
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf(", at %s:%d", f.File, f.Line)
		}
		if !more {
			return ""
		}
	}
}
