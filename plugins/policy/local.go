package policy

import (
	"fmt"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// goroutine is a worker in this process.
type goroutine struct {
	life
	questions chan question
	decided   func(w worker, seq uint64, d dispatch.Decision, resync bool)
}

// question is what is asked of a policy.
type question struct {
	seq   uint64
	delta dispatch.Delta
}

func startGoroutine(p dispatch.Policy, limit limits, decided func(worker, uint64, dispatch.Decision, bool)) *goroutine {
	g := &goroutine{life: newLife(), questions: make(chan question, limit.unanswered), decided: decided}
	go g.run(newSeat(p))
	return g
}

func (g *goroutine) run(s *seat) {
	defer close(g.gone)
	for {
		select {
		case <-g.end:
			return
		case q := <-g.questions:
			d, err := s.decide(q.delta)
			if err != nil {
				g.fail(err.Error())
				return
			}
			if g.take(q.seq) {
				g.decided(g, q.seq, d, false)
			}
		}
	}
}

func (g *goroutine) ask(seq uint64, d dispatch.Delta) {
	if g.put(seq) == 0 {
		return
	}
	select {
	case g.questions <- question{seq, d}:
	default:
		g.fail(fmt.Sprintf("%d questions have no answer", cap(g.questions)))
	}
}

func (g *goroutine) fail(reason string) { g.finish(reason) }
func (g *goroutine) leave()             { g.finish("closed") }
func (g *goroutine) pid() int           { return 0 }
