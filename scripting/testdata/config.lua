-- every directive, as it should be written
listen "udp:10.0.0.5:5060"
listen("tcp:[2001:db8::5]", { advertise = "203.0.113.7:5070", tag = "wan" })
listen "udp:127.0.0.1:0"
alias "pbx.example.org"
alias "udp:sip.example.org:5070"
log_level(3)
log_format "json"
db_default_url "mysql://cc:pw@db/cc"
set { t1_timer = 250, lua_states = 16 }

for _, m in ipairs { "tm", "sl", "maxfwd", "/usr/lib/modules/b2b_logic.so", "call_center" } do loadmodule(m) end
modparam("tm", "fr_inv_timeout", 30)
modparam("tm", "auto_100trying", 1)
modparam("call_center", "wrapup_time", 15)
modparam("call_center|b2b_logic", "db_url", env "CC_DB" or "none")
modparam("call_center", "wrapup_time", 20)

include "sub/more.lua"

local FLOWS = { ["100"] = "sales" }

local function flow(user) return FLOWS[user] or "other" end

function request_route()
  if not mf_process_maxfwd_header(20) then return send_reply(483, "Too Many Hops") end
  if is_method("ACK|CANCEL") then return end
  if cc_handle_call(flow(pv.rU), pv.ci) ~= 1 then return route("refuse", rc()) end
end

function route.refuse(code)
  xlog("L_WARN", "refused $ci from $fu ($hdr(X-Tier)), code " .. code)
  for i, v in ipairs(hdr.all "X-Tier") do log.debug(v, { i = i }) end
  send_reply(code == -4 and 480 or 503)
end

function local_route() end
function startup_route() end
timer_route("sweep", 30, function() shared.set("swept", pv.Ts) end)
function event_route.E_CALLCENTER_AGENT_REPORT(ev) shared.incr("agent:" .. ev.agent_id) end
