package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestOpenSIPSModules checks a route file with the modules and parameters that
// the configuration of an OpenSIPS call center has: nothing of it is an error.
func TestOpenSIPSModules(t *testing.T) {
	var lua strings.Builder
	lua.WriteString("listen \"udp:127.0.0.1:0\"\n")
	for _, m := range []string{"signaling", "sl", "tm", "rr", "maxfwd", "sipmsgops", "textops", "proto_udp", "proto_tcp", "db_mysql",
		"db_sqlite", "uac", "uac_auth", "dialog", "options", "event_route", "httpd", "mi_http", "mi_fifo", "mi_datagram", "b2b_entities", "b2b_logic", "call_center"} {
		fmt.Fprintf(&lua, "loadmodule \"/usr/lib/opensips/modules/%s.so\"\n", m)
	}
	for _, p := range []string{
		`"tm", "fr_timeout", 5`, `"tm", "fr_inv_timeout", 30`, `"tm", "restart_fr_on_each_reply", 0`, `"tm", "onreply_avp_mode", 1`,
		`"rr", "append_fromtag", 0`, `"dialog", "dlg_match_mode", 1`, `"dialog", "db_mode", 0`, `"uac", "restore_mode", "none"`,
		`"b2b_entities", "db_mode", 0`, `"b2b_entities", "script_req_route", "b2b_request"`, `"b2b_entities", "server_hsize", 10`,
		`"b2b_logic", "server_address", "sip:$fU@$socket_in(ip):$socket_in(port)"`, `"b2b_logic", "cleanup_period", 100`,
		`"b2b_logic", "b2bl_th_init_timeout", 60`, `"b2b_logic", "b2bl_from_spec_param", "$avp(b2bl_from)"`,
		`"b2b_logic", "custom_headers", "X-A;X-B"`, `"b2b_logic", "custom_headers_regexp", "^x-"`, `"b2b_logic", "init_callid_hdr", "X-Init"`,
		`"b2b_logic", "max_duration", 7200`, `"b2b_logic", "contact_user", 1`, `"b2b_logic", "hash_size", 9`, `"b2b_logic", "db_table", "b2b_logic"`,
		`"call_center", "db_url", "sqlite:///tmp/none.db"`,
	} {
		fmt.Fprintf(&lua, "modparam(%s)\n", p)
	}
	file := writeRoute(t, lua.String()+answer)
	exit, out, errs := sipd("check", file)
	if exit != exitOK || !strings.Contains(out, ": ok, ") {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
	for _, want := range []string{`loadmodule "/usr/lib/opensips/modules/dialog.so" does nothing; sipd has not: `,
		"modparam tm.onreply_avp_mode is ignored", "modparam b2b_logic.hash_size is not needed: ", "modparam b2b_entities.db_mode is not needed: "} {
		if !strings.Contains(out+errs, want) {
			t.Errorf("no warning %q in\n%s%s", want, out, errs)
		}
	}
}
