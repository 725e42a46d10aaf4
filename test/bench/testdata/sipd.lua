-- sipd.lua: the route of the benchmarks.
listen(env "SIPD_LISTEN")
log_level(0)
for _, m in ipairs{ "b2b_logic", "call_center", "httpd", "mi_http" } do loadmodule(m) end
modparam("call_center", "db_url", env "SIPD_DB_URL")
modparam("call_center", "wrapup_time", 0)
modparam("httpd", "port", tonumber(env "SIPD_MI_PORT"))

function request_route()
  if not mf_process_maxfwd_header(10) then return send_reply(483, "Too Many Hops") end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if is_method("INVITE") then
    if cc_handle_call("bench") ~= 1 then send_reply(480, "Closed") end
    return
  end
  send_reply(405, "Method Not Allowed")
end
