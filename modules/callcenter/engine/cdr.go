package engine

import "time"

// cdr is a row about the call as it is now.
func (c *call) cdr(t CDRType, wait, rang, talk time.Duration, bits ...int) CDR {
	stats := StatReceived
	if c.times.distributed {
		stats |= StatDistributed
	}
	for _, b := range bits {
		stats |= b
	}
	return CDR{
		Call: c.id, Caller: c.caller.user, Received: c.arrived,
		Wait: wait, Pickup: rang, Talk: talk,
		Flow: c.flow.cfg.ID, Agent: c.agentID(), Type: t,
		Rejected: c.rejections, Stats: stats, CID: c.cid, Media: c.media,
	}
}
