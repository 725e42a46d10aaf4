package scripting

import (
	"testing"

	"github.com/sipd/sipd/core"
)

// BenchmarkRoute is a realistic route: 15 calls, then a reply.
func BenchmarkRoute(b *testing.B) {
	t := start(b, `
local FLOWS = { support = "tech", sales = "sales" }
function request_route()
  if not mf_process_maxfwd_header(20) then return send_reply(483, "Too Many Hops") end
  if is_method("ACK|CANCEL") then return end
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "No") end
  if not is_method("INVITE") then return send_reply(405, "No") end
  if not is_myself(pv.rd, pv.rp) then return send_reply(403, "No") end
  var.tier = hdr "X-Tier" or "standard"
  if pv.fU == "anonymous" then return send_reply(433, "No") end
  return route("queue")
end
function route.queue()
  local flow = FLOWS[pv.rU]
  if not flow then return send_reply(404, "No") end
  append_hf("X-Flow: " .. flow .. ";tier=" .. var.tier)
  if cc_handle_call("closed", pv.ci) ~= 1 then return send_reply(480, "Closed") end
end`)
	req := request("INVITE")
	b.ReportAllocs()
	for b.Loop() {
		if err := t.router.Request(core.NewMsg(&fakeTx{req: req})); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBare is a route that only answers.
func BenchmarkBare(b *testing.B) {
	t := start(b, `function request_route() send_reply(200, "OK") end`)
	req := request("OPTIONS")
	b.ReportAllocs()
	for b.Loop() {
		if err := t.router.Request(core.NewMsg(&fakeTx{req: req})); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkState makes one more state.
func BenchmarkState(b *testing.B) {
	t := start(b, `function request_route() send_reply(200, "OK") end`)
	r := t.router.(*router)
	b.ReportAllocs()
	for b.Loop() {
		st, err := newState(r.api, nil)
		if err != nil {
			b.Fatal(err)
		}
		st.L.Close()
	}
}
