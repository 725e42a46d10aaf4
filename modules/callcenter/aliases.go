package callcenter

import "strings"

// spellings are the names under which statistics are documented, or were in
// OpenSIPS 2.4 to 3.2, beside those that are listed. A family is followed by
// a separator and the id of a flow or agent.
var spellings = map[string]string{
	"ccg_abandoned_incalls": "ccg_abandonned_incalls",
	"ccf_dist_incall":       "ccf_dist_incalls",
	"ccf_answ_incall":       "ccf_answ_incalls",
	"ccf_aban_incall":       "ccf_aban_incalls",
	"ccf_onhold_call":       "ccf_onhold_calls",
	"ccf_onhold_incalls":    "ccf_onhold_calls",
	"ccf_onhold_inchats":    "ccf_onhold_chats",
	"ccg_load":              "ccf_load", // with a flow: the documentation's name of it
}

// realStat turns another spelling of a statistic into the one that is listed:
// documented names, and "_" before the id where the server says "-".
func realStat(name string) (string, bool) {
	name = strings.ToLower(name)
	if real, ok := spellings[name]; ok && strings.HasPrefix(real, "ccg_") {
		return real, true
	}
	for _, d := range statistics() {
		family, isFamily := strings.CutSuffix(d.Name, "-F")
		if !isFamily {
			family, isFamily = strings.CutSuffix(d.Name, "-A")
		}
		if id, ok := idAfter(name, family); isFamily && ok {
			return family + "-" + id, true
		}
	}
	for other, family := range spellings {
		if id, ok := idAfter(name, other); ok && !strings.HasPrefix(family, "ccg_") {
			return family + "-" + id, true
		}
	}
	return "", false
}

// idAfter is what follows a family and a separator.
func idAfter(name, family string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(name, family)
	if !ok || len(rest) < 2 || rest[0] != '-' && rest[0] != '_' {
		return "", false
	}
	return rest[1:], true
}
