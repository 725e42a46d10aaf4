package main

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/corecmd"
	"github.com/sipd/sipd/scripting"
)

// cache is the store of the routes for the management interface, which is
// there before the routes are.
type cache struct {
	store atomic.Pointer[scripting.Shared]
}

var _ corecmd.Cache = (*cache)(nil)

var errNoRoutes = errors.New("the routes are not running yet")

func (c *cache) use(r core.Router) {
	if s, ok := scripting.SharedOf(r); ok {
		c.store.Store(&s)
	}
}

// Get implements [corecmd.Cache].
func (c *cache) Get(key string) any {
	if s := c.store.Load(); s != nil {
		return s.Get(key)
	}
	return nil
}

// Set implements [corecmd.Cache].
func (c *cache) Set(key, text string, ttl time.Duration) error {
	if s := c.store.Load(); s != nil {
		return s.Set(key, text, ttl)
	}
	return errNoRoutes
}

// Remove implements [corecmd.Cache].
func (c *cache) Remove(key string) error {
	if s := c.store.Load(); s != nil {
		return s.Remove(key)
	}
	return errNoRoutes
}

// connections lists the TCP connections of the stack.
func (in *instance) connections() (list []corecmd.Conn) {
	s := in.conns.Load()
	if s == nil {
		return nil
	}
	for _, c := range s.Connections() {
		remote, local := c.Remote.String(), ""
		if c.Local.IsValid() {
			local = c.Local.String()
		}
		d := corecmd.Conn{ID: c.ID, Open: c.Open, Source: local, Destination: remote}
		if c.Inbound {
			d.Source, d.Destination = remote, local
		}
		list = append(list, d)
	}
	return list
}
