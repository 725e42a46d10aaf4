package audio_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/test/audio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limited returns a context for a whole test with its clean-up: that of t
// ends before.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func start(ctx context.Context, t *testing.T, o audio.Options) *audio.Phone {
	t.Helper()
	p, err := audio.Start(ctx, t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(p.Output())
		}
	})
	return p
}

// Two phones and nothing between them: what the helper counts must be right
// before it is trusted with a server in the middle.
func TestTwoPhones(t *testing.T) {
	ctx := limited(t)
	agent := start(ctx, t, audio.Options{User: "agent", AutoAnswer: true})
	caller := start(ctx, t, audio.Options{User: "caller", Tone: 400})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for call := 1; call <= 2; call++ {
		must(caller.Dial(ctx, agent.URI()))
		_, err := caller.Wait(ctx, audio.Established)
		must(err)
		_, err = agent.Wait(ctx, audio.Heard)
		must(err)
		there, err := agent.Audio(ctx)
		must(err)
		here, err := caller.Audio(ctx)
		must(err)
		const half = 25 // packets in half a second
		must(caller.Hear(ctx, there.SSRC, half))
		must(agent.Hear(ctx, here.SSRC, half))
		here, err = caller.Audio(ctx)
		must(err)
		there, err = agent.Audio(ctx)
		must(err)
		t.Logf("call %d: caller %+v, agent %+v", call, here, there)
		if len(here.From) != 1 || len(there.From) != 1 || there.Sent < half {
			t.Errorf("call %d: caller %+v, agent %+v; want one voice each", call, here, there)
		}
		must(caller.Hangup(ctx))
		_, err = agent.Wait(ctx, audio.Closed)
		must(err)
		_, err = caller.Wait(ctx, audio.Closed)
		must(err)
		if a, err := caller.Audio(ctx); err == nil {
			t.Errorf("after the call: %+v", a)
		}
	}
}

// A refused call has no counts and closes with the reason.
func TestNobodyThere(t *testing.T) {
	ctx := limited(t)
	agent := start(ctx, t, audio.Options{User: "agent"})
	caller := start(ctx, t, audio.Options{User: "caller"})
	if err := caller.Dial(ctx, agent.URI()); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Wait(ctx, audio.Incoming); err != nil {
		t.Fatal(err)
	}
	if err := agent.Hangup(ctx); err != nil {
		t.Fatal(err)
	}
	e, err := caller.Wait(ctx, audio.Closed)
	if err != nil {
		t.Fatal(err)
	}
	if e.Peer != agent.URI() || e.Param == "" {
		t.Errorf("closed with %+v", e)
	}
}
