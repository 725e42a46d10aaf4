package core

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/stat"
)

// host is the server as one module sees it.
type host struct {
	s    *Server
	name string
	log  *slog.Logger
}

var _ Host = (*host)(nil)

func (h *host) Log() *slog.Logger                            { return h.log }
func (h *host) Endpoint() sip.Endpoint                       { return h.s.net }
func (h *host) Module(name string) Module                    { return h.s.Module(name) }
func (h *host) HandleDialogs(f func(sip.ServerRequest) bool) { h.s.dialogs = append(h.s.dialogs, f) }
func (h *host) IsMyself(name string, port int) bool          { return h.s.IsMyself(name, port) }
func (h *host) Events() *evi.Interface                       { return h.s.evi }
func (h *host) Stats() *stat.Registry                        { return &h.s.stats }
func (h *host) MI() *mi.Registry                             { return &h.s.cmds }
func (h *host) Version() string                              { return h.s.o.Version }
func (h *host) DefaultDB() string                            { return h.s.o.Config.DefaultDB }

// Emit raises an event. One that was not declared is a fault of the module
// that its tests would show; at run time it is logged.
func (h *host) Emit(name string, fields ...event.Field) {
	if err := h.s.bus.Publish(event.Event{Name: name, Fields: fields}); err != nil {
		h.log.Error("emit", "err", err)
	}
}

func (h *host) Local(req *sip.Request, call *CallInfo) {
	if !h.s.o.Config.Routes.Local || h.s.router == nil {
		return
	}
	m := &Msg{Req: req, Kind: LocalRoute, Call: call}
	if err := h.s.guard(func() error { return h.s.router.Local(m) }); err != nil {
		h.log.Error("local_route", "err", err, "call_id", req.CallID())
	}
}

func (h *host) Fatal(err error) {
	select {
	case h.s.fatal <- fmt.Errorf("module %s: %w", h.name, err):
	default: // the first one stops the server already
	}
}

// selfNames are the names and addresses under which this server is known.
type selfNames struct {
	sockets []*sip.Socket
	aliases []Alias
	local   map[string]bool // interface addresses, for sockets on a wildcard
}

func newSelfNames(sockets []*sip.Socket, aliases []Alias) (*selfNames, error) {
	n := &selfNames{sockets: sockets, aliases: aliases, local: map[string]bool{}}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing the addresses of this machine: %w", err)
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			n.local[p.Addr().String()] = true
		}
	}
	return n, nil
}

// IsMyself reports whether host and port (0: any) are ours.
func (s *Server) IsMyself(host string, port int) bool {
	host = strings.ToLower(strings.Trim(host, "[]"))
	return s.self != nil && s.self.has(host, port)
}

func (n *selfNames) has(host string, port int) bool {
	for _, a := range n.aliases {
		if strings.EqualFold(a.Host, host) && (port == 0 || a.Port == 0 || a.Port == port) {
			return true
		}
	}
	for _, s := range n.sockets {
		if (port == 0 || port == s.Port) && n.bound(s, host) {
			return true
		}
		if strings.EqualFold(s.AdvHost, host) && (port == 0 || port == s.AdvPort) {
			return true
		}
	}
	return false
}

func (n *selfNames) bound(s *sip.Socket, host string) bool {
	if strings.EqualFold(s.Host, host) {
		return true
	}
	addr, err := netip.ParseAddr(s.Host)
	return err == nil && addr.IsUnspecified() && n.local[host]
}
