//go:build linux

package policy

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

func startLocal(p Policy) (*Host, *witness) {
	w := newWitness(nil)
	h := Local(p, w.callbacks())
	<-w.ready
	return h, w
}

func TestLocal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := startLocal(dispatch.Balancing)
		h.Ask(3, center())
		if got := <-w.said; got.seq != 3 || len(got.d.Assign) != 1 || got.d.Assign[0].Agent != "a" {
			t.Errorf("decided %+v", got)
		}
		if h.Pid() != 0 || h.Restarts() != 0 {
			t.Errorf("pid %d, restarts %d", h.Pid(), h.Restarts())
		}
		h.Close()
	})
}

// TestLocalPanic holds that a panic is a loss with a reason, and that the policy
// is started anew with growing pauses.
func TestLocalPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := startLocal(decider(func(v *View) Decision { panic("oops\n" + v.Now().String()) }))
		for _, pause := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second} {
			h.Ask(1, center())
			if got := <-w.lost; !strings.HasPrefix(got, "the policy panicked: oops ") || !strings.Contains(got, "local_test.go:") {
				t.Errorf("lost: %q", got)
			}
			began := time.Now()
			<-w.ready
			if took := time.Since(began); took != pause {
				t.Errorf("back after %s, want %s", took, pause)
			}
		}
		if h.Restarts() != 3 {
			t.Errorf("restarts: %d", h.Restarts())
		}
		h.Close()
	})
}

// TestLocalHang holds that a goroutine that hangs is abandoned, and nothing is
// started beside it: the policy is used from one goroutine.
func TestLocalHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		h, w := startLocal(decider(func(*View) Decision { <-hang; return Decision{Again: time.Second} }))
		h.Ask(1, center())
		h.Ask(2, dispatch.Delta{})
		synctest.Wait()
		h.Kill("no answer")
		if got := <-w.lost; got != "no answer" {
			t.Errorf("lost: %q", got)
		}
		time.Sleep(time.Hour)
		if len(w.ready) > 0 {
			t.Error("a second goroutine beside the one that hangs")
		}
		close(hang)
		<-w.ready
		h.Ask(3, center())
		if got := <-w.said; got.seq != 3 {
			t.Errorf("the abandoned goroutine answered: %+v", got)
		}
		h.Close()
		if len(w.said)+len(w.lost)+len(w.ready) > 0 {
			t.Error("more callbacks")
		}
	})
}

// TestLocalClose holds that Close does not wait for ever.
func TestLocalClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		h, _ := startLocal(decider(func(*View) Decision { <-hang; return Decision{} }))
		h.Ask(1, center())
		synctest.Wait()
		began := time.Now()
		h.Close()
		if took := time.Since(began); took != 500*time.Millisecond {
			t.Errorf("Close took %s", took)
		}
		close(hang)
	})
}

// recorder notes what it is shown.
type recorder struct {
	watched int
	changed []int
}

func (r *recorder) Watch(*View, Delta) { r.watched++ }
func (r *recorder) Decide(v *View) Decision {
	n := 0
	for range v.Changed() {
		n++
	}
	r.changed = append(r.changed, n)
	return Decision{Again: time.Minute}
}

// TestAgain holds that a policy that asked to be called again sees everything as
// changed then, and not before.
func TestAgain(t *testing.T) {
	r := &recorder{}
	s := newSeat(r)
	d := center()
	for _, after := range []time.Duration{0, time.Second, time.Minute} {
		d.Now = d.Now.Add(after)
		if _, err := s.decide(d); err != nil {
			t.Fatal(err)
		}
		d.Reset, d.Calls, d.Agents = false, nil, nil
	}
	if r.watched != 3 || len(r.changed) != 3 || r.changed[0] != 1 || r.changed[1] != 0 || r.changed[2] != 1 {
		t.Errorf("watched %d, changed %v", r.watched, r.changed)
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{limits: standard}
	var got []time.Duration
	for _, lived := range []time.Duration{time.Hour, 0, time.Second, 0, 0, 0, 0, 0, 59 * time.Second, time.Minute, 0} {
		got = append(got, b.next(lived)/(100*time.Millisecond))
	}
	want := []time.Duration{5, 10, 20, 40, 80, 160, 300, 300, 300, 5, 10}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("pauses %v, want %v (tenths of a second)", got, want)
		}
	}
}

// TestLines holds what is logged of a flood, and that it is held up.
func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n counter
		l := newLines(slog.New(slog.NewTextHandler(&n, nil)))
		began := time.Now()
		for range 3 {
			_, _ = l.Write([]byte(strings.Repeat("a\x80b\n", bytesASec/4)))
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("3 MB took %s, want 3s", took)
		}
		if n.Load() > 4*linesASec*200 {
			t.Errorf("%d bytes logged", n.Load())
		}
		_, _ = l.Write([]byte("panic: one\n" + strings.Repeat("x", 10_000)))
		l.close()
		l.flush()
		if got := l.words(); got != ": panic: one" {
			t.Errorf("last words %q", got)
		}
		if len(l.line) > longestLine || l.last != strings.Repeat("x", longestLine) {
			t.Errorf("a line of %d bytes is kept", len(l.last))
		}
		began = time.Now()
		_, _ = io.WriteString(l, strings.Repeat("x", 5<<20))
		if took := time.Since(began); took != 0 {
			t.Errorf("after close: held up for %s", took)
		}
	})
}
