package scripting

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// builtins declares the functions that answer a code and belong to no module
// of sipd; in OpenSIPS they are spread over sipmsgops, sl, tm, maxfwd and the
// core. Their names, arguments and codes are OpenSIPS's. st may be nil when
// only the declarations are wanted.
func builtins(st *state) []core.Func {
	str, num := core.StringKind, core.IntKind
	reply := func(name string) core.Func {
		return core.Func{Name: name, Args: []core.Arg{{Name: "code", Kind: num}, {Name: "reason", Kind: str, Optional: true}},
			Codes: map[core.Code]string{-1: "refused: answered already, owned by a module, or an ACK; the log says which"},
			Doc:   "answers the request, with the headers of append_to_reply; a code from 100 to 699", Call: st.sendReply}
	}
	return []core.Func{
		{Name: "is_method", Args: []core.Arg{{Name: "methods", Kind: str}}, Routes: core.MessageRoutes, Test: true,
			Doc: `tests the method against one or more, joined with "|"`, Call: isMethod},
		{Name: "has_totag", Routes: core.MessageRoutes, Test: true,
			Doc: "tests whether To has a tag: the request belongs to a dialog", Call: hasToTag},
		{Name: "has_body", Args: []core.Arg{{Name: "type", Kind: str, Optional: true}}, Routes: core.MessageRoutes, Test: true,
			Doc: `tests whether there is a body, and of that Content-Type ("application/sdp")`, Call: hasBody},
		{Name: "is_myself", Args: []core.Arg{{Name: "host", Kind: str}, {Name: "port", Kind: num, Optional: true}},
			Routes: core.AnyRoute, Test: true,
			Doc: "tests whether a host, host:port or URI is a socket of this server, its advertised address or an alias", Call: st.isMyself},
		{Name: "mf_process_maxfwd_header", Args: []core.Arg{{Name: "max", Kind: num}},
			Codes: map[core.Code]string{2: "there was no Max-Forwards; it was added with max", -1: "it is 0 already", -2: "it is malformed"},
			Doc:   "takes one off Max-Forwards", Call: st.maxForwards},
		reply("send_reply"), reply("sl_send_reply"), reply("t_reply"),
		{Name: "options_reply", Codes: map[core.Code]string{-1: "not an OPTIONS request, or answered already"},
			Doc: "answers OPTIONS with 200 and what this server can do", Call: st.optionsReply},
		{Name: "append_hf", Args: []core.Arg{{Name: "header", Kind: str}}, Routes: core.MessageRoutes,
			Codes: map[core.Code]string{-1: `not of the form "Name: value"`},
			Doc:   "adds a header to the request: as the modules see it, or in local_route as it is sent", Call: st.appendHeader},
		{Name: "remove_hf", Args: []core.Arg{{Name: "name", Kind: str}}, Routes: core.MessageRoutes,
			Codes: map[core.Code]string{-1: "there is none, or the transaction needs it"},
			Doc:   "removes every header of that name from the request", Call: st.removeHeader},
		{Name: "is_present_hf", Args: []core.Arg{{Name: "name", Kind: str}}, Routes: core.MessageRoutes, Test: true,
			Doc: "tests whether the request has a header of that name", Call: hasHeader},
		{Name: "append_to_reply", Args: []core.Arg{{Name: "header", Kind: str}},
			Codes: map[core.Code]string{-1: `not of the form "Name: value"`},
			Doc:   "adds a header to the reply that this script will send", Call: st.appendToReply},
		{Name: "setflag", Args: []core.Arg{{Name: "name", Kind: str}}, Routes: core.AnyRoute,
			Doc: "sets a flag of this message", Call: st.setFlag},
		{Name: "resetflag", Args: []core.Arg{{Name: "name", Kind: str}}, Routes: core.AnyRoute,
			Doc: "clears a flag of this message", Call: st.resetFlag},
		{Name: "isflagset", Args: []core.Arg{{Name: "name", Kind: str}}, Routes: core.AnyRoute, Test: true,
			Doc: "tests a flag of this message", Call: st.isFlagSet},
		{Name: "subscribe_event", Args: []core.Arg{{Name: "event", Kind: str}, {Name: "socket", Kind: str}, {Name: "expire", Kind: num, Optional: true}},
			Routes: core.AnyRoute, Codes: map[core.Code]string{-1: "refused: the log says why"},
			Doc:  `sends an event to a socket, such as "udp:host:port", for so many seconds; for ever without a time, and no longer with 0`,
			Call: st.subscribeEvent},
	}
}

func test(b bool) core.Code {
	if b {
		return core.True
	}
	return core.False
}

func isMethod(_ context.Context, m *core.Msg, a core.Args) core.Code {
	for name := range strings.SplitSeq(a.String(0), "|") {
		if strings.EqualFold(strings.TrimSpace(name), m.Req.Method) {
			return core.True
		}
	}
	return core.False
}

