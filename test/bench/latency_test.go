package bench

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/core/sip/stack"
)

// waitingCalls is how many callers hear the queue during BenchmarkByeToInvite.
const waitingCalls = 200

// BenchmarkByeToInvite reports the time from the BYE that an agent's phone
// sends to the INVITE for the next waiting call at the same phone, on
// loopback, with a wrap-up of 0 and 200 calls waiting.
func BenchmarkByeToInvite(b *testing.B) {
	for b.Loop() {
		byeToInvite(b, 300)
	}
}

func byeToInvite(b *testing.B, samples int) {
	agent := openPhone(b, phone.Options{Name: "agent"})
	media := openPhone(b, phone.Options{Name: "moh"})
	caller := openPhone(b, phone.Options{Name: "caller"})
	s := startServer(b, []string{agent.URI().String()}, media.URI().String())
	ctx, cancel := context.WithTimeout(b.Context(), 3*time.Minute)
	defer cancel()
	dial := func() {
		if _, err := caller.Call(ctx, "sip:bench@"+s.sip, sip.Address{}); err != nil {
			b.Fatalf("call: %v", err)
		}
	}
	for range waitingCalls + 1 { // the first goes to the agent
		dial()
	}
	talk := <-agent.Answered()
	<-agent.Invited()
	var took []time.Duration
	for range samples {
		joined(b, ctx, talk)
		begin := time.Now()
		talk.Bye()
		select {
		case <-agent.Invited():
			took = append(took, time.Since(begin))
		case <-ctx.Done():
			b.Fatalf("no INVITE after the BYE; %d samples", len(took))
		}
		talk = <-agent.Answered()
		dial() // as many wait as before
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// joined waits until the agent has the caller's answer: before that a BYE
// would be a refusal.
func joined(b *testing.B, ctx context.Context, talk *phone.Call) {
	b.Helper()
	select {
	case <-talk.Heard():
	case <-ctx.Done():
		b.Fatal("the agent was not joined to a caller")
	}
}

func openPhone(b *testing.B, o phone.Options) *phone.Phone {
	b.Helper()
	p, err := phone.New(o, func(h sip.Handler) (sip.Endpoint, error) {
		s, err := stack.Open(b.Context(), stack.Options{Listen: []stack.Listen{{Proto: "udp", Host: "127.0.0.1"}}, Handler: h})
		if err != nil {
			return nil, err
		}
		b.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if err := s.Close(ctx); err != nil {
				fmt.Println("close:", err)
			}
		})
		return s, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return p
}
