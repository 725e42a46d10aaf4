package stack

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/sanity"
	"github.com/sipd/sipd/core/sip/transaction"
)

// Listen is one socket to open (OpenSIPS: socket=proto:host:port).
type Listen struct {
	Proto string // "udp" or "tcp"
	Host  string // address, or a name that resolves to one; "" is 0.0.0.0
	Port  int    // 0 lets the system choose: see [Stack.Sockets]

	// AdvertiseHost and AdvertisePort are what Via and Contact say instead
	// (OpenSIPS: "as host:port"). Without them a socket on 0.0.0.0 or [::]
	// advertises the first address of this machine that is not a loopback.
	AdvertiseHost string
	AdvertisePort int
	Tag           string
}

// String names the socket as errors do: "udp:127.0.0.1:5060".
func (l Listen) String() string { return l.Proto + ":" + sip.HostPort(l.Host, l.Port) }

// Options configure a [Stack]. Listen and Handler are required.
type Options struct {
	Listen  []Listen
	Handler sip.Handler

	Log      *slog.Logger       // nil discards
	Timers   transaction.Timers // zero fields take those of RFC 3261
	Limits   Limits
	Sanity   sanity.Rules // extensions and bodies that the handler knows
	Resolver Resolver     // nil asks the servers of /etc/resolv.conf

	// ForceRport answers UDP requests to the port they came from even when
	// their Via has no rport (OpenSIPS: force_rport() on every request).
	// Phones behind NAT that do not know RFC 3581 need it.
	ForceRport bool
}

// Limits bound what a peer can make the stack do and keep. A zero field takes
// its default.
type Limits struct {
	MaxMessage int // bytes of one message; 65535
	MaxHeaders int // header lines of one message; 256

	// RatePerSource is how many messages a second one source may send, Burst
	// how many at once: 2000 and 4000. A source is an IPv4 address or an IPv6
	// /64. More are dropped; a connection is closed.
	RatePerSource float64
	Burst         int
	// MaxSources is how many sources are remembered for that; 65536.
	MaxSources int
	// Trusted networks have no rate, no limit of connections per source, and
	// an eighth more connections than all others. Nil means loopback; an
	// empty list that is not nil means none. Name trunks and agents' gateways
	// that send more than RatePerSource.
	Trusted []netip.Prefix

	MaxConns          int // TCP connections, incoming and outgoing; 2048
	MaxConnsPerSource int // incoming TCP connections; 64
	MaxQueue          int // bytes that wait to be written on one connection; 1 MiB

	ReadTimeout  time.Duration // from the first byte of a message to its last; 4 s
	WriteTimeout time.Duration // of one message on a connection; 4 s
	DialTimeout  time.Duration // of an outgoing connection; 3 s
	// IdleTimeout is how long a connection without traffic is kept that has
	// carried a sound message, IdleNew how long one that has not: 300 s, 30 s.
	IdleTimeout, IdleNew time.Duration

	MaxTransactions int           // beyond: 503 with Retry-After; 100000
	MaxLookups      int           // DNS lookups at the same time; 64
	LookupTimeout   time.Duration // of all DNS questions for one request; 5 s
	MaxNames        int           // names in the DNS cache; 4096
}

func (l Limits) withDefaults() Limits {
	def(&l.MaxMessage, 65535)
	def(&l.MaxHeaders, 256)
	def(&l.RatePerSource, 2000)
	def(&l.Burst, 4000)
	def(&l.MaxSources, 65536)
	if l.Trusted == nil {
		l.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	def(&l.MaxConns, 2048)
	def(&l.MaxConnsPerSource, 64)
	def(&l.MaxQueue, 1<<20)
	def(&l.ReadTimeout, 4*time.Second)
	def(&l.WriteTimeout, 4*time.Second)
	def(&l.DialTimeout, 3*time.Second)
	def(&l.IdleTimeout, 300*time.Second)
	def(&l.IdleNew, 30*time.Second)
	def(&l.MaxTransactions, 100_000)
	def(&l.MaxLookups, 64)
	def(&l.LookupTimeout, 5*time.Second)
	def(&l.MaxNames, 4096)
	return l
}

func def[T int | float64 | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

// trusted reports whether addr is in a trusted network.
func (l *Limits) trusted(addr netip.Addr) bool {
	for _, p := range l.Trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
