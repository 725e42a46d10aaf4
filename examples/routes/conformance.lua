-- conformance.lua: every call goes to the flow named by the user part of its
-- Request-URI. The place of the server comes from the environment, so that a
-- test suite can start it anywhere:
--
--   SIPD_LISTEN  udp:HOST:PORT      SIPD_DB_URL  mysql://user:pw@host:port/db
--   SIPD_MI_PORT port of the MI     SIPD_POLICY  balancing or full-load

listen(env "SIPD_LISTEN" or "udp:127.0.0.1:5060")
log_level(2)

for _, m in ipairs{ "b2b_logic", "call_center", "httpd", "mi_http" } do loadmodule(m) end

modparam("call_center", "db_url", env "SIPD_DB_URL" or "sqlite:///var/lib/sipd/sipd.db")
modparam("call_center", "wrapup_time", 2)
modparam("call_center", "queue_pos_param", "cc_pos")
modparam("call_center", "chat_dispatch_policy", env "SIPD_POLICY" or "balancing")
modparam("call_center", "agent_ring_timeout", 6)
-- The order of OpenSIPS: the queue's leg ends before the agent is invited, and
-- a refused caller gets a new one.
modparam("call_center", "bridge_mode", "compat")
modparam("httpd", "port", tonumber(env "SIPD_MI_PORT" or 8888))

function request_route()
  if not mf_process_maxfwd_header(10) then return send_reply(483, "Too Many Hops") end
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end

  local ok, code = cc_handle_call(pv.rU)
  if ok then return end
  if code == -3 then return send_reply(404, "Not Found") end
  if code == -4 then return send_reply(480, "Temporarily Unavailable") end
  return send_reply(500, "Server Internal Error")
end
