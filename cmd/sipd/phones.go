package main

import (
	"context"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/core/sip/stack"
)

// openPhone opens a simulated phone on loopback. It closes with ctx.
func openPhone(ctx context.Context, o phone.Options) (*phone.Phone, error) {
	return phone.New(o, func(h sip.Handler) (sip.Endpoint, error) {
		s, err := stack.Open(ctx, stack.Options{Listen: []stack.Listen{{Proto: "udp", Host: "127.0.0.1"}}, Handler: h})
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() {
			end, cancel := context.WithTimeout(context.Background(), stopTime)
			defer cancel()
			_ = s.Close(end)
		})
		return s, nil
	})
}
