package callcenter

import (
	"context"
	"errors"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// The codes of cc_handle_call beyond the engine's, as OpenSIPS gives them.
const (
	codeNoFlow  core.Code = -1
	codeNoFrom  core.Code = -2
	codeUnknown core.Code = -3
	codeClosed  core.Code = -4
	codeFault   core.Code = -5
	codeNoSDP   core.Code = -6
	codeMedia   core.Code = -7
)

func (m *module) functions() []core.Func {
	return []core.Func{
		{
			Name: "cc_handle_call",
			Args: []core.Arg{
				{Name: "flow", Kind: core.StringKind},
				{Name: "param", Kind: core.StringKind, Optional: true},
				{Name: "media", Kind: core.StringKind, Optional: true},
			},
			Codes: map[core.Code]string{
				codeNoFlow:  "no flow was named, or the request is not an initial INVITE",
				codeNoFrom:  "From cannot be parsed",
				codeUnknown: "no such flow",
				codeClosed:  "no agent with the skill is logged in, and reject_on_no_agents is 1",
				codeFault:   "internal error",
				codeNoSDP:   "the body is not a usable SDP",
				codeMedia:   "the media is neither RTP nor MSRP",
			},
			Doc:  "puts the call into a flow; after 1 the request belongs to the call center",
			Call: m.handleCall,
		},
		{
			Name: "cc_agent_login",
			Args: []core.Arg{
				{Name: "agent", Kind: core.StringKind},
				{Name: "state", Kind: core.IntKind},
			},
			Codes: map[core.Code]string{codeUnknown: "no such agent"},
			Doc:   "logs an agent in (state not 0) or out (0)",
			Call:  m.agentLogin,
		},
	}
}

// handleCall is cc_handle_call. The session exists before the engine hears of
// the call, so that the engine's first Connect finds it; it carries no
// traffic until the engine has accepted.
func (m *module) handleCall(_ context.Context, msg *core.Msg, a core.Args) core.Code {
	flow, req := a.String(0), msg.Req
	if flow == "" || req.Method != sip.INVITE || req.ToTag() != "" {
		return codeNoFlow
	}
	from, err := req.From()
	if err != nil {
		return codeNoFrom
	}
	media, code := mediaArg(a, req.Body)
	if code != core.True {
		return code
	}
	o := b2b.SessionOptions{Observer: m.observe, Ctx: map[string]string{m.params.ctxParam: a.String(1)}}
	if m.keeps() {
		o.Keep = m.memory.session
	}
	key, err := m.sessions.NewSession(msg, o)
	if errors.Is(err, b2b.ErrAnswered) {
		return core.True // the request is not the script's any more
	}
	if err != nil {
		m.log.Error("cc_handle_call", "flow", flow, "call_id", req.CallID(), "err", err)
		return codeFault
	}
	got := m.runner.request(engine.CallArrived{Call: engine.CallID(key), Flow: flow, Media: media,
		User: from.URI.User, Display: from.Display, Param: a.String(1)})
	if got != engine.Done {
		m.sessions.Release(key)
		return core.Code(got)
	}
	m.log.Info("call accepted", "call", key, "flow", flow, "call_id", req.CallID(), "caller", from.URI.User)
	return core.True
}

// mediaArg is the media of the call: the script's word, or what the SDP says.
func mediaArg(a core.Args, body []byte) (engine.Media, core.Code) {
	var media engine.Media
	var err error
	if a.Has(2) && a.String(2) != "" {
		media, err = mediaNamed(a.String(2))
	} else {
		media, err = mediaOf(body)
	}
	switch {
	case errors.Is(err, errNoSDP):
		return 0, codeNoSDP
	case err != nil:
		return 0, codeMedia
	}
	return media, core.True
}

func (m *module) agentLogin(_ context.Context, _ *core.Msg, a core.Args) core.Code {
	return core.Code(m.runner.request(engine.AgentLogin{Agent: a.String(0), On: a.Int(1) != 0}))
}

// observe hears the B2B sessions; it only posts.
func (m *module) observe(e b2b.Event) {
	if ev := heard(e); ev != nil {
		m.runner.post(ev)
	}
}
