package player

import (
	"bytes"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// A sound that plays once: every frame of it, every 20 ms, then BYE.
func TestOnce(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{}).Call(r.uri("welcome;player"), talking)
		if !call.Wait(siptest.Confirmed) {
			t.Fatal("no call")
		}
		call.Wait(siptest.Ended)
		r.after(time.Second)
		r.wantCount("alice", "BYE", 1)
		got, sound := r.conns[0].packets(), r.m.uas.sounds["welcome"]
		if want := len(sound.pcmu) / frameSamples; len(got) != want {
			t.Fatalf("%d packets, want %d", len(got), want)
		}
		var played []byte
		for i, p := range got {
			played = append(played, p.Payload...)
			first := got[0]
			if p.to.String() != "10.0.0.1:5000" || p.PayloadType != 0 || p.SSRC != first.SSRC || p.Marker != (i == 0) {
				t.Fatalf("packet %d: %s to %s", i, p.String(), p.to)
			}
			if p.SequenceNumber-first.SequenceNumber != uint16(i) || p.Timestamp-first.Timestamp != uint32(i*frameSamples) {
				t.Fatalf("packet %d: sequence +%d, timestamp +%d", i, p.SequenceNumber-first.SequenceNumber, p.Timestamp-first.Timestamp)
			}
			if at := p.at.Sub(first.at); at != time.Duration(i)*frameTime {
				t.Fatalf("packet %d left after %v", i, at)
			}
		}
		if !bytes.Equal(played, sound.pcmu) {
			t.Error("what was played is not the sound")
		}
		if n := r.stat("rtp_sent"); n != int64(len(got)) {
			t.Errorf("rtp_sent is %d, want %d", n, len(got))
		}
	})
}

func TestLoopUntilBye(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{Talk: 20 * time.Second}).Call(r.uri("player-moh"), talking)
		call.Wait(siptest.Confirmed)
		r.after(10 * time.Second)
		if n := r.stat("calls"); n != 1 {
			t.Errorf("calls is %d, want 1", n)
		}
		r.conns[0].in <- make([]byte, 172)                   // not RTP
		r.conns[0].in <- append([]byte{0x80}, testWAV(0)...) // looks like it
		r.after(time.Minute)
		r.want("20 s", 1000)
		r.wantCount("alice", "BYE", 0)
		got, sound := r.conns[0].packets(), r.m.uas.sounds["moh"].pcmu
		for i, p := range got {
			if at := i * frameSamples % len(sound); !bytes.Equal(p.Payload, sound[at:at+frameSamples]) {
				t.Fatalf("packet %d is not the loop's", i)
			}
		}
		if n := r.stat("rtp_received"); n != 1 {
			t.Errorf("rtp_received is %d, want 1", n)
		}
	})
}

// The URI may turn a loop into a sound that plays once and the other way
// round, and the parameter once names those that do by default.
func TestOnceOrLoop(t *testing.T) {
	for _, c := range []struct {
		user string
		once bool
	}{
		{"welcome;player;loop", false}, {"moh;player;once", true}, {"busy;player", false}, {"goodbye;player", true}, {"moh;player", false},
	} {
		inTime(t, func(t *testing.T, r *rig) {
			call := r.net.Phone("alice", siptest.Script{}).Call(r.uri(c.user), talking)
			call.Wait(siptest.Confirmed)
			r.after(10 * time.Second)
			if got := call.State() == siptest.Ended; got != c.once {
				t.Errorf("%s: ended is %v, want %v", c.user, got, c.once)
			}
		})
	}
}

// Without an offer in the INVITE the player offers, and the ACK decides.
func TestLateOffer(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{}).Call(r.uri("moh;player"), "")
		call.Wait(siptest.Confirmed) // the phone answers with PCMA at 10.1.1.1:40000
		r.after(time.Second)
		r.want("1 s", 50)
		p, sound := r.conns[0].packets()[0], r.m.uas.sounds["moh"]
		if p.to.String() != "10.1.1.1:40000" || p.PayloadType != 8 || !bytes.Equal(p.Payload, sound.pcma[:frameSamples]) {
			t.Errorf("%s to %s, want PCMA to what the ACK says", p.String(), p.to)
		}
	})
}

