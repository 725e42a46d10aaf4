package corecmd

import "github.com/sipd/sipd/core/mi"

// Conn is a TCP connection of SIP.
type Conn struct {
	ID          uint64
	Open        bool   // false while it is being made
	Source      string // who made it, host:port; empty when not known yet
	Destination string // whom it was made to
}

// connCommand lists TCP connections. OpenSIPS's names of states are kept.
func connCommand(o Options) mi.Command {
	return mi.Command{
		Name:    "tcp:list_conns",
		Aliases: []string{"list_tcp_conns"},
		Effect:  mi.Reads,
		Doc:     "lists the TCP connections of SIP",
		Call: func(mi.Params) (any, error) {
			var list []mi.Object
			for _, c := range o.Conns() {
				state := "CONN_OK"
				if !c.Open {
					state = "CONN_CONNECTING"
				}
				list = append(list, mi.Object{}.With("ID", c.ID).With("Type", "tcp").With("State", state).
					With("Source", c.Source).With("Destination", c.Destination))
			}
			return mi.Object{}.With("Connections", list), nil
		},
	}
}
