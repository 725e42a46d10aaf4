package transaction

import "testing"

// A timer that was about to fire when it was stopped does nothing.
func TestStaleTimer(t *testing.T) {
	var s serial
	var tm timer
	f := func() { t.Error("fired") }
	tm.start(&s, 1<<40, f)
	gen := tm.gen
	tm.stop()
	tm.fire(&s, gen, f)
}