func TestLateOfferUselessAnswer(t *testing.T) {
	for name, answer := range map[string]string{
		"other codec": desc("m=audio 5000 RTP/AVP 18"), "refused": desc("m=audio 0 RTP/AVP 0"),
		"multicast": desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 224.0.0.1"),
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				call := r.net.Phone("alice", siptest.Script{HoldACK: true}).Call(r.uri("moh;player"), "")
				call.Wait(siptest.Answered)
				call.ACK(answer)
				r.after(time.Second)
				r.wantCount("alice", "BYE", 1)
				r.want("useless", 0)
			})
		})
	}
}

// Until the ACK nobody has proved to be there: no RTP, but the 2xx again.
func TestNoAudioBeforeACK(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{HoldACK: true}).Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Answered)
		r.after(10 * time.Second)
		r.want("before the ACK", 0)
		r.wantCount("alice", "200 INVITE", 1+4) // at 0.5, 1.5, 3.5, 7.5 s
		call.ACK("")
		r.after(time.Second)
		r.want("after the ACK", 50)
		r.after(time.Minute)
		r.wantCount("alice", "200 INVITE", 1+4)
	})
}

func TestNoACK(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{HoldACK: true}).Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Answered)
		r.after(31900 * time.Millisecond)
		r.wantCount("alice", "BYE", 0)
		r.after(200 * time.Millisecond)
		r.wantCount("alice", "BYE", 1)
		r.wantCount("alice", "200 INVITE", 1+10)
		r.want("ever", 0)
	})
}

func TestHoldAndMove(t *testing.T) {
	for _, method := range []string{sip.INVITE, sip.UPDATE} {
		t.Run(method, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				call := r.net.Phone("alice", siptest.Script{}).Call(r.uri("moh;player"), talking)
				call.Wait(siptest.Confirmed)
				change := func(sdp string) {
					t.Helper()
					code := 0
					if method == sip.INVITE {
						code = <-call.ReInvite(sdp)
					} else {
						code = (<-call.Request(sip.UPDATE, sip.Headers{{Name: "Content-Type", Value: "application/sdp"}}, sdp)).Code
					}
					if code != 200 {
						t.Fatalf("%s answered %d", method, code)
					}
				}
				r.after(time.Second)
				change(holding)
				r.want("talking", 50)
				r.after(5 * time.Second)
				r.want("on hold", 50)
				change(moved)
				r.after(time.Second)
				r.want("moved", 100)
				got := r.conns[0].packets()
				p, before := got[60], got[0]
				if p.to.String() != "10.0.0.2:5002" || p.PayloadType != 8 || p.SSRC != before.SSRC {
					t.Errorf("after the move: %s to %s", p.String(), p.to)
				}
				if seq := p.SequenceNumber - before.SequenceNumber; seq != 60 {
					t.Errorf("the sequence number went on by %d, want 60", seq)
				}
				// The timestamp counts time, not packets (RFC 3550 section 5.1).
				passed := uint32(p.at.Sub(before.at) / frameTime * time.Duration(frameSamples))
				if ts := p.Timestamp - before.Timestamp; ts != passed {
					t.Errorf("the timestamp went on by %d, want %d", ts, passed)
				}
			})
		})
	}
}

// A re-INVITE without an offer gets one; its answer is in the ACK.
func TestLateReInvite(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		phone := r.net.Phone("alice", siptest.Script{})
		call := phone.Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Confirmed)
		if code := <-call.ReInvite(""); code != 200 {
			t.Fatalf("answered %d", code)
		}
		r.after(time.Second)
		got := r.conns[0].packets()
		if to := got[len(got)-1].to.String(); to != "10.1.1.1:40000" {
			t.Errorf("RTP goes to %s, want the address of the ACK", to)
		}
	})
}

func TestMaxDuration(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{}).Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Confirmed)
		call.Wait(siptest.Ended)
		r.want("30 s", 1500)
		r.wantCount("alice", "BYE", 1)
	}, func(c *config) { c.maxDuration = 30 * time.Second })
}
