package store

import "github.com/sipd/sipd/modules/callcenter/engine"

// flow reads a row of cc_flows.
func flow(r *row) engine.FlowConfig {
	f := engine.FlowConfig{
		ID:                  r.id(fFlowID, "give the flow a name"),
		Priority:            r.number(fPriority),
		Skill:               r.text(fSkill, "set it to the skill that agents need for this flow"),
		PrependCID:          r.value(fCID).String,
		MaxWrapup:           r.seconds(fMaxWrapup),
		Queue:               r.text(fQueue, "set it to the SIP URI of the music that waiting callers hear"),
		Welcome:             r.message(fWelcome),
		FlowID:              r.message(fFlowIDMsg),
		Dissuading:          r.message(fDissuading),
		DissuadingHangup:    r.number(fHangup) != 0,
		DissuadingOnHold:    r.seconds(fOnHold),
		DissuadingEWT:       r.seconds(fEWT),
		DissuadingQueueSize: r.number(fQueueSize),
	}
	if r.fault == nil {
		f.Queue = r.uri(fQueue, true)
	}
	return f
}
