package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/sanity"
)

// admit is the filter in front of everything: the rate of the source.
func (s *Stack) admit(from netip.AddrPort) bool {
	if s.limits.trusted(from.Addr()) || s.sources.allow(from.Addr(), time.Now()) {
		return true
	}
	s.counters.drop(dropRate, from, errRate)
	return false
}

// receive handles one whole message that came in on socket, and reports
// whether it was sound. fault, when not nil, is found by the framing and
// refuses the message. A panic ends here: the next message may be a good one.
func (s *Stack) receive(raw []byte, fault *sanity.Verdict, socket *sip.Socket, from netip.AddrPort) (sound bool) {
	defer func() {
		if p := recover(); p != nil {
			s.counters.drop(panics, from, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	switch {
	case len(raw) > s.limits.MaxMessage && fault == nil:
		s.counters.drop(dropSize, from, errTooBig)
		return false
	case !plausible(raw):
		s.counters.drop(dropGarbage, from, errGarbage)
		return false
	}
	m, err := s.parser.parse(raw)
	if err != nil {
		s.counters.drop(dropReply, from, err)
		return false
	}
	if m.res != nil {
		return s.receiveResponse(m.res, fault, from)
	}
	m.req.Socket, m.req.Source = socket, from
	if m.refuse == nil {
		m.refuse = fault
	}
	return s.receiveRequest(m.req, m.refuse)
}

func (s *Stack) receiveResponse(res *sip.Response, fault *sanity.Verdict, from netip.AddrPort) bool {
	if err := sanity.CheckResponse(res); err != nil || fault != nil {
		if fault != nil {
			err = fault
		}
		s.counters.drop(dropReply, from, err)
		return false
	}
	s.counters.add(rcvReplies)
	res.Source = from
	s.layer.HandleResponse(res)
	return true
}

func (s *Stack) receiveRequest(req *sip.Request, refuse *sanity.Verdict) bool {
	if refuse == nil {
		refuse = s.rules.Check(req)
	}
	if refuse != nil {
		s.refuse(req, refuse)
		return false
	}
	s.counters.add(rcvRequests)
	if req.Method == sip.ACK && req.ToTag() == s.refusalTag(req) {
		return true
	}
	s.layer.HandleRequest(req)
	return true
}

// refuse answers a request without keeping anything of it. An ACK is never
// answered, and what has no Via cannot be.
func (s *Stack) refuse(req *sip.Request, v *sanity.Verdict) {
	if req.Method == sip.ACK || !req.Headers.Has("Via") {
		s.counters.drop(dropRequest, req.Source, v)
		return
	}
	s.counters.drop(refusals, req.Source, v)
	answer := *req
	answer.Headers = onlyFirst(req.Headers)
	if via, err := answer.Headers.TopVia(); err == nil {
		via.Stamp(req.Source)
		answer.Headers.SetTopVia(via)
	}
	res := sip.NewResponse(&answer, v.Code, v.Reason, s.refusalTag(req))
	res.Headers = append(res.Headers, v.Headers...)
	if err := s.SendResponse(res, req.Socket, req.Source); err != nil {
		s.counters.drop(sendErrors, req.Source, err)
	}
}

// onlyFirst leaves out what a response must not repeat.
func onlyFirst(h sip.Headers) sip.Headers {
	var out sip.Headers
	for _, f := range h {
		via := strings.EqualFold(sip.LongName(f.Name), "Via")
		if via || !out.Has(f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// refusalTag is the To tag of a refusal: unguessable, the same for each
// retransmission, and for the ACK.
func (s *Stack) refusalTag(req *sip.Request) string {
	seq, _ := req.CSeq()
	branch := req.Headers.Get("Via")
	if via, err := req.Headers.TopVia(); err == nil {
		branch = via.SentBy() + via.Branch()
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{s.secret, branch, req.CallID(), req.FromTag(), strconv.FormatUint(uint64(seq), 10)}, "\n")))
	return hex.EncodeToString(sum[:8])
}
