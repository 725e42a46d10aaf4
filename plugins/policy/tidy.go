package policy

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

const (
	maxReason = 200       // bytes of what operators are shown
	maxAgain  = time.Hour // the longest a policy may ask to be left alone
)

// tidy makes a decision fit to be shown and acted on, whoever made it.
func tidy(d *dispatch.Decision) {
	for i := range d.Assign {
		d.Assign[i].Reason = plain(d.Assign[i].Reason)
	}
	for i := range d.Hold {
		d.Hold[i].Reason = plain(d.Hold[i].Reason)
	}
	d.Again = min(max(d.Again, 0), maxAgain)
}

// plain is one short line without control characters.
func plain(s string) string {
	s = valid(s)
	if strings.ContainsFunc(s, unicode.IsControl) {
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	if len(s) <= maxReason {
		return s
	}
	cut := maxReason
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}
