-- restart.lua: the route of BenchmarkRestart and BenchmarkFaults: the user part names the flow.
listen(env "SIPD_LISTEN")
log_level(0)
for _, m in ipairs{ "b2b_logic", "call_center", "httpd", "mi_http" } do loadmodule(m) end
modparam("call_center", "db_url", env "SIPD_DB_URL")
if env "SIPD_SPOOL" then modparam("call_center", "spool_dir", env "SIPD_SPOOL") end
modparam("call_center", "wrapup_time", 0)
modparam("call_center", "reject_on_no_agents", 0)
modparam("httpd", "port", tonumber(env "SIPD_MI_PORT"))

function request_route()
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end
  local flow = pv.rU
  local media = flow == "chat" and "MSRP" or "RTP"
  if cc_handle_call(flow, "", media) ~= 1 then send_reply(480, "Closed") end
end
