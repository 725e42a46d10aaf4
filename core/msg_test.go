package core

import (
	"errors"
	"testing"

	"github.com/sipd/sipd/core/sip"
)

// strictTx refuses a second final response, as a transaction does.
type strictTx struct {
	req  *sip.Request
	sent []*sip.Response
	err  error
}

func (t *strictTx) Request() *sip.Request       { return t.req }
func (t *strictTx) OnCancel(func(*sip.Request)) {}
func (t *strictTx) Respond(r *sip.Response) error {
	if t.err != nil {
		return t.err
	}
	t.sent = append(t.sent, r)
	return nil
}

func newMsg(method string) (*Msg, *strictTx) {
	tx := &strictTx{req: &sip.Request{Method: method}}
	return NewMsg(tx), tx
}

func TestReply(t *testing.T) {
	m, tx := newMsg("INVITE")
	m.ReplyHeaders.Add("X-Why", "because")
	for _, code := range []int{100, 180, 486} {
		if m.Settled() {
			t.Fatalf("settled before %d", code)
		}
		if err := m.Reply(code, ""); err != nil {
			t.Fatal(err)
		}
	}
	if !m.Settled() || len(tx.sent) != 3 || tx.sent[2].Headers.Get("X-Why") != "because" || tx.sent[2].Reason == "" {
		t.Errorf("settled %t, sent %+v", m.Settled(), tx.sent)
	}
	if err := m.Reply(200, ""); !errors.Is(err, ErrReplied) {
		t.Errorf("second final reply: %v", err)
	}
	if _, err := m.Own("x"); !errors.Is(err, ErrReplied) {
		t.Errorf("Own after the reply: %v", err)
	}
}

// TestReplyThatFails leaves the request open.
func TestReplyThatFails(t *testing.T) {
	m, tx := newMsg("INVITE")
	tx.err = sip.ErrFinal // cancelled and answered 487 meanwhile
	if err := m.Reply(200, ""); !errors.Is(err, sip.ErrFinal) || m.Settled() {
		t.Errorf("reply %v, settled %t", err, m.Settled())
	}
}

func TestOwn(t *testing.T) {
	m, tx := newMsg("INVITE")
	got, err := m.Own("b2b")
	if err != nil || got != sip.ServerRequest(tx) || !m.Settled() {
		t.Fatalf("Own %v, %v, settled %t", got, err, m.Settled())
	}
	if _, err := m.Own("player"); !errors.Is(err, ErrOwned) {
		t.Errorf("second Own: %v", err)
	}
	if err := m.Reply(200, ""); !errors.Is(err, ErrOwned) || len(tx.sent) > 0 {
		t.Errorf("reply of the script: %v, sent %d", err, len(tx.sent))
	}
	m.Disown()
	if m.Settled() {
		t.Error("settled after Disown")
	}
	if err := m.Reply(480, ""); err != nil || tx.sent[0].Code != 480 {
		t.Errorf("reply after Disown: %v", err)
	}
}

func TestNothingToReplyTo(t *testing.T) {
	ack, _ := newMsg("ACK")
	if err := ack.Reply(200, ""); !errors.Is(err, ErrNoReply) {
		t.Errorf("reply to ACK: %v", err)
	}
	timer := &Msg{Kind: TimerRoute}
	if err := timer.Reply(200, ""); !errors.Is(err, ErrNoReply) || !timer.Settled() {
		t.Errorf("reply in a timer route: %v", err)
	}
	if _, err := timer.Own("x"); !errors.Is(err, ErrNoReply) {
		t.Errorf("Own in a timer route: %v", err)
	}
}
