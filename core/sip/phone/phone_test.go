package phone

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// open puts a phone on a network in memory.
func open(t *testing.T, n *siptest.Network, o Options) *Phone {
	t.Helper()
	p, err := New(o, func(h sip.Handler) (sip.Endpoint, error) { return n.Endpoint(o.Name, h), nil })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCallTalkBye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNetwork(t)
		a, b := open(t, n, Options{Name: "alice"}), open(t, n, Options{Name: "bob", Ring: time.Second})
		begin := time.Now()
		call, err := a.Call(t.Context(), b.URI().String(), sip.Address{})
		if err != nil {
			t.Fatal(err)
		}
		if rang := time.Since(begin); rang < time.Second {
			t.Errorf("answered after %v, want a second of ringing", rang)
		}
		talk := <-b.Answered()
		if x, y := <-call.Heard(), <-talk.Heard(); x != "bob" || y != "alice" {
			t.Errorf("alice hears %s, bob hears %s", x, y)
		}
		talk.Bye()
		<-call.Ended()
		<-talk.Ended()
		if a.Live()+b.Live() != 0 {
			t.Errorf("%d and %d calls left", a.Live(), b.Live())
		}
	})
}

func TestRefusedAndCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNetwork(t)
		a := open(t, n, Options{Name: "alice"})
		busy, silent := open(t, n, Options{Name: "busy", Code: 486}), open(t, n, Options{Name: "silent", Never: true})
		_, err := a.Call(t.Context(), busy.URI().String(), sip.Address{})
		var refused Refused
		if !errors.As(err, &refused) || refused.Code != 486 {
			t.Errorf("call to a busy phone: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Call(ctx, silent.URI().String(), sip.Address{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("call to a silent phone: %v", err)
		}
		synctest.Wait()
		<-time.After(time.Second) // virtual: the CANCEL travels
		if silent.Live() != 0 {
			t.Error("the silent phone still rings")
		}
	})
}