func hasToTag(_ context.Context, m *core.Msg, _ core.Args) core.Code {
	return test(m.Req.ToTag() != "")
}

func hasBody(_ context.Context, m *core.Msg, a core.Args) core.Code {
	if len(m.Req.Body) == 0 {
		return core.False
	}
	kind, _, _ := strings.Cut(m.Req.Headers.Get("Content-Type"), ";")
	return test(!a.Has(0) || strings.EqualFold(strings.TrimSpace(kind), a.String(0)))
}

func hasHeader(_ context.Context, m *core.Msg, a core.Args) core.Code {
	return test(m.Req.Headers.Has(a.String(0)))
}

func (st *state) isMyself(_ context.Context, _ *core.Msg, a core.Args) core.Code {
	text, port := st.expand(a.String(0)), a.Int(1)
	if strings.HasPrefix(text, "sip:") || strings.HasPrefix(text, "sips:") {
		u, err := sip.ParseURI(text)
		if err != nil {
			return core.False
		}
		return test(st.api.b.IsMyself(u.Host, u.Port))
	}
	host, p, err := sip.SplitHostPort(text)
	if err != nil {
		return core.False
	}
	if !a.Has(1) {
		port = p
	}
	return test(st.api.b.IsMyself(host, port))
}

func (st *state) maxForwards(_ context.Context, m *core.Msg, a core.Args) core.Code {
	value := m.Req.Headers.Get("Max-Forwards")
	if value == "" {
		st.request().Headers.Add("Max-Forwards", strconv.Itoa(a.Int(0)))
		return 2
	}
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 8) // 0 to 255: RFC 3261 section 20.22
	switch {
	case err != nil:
		return -2
	case n == 0:
		return -1
	}
	st.request().Headers.Set("Max-Forwards", strconv.FormatUint(n-1, 10))
	return core.True
}

func (st *state) sendReply(_ context.Context, m *core.Msg, a core.Args) core.Code {
	code := a.Int(0)
	if code < 100 || code > 699 {
		st.at.RaiseError("send_reply: want a code from 100 to 699, got %d", code)
	}
	return st.reply(m, code, clean(st.expand(a.String(1))))
}

func (st *state) reply(m *core.Msg, code int, reason string) core.Code {
	if err := m.Reply(code, reason); err != nil {
		st.api.b.Log.Warn("reply refused", "code", code, "err", err, "at", here(st.at).String(), "call_id", m.Req.CallID())
		return core.False
	}
	return core.True
}

func (st *state) optionsReply(_ context.Context, m *core.Msg, _ core.Args) core.Code {
	if m.Req.Method != sip.OPTIONS {
		return core.False
	}
	m.ReplyHeaders.Set("Accept", "application/sdp")
	m.ReplyHeaders.Set("Accept-Language", "en")
	m.ReplyHeaders.Set("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE")
	return st.reply(m, 200, "")
}

// request returns the request for changing: a copy of the one that came in,
// which belongs to its transaction.
func (st *state) request() *sip.Request {
	r := st.run
	if !r.own {
		r.msg.Req = r.msg.Req.Clone()
		r.own = true
	}
	return r.msg.Req
}

// headerLine reads "Name: value\r\n".
func headerLine(s string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(s, ":")
	name, value = strings.TrimSpace(name), clean(strings.TrimSpace(value))
	return name, value, ok && isToken(name)
}

// isToken reports whether s is a token (RFC 3261 section 25.1).
func isToken(s string) bool {
	for i := range len(s) {
		if !isAlpha(s[i]) && !isDigit(s[i]) && strings.IndexByte("-.!%*_+`'~", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// clean takes away what would end a header line early.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

func (st *state) appendHeader(_ context.Context, _ *core.Msg, a core.Args) core.Code {
	name, value, ok := headerLine(st.expand(a.String(0)))
	if !ok {
		return core.False
	}
	st.request().Headers.Add(name, value)
	return core.True
}

// vital are the headers without which a transaction cannot be answered.
var vital = [...]string{"Via", "From", "To", "Call-ID", "CSeq"}

func (st *state) removeHeader(_ context.Context, m *core.Msg, a core.Args) core.Code {
	name := a.String(0)
	if slices.Contains(vital[:], canonical(name)) || !m.Req.Headers.Has(name) {
		return core.False
	}
	return test(st.request().Headers.Del(name) > 0)
}

// canonical is the long form of a name in the letters of vital.
func canonical(name string) string {
	name = sip.LongName(name)
	for _, v := range vital {
		if strings.EqualFold(v, name) {
			return v
		}
	}
	return name
}

func (st *state) appendToReply(_ context.Context, m *core.Msg, a core.Args) core.Code {
	name, value, ok := headerLine(st.expand(a.String(0)))
	if !ok {
		return core.False
	}
	m.ReplyHeaders.Add(name, value)
	return core.True
}
