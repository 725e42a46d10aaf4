package eventdatagram

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/evi"
)

// Module is the module event_datagram. It implements [core.Module].
type Module struct{}

var _ core.Module = (*Module)(nil)

// New returns the module.
func New() *Module { return &Module{} }

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports { return core.Exports{Name: "event_datagram"} }

// Init implements [core.Module]: it takes over the sockets udp: and unix:.
func (m *Module) Init(host core.Host) error {
	return errors.Join(
		host.Events().Transport("udp", opener(openUDP)),
		host.Events().Transport("unix", opener(openUnix)))
}

// opener is a transport that is one function.
type opener func(place string) (*sender, error)

// Open implements [evi.Transport].
func (o opener) Open(socket string) (evi.Sender, error) {
	_, place, _ := strings.Cut(socket, ":")
	return o(place)
}

func openUDP(place string) (*sender, error) {
	host, port, err := net.SplitHostPort(place)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || n == 0 {
		return nil, errors.New("want udp:host:port")
	}
	return &sender{network: "udp", addr: place}, nil
}

// maxPath is the room for a path in struct sockaddr_un.
const maxPath = 107

func openUnix(place string) (*sender, error) {
	if place == "" || len(place) > maxPath || strings.ContainsRune(place, 0) {
		return nil, fmt.Errorf("want unix:/path with a path of at most %d bytes", maxPath)
	}
	return &sender{network: "unixgram", addr: place}, nil
}
