package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// SRV is one SRV record (RFC 2782).
type SRV struct {
	Target           string
	Port             uint16
	Priority, Weight uint16
}

// Resolver asks DNS. Answers carry how long they may be kept. That a name has
// no such records is an empty answer, not an error. Both methods end with
// ctx, and may be called from several goroutines.
type Resolver interface {
	// SRV returns the records of a name such as "_sip._udp.example.com", in
	// any order.
	SRV(ctx context.Context, name string) ([]SRV, time.Duration, error)
	// Addrs returns the IPv4 and IPv6 addresses of a host.
	Addrs(ctx context.Context, host string) ([]netip.Addr, time.Duration, error)
}

const (
	questionTimeout = 2 * time.Second
	emptyTTL        = 30 * time.Second // of an answer without records
	hostsTTL        = 30 * time.Second // of an answer of the C library's way
)

// dnsResolver asks name servers for the TTL's sake, and the system (hosts
// file, search domains) for what they do not know.
type dnsResolver struct {
	servers []string // "host:port"
	system  *net.Resolver
}

// systemResolver asks the servers of /etc/resolv.conf. Without that file only
// the system is asked, and SRV has no answers.
func systemResolver() Resolver {
	r := &dnsResolver{system: net.DefaultResolver}
	if conf, err := dns.ClientConfigFromFile("/etc/resolv.conf"); err == nil {
		for _, server := range conf.Servers {
			r.servers = append(r.servers, net.JoinHostPort(server, conf.Port))
		}
	}
	return r
}

func (r *dnsResolver) SRV(ctx context.Context, name string) ([]SRV, time.Duration, error) {
	if len(r.servers) == 0 {
		return nil, emptyTTL, nil
	}
	answers, err := r.ask(ctx, name, dns.TypeSRV)
	ttl := emptyTTL
	var list []SRV
	for _, rr := range answers {
		if s, ok := rr.(*dns.SRV); ok {
			ttl = shorter(ttl, len(list) == 0, s.Hdr.Ttl)
			list = append(list, SRV{s.Target, s.Port, s.Priority, s.Weight})
		}
	}
	return list, ttl, err
}

func (r *dnsResolver) Addrs(ctx context.Context, host string) ([]netip.Addr, time.Duration, error) {
	if !strings.Contains(host, ".") || len(r.servers) == 0 {
		return r.local(ctx, host)
	}
	ttl := emptyTTL
	var list []netip.Addr
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		answers, err := r.ask(ctx, host, kind)
		if err != nil && len(list) == 0 {
			return r.local(ctx, host)
		}
		for _, rr := range answers {
			var ip net.IP
			switch rec := rr.(type) {
			case *dns.A:
				ip = rec.A
			case *dns.AAAA:
				ip = rec.AAAA
			}
			if a, ok := netip.AddrFromSlice(ip); ok {
				ttl = shorter(ttl, len(list) == 0, rr.Header().Ttl)
				list = append(list, a.Unmap())
			}
		}
	}
	if len(list) == 0 {
		return r.local(ctx, host)
	}
	return list, ttl, nil
}

// local asks the system.
func (r *dnsResolver) local(ctx context.Context, host string) ([]netip.Addr, time.Duration, error) {
	list, err := r.system.LookupNetIP(ctx, "ip", host)
	var notFound *net.DNSError
	if errors.As(err, &notFound) && notFound.IsNotFound {
		return nil, emptyTTL, nil
	}
	return list, hostsTTL, err
}

// ask puts one question to each server until one answers.
func (r *dnsResolver) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(1232, false)
	err := errors.New("no name server")
	for _, server := range r.servers {
		var res *dns.Msg
		if res, err = exchange(ctx, q, server); err != nil {
			continue
		}
		switch res.Rcode {
		case dns.RcodeSuccess, dns.RcodeNameError:
			return res.Answer, nil
		}
		err = fmt.Errorf("%s: %s", server, dns.RcodeToString[res.Rcode])
	}
	return nil, fmt.Errorf("DNS %s %s: %w", dns.TypeToString[kind], name, err)
}

// exchange asks by UDP, and again by TCP when the answer did not fit.
func exchange(ctx context.Context, q *dns.Msg, server string) (*dns.Msg, error) {
	c := dns.Client{Timeout: questionTimeout}
	res, _, err := c.ExchangeContext(ctx, q, server)
	if err == nil && res.Truncated {
		c.Net = "tcp"
		res, _, err = c.ExchangeContext(ctx, q, server)
	}
	return res, err
}

// shorter returns the lesser of the TTL so far and that of a record in
// seconds; the first record replaces the TTL of an empty answer.
func shorter(ttl time.Duration, first bool, seconds uint32) time.Duration {
	d := time.Duration(seconds) * time.Second
	if first {
		return d
	}
	return min(ttl, d)
}
