package store

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// agent reads a row of cc_agents.
func agent(r *row) engine.AgentConfig {
	a := engine.AgentConfig{
		ID:       r.id(aAgentID, "give the agent a name"),
		LoggedIn: r.number(aLogState) != 0,
		Wrapup:   r.seconds(aWrapupTime),
	}
	a.Location = r.place(aLocation, "audio")
	if a.MSRPLocation = r.place(aMSRPLocation, "chats"); a.MSRPLocation != "" {
		a.MSRPSessions = r.number(aMSRPSessions)
	}
	if a.Location == "" && a.MSRPLocation == "" {
		r.fail(aLocation, "is NULL, and there is no place for chats either", "set it to the SIP URI of the agent's phone")
	}
	// OpenSIPS writes what it likes here when no wrap-up runs; it is no reason
	// to do without the agent.
	if ends, err := strconv.ParseInt(r.value(aWrapupEnd).String, 10, 64); err == nil && ends > 0 {
		a.WrapupEnds = time.Unix(ends, 0)
	}
	skills := r.value(aSkills)
	if !skills.Valid {
		r.fail(aSkills, "is NULL", "set it to a list of skills, with commas between")
	}
	a.Skills = r.skillList(skills.String)
	return a
}

// place returns where an agent is reached: NULL is nowhere, but an empty text
// is a mistake.
func (r *row) place(param, media string) string {
	v := r.value(param)
	if !v.Valid {
		return ""
	}
	if strings.TrimSpace(v.String) == "" {
		r.fail(param, "is empty", "set it to a SIP URI, or to NULL for no "+media)
		return ""
	}
	return r.uri(param, false)
}

// skillList is splitSkills, once for all agents who have the same. Nobody may
// change the list.
func (r *row) skillList(text string) []string {
	list, known := r.skills[text]
	if !known {
		list = splitSkills(text)
		r.skills[text] = list
	}
	return list
}

// splitSkills splits at commas, trims blanks and leaves out what is empty or
// there already.
func splitSkills(list string) []string {
	var skills []string
	for s := range strings.SplitSeq(list, ",") {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(skills, s) {
			skills = append(skills, s)
		}
	}
	return skills
}
