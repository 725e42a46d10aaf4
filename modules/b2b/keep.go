package b2b

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// keptVersion is the form of what Keep is given.
const keptVersion = 1

const (
	// cseqMargin is what local sequence numbers jump by at a restart: more
	// than the requests that a leg may have sent since its state was kept.
	cseqMargin = 100
	// cseqDrift is how far the kept sequence numbers of a leg may lie behind:
	// a relayed INFO is no reason to write.
	cseqDrift = cseqMargin / 2
	// maxCSeq is less than 2^31 by some margins (RFC 3261 section 8.1.1.5).
	maxCSeq = 1<<31 - 100*cseqMargin
)

// kept is a session on disk.
type kept struct {
	Version int               `json:"v"`
	Key     Key               `json:"key"`
	Ctx     map[string]string `json:"ctx,omitempty"`
	State   string            `json:"state,omitzero"`
	Last    int               `json:"last,omitzero"` // greatest Dest.ID
	Hops    int               `json:"hops"`
	Passed  sip.Headers       `json:"passed,omitempty"`
	Caller  keptCaller        `json:"caller"`
	Legs    []keptLeg         `json:"legs"`
	Logic   logic.State       `json:"logic"`
}

// keptCaller is a [snapshot].
type keptCaller struct {
	From   string `json:"from"`
	Sender string `json:"sender,omitzero"`
	To     string `json:"to"`
	URI    string `json:"uri"`
	CallID string `json:"call_id"`
	Source string `json:"source"`
	Socket string `json:"socket"`
}

// keptLeg is a [leg] that has not ended, or whose BYE has no answer.
type keptLeg struct {
	ID         logic.Leg    `json:"id"`
	Role       string       `json:"role"`
	Born       time.Time    `json:"born"`
	Socket     string       `json:"socket"`
	Contact    string       `json:"contact"`
	CallID     string       `json:"call_id"`
	Local      string       `json:"local"`
	Remote     string       `json:"remote"`
	Target     string       `json:"target"`
	Routes     []string     `json:"routes,omitempty"`
	CSeq       uint32       `json:"cseq"`
	RemoteCSeq uint32       `json:"remote_cseq,omitzero"`
	Bye        bool         `json:"bye,omitzero"`
	Timer      sessionTimer `json:"timer,omitzero"`
	Client     *keptInvite  `json:"client,omitempty"`  // our INVITE, until its 2xx is not repeated any more
	Request    *keptRequest `json:"request,omitempty"` // its INVITE, until it is refused or our 2xx has its ACK
}

// keptInvite is an [invitation].
type keptInvite struct {
	CSeq    uint32    `json:"cseq"`
	First   bool      `json:"first,omitzero"`
	Offered bool      `json:"offered,omitzero"`
	Done    bool      `json:"done,omitzero"`
	Tag     string    `json:"tag,omitzero"`
	Acked   bool      `json:"acked,omitzero"`
	Answer  bool      `json:"answer,omitzero"` // the ACK had one
	Until   time.Time `json:"until,omitzero"`  // the 2xx may come again
	URI     string    `json:"uri,omitzero"`    // unless the target's
	Branch  string    `json:"branch,omitzero"` // "": it was never sent
	Socket  string    `json:"socket,omitzero"`
	Addr    string    `json:"addr,omitzero"`
}

// keptRequest is what responses to an INVITE need of it.
type keptRequest struct {
	URI     string      `json:"uri"`
	Headers sip.Headers `json:"headers"`
	Source  string      `json:"source"`
	Socket  string      `json:"socket"`
}

// keep gives the owner the state when it has changed.
func (s *session) keep() {
	if s.keeper == nil || !s.changed {
		return
	}
	s.changed = false
	if s.logic.Done() && !s.leaving() {
		s.forget()
		return
	}
	data, err := s.kept().encode()
	if err != nil { // strings and numbers: it cannot happen
		s.log.Error("a session cannot be kept", "err", err)
		return
	}
	if bytes.Equal(data, s.lastKept) {
		return
	}
	s.lastKept = data
	s.keeper(s.key, data)
}

