package player

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/mailbox"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/stat"
)

// Module is the module player. It implements [core.Module], [core.Starter]
// and [core.Stopper].
type Module struct {
	conf    config
	host    core.Host
	uas     *uas
	started bool
	running sync.WaitGroup
	stop    sync.Once
}

var (
	_ core.Module  = (*Module)(nil)
	_ core.Starter = (*Module)(nil)
	_ core.Stopper = (*Module)(nil)
)

// New returns the module with its default parameters.
func New() *Module {
	return &Module{conf: config{maxCalls: 1000, maxDuration: time.Hour, prefix: "player-", once: "welcome,goodbye,flowid"}}
}

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	c := &m.conf
	return core.Exports{
		Name: "player",
		Params: []core.Param{
			core.String("sounds_dir", &c.dir, "directory whose NAME.wav files (8 kHz, 16 bit, mono) are added to the built-in sounds and win over them"),
			core.String("rtp_ip", &c.ip, "local address of RTP, also the one shown in SDP; empty: that of the socket a call came in on"),
			core.Int("rtp_port_min", &c.portMin, 0, 65535, "lowest RTP port; 0 together with rtp_port_max: any free port"),
			core.Int("rtp_port_max", &c.portMax, 0, 65535, "highest RTP port; each call takes an even port"),
			core.Int("max_calls", &c.maxCalls, 1, 1_000_000, "calls played at once; one more is answered 486"),
			core.Seconds("max_duration", &c.maxDuration, "longest call, at least 1"),
			core.String("user_prefix", &c.prefix, "the user parts that begin with this are the player's too; empty: only URIs with ;player"),
			core.String("once", &c.once, "names of the sounds after which the player hangs up, separated by commas; the others loop"),
		},
		Stats: []stat.Desc{
			{Name: "calls", Kind: stat.Gauge, Doc: "calls that are being played"},
			{Name: "rtp_sent", Kind: stat.Counter, Doc: "RTP packets sent"},
			{Name: "rtp_received", Kind: stat.Counter, Doc: "RTP packets received, and discarded"},
		},
	}
}

// Init implements [core.Module]: it reads all sounds.
func (m *Module) Init(host core.Host) error {
	if err := m.conf.check(host.Endpoint().Sockets()); err != nil {
		return err
	}
	sounds, err := loadSounds(m.conf.dir, m.conf.once)
	if err != nil {
		return err
	}
	deny, err := broadcasts()
	if err != nil {
		return err
	}
	u := &uas{host: host, conf: &m.conf, sounds: sounds, deny: deny,
		open: (&ports{low: m.conf.portMin, high: m.conf.portMax}).open,
		box:  mailbox.New[func()](), calls: make(map[dialogID]*call)}
	sent, err1 := host.Stats().New("player", "rtp_sent", stat.Counter)
	received, err2 := host.Stats().New("player", "rtp_received", stat.Counter)
	calls, err3 := host.Stats().New("player", "calls", stat.Gauge)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	u.received, u.active, u.sender = received, calls, newSender(sent.Add)
	m.host, m.uas = host, u
	host.HandleDialogs(u.claim)
	return nil
}

// Start implements [core.Starter].
func (m *Module) Start() error {
	m.started = true
	m.running.Go(m.uas.run)
	m.running.Go(m.uas.sender.run)
	return nil
}

// Stop implements [core.Stopper]: it sends a BYE on every call and waits for
// the answers as long as ctx allows.
func (m *Module) Stop(ctx context.Context) (err error) {
	if m.uas == nil {
		return nil
	}
	m.stop.Do(func() { err = m.shutdown(ctx) })
	return err
}

func (m *Module) shutdown(ctx context.Context) (err error) {
	if !m.started {
		return nil
	}
	idle := make(chan struct{})
	m.uas.post(func() { m.uas.drain(idle) })
	select {
	case <-idle:
	case <-ctx.Done():
		err = fmt.Errorf("calls whose BYE has no answer yet: %w", ctx.Err())
	}
	m.uas.post(m.uas.abandon)
	m.uas.box.Close()
	m.uas.sender.close()
	m.running.Wait()
	m.uas.readers.Wait()
	return err
}

// URI returns the SIP URI at which this server reaches the sound called name:
// at the first UDP socket, or the first socket when none is UDP, and at the
// address bound, whatever is advertised to others. It is what player:NAME
// means as a destination. The error says what sounds there are.
func (m *Module) URI(name string) (string, error) {
	if m.uas == nil {
		return "", errors.New("player: not initialised")
	}
	if m.uas.sounds[name] == nil {
		have := slices.Sorted(maps.Keys(m.uas.sounds))
		return "", fmt.Errorf("player: no sound %.80q; there are %s: add NAME.wav to sounds_dir", name, strings.Join(have, ", "))
	}
	sockets := m.host.Endpoint().Sockets()
	if len(sockets) == 0 {
		return "", errors.New("player: no socket to be reached at: add a listen line")
	}
	socket := sockets[0]
	if i := slices.IndexFunc(sockets, func(s *sip.Socket) bool { return s.Proto == "udp" }); i >= 0 {
		socket = sockets[i]
	}
	bound, err := netip.ParseAddr(socket.Host)
	if err != nil {
		return own(socket, name).String(), nil // bound to a name: others use it too
	}
	if bound, err = localAddr(bound.Unmap()); err != nil {
		return "", fmt.Errorf("player: %w", err)
	}
	u := own(socket, name)
	u.Host, u.Port = bound.String(), socket.Port
	return u.String(), nil
}
