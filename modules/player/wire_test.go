package player

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/sipd/sipd/core/sip/siptest"
)

// The one test in real time: RTP over real sockets, paced by the real clock.
func TestOnTheWire(t *testing.T) {
	const packets = 25 // half a second
	phone, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = phone.Close() }()
	network, host, m := siptest.NewNetwork(t), &fakeHost{}, New()
	host.ep = network.Endpoint("127.0.0.1", host.serve)
	if err := m.Init(host); err != nil {
		t.Fatal(err)
	}
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	port := phone.LocalAddr().(*net.UDPAddr).Port
	offer := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 8\r\n", port)
	began := time.Now()
	call := network.Phone("alice", siptest.Script{}).Call("sip:moh@127.0.0.1;player", offer)

	if err := phone.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var seq uint16
	buf := make([]byte, 1500)
	for i := range packets {
		n, from, err := phone.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		var p rtp.Packet
		if err := p.Unmarshal(buf[:n]); err != nil || len(p.Payload) != frameSamples || p.PayloadType != 8 {
			t.Fatalf("packet %d: %v, %v", i, err, p)
		}
		switch {
		case i == 0:
			if from.Port()%2 != 0 {
				t.Errorf("RTP comes from the odd port %d", from.Port())
			}
			if _, err := phone.WriteToUDPAddrPort(buf[:n], from); err != nil { // talk back
				t.Fatal(err)
			}
		case p.SequenceNumber != seq+1:
			t.Fatalf("packet %d has sequence number %d after %d", i, p.SequenceNumber, seq)
		}
		seq = p.SequenceNumber
	}
	// Packets may come late on a busy machine, but never more than half a slot
	// early.
	if took, least := time.Since(began), (packets-1)*frameTime-frameTime/2; took < least {
		t.Errorf("%d packets within %v, want at least %v", packets, took, least)
	}
	if got, _ := host.stats.Find([]string{"player:rtp_received"}); got[0].Value != 1 {
		t.Errorf("rtp_received is %d, want 1", got[0].Value)
	}
	call.Bye()
}

func TestPorts(t *testing.T) {
	ip := netip.MustParseAddr("127.0.0.1")
	free := &ports{}
	var open []packetConn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	var even uint16
	for range 20 {
		c, at, err := free.open(ip)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		if even = at.Port(); even%2 != 0 {
			t.Errorf("port %d is odd", even)
		}
	}
	// A range with that one port, which is taken.
	if _, _, err := (&ports{low: int(even) - 1, high: int(even) + 1}).open(ip); err == nil {
		t.Errorf("port %d was opened twice", even)
	}
	if err := open[len(open)-1].Close(); err != nil {
		t.Fatal(err)
	}
	open = open[:len(open)-1]
	c, at, err := (&ports{low: int(even) - 1, high: int(even) + 1}).open(ip)
	if err != nil || at.Port() != even {
		t.Fatalf("port %v, %v, want %d", at, err, even)
	}
	open = append(open, c)
}

// nowhere is a socket that swallows packets.
type nowhere struct{}

func (nowhere) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) {
	return 0, netip.AddrPort{}, net.ErrClosed
}
func (nowhere) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }
func (nowhere) Close() error                                               { return nil }

// One tick of 1000 calls must take far less than the 20 ms it has.
func BenchmarkTick1000(b *testing.B) {
	s := newSender(func(int64) {})
	sound := newSound("x", make([]int16, 8000))
	for range 1000 {
		s.add(&stream{conn: nowhere{}, sound: sound, to: media{send: true}})
	}
	now := time.Now()
	for b.Loop() {
		now = now.Add(frameTime)
		s.tick(now)
	}
}

// As BenchmarkTick1000, through the kernel.
func BenchmarkTick1000UDP(b *testing.B) {
	conn, at, err := (&ports{}).open(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	s := newSender(func(int64) {})
	sound := newSound("x", make([]int16, 8000))
	for range 1000 {
		s.add(&stream{conn: conn, sound: sound, to: media{send: true, addr: at}})
	}
	now := time.Now()
	for b.Loop() {
		now = now.Add(frameTime)
		s.tick(now)
	}
}
