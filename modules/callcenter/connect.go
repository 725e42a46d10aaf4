package callcenter

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/sipd/sipd/core/db"
)

// awayTime is how long a start waits for a database that it can do without.
const awayTime = 1500 * time.Millisecond

// connections opens databases; equal URLs share one.
type connections struct {
	ctx   context.Context
	log   *slog.Logger
	spare bool // a database that does not answer is no error
	open  []*db.DB
	byURL map[string]*db.DB
	away  map[*db.DB]error // those that did not answer
	err   error            // the first one
}

// connect opens the database that a parameter names, or the other one when it
// names none.
func (c *connections) connect(param, text, otherwise string) *db.DB {
	if text == "" {
		text = otherwise
	}
	if c.byURL[text] != nil || c.err != nil {
		return c.byURL[text]
	}
	d, err := db.New(text)
	if err != nil {
		c.err = fmt.Errorf("%s: %w", param, err)
		return nil
	}
	c.open = append(c.open, d)
	c.byURL[text] = d
	if err := c.ping(d); err != nil {
		err = fmt.Errorf("%s: %w", param, err)
		if !c.spare {
			c.err = err
			return nil
		}
		c.log.Warn("a database is away at the start", "err", err)
		c.away[d] = err
	}
	return d
}

func (c *connections) ping(d *db.DB) error {
	ctx := c.ctx
	if c.spare {
		short, cancel := context.WithTimeout(ctx, awayTime)
		defer cancel()
		ctx = short
	}
	return d.Ping(ctx)
}

func (c *connections) close() {
	for _, d := range c.open {
		_ = d.Close() // the first error is the one to tell
	}
}
