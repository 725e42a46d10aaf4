package simulate

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// queue is M/M/12 at 10 Erlang, which has closed forms.
func queue(patience float64) *Scenario {
	return &Scenario{Name: "queue", Load: 1, Target: target,
		Classes: []Class{{Name: "audio", Media: dispatch.RTP, Rate: 10.0 / 200, Skills: even("s"), Talk: seconds(200), Patience: seconds(patience), Weight: 1}},
		Groups:  []Group{{Type: "agents", N: 12, Phone: true, Skills: [][]string{{"s"}}}}}
}

// TestErlang compares with the formulas C and A.
func TestErlang(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		patience             float64
		queue, level, abands float64 // mean time in queue, service level, share that gives up
		length               time.Duration
	}{
		{"C", 0, 44.9, 0.632, 0, 60 * time.Hour},
		{"A", 120, 0.0638 * 120, 0, 0.0638, 25 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, Options{Scenario: queue(tt.patience), Policies: []Policy{builtin(t, "balancing")}, Seed: 1, Seeds: 8,
				Warmup: 5 * time.Hour, Length: tt.length})
			m, half := &r.Outcomes[0].Mean.Classes[0], &r.Outcomes[0].CI95.Classes[0]
			check := func(what string, got, want, half float64) {
				t.Logf("%s: %.4f ± %.4f, the formula %.4f", what, got, half, want)
				if math.Abs(got-want) > 1.5*half || half > 0.3*want {
					t.Errorf("%s is off", what)
				}
			}
			check("time in queue", m.QueueTime, tt.queue, half.QueueTime)
			check("number waiting", m.Queue, tt.queue*10/200, half.Queue)
			if tt.level > 0 {
				check("service level", m.SLb, tt.level, half.SLb)
			}
			if tt.abands > 0 {
				check("abandoned", m.AbandonRate, tt.abands, half.AbandonRate)
			}
		})
	}
}

// TestRecursion holds that waits are to the nanosecond those of the textbook's
// recursion: who comes takes the server that is free first, unless he gives up
// before.
func TestRecursion(t *testing.T) {
	for _, patience := range []float64{0, 120} {
		sc := queue(patience)
		w, err := newWorld(sc, builtin(t, "balancing"), 3, span{0, 20 * time.Hour}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		free := make([]time.Duration, 12)
		for n, c := range w.contacts[:w.came-1] {
			i := slices.Index(free, slices.Min(free))
			start := max(c.at, free[i])
			f := w.book.fates[n]
			if gives := c.at + c.patience; c.patience > 0 && gives <= start && start > c.at {
				if f.abandoned != gives && gives <= w.now {
					t.Fatalf("contact %d gave up at %s, want %s", n, f.abandoned, gives)
				}
				continue
			}
			if f.answered != start && start <= w.now {
				t.Fatalf("contact %d was answered at %s, want %s", n, f.answered, start)
			}
			free[i] = start + c.talk
		}
	}
}

// TestPrototype compares with the figures of an independent simulator of the
// same scenarios, written from the same description. It emulates OpenSIPS's
// moving of agents round a list, while here a chat goes by the number of chats:
// balancing on mixed, and full-load on tiny, differ by that and are not
// compared.
func TestPrototype(t *testing.T) {
	for _, tt := range []struct {
		scenario, policy string
		load             float64
		cost             float64 // 0: not compared
		audio            [3]float64
		chat             [2]float64
		answered         float64
	}{
		{scenario: "tiny", policy: "balancing", load: 0.8, cost: 1.77 * 0.0859},
		{scenario: "tiny", policy: "balancing", load: 1.0, cost: 1.57 * 0.1884},
		{scenario: "tiny", policy: "balancing", load: 1.2, cost: 1.49 * 0.3305},
		{scenario: "mixed", policy: "full-load", load: 0.85, audio: [3]float64{0.937, 2.8, 0.029}, chat: [2]float64{0.995, 0.2}, answered: 240.0},
		{scenario: "mixed", policy: "full-load", load: 1.00, audio: [3]float64{0.845, 7.0, 0.073}, chat: [2]float64{0.986, 0.7}, answered: 274.9},
		{scenario: "mixed", policy: "full-load", load: 1.15, audio: [3]float64{0.707, 14.0, 0.139}, chat: [2]float64{0.967, 1.7}, answered: 303.5},
	} {
		length := 24 * time.Hour
		if tt.scenario == "tiny" {
			length = 60 * time.Hour // few callers an hour
		}
		r := run(t, Options{Scenario: scenario(t, tt.scenario).WithLoad(tt.load), Policies: []Policy{builtin(t, tt.policy)}, Seed: 1, Seeds: 2,
			Warmup: time.Hour, Length: length})
		m := &r.Outcomes[0].Mean
		near := func(what string, got, want, tolerance float64) {
			if math.Abs(got-want) > tolerance {
				t.Errorf("%s %g, %s: %s %.4f, want %.4f", tt.scenario, tt.load, tt.policy, what, got, want)
			}
		}
		if tt.cost > 0 {
			near("cost", m.Cost, tt.cost, 0.08*tt.cost)
			continue
		}
		audio, chat := &m.Classes[0], &m.Classes[2]
		near("audio service level", audio.SLc, tt.audio[0], 0.02)
		near("audio wait", audio.Wait.Mean, tt.audio[1], 1)
		near("audio abandoned", audio.AbandonRate, tt.audio[2], 0.01)
		near("chat service level", chat.SLc, tt.chat[0], 0.01)
		near("chat wait", chat.Wait.Mean, tt.chat[1], 0.5)
		near("answered per hour", m.Throughput, tt.answered, 4)
		near("priority inversions", m.PriorityInversions, 0, 0)
	}
}
