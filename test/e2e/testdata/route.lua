-- route.lua: the flow is the user part of the Request-URI; each negative code
-- of cc_handle_call has a status of its own, so that a test can tell them.
listen(env "SIPD_LISTEN")
log_level(4)
for _, m in ipairs{ "b2b_logic", "call_center", "player", "httpd", "mi_http" } do loadmodule(m) end
modparam("call_center", "db_url", env "SIPD_DB_URL")
modparam("call_center", "spool_dir", env "SIPD_SPOOL")
modparam("call_center", "wrapup_time", 1)
modparam("call_center", "queue_pos_param", "cc_pos")
modparam("call_center", "agent_ring_timeout", tonumber(env "SIPD_RING" or 2))
modparam("call_center", "reject_on_no_agents", tonumber(env "SIPD_REJECT" or 1))
modparam("b2b_logic", "db_mode", tonumber(env "SIPD_DB_MODE" or 2))
modparam("b2b_logic", "keepalive_interval", tonumber(env "SIPD_KEEPALIVE" or 30))
modparam("b2b_logic", "keepalive_timeout", 3 * tonumber(env "SIPD_KEEPALIVE" or 30))
modparam("httpd", "port", tonumber(env "SIPD_MI_PORT"))

local STATUS = { [-1] = 410, [-2] = 420, [-3] = 404, [-4] = 480, [-5] = 500, [-6] = 488, [-7] = 415 }

function request_route()
  if not mf_process_maxfwd_header(10) then return send_reply(483, "Too Many Hops") end
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end

  local login = match(pv.rU, "^login-(.+)$")
  if login then
    if cc_agent_login(login, 1) then return send_reply(202, "Accepted") end
    return send_reply(404, "Not Found")
  end
  if pv.rU == "noflow" then
    local _, code = cc_handle_call("")
    return send_reply(STATUS[code], "code")
  end

  local ok, code = cc_handle_call(pv.rU, pv.ci)
  if not ok then return send_reply(STATUS[code], "code") end
  if send_reply(500, "too late") then log.error("a second reply went out") end
end
