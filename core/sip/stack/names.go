package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// names answers where a host listens (RFC 3263 section 4), from a bounded
// cache or from DNS.
type names struct {
	resolver Resolver
	max      int
	slots    chan struct{} // lookups that run
	random   func(int) int // 0 to n-1, for the weights of SRV

	mu    sync.Mutex
	cache map[string]answer
}

// answer is one cached answer: the SRV records or the addresses of a name,
// or none of them.
type answer struct {
	srv   []SRV
	addrs []netip.Addr
	until time.Time
}

// errAsk says that the cache does not know.
var errAsk = errors.New("DNS must be asked")

// The shortest and the longest time for which an answer is kept. An answer
// that there is nothing is kept as long as its TTL says, too.
const (
	minTTL = time.Second
	maxTTL = time.Hour
)

func newNames(r Resolver, l *Limits) *names {
	if r == nil {
		r = systemResolver()
	}
	return &names{resolver: r, max: l.MaxNames, slots: make(chan struct{}, l.MaxLookups),
		random: rand.IntN, cache: make(map[string]answer)}
}

// enter takes one of the slots for lookups, if one is free.
func (n *names) enter() bool {
	select {
	case n.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (n *names) leave() { <-n.slots }

// locate returns the places where r is served, in the order in which to try
// them. protos are the transports the server has. Without ask it returns
// errAsk for what is not in the cache.
func (n *names) locate(ctx context.Context, r route, protos []string, ask bool) ([]endpoint, error) {
	proto := r.transport
	if proto == "" {
		proto = "udp" // RFC 3263 section 4.1
	}
	if a, err := netip.ParseAddr(r.host); err == nil {
		return endpoints(proto, []netip.Addr{a}, r.port), nil
	}
	if r.port == 0 {
		if r.transport != "" {
			protos = []string{r.transport}
		}
		places, found, err := n.services(ctx, r.host, protos, ask)
		if found || errors.Is(err, errAsk) {
			return places, err
		}
	}
	addrs, err := n.addrs(ctx, r.host, ask)
	if err == nil && len(addrs) == 0 {
		err = fmt.Errorf("%s has no address in DNS", r.host)
	}
	return endpoints(proto, addrs, r.port), err
}

// services follows the SRV records of a host. found is false when there are
// none, and the host itself is to be asked for.
func (n *names) services(ctx context.Context, host string, protos []string, ask bool) (places []endpoint, found bool, err error) {
	for _, proto := range protos {
		records, err := n.srv(ctx, "_sip._"+proto+"."+host, ask)
		if errors.Is(err, errAsk) {
			return nil, false, err
		}
		for _, rec := range n.order(records) {
			found = true
			if strings.Trim(rec.Target, ".") == "" {
				continue // RFC 2782: the service is decidedly not available
			}
			addrs, err := n.addrs(ctx, rec.Target, ask)
			if errors.Is(err, errAsk) {
				return nil, false, err
			}
			places = append(places, endpoints(proto, addrs, int(rec.Port))...)
		}
	}
	if found && len(places) == 0 {
		return nil, true, fmt.Errorf("the SRV records of %s lead nowhere", host)
	}
	return places, found, nil
}

func endpoints(proto string, addrs []netip.Addr, port int) []endpoint {
	if port == 0 {
		port = 5060
	}
	var list []endpoint
	for _, a := range addrs {
		list = append(list, endpoint{proto, netip.AddrPortFrom(a.Unmap(), uint16(port))})
	}
	return list
}

// order sorts by priority, and draws by weight within one (RFC 2782).
func (n *names) order(records []SRV) []SRV {
	list := slices.Clone(records)
	slices.SortStableFunc(list, func(a, b SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Weight, b.Weight))
	})
	for i := range list {
		sum, same := 0, i
		for same < len(list) && list[same].Priority == list[i].Priority {
			sum += int(list[same].Weight)
			same++
		}
		draw := n.random(sum + 1)
		for j := i; j < same; j++ {
			if draw -= int(list[j].Weight); draw <= 0 {
				won := list[j]
				copy(list[i+1:j+1], list[i:j])
				list[i] = won
				break
			}
		}
	}
	return list
}

func (n *names) srv(ctx context.Context, name string, ask bool) ([]SRV, error) {
	if a, ok := n.cached(name); ok || !ask {
		return a.srv, missing(ok)
	}
	records, ttl, err := n.resolver.SRV(ctx, name)
	if err != nil {
		return nil, err
	}
	n.keep(name, answer{srv: records}, ttl)
	return records, nil
}

func (n *names) addrs(ctx context.Context, host string, ask bool) ([]netip.Addr, error) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if a, ok := n.cached(host); ok || !ask {
		return a.addrs, missing(ok)
	}
	addrs, ttl, err := n.resolver.Addrs(ctx, host)
	if err != nil {
		return nil, err
	}
	n.keep(host, answer{addrs: addrs}, ttl)
	return addrs, nil
}

func missing(ok bool) error {
	if ok {
		return nil
	}
	return errAsk
}

func (n *names) cached(name string) (answer, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, ok := n.cache[name]
	if ok && !time.Now().Before(a.until) {
		delete(n.cache, name)
		return answer{}, false
	}
	return a, ok
}

// keep caches an answer. A full cache loses some name: whoever wants it asks
// again.
func (n *names) keep(name string, a answer, ttl time.Duration) {
	a.until = time.Now().Add(min(max(ttl, minTTL), maxTTL))
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.cache[name]; !ok && len(n.cache) >= n.max {
		for old := range n.cache {
			delete(n.cache, old)
			break
		}
	}
	n.cache[name] = a
}
