package e2e

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sipd/sipd/test/audio"
	"github.com/sipd/sipd/test/ports"
)

// half is half a second of RTP.
const half = 25

// ear is a baresip phone in a test.
type ear struct {
	*audio.Phone
	c   *center
	ctx context.Context
}

// ear starts a baresip phone.
func (c *center) ear(o audio.Options) *ear {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	p, err := audio.Start(ctx, c.t.TempDir(), o)
	if err != nil {
		cancel()
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		defer cancel()
		if c.t.Failed() { // the server is gone: nobody answers a BYE
			cancel()
		}
		if err := p.Close(); err != nil {
			c.t.Error(err)
		}
		if c.t.Failed() {
			c.t.Logf("baresip of %s:\n%s", o.User, p.Output())
		}
	})
	return &ear{p, c, ctx}
}

// dial calls a flow and waits for the answer.
func (e *ear) dial(flow string) {
	e.c.t.Helper()
	e.c.must(e.Dial(e.ctx, "sip:"+flow+"@"+e.c.sip))
	e.wait(audio.Established)
}

func (c *center) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%v\n%s", err, c.log)
	}
}

// wait waits for the next event of a kind.
func (e *ear) wait(kind string) {
	e.c.t.Helper()
	ctx, cancel := context.WithTimeout(e.ctx, patience)
	defer cancel()
	_, err := e.Wait(ctx, kind)
	e.c.must(err)
}

// do runs a command of baresip.
func (e *ear) do(name string) {
	e.c.t.Helper()
	_, err := e.Command(e.ctx, name, "")
	e.c.must(err)
}

// audio returns the counts of the current call.
func (e *ear) audio() audio.Audio {
	e.c.t.Helper()
	a, err := e.Audio(e.ctx)
	e.c.must(err)
	return a
}

// hears waits for half a second more of a voice.
func (e *ear) hears(voice uint32) {
	e.c.t.Helper()
	ctx, cancel := context.WithTimeout(e.ctx, patience)
	defer cancel()
	e.c.must(e.Hear(ctx, voice, e.audio().From[voice]+half))
}

// newVoice waits for half a second of a voice that is not known, and returns
// it.
func (e *ear) newVoice(what string, known ...uint32) (voice uint32) {
	e.c.t.Helper()
	e.c.until(what, func() bool {
		from := e.audio().From
		for _, k := range known {
			delete(from, k)
		}
		for ssrc, n := range from {
			if n >= half {
				voice = ssrc
				return true
			}
		}
		return false
	})
	return voice
}

