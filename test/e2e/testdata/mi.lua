-- mi.lua: a flow for each user of the Request-URI, and the management
-- interface over all its transports.
listen(env "SIPD_LISTEN")
for _, m in ipairs{ "b2b_logic", "call_center", "httpd", "mi_http", "mi_fifo", "mi_datagram" } do loadmodule(m) end
modparam("call_center", "db_url", env "SIPD_DB_URL")
modparam("call_center", "spool_dir", env "SIPD_SPOOL")
modparam("call_center", "reject_on_no_agents", 0)
modparam("httpd", "port", tonumber(env "SIPD_MI_PORT"))
modparam("mi_fifo", "fifo_name", env "SIPD_MI_DIR" .. "/fifo")
modparam("mi_fifo", "reply_dir", env "SIPD_MI_DIR")
modparam("mi_datagram", "socket_name", env "SIPD_MI_SOCKET")

function request_route()
  if is_method("OPTIONS") then return options_reply() end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end
  if not cc_handle_call(pv.rU) then return send_reply(500, "code") end
end
