package core

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/sipd/sipd/core/event"
)

// running are the goroutines of routes. None begins once somebody waits for
// their end.
type running struct {
	mu    sync.Mutex
	ended bool
	group sync.WaitGroup
}

// begin runs fn in a goroutine of its own and reports whether it may.
func (r *running) begin(fn func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	r.group.Go(fn)
	return true
}

// wait refuses new routes and waits for those that run. It reports whether
// they ended before ctx.
func (r *running) wait(ctx context.Context) bool {
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	done := make(chan struct{})
	go func() { r.group.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// guard makes a panic an error: a fault that one message sets off must not
// end the calls of everybody.
func (s *Server) guard(route func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			s.log.Error("a route panicked", "panic", fault, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", fault)
		}
	}()
	return route()
}

// runRoutes starts the goroutines of timer and event routes.
func (s *Server) runRoutes() {
	for _, t := range s.o.Config.Routes.Timers {
		s.running.begin(func() { s.runTimer(t) })
	}
	if names := s.o.Config.Routes.Events; len(names) > 0 {
		sub := s.bus.Subscribe(1024, names...)
		s.running.begin(func() { s.runEvents(sub) })
	}
}

func (s *Server) runTimer(t Timer) {
	tick := time.NewTicker(t.Every)
	defer tick.Stop()
	for {
		select {
		case <-s.quit:
			return
		case <-tick.C:
			s.logged("timer_route "+t.Name, s.guard(func() error { return s.router.Timer(t.Name) }))
		}
	}
}

func (s *Server) runEvents(sub *event.Subscription) {
	defer sub.Close()
	for {
		select {
		case <-s.quit:
			return
		case e := <-sub.C():
			fields := make(map[string]any, len(e.Fields))
			for i, f := range e.Fields {
				if f.Name == "" {
					f.Name = strconv.Itoa(i + 1)
				}
				fields[f.Name] = f.Value
			}
			s.logged("event_route "+e.Name, s.guard(func() error { return s.router.Event(e.Name, fields) }))
		}
	}
}

func (s *Server) logged(what string, err error) {
	if err != nil {
		s.log.Error(what, "err", err)
	}
}
