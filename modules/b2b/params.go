package b2b

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sipd/sipd/core"
)

// day bounds what is given in seconds and has no other bound.
const day = 24 * 3600

func (p *params) declare() []core.Param {
	const route = "local_route sees every request of a leg"
	const store = "calls are kept in files, see spool_dir of call_center"
	return []core.Param{
		core.SecondsIn("max_duration", &p.maxDuration, 0, 0, 365*day, "how long a call may last once the caller was answered; 0 for ever"),
		core.SecondsIn("b2bl_th_init_timeout", &p.initTimeout, 1, 1, day, "how long the caller may stay unanswered; then he gets 408"),
		core.SecondsIn("fr_inv_timeout", &p.ringTimeout, 1, 1, day, "how long a party may ring when nobody says otherwise"),
		core.SecondsIn("keepalive_interval", &p.pingEvery, 1, 0, day, "a party of which nothing was heard for so long is asked for a sign of life, with OPTIONS inside the dialog; 0: never"),
		core.SecondsIn("keepalive_timeout", &p.pingTimeout, 2, 2, day, "a party of which nothing was heard for so long has hung up; more than keepalive_interval"),
		core.SecondsIn("session_expires", &p.wantSession, 90, 0, maxInterval, "session timer (RFC 4028) that is asked for; 0: none is, and one that the far end wants is kept"),
		core.SecondsIn("min_se", &p.minSession, 90, 90, day, "the shortest session timer that a far end may ask for; less is answered 422"),
		core.String("custom_headers", &p.customHeaders, "names of further headers that pass from the caller's INVITE to the other legs, separated by ';'").
			Checked(func(text string) error { _, err := newPassList(text, ""); return bare(err, "custom_headers: ") }),
		core.String("custom_headers_regexp", &p.customRegexp, "regular expression (RE2, without case) for names of such headers").
			Checked(func(text string) error { _, err := newPassList("", text); return bare(err, "custom_headers_regexp: ") }),
		core.String("init_callid_hdr", &p.callIDHeader, "name of a header that tells the other legs the caller's Call-ID; empty: none").
			Checked(headerName),
		core.String("server_address", &p.serverAddress, "URI for Contact; may contain $fU $tU $rU $ci $si $socket_in(ip|port|advertised_ip|advertised_port|proto); empty takes the socket of each leg").
			Checked(func(text string) error { _, err := parseTemplate(text); return about(text, err) }),
		core.String("b2bl_from_spec_param", &p.fromSpec, "the $avp(name) that may hold a URI for From towards the parties; else it is the caller's").
			Checked(func(text string) error { _, err := avpName(text); return err }),
		core.Int("max_sessions", &p.maxSessions, 1, 1_000_000, "sessions at the same time, those included that only wait for retransmissions; more are refused"),
		core.Int("db_mode", &p.dbMode, 0, 2, "0: a restart ends every call; 1 or 2: calls go on after it, when who opened the session keeps it"),
		core.Bool("contact_user", &p.contactUser, "1: Contact has a user part, the caller's towards a party and the dialled one towards the caller"),
		core.Unneeded("hash_size", "nothing has a size that must be chosen"),
		core.Unneeded("cleanup_period", "timers are exact"),
		core.Unneeded("update_period", "what changes is kept at once"),
		core.Unneeded("b2bl_early_update", "what changes is kept at once"),
		core.Unneeded("old_entity_term_delay", "the party before is hung up once the new one is connected"),
		core.Unneeded("use_init_sdp", "see caller_offer of call_center"),
		core.Unneeded("custom_contact_header_params", "Contact belongs to one leg"),
		core.Unneeded("script_req_route", route),
		core.Unneeded("script_reply_route", route),
		core.Unneeded("db_url", store),
		core.Unneeded("db_table", store),
		core.Unneeded("cachedb_url", store),
		core.Unneeded("cachedb_key_prefix", store),
	}
}

// check holds the parameters against each other. What is wrong with one alone
// is found where it is set, and here again for who sets it without a file.
func (p *params) check() error {
	if p.initTimeout <= 0 || p.ringTimeout <= 0 {
		return errors.New("b2bl_th_init_timeout and fr_inv_timeout must be more than 0 seconds")
	}
	if p.pingEvery > 0 && p.pingTimeout <= p.pingEvery {
		return fmt.Errorf("keepalive_timeout is %v: want more than keepalive_interval, which is %v", p.pingTimeout, p.pingEvery)
	}
	if p.wantSession > 0 && p.wantSession < p.minSession {
		return fmt.Errorf("session_expires is %v: want 0, or min_se (%v) at least", p.wantSession, p.minSession)
	}
	if _, err := parseTemplate(p.serverAddress); err != nil {
		return fmt.Errorf("server_address: %w", about(p.serverAddress, err))
	}
	if _, err := newPassList(p.customHeaders, p.customRegexp); err != nil {
		return err
	}
	if err := headerName(p.callIDHeader); err != nil {
		return fmt.Errorf("init_callid_hdr: %w", err)
	}
	if _, err := avpName(p.fromSpec); err != nil {
		return fmt.Errorf("b2bl_from_spec_param: %w", err)
	}
	return nil
}

func headerName(text string) error {
	if text != "" && !isToken(text) {
		return fmt.Errorf("%q: want the name of a header", text)
	}
	return nil
}

// avpName is the name in $avp(name), or "" for none.
func avpName(text string) (string, error) {
	name, ok := strings.CutPrefix(text, "$avp(")
	name, closed := strings.CutSuffix(name, ")")
	if text == "" || ok && closed && isToken(name) {
		return name, nil
	}
	return "", fmt.Errorf("%q: want $avp(name)", text)
}

// about adds the text that an error is about.
func about(text string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%q: %w", text, err)
}

// bare is err without a prefix that the place of the error says already.
func bare(err error, prefix string) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), prefix))
}

// timers are the rules of session timers.
func (m *Module) timers() timerRules {
	return timerRules{want: int(m.params.wantSession / time.Second), min: int(m.params.minSession / time.Second)}
}
