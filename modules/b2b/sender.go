package b2b

import (
	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// sender is the URI of From towards the parties: what the route has put into
// the AVP that b2bl_from_spec_param names, or the caller's.
func (m *Module) sender(msg *core.Msg, caller sip.URI) sip.URI {
	name, _ := avpName(m.params.fromSpec) // checked at the start
	values := msg.AVPs[name]
	if name == "" || len(values) == 0 {
		return caller
	}
	text, _ := values[0].(string)
	a, err := sip.ParseAddress(text)
	if err != nil {
		m.log.Warn("From is the caller's: the AVP of b2bl_from_spec_param holds no URI", "avp", name, "value", values[0], "call_id", msg.Req.CallID())
		return caller
	}
	return a.URI
}
