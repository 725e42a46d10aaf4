package dispatch

import "slices"

// Draft lets a policy try assignments on its view, so that it sees what is left
// for the calls after them. It must be undone before Decide returns: carrying
// out is the host's.
type Draft struct {
	View // as if what was assigned were carried out

	center Center // of the same lists, with changes of its own
	calls  []Call
	agents []Agent
}

// Draft begins a draft. Until [Draft.Undo], v shows it too.
func (v *View) Draft() *Draft {
	d := &Draft{View: *v, center: Center{*v}}
	d.center.changed = changes{}
	return d
}

// Assign carries an assignment out in the draft. It is refused when it is not
// [View.Legal].
func (d *Draft) Assign(a Assignment) error {
	if err := d.Legal(a); err != nil {
		return err
	}
	d.calls = append(d.calls, *d.Call(a.Call))
	d.agents = append(d.agents, *d.Agent(a.Agent))
	return d.center.Assign(a)
}

// Undo makes the view what it was.
func (d *Draft) Undo() {
	for _, a := range slices.Backward(d.agents) {
		d.center.PutAgent(a)
	}
	for _, c := range slices.Backward(d.calls) {
		d.center.PutCall(c)
	}
	d.calls, d.agents = nil, nil
}

// Fault is what a policy panics with when it cannot decide. Its host takes the
// policy for lost, and tells operators the reason.
type Fault struct{ Reason string }

// Error implements error.
func (f Fault) Error() string { return f.Reason }
