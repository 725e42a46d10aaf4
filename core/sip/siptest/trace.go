package siptest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// Entry is one message of the trace, noted when it was sent.
type Entry struct {
	At       time.Duration // since the network was made
	From, To string
	What     string // "INVITE", "200 INVITE"
	CSeq     uint32
	CallID   string
	SDP      string // owner and version of the session description, "" without: see [SDPOwner]
	Lost     bool
	Raw      string
}

// String is one line: "alice > pbx  INVITE 1 (alice/1)".
func (e Entry) String() string {
	s := fmt.Sprintf("%s > %s  %s %d", e.From, e.To, e.What, e.CSeq)
	if e.SDP != "" {
		s += " (" + e.SDP + ")"
	}
	if e.Lost {
		s += " LOST"
	}
	return s
}

func (n *Network) note(p Packet, m *message, f Fate) {
	if n.NoTrace {
		return
	}
	e := Entry{At: time.Since(n.start), From: p.From, To: p.To, What: describe(p.Request, p.Response), Lost: f.Drop || f.Refuse, Raw: string(m.raw)}
	headers, body := headersOf(p.Request, p.Response)
	e.CSeq, _ = sip.ParseCSeq(headers.Get("CSeq"))
	e.CallID, e.SDP = headers.Get("Call-ID"), SDPOwner(body)
	n.trace = append(n.trace, e)
}

func describe(req *sip.Request, res *sip.Response) string {
	if req != nil {
		return req.Method
	}
	_, method := res.CSeq()
	return strconv.Itoa(res.Code) + " " + method
}

func headersOf(req *sip.Request, res *sip.Response) (sip.Headers, []byte) {
	if req != nil {
		return req.Headers, req.Body
	}
	return res.Headers, res.Body
}

// Trace returns every message sent so far.
func (n *Network) Trace() []Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]Entry(nil), n.trace...)
}

// Count returns how many messages were sent that match: from and to may be
// "" for any, what is as [Entry].What, or "" for any.
func (n *Network) Count(from, to, what string) int {
	count := 0
	for _, e := range n.Trace() {
		if (from == "" || e.From == from) && (to == "" || e.To == to) && (what == "" || e.What == what) {
			count++
		}
	}
	return count
}

// Ladder draws the trace, one column for each endpoint.
func (n *Network) Ladder() string {
	const width = 26
	trace := n.Trace()
	column := map[string]int{}
	n.mu.Lock()
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", 12))
	for i, ep := range n.order {
		column[ep.name] = i
		fmt.Fprintf(&b, "%-*s", width, ep.name)
	}
	n.mu.Unlock()
	b.WriteByte('\n')
	for _, e := range trace {
		from, okFrom := column[e.From]
		to, okTo := column[e.To]
		if !okFrom || !okTo {
			fmt.Fprintf(&b, "%10.3fs %s\n", e.At.Seconds(), e)
			continue
		}
		fmt.Fprintf(&b, "%10.3fs %s\n", e.At.Seconds(), rung(e, from, to, width))
	}
	return b.String()
}

// rung draws one arrow.
func rung(e Entry, from, to, width int) string {
	text := fmt.Sprintf("%s %d", e.What, e.CSeq)
	if e.SDP != "" {
		text += " (" + e.SDP + ")"
	}
	if e.Lost {
		text += " LOST"
	}
	left, right := min(from, to), max(from, to)
	room := max((right-left)*width-3, 1)
	line := text + strings.Repeat("-", max(room-len(text), 0))
	indent := strings.Repeat(" ", left*width)
	switch {
	case from == to:
		return indent + "(self) " + text
	case from < to:
		return indent + "|" + line + ">|"
	}
	return indent + "|<" + line + "|"
}
