package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// manyFaults has every kind of finding.
const manyFaults = `listen "udp:127.0.0.1:0"
set{ t1_timer = "soon" }
for _, m in ipairs{ "b2b_logic", "call_center", "call_centre" } do loadmodule(m) end
modparam("call_center", "wrapup_time", -1)
modparam("call_center", "wrap_time", 5)
function request_route()
  cc_handle_cal("x")
  route("nowhere")
  if cc_handle_call("x") < 0 then return send_reply("a", "b") end
  send_reply()
end
function reply_route() end
`

var manyFindings = []finding{
	{"FILE", 2, `set t1_timer: want milliseconds, got "soon"`, true},
	{"FILE", 3, `loadmodule "call_centre": no such module (did you mean "call_center"?); this build has ` + moduleNames(), true},
	{"FILE", 4, `modparam call_center.wrapup_time: want seconds, got -1`, true},
	{"FILE", 5, `modparam call_center.wrap_time: module call_center has no such parameter; did you mean wrapup_time?`, true},
	{"FILE", 7, `nothing is called cc_handle_cal; did you mean cc_handle_call?`, true},
	{"FILE", 8, `route("nowhere"): no such route; the file defines none`, true},
	{"FILE", 9, `cc_handle_call(...) < compares a number with false when the call fails: write rc(cc_handle_call(...)) or not cc_handle_call(...)`, true},
	{"FILE", 9, `send_reply: argument 1 (code): want an integer, got "a"`, true},
	{"FILE", 10, `send_reply: argument 1 (code) is missing: want an integer`, true},
	{"FILE", 12, `reply_route is never run: sipd answers requests and does not relay them`, false},
}

func TestCheckFindsAll(t *testing.T) {
	file := writeRoute(t, manyFaults)
	exit, out, errs := sipd("check", file)
	if exit != exitInput {
		t.Errorf("exit code %d, want %d", exit, exitInput)
	}
	var want strings.Builder
	for _, f := range manyFindings {
		fmt.Fprintf(&want, "%s:%d: %s", f.File, f.Line, f.Text)
		if !f.Error {
			want.WriteString(" (warning)")
		}
		want.WriteByte('\n')
	}
	if got := strings.ReplaceAll(out, file, "FILE"); got != want.String() {
		t.Errorf("\n got %s\nwant %s", got, want.String())
	}
	if want := file + ": 9 errors, 1 warning\n"; errs != want {
		t.Errorf("stderr %q, want %q", errs, want)
	}
}

func TestCheckJSON(t *testing.T) {
	file := writeRoute(t, manyFaults)
	exit, out, _ := sipd("check", "--json", file)
	var got []finding
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if exit != exitInput || len(got) != len(manyFindings) {
		t.Fatalf("exit code %d, %d findings, want %d: %s", exit, len(got), len(manyFindings), out)
	}
	for i, f := range got {
		if f.File = strings.ReplaceAll(f.File, file, "FILE"); f != manyFindings[i] {
			t.Errorf("finding %d:\n got %+v\nwant %+v", i, f, manyFindings[i])
		}
	}
	if strings.Contains(out, `\u003c`) {
		t.Error("< is escaped: a person reads this too")
	}
}

// TestCheckGood holds that a sound file has no finding, a doubtful one a
// warning, and that both are accepted.
func TestCheckGood(t *testing.T) {
	for _, c := range []struct {
		name, lua, out, json string
	}{
		{"sound", "listen \"udp:127.0.0.1:0\"" + answer, "FILE: ok, 0 warnings\n", "[]\n"},
		{"doubtful", "listen \"udp:127.0.0.1:0\"" + answer + "function error_route() end\n",
			"FILE:3: error_route is never run: sipd answers requests and does not relay them (warning)\nFILE: ok, 1 warning\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := writeRoute(t, c.lua)
			exit, out, errs := sipd("check", file)
			if got := strings.ReplaceAll(out, file, "FILE"); exit != exitOK || got != c.out || errs != "" {
				t.Errorf("exit code %d\n got %q\nwant %q\n%s", exit, got, c.out, errs)
			}
			exit, out, errs = sipd("check", "--json", file)
			if exit != exitOK || errs != "" || c.json != "" && out != c.json {
				t.Errorf("--json: exit code %d, %q, %q", exit, out, errs)
			}
		})
	}
}
