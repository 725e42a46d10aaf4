-- demo.lua: what `sipd demo` runs. Copy it and make it yours.
--
-- A call to any number goes to the flow tech_support. The welcome and the
-- queue's music come from the built-in player.

listen(env "SIPD_LISTEN" or "udp:127.0.0.1:5060")
log_level(env "SIPD_LOG" or "warn")

for _, m in ipairs{ "b2b_logic", "player", "call_center", "httpd", "mi_http" } do loadmodule(m) end

modparam("call_center", "db_url", env "SIPD_DB_URL" or "sqlite:///var/lib/sipd/sipd.db")
modparam("call_center", "reject_on_no_agents", 0) -- wait for the first login
modparam("call_center", "wrapup_time", 5)
modparam("b2b_logic", "db_mode", 0) -- Ctrl-C hangs up
modparam("httpd", "port", tonumber(env "SIPD_MI_PORT" or 8888))

function request_route()
  if not mf_process_maxfwd_header(10) then return send_reply(483, "Too Many Hops") end
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end

  if cc_handle_call("tech_support", pv.ci) ~= 1 then
    xlog("L_WARN", "$fU was refused with $rc")
    return send_reply(480, "Temporarily Unavailable")
  end
end
