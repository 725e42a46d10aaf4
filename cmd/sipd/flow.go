package main

import (
	"context"

	"github.com/sipd/sipd/modules/callcenter"
)

type flowCmd struct {
	List flowListCmd `cmd:"" help:"List the flows of the database."`
	Add  flowAddCmd  `cmd:"" help:"Add a flow. It needs --skill and --message-queue."`
	Set  flowSetCmd  `cmd:"" help:"Change columns of a flow."`
	Rm   flowRmCmd   `cmd:"" help:"Remove a flow."`
}

type flowListCmd struct {
	place
	JSON bool `help:"Print the rows as JSON."`
}

type flowAddCmd struct {
	ID string `arg:"" help:"The flowid: what the route gives to cc_handle_call."`
	flowFlags
	provisionFlags
}

type flowSetCmd struct {
	ID string `arg:"" help:"The flowid."`
	flowFlags
	provisionFlags
}

type flowRmCmd struct {
	ID string `arg:"" help:"The flowid."`
	provisionFlags
}

// flowFlags are the columns of cc_flows. Nil was not given.
type flowFlags struct {
	Priority           *string `group:"Columns of cc_flows:" placeholder:"N" help:"Flows with a smaller number are served first; 256."`
	Skill              *string `group:"Columns of cc_flows:" placeholder:"WORD" help:"What an agent must be able to do."`
	PrependCID         *string `group:"Columns of cc_flows:" name:"prependcid" placeholder:"TEXT" help:"Put before the caller's name on the agent's phone; \"\" for none."`
	MaxWrapupTime      *string `group:"Columns of cc_flows:" placeholder:"SECONDS" help:"Longest pause of an agent after a call of this flow; 0: no limit."`
	DissuadingHangup   *string `group:"Columns of cc_flows:" placeholder:"0|1" help:"1: the call ends after the dissuading message."`
	DissuadingOnholdTh *string `group:"Columns of cc_flows:" placeholder:"SECONDS" help:"Dissuade who has waited so long; 0: never."`
	DissuadingEwtTh    *string `group:"Columns of cc_flows:" placeholder:"SECONDS" help:"Dissuade at arrival who would wait longer; 0: never."`
	DissuadingQsizeTh  *string `group:"Columns of cc_flows:" placeholder:"CALLS" help:"Dissuade at arrival when so many wait; 0: never."`
	MessageWelcome     *string `group:"Columns of cc_flows:" placeholder:"URI" help:"SIP URI or player:NAME of the welcome; \"\" for none."`
	MessageQueue       *string `group:"Columns of cc_flows:" placeholder:"URI" help:"SIP URI or player:NAME of what waiting callers hear."`
	MessageDissuading  *string `group:"Columns of cc_flows:" placeholder:"URI" help:"SIP URI or player:NAME of the dissuading message; \"\" for none."`
	MessageFlowID      *string `group:"Columns of cc_flows:" name:"message-flow-id" placeholder:"URI" help:"SIP URI or player:NAME of what the agent hears before the caller; \"\" for nothing."`
}

func (f *flowFlags) changes() callcenter.Changes {
	return given(map[string]*string{
		"priority": f.Priority, "skill": f.Skill, "prependcid": f.PrependCID, "max_wrapup_time": f.MaxWrapupTime,
		"dissuading_hangup": f.DissuadingHangup, "dissuading_onhold_th": f.DissuadingOnholdTh,
		"dissuading_ewt_th": f.DissuadingEwtTh, "dissuading_qsize_th": f.DissuadingQsizeTh,
		"message_welcome": f.MessageWelcome, "message_queue": f.MessageQueue,
		"message_dissuading": f.MessageDissuading, "message_flow_id": f.MessageFlowID,
	})
}

// given leaves out the flags that were not on the command line.
func given(all map[string]*string) callcenter.Changes {
	c := callcenter.Changes{}
	for column, value := range all {
		if value != nil {
			c[column] = *value
		}
	}
	return c
}

// Run prints the flows.
func (c *flowListCmd) Run(s streams) error { return flowTable.list(s, c.place, c.JSON) }

// Run adds a flow.
func (c *flowAddCmd) Run(s streams) error {
	return flowTable.put(s, c.provisionFlags, "add", c.ID, func(ctx context.Context, e *callcenter.Editor) (callcenter.Row, error) {
		return e.Add(ctx, c.ID, c.changes())
	})
}

// Run changes a flow.
func (c *flowSetCmd) Run(s streams) error {
	return flowTable.set(s, c.provisionFlags, c.ID, c.changes())
}

// Run removes a flow.
func (c *flowRmCmd) Run(s streams) error { return flowTable.remove(s, c.provisionFlags, c.ID) }
