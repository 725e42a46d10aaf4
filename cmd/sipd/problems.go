package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip/stack"
	"github.com/sipd/sipd/modules/callcenter"
)

// incomplete names what a server cannot do without and the file leaves out, or
// names and is not there.
func incomplete(cfg *core.Config) (ps core.Problems) {
	add := func(text string) { ps = append(ps, core.Problem{Pos: core.Pos{File: cfg.File, Line: 1}, Text: text}) }
	if len(cfg.Listen) == 0 {
		add(`no listen: add listen "udp:127.0.0.1:5060"`)
	}
	if !cfg.Routes.Request {
		add("the file defines no request_route: add function request_route() ... end")
	}
	return append(ps, callcenter.CheckPolicy(cfg)...)
}

// placed adds the place of the directive to an error of the sockets, which
// begins with the name of the socket. Of two equal ones the later is wrong.
func placed(cfg *core.Config, sockets []stack.Listen, err error) error {
	for i, l := range slices.Backward(sockets) {
		if strings.HasPrefix(err.Error(), fmt.Sprintf("listen %s: ", l)) {
			return core.Problem{Pos: cfg.Listen[i].Pos, Text: err.Error()}
		}
	}
	return core.Problem{Pos: core.Pos{File: cfg.File, Line: 1}, Text: err.Error()}
}

// count writes "1 error" and "2 errors".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
