package player

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// config holds the parameters; see Exports.
type config struct {
	dir, ip, prefix, once string
	portMin, portMax      int
	maxCalls              int
	maxDuration           time.Duration
}

// check finds the faults that no single parameter shows.
func (c *config) check(sockets []*sip.Socket) error {
	if c.maxDuration <= 0 {
		return errors.New("max_duration 0: want at least 1 second, or a peer that vanished would be sent audio for ever")
	}
	if (c.portMin == 0) != (c.portMax == 0) || (c.portMin+1)&^1 > c.portMax {
		return fmt.Errorf("rtp_port_min %d and rtp_port_max %d: want both 0, or a range with an even port", c.portMin, c.portMax)
	}
	for _, s := range sockets {
		if _, _, err := c.rtpAddr(s); err != nil {
			return err
		}
	}
	return nil
}

// rtpAddr returns the address to bind for a call that came in on a socket,
// and the one to show in SDP.
func (c *config) rtpAddr(s *sip.Socket) (bind, shown netip.Addr, err error) {
	if c.ip != "" {
		ip, err := netip.ParseAddr(c.ip)
		if err != nil || ip.IsUnspecified() || ip.IsMulticast() || ip.Zone() != "" {
			return bind, shown, fmt.Errorf("rtp_ip %q: want an IP address of this machine", c.ip)
		}
		return ip.Unmap(), ip.Unmap(), nil
	}
	bind, err = netip.ParseAddr(s.Host)
	if err != nil {
		return bind, shown, fmt.Errorf("socket %s is bound to a name: set rtp_ip to the address for RTP", s)
	}
	bind = bind.Unmap()
	shown, err = netip.ParseAddr(s.AdvHost)
	if shown = shown.Unmap(); err == nil && shown.Is4() == bind.Is4() && !shown.IsUnspecified() {
		return bind, shown, nil
	}
	shown, err = localAddr(bind) // a name was advertised: SDP is to have an address
	return bind, shown, err
}