// encode is JSON without its escapes for HTML: angle brackets are frequent.
func (k kept) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(k)
	return b.Bytes(), err
}

// forget tells the owner that nothing is left to keep.
func (s *session) forget() {
	if s.keeper != nil {
		s.keeper(s.key, nil)
		s.keeper, s.lastKept = nil, nil
	}
}

// leaving reports whether a BYE has no answer yet: were it lost, nobody would
// repeat it.
func (s *session) leaving() bool {
	for _, l := range s.legs {
		if l.leaving {
			return true
		}
	}
	return false
}

func (s *session) kept() kept {
	k := kept{
		Version: keptVersion, Key: s.key, Ctx: s.ctx, State: s.state, Last: s.lastDest, Hops: s.hops, Passed: s.passed,
		Caller: keptCaller{From: s.snap.from.String(), Sender: s.snap.sender.String(), To: s.snap.to.String(), URI: s.snap.uri.String(),
			CallID: s.snap.callID, Source: s.snap.source, Socket: s.snap.socket.String()},
		Logic: s.logic.State(),
	}
	open := map[logic.Leg]logic.LegState{}
	for _, st := range k.Logic.Legs {
		open[st.ID] = st
	}
	for _, l := range s.legs {
		if st, ok := open[l.id]; ok && l.dlg.callID != "" || l.leaving {
			k.Legs = append(k.Legs, l.kept(st))
		}
	}
	return k
}

func (l *leg) kept(st logic.LegState) keptLeg {
	d := &l.dlg
	if d.cseq-l.keptCSeq >= cseqDrift || d.remoteCSeq-l.keptRemoteCSeq >= cseqDrift {
		l.keptCSeq, l.keptRemoteCSeq = d.cseq, d.remoteCSeq
	}
	k := keptLeg{
		ID: l.id, Role: l.role, Born: l.born, Contact: l.contact,
		CallID: d.callID, Local: d.local.String(), Remote: d.remote.String(), Target: d.target.String(),
		Routes: d.routes, CSeq: l.keptCSeq, RemoteCSeq: l.keptRemoteCSeq, Bye: l.leaving, Timer: l.timer,
	}
	if l.socket != nil {
		k.Socket = l.socket.String()
	}
	if l.leaving {
		return k
	}
	if i := l.client; i != nil && (i.ack == nil || time.Now().Before(i.until)) {
		k.Client = i.kept(d)
	}
	if r := l.s.served[st.Ref]; st.Server != 0 && r != nil {
		k.Request = keepRequest(r.tx.Request())
	} else if st.Server != 0 && l.answer != nil {
		k.Request = keepRequest(l.answer.tx.Request())
	}
	return k
}

func (i *invitation) kept(d *dialog) *keptInvite {
	k := &keptInvite{CSeq: i.cseq, First: i.first, Offered: i.offered, Done: i.done, Tag: i.tag, Until: i.until}
	if i.uri != d.target.String() {
		k.URI = i.uri
	}
	if i.ack != nil {
		k.Acked, k.Answer = true, len(i.ack.Body) > 0
	}
	if sent := i.sent.Load(); sent != nil {
		k.Branch, k.Socket, k.Addr = sent.Branch, sent.Socket.String(), sent.Addr.String()
	}
	return k
}

func keepRequest(req *sip.Request) *keptRequest {
	k := &keptRequest{URI: req.URI.String(), Source: req.Source.String()}
	if req.Socket != nil {
		k.Socket = req.Socket.String()
	}
	for _, h := range req.Headers {
		switch name := sip.LongName(h.Name); strings.ToLower(name) {
		case "via", "from", "to", "call-id", "cseq", "record-route":
			k.Headers.Add(name, h.Value)
		}
	}
	return k
}
