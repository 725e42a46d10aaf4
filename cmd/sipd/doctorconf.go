package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/callcenter"
	"github.com/sipd/sipd/modules/player"
)

// configuration looks for settings that contradict each other. It asks
// nobody.
func (p *patient) configuration(found *symptoms) {
	if !p.settings.InternalDispatching {
		found.add(sevWarning, `an external dispatcher must send cc_dispatch_call_to_agent; without one, set internal_call_dispatching to 1 (it is not about internal calls)`,
			"internal_call_dispatching is 0: sipd gives no call to an agent by itself")
	}
	loaded, sounds := p.player(found)
	for _, f := range p.flows {
		p.staff(f, found)
		p.messages(f, found)
		for _, column := range []string{"message_welcome", "message_queue", "message_dissuading", "message_flow_id"} {
			uri := f.Get(column)
			switch builtin := strings.HasPrefix(strings.ToLower(uri), "player:"); {
			case builtin && !loaded:
				found.add(sevError, `add loadmodule "player"`, "flow %s: %s is %s, and the module player is not loaded", f.ID(), column, uri)
			case builtin && sounds != nil && !slices.Contains(sounds, soundOf(uri)):
				found.add(sevError, "there are "+strings.Join(sounds, ", ")+"; add NAME.wav to sounds_dir", "flow %s: %s is %s, and the player has no such sound", f.ID(), column, uri)
			case !builtin && uri != "" && !loaded && p.self(uri):
				found.add(sevError, "set it to the media server, or load the module player and write player:NAME", "flow %s: %s %s is sipd itself", f.ID(), column, uri)
			}
		}
	}
	for _, a := range p.agents {
		if uri := a.Get("location"); uri != "" && p.self(uri) && p.concerns(a) {
			found.add(sevError, "set it to the agent's phone, or to the registrar that knows it", "agent %s: location %s is sipd itself", a.ID(), uri)
		}
	}
}

// player tells whether the module player is loaded, and its sounds.
func (p *patient) player(found *symptoms) (loaded bool, sounds []string) {
	if !slices.ContainsFunc(p.cfg.Loads, func(l core.Load) bool { return l.Name == "player" }) {
		return false, nil
	}
	dir := ""
	for _, set := range p.cfg.Params {
		if set.Module == "player" && set.Name == "sounds_dir" {
			dir, _ = set.Value.(string)
		}
	}
	sounds, err := player.Sounds(dir)
	if err != nil {
		found.add(sevError, "mend it: sipd does not start so", "player: %v", err)
		return true, nil
	}
	return true, sounds
}

// soundOf is NAME of player:NAME;params.
func soundOf(uri string) string {
	name, _, _ := strings.Cut(uri[len("player:"):], ";")
	return name
}

// messages looks at one flow's messages and thresholds.
func (p *patient) messages(f callcenter.Row, found *symptoms) {
	set := func(column string) bool { return f.Get(column) != "" && f.Get(column) != "0" }
	var thresholds []string
	for _, t := range []string{"dissuading_onhold_th", "dissuading_ewt_th", "dissuading_qsize_th"} {
		if set(t) {
			thresholds = append(thresholds, t)
		}
	}
	id := f.ID()
	switch {
	case !set("message_dissuading") && len(thresholds) > 0:
		found.add(sevWarning, fmt.Sprintf("run sipd flow set %s --message-dissuading URI -f %s, or set it to 0", id, p.file), "flow %s: %s has no effect without message_dissuading", id, strings.Join(thresholds, ", "))
	case set("message_dissuading") && thresholds == nil:
		found.add(sevWarning, fmt.Sprintf("run sipd flow set %s --dissuading-onhold-th SECONDS -f %s", id, p.file), "flow %s: message_dissuading is never played: no threshold is set", id)
	}
	if set("message_welcome") && f.Get("message_welcome") == f.Get("message_queue") {
		found.add(sevWarning, "set message_queue to music, or leave message_welcome empty", "flow %s: message_queue is the same as message_welcome: callers hear the welcome again and again", id)
	}
}

