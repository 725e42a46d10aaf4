package eventstream

import (
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/evi"
)

// Module is the module event_stream. It implements [core.Module] and
// [evi.Transport].
type Module struct {
	reliable bool
	timeout  time.Duration
	param    string
}

var (
	_ core.Module   = (*Module)(nil)
	_ evi.Transport = (*Module)(nil)
)

// New returns the module with its default parameters.
func New() *Module { return &Module{timeout: time.Second} }

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	return core.Exports{
		Name: "event_stream",
		Params: []core.Param{
			core.Bool("reliable_mode", &m.reliable, "1: each event is a request, and its reply is waited for"),
			core.Millis("timeout", &m.timeout, "how long connecting, sending and, in reliable mode, the reply may take; at least 1"),
			core.String("event_param", &m.param, "name of a parameter that holds the name of the event; empty: none"),
		},
	}
}

// Init implements [core.Module]: it takes over the sockets tcp: and jsonrpc:,
// which is what older releases call them.
func (m *Module) Init(host core.Host) error {
	if m.timeout <= 0 {
		return errors.New("timeout 0: want at least 1 millisecond")
	}
	return errors.Join(host.Events().Transport("tcp", m), host.Events().Transport("jsonrpc", m))
}

// methodName is what may stand after the slash of a socket.
var methodName = regexp.MustCompile(`^[!-~]{1,64}$`)

// Open implements [evi.Transport] for "tcp:host:port[/method]".
func (m *Module) Open(socket string) (evi.Sender, error) {
	_, place, _ := strings.Cut(socket, ":")
	place, method, named := strings.Cut(place, "/")
	host, port, err := net.SplitHostPort(place)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || bad != nil || n == 0 || named && !methodName.MatchString(method) {
		return nil, errors.New("want tcp:host:port or tcp:host:port/method")
	}
	return &sender{m: m, addr: place, method: method}, nil
}