// quiet waits until a fifth of a second passes without a packet received:
// ten packets of 20 ms.
func (e *ear) quiet() {
	e.c.t.Helper()
	last, since := -1, time.Now()
	e.c.until("no more packets", func() bool {
		if n := e.audio().Received(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 200*time.Millisecond
	})
}

// listening gives the center a flow with the player's music and with what else
// it is to play, agent 1008 at a baresip phone, logged out, and a phone to
// call from.
func (c *center) listening(agent audio.Options, sounds row, env ...string) (caller, at *ear) {
	c.t.Helper()
	agent.User, agent.Tone = "1008", 600
	at, caller = c.ear(agent), c.ear(audio.Options{User: "1005"})
	sounds["message_queue"] = "player:moh"
	c.flow("tech_support", sounds)
	c.agent("1008", row{"location": at.URI(), "logstate": "0"})
	c.start(append(env, "SIPD_REJECT=0", "SIPD_RING=20")...)
	return caller, at
}

// talks checks that caller and agent hear each other, and nobody else, and
// that nothing is played any more.
func (c *center) talks(caller, agent *ear) {
	c.t.Helper()
	from, to := caller.audio().SSRC, agent.audio().SSRC
	caller.hears(to)
	heard, told := caller.audio(), agent.audio()
	agent.hears(from)
	caller.hears(to)
	c.only(heard, caller.audio(), to)
	c.only(told, agent.audio(), from)
	c.until("nothing played", func() bool { return c.stat("player:calls") == 0 })
	if got := c.agentState("1008"); got != "incall" {
		c.t.Errorf("agent %s, want incall", got)
	}
}

// only checks that between two counts one voice was heard alone.
func (c *center) only(before, after audio.Audio, voice uint32) {
	c.t.Helper()
	all, of := after.Received()-before.Received(), after.From[voice]-before.From[voice]
	if all != of || of < half {
		c.t.Errorf("%d packets, %d of them of %#x, want %d at least and no others: %+v, then %+v", all, of, voice, half, before, after)
	}
}

// over checks what is left of a call that agent 1008 took: phones without a
// call, a CDR, an agent who rests and is free then, and nothing else.
func (c *center) over(caller, agent *ear) {
	c.t.Helper()
	caller.wait(audio.Closed)
	agent.wait(audio.Closed)
	if got := c.agentState("1008"); got != "wrapup" {
		c.t.Errorf("agent %s, want wrapup", got)
	}
	cdr := c.cdrs(1)[0]
	c.want(cdr, map[string]string{"caller": "1005", "flow_id": "tech_support", "agent_id": "1008",
		"call_type": "0", "rejected": "0", "fstats": "7", "media": "1"})
	if n, err := strconv.Atoi(cdr["talk_time"]); err != nil || n < 1 {
		c.t.Errorf("talk_time %s, want 1 s at least", cdr["talk_time"])
	}
	c.awaitAgent("1008", "free")
	c.idle()
	if n := c.stat("player:calls"); n != 0 {
		c.t.Errorf("player:calls = %d", n)
	}
}

// TestF1Audio is TestF1 with sound: the welcome, the music and the agent, each
// counted as RTP where it is heard.
func TestF1Audio(t *testing.T) {
	t.Parallel() // most of it is listening
	bothDatabases(t, func(t *testing.T, c *center) {
		caller, agent := c.listening(audio.Options{AutoAnswer: true}, row{"message_welcome": "player:welcome"})
		caller.dial("tech_support")
		welcome := caller.newVoice("the welcome")
		music := caller.newVoice("the music", welcome)
		if n := caller.audio().From[welcome]; n < 90 {
			t.Errorf("%d packets of the welcome, want 90 of its 100 at least", n)
		}
		sent, received := c.stat("player:rtp_sent"), c.stat("player:rtp_received")
		caller.hears(music)
		if a, b := c.stat("player:rtp_sent"), c.stat("player:rtp_received"); a < sent+20 || b < received+20 {
			t.Errorf("the player's packets: %d to %d sent, %d to %d received; want half a second more", sent, a, received, b)
		}
		c.login("1008", 1)
		agent.wait(audio.Established)
		c.talks(caller, agent)
		c.must(caller.Hangup(caller.ctx))
		c.over(caller, agent)
	})
}

// TestRingAudio has an agent who lets it ring, with the music going on, puts
// the caller on hold during the talk, and hangs up.
func TestRingAudio(t *testing.T) {
	t.Parallel() // as above
	c := newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))
	caller, agent := c.listening(audio.Options{}, row{})
	caller.dial("tech_support")
	music := caller.newVoice("the music")
	c.login("1008", 1)
	agent.wait(audio.Incoming)
	caller.hears(music)
	c.must(agent.Answer(agent.ctx))
	agent.wait(audio.Established)
	c.talks(caller, agent)

	agent.do("hold")
	caller.quiet()
	agent.quiet()
	agent.do("resume")
	c.talks(caller, agent)

	c.must(agent.Hangup(agent.ctx))
	c.over(caller, agent)
}

// TestFlowAudio tells the agent which flow it is before the caller is joined,
// who hears the music meanwhile. The server listens on every address.
func TestFlowAudio(t *testing.T) {
	t.Parallel() // as above
	c := newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))
	port := strconv.Itoa(ports.Free(t))
	caller, agent := c.listening(audio.Options{AutoAnswer: true}, row{"message_flow_id": "player:flowid"}, "SIPD_LISTEN=udp:0.0.0.0:"+port)
	c.sip = "127.0.0.1:" + port
	caller.dial("tech_support")
	music := caller.newVoice("the music")
	c.login("1008", 1)
	agent.wait(audio.Established)
	flow := agent.newVoice("the flow", caller.audio().SSRC)
	caller.hears(music)
	c.talks(caller, agent)
	if n := agent.audio().From[flow]; n < 50 {
		t.Errorf("%d packets of the flow's name, want 50 of its 60 at least", n)
	}
	c.must(caller.Hangup(caller.ctx))
	c.over(caller, agent)
}
