package main

import (
	"context"
	"errors"

	"github.com/sipd/sipd/modules/callcenter"
)

type agentCmd struct {
	List agentListCmd `cmd:"" help:"List the agents of the database."`
	Add  agentAddCmd  `cmd:"" help:"Add an agent. He needs --skills, and --location or --msrp-location."`
	Set  agentSetCmd  `cmd:"" help:"Change columns of an agent."`
	Rm   agentRmCmd   `cmd:"" help:"Remove an agent."`
}

type agentListCmd struct {
	place
	JSON bool `help:"Print the rows as JSON."`
}

type agentAddCmd struct {
	ID string `arg:"" help:"The agentid, as in sipd mi cc_agent_login."`
	agentFlags
	provisionFlags
}

type agentSetCmd struct {
	ID string `arg:"" help:"The agentid."`
	agentFlags
	provisionFlags
}

type agentRmCmd struct {
	ID string `arg:"" help:"The agentid."`
	provisionFlags
}

// agentFlags are the columns of cc_agents. Nil was not given.
type agentFlags struct {
	Location        *string `group:"Columns of cc_agents:" placeholder:"URI" help:"SIP URI of the agent's phone; \"\" for no audio."`
	Logstate        *string `group:"Columns of cc_agents:" placeholder:"0|1" help:"1: logged in when the server reads the table; 0 when not given."`
	MSRPLocation    *string `group:"Columns of cc_agents:" name:"msrp-location" placeholder:"URI" help:"SIP URI for chats; \"\" for no chats."`
	MSRPMaxSessions *string `group:"Columns of cc_agents:" name:"msrp-max-sessions" placeholder:"N" help:"Chats at once; 4."`
	Skills          *string `group:"Columns of cc_agents:" placeholder:"A,B" help:"Skills, with commas between; upper and lower case differ."`
	WrapupTime      *string `group:"Columns of cc_agents:" placeholder:"SECONDS" help:"Pause after each call; 0: that of the server."`
}

func (f *agentFlags) changes() callcenter.Changes {
	return given(map[string]*string{
		"location": f.Location, "logstate": f.Logstate, "msrp_location": f.MSRPLocation,
		"msrp_max_sessions": f.MSRPMaxSessions, "skills": f.Skills, "wrapup_time": f.WrapupTime,
	})
}

// Run prints the agents.
func (c *agentListCmd) Run(s streams) error { return agentTable.list(s, c.place, c.JSON) }

// Run adds an agent.
func (c *agentAddCmd) Run(s streams) error {
	return agentTable.put(s, c.provisionFlags, "add", c.ID, func(ctx context.Context, e *callcenter.Editor) (callcenter.Row, error) {
		changes := c.changes()
		if changes["skills"] == "" {
			return callcenter.Row{}, errors.New("an agent without skills gets no calls: add --skills a,b")
		}
		return e.Add(ctx, c.ID, changes)
	})
}

// Run changes an agent.
func (c *agentSetCmd) Run(s streams) error {
	return agentTable.set(s, c.provisionFlags, c.ID, c.changes())
}

// Run removes an agent.
func (c *agentRmCmd) Run(s streams) error { return agentTable.remove(s, c.provisionFlags, c.ID) }
