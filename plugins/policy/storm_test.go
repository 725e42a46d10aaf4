package policy

import (
	"syscall"
	"testing"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// TestStorm kills a policy in every way between questions and answers, many
// times, and holds what an engine relies on: after Ready a reset is answered,
// an answer belongs to the question under way, none comes after Lost.
func TestStorm(t *testing.T) {
	const lives = 25
	type event struct {
		kind string
		seq  uint64
	}
	events := make(chan event, 10_000)
	h, err := load(testConfig(t, "good"), Callbacks{
		Ready:   func() { events <- event{kind: "ready"} },
		Decided: func(seq uint64, _ dispatch.Decision) { events <- event{"decided", seq} },
		Lost:    func(string) { events <- event{kind: "lost"} },
	}, quick())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var seq uint64
	there, life := false, 0
	for life < lives {
		switch ev := within(t, events, "event"); ev.kind {
		case "ready":
			if there {
				t.Fatal("Ready twice")
			}
			there = true
			life++
			seq++
			h.Ask(seq, center())
		case "lost":
			there = false
		case "decided":
			if !there || ev.seq != seq {
				t.Fatalf("answer to %d, there %t, asked %d", ev.seq, there, seq)
			}
			seq++
			h.Ask(seq, dispatch.Delta{Now: center().Now})
			if seq%5 != 0 {
				continue
			}
			switch life % 4 {
			case 0:
				h.Kill("a test")
			case 1:
				go h.Kill("a test")
			case 2:
				_ = signal(h, syscall.SIGKILL)
			case 3:
				go func() { _ = signal(h, syscall.SIGTERM) }()
			}
		}
	}
	if h.Restarts() != lives-1 {
		t.Errorf("restarts: %d", h.Restarts())
	}
}