// staff looks at the agents of one flow.
func (p *patient) staff(f callcenter.Row, found *symptoms) {
	id, skill := f.ID(), f.Get("skill")
	var able, away []string
	in, phones := 0, 0
	for _, a := range p.agents {
		if !hasSkill(a, skill) {
			continue
		}
		able = append(able, a.ID())
		if a.Get("location") != "" {
			phones++
		}
		if p.loggedIn(a) {
			in++
		} else {
			away = append(away, a.ID())
		}
		limit, _ := strconv.Atoi(f.Get("max_wrapup_time"))
		if own, _ := strconv.Atoi(a.Get("wrapup_time")); limit > 0 && own > limit {
			found.add(sevNote, "", "flow %s: max_wrapup_time %d shortens the wrapup_time %d of agent %s", id, limit, own, a.ID())
		}
	}
	switch {
	case able == nil:
		found.add(sevError, fmt.Sprintf("run sipd agent set ID --skills %s,... -f %s; upper and lower case differ", skill, p.file), "flow %s: no agent has skill %s%s", id, skill, p.refusal())
		return
	case in == 0:
		found.add(sevError, "run "+p.mi+" cc_agent_login "+away[0]+" 1", "flow %s: 0 of %d agents with skill %s are logged in%s", id, len(able), skill, p.refusal())
	default:
		found.add(sevOK, "", "flow %s: %d of %d agents with skill %s are logged in", id, in, len(able), skill)
	}
	if phones == 0 {
		found.add(sevWarning, "run sipd agent set "+able[0]+" --location URI -f "+p.file, "flow %s: no agent with skill %s has a location: calls wait for ever, only chats are served", id, skill)
	}
}

// refusal tells what happens to callers when nobody is there.
func (p *patient) refusal() string {
	if p.settings.RejectOnNoAgents {
		return ": cc_handle_call answers -4 (reject_on_no_agents is 1)"
	}
	return ": callers wait (reject_on_no_agents is 0)"
}

func hasSkill(a callcenter.Row, skill string) bool {
	for s := range strings.SplitSeq(a.Get("skills"), ",") {
		if strings.TrimSpace(s) == skill {
			return true
		}
	}
	return false
}

// loggedIn believes the running server before the database.
func (p *patient) loggedIn(a callcenter.Row) bool {
	if p.live != nil {
		if l, there := p.live.agent(a.ID()); there {
			return l.Logged == "YES"
		}
	}
	return a.Get("logstate") != "0" && a.Get("logstate") != ""
}

// concerns reports whether an agent works for one of the flows.
func (p *patient) concerns(a callcenter.Row) bool {
	return slices.ContainsFunc(p.flows, func(f callcenter.Row) bool { return hasSkill(a, f.Get("skill")) })
}

// use is one place where a URI stands.
type use struct{ uri, what, effect string }

// uris lists the URIs of the flows and their agents, which of them are media
// servers, and where each stands.
func (p *patient) uris() (media map[string]bool, uses []use) {
	media = map[string]bool{}
	for _, f := range p.flows {
		for _, m := range []struct{ column, effect string }{
			{"message_welcome", ": callers go to the queue without a welcome"},
			{"message_queue", ": callers hear nothing while they wait"},
			{"message_dissuading", ": callers are not dissuaded"},
			{"message_flow_id", ": agents hear no announcement"},
		} {
			if uri := f.Get(m.column); uri != "" {
				media[uri] = true
				uses = append(uses, use{uri, "flow " + f.ID() + ": " + m.column, m.effect})
			}
		}
	}
	for _, a := range p.agents {
		if uri := a.Get("location"); uri != "" && p.concerns(a) {
			media[uri] = media[uri]
			uses = append(uses, use{uri, "agent " + a.ID() + ": location", ": the agent gets no calls"})
		}
	}
	return media, uses
}

// selfOf tells the URIs at which a server with this configuration listens.
func selfOf(cfg *core.Config) func(string) bool {
	type name struct {
		host string
		port int // 0: any
	}
	var names []name
	for _, a := range cfg.Aliases {
		names = append(names, name{strings.ToLower(a.Host), a.Port})
	}
	for _, l := range cfg.Listen {
		if l.Port == 0 {
			continue // any free one
		}
		names = append(names, name{strings.ToLower(l.Host), l.Port})
		if host, port, err := sip.SplitHostPort(l.Advertise); err == nil && l.Advertise != "" {
			if port == 0 {
				port = l.Port
			}
			names = append(names, name{strings.ToLower(host), port})
		}
		if a, err := netip.ParseAddr(l.Host); l.Host == "" || err == nil && a.IsUnspecified() {
			addrs, _ := net.InterfaceAddrs() // none: nothing more to compare with
			for _, a := range addrs {
				if prefix, err := netip.ParsePrefix(a.String()); err == nil {
					names = append(names, name{prefix.Addr().String(), l.Port})
				}
			}
		}
	}
	return func(text string) bool {
		u, err := sip.ParseURI(text)
		if err != nil || !u.IsSIP() {
			return false
		}
		port := u.Port
		if port == 0 {
			port = 5060
		}
		host := strings.ToLower(u.Host)
		return slices.ContainsFunc(names, func(n name) bool { return n.host == host && (n.port == 0 || n.port == port) })
	}
}
