-- call_center.lua: a call center to start from. Public numbers lead to flows
-- (queues), agents log in by dialling a feature code, and everything else is
-- refused. Copy it and change the tables at the top.
--
--   SIPD_LISTEN   where to listen, default udp:0.0.0.0:5060
--   SIPD_DB_URL   database with the tables of call_center
--
-- Check it with `sipd check FILE` before a start: unknown names, wrong types
-- and comparisons that cannot work are found there, with file and line.

-- Sockets and names -----------------------------------------------------------

listen(env "SIPD_LISTEN" or "udp:0.0.0.0:5060")
-- Behind NAT, tell the world where you are:
-- listen("udp:10.0.0.5:5060", { advertise = "203.0.113.7:5060", tag = "wan" })

-- alias "pbx.example.org"        -- what is_myself() accepts besides the sockets
log_level "info"

-- Modules ---------------------------------------------------------------------

for _, name in ipairs{ "b2b_logic", "player", "call_center" } do loadmodule(name) end

modparam("call_center", "db_url", env "SIPD_DB_URL" or "sqlite:///var/lib/sipd/sipd.db")
modparam("call_center", "wrapup_time", 15)          -- seconds an agent has after a call
modparam("call_center", "agent_ring_timeout", 20)   -- then the next agent is tried
modparam("call_center", "queue_pos_param", "cc_pos")

-- Your numbers ----------------------------------------------------------------

-- What was dialled, and the flow (cc_flows.flowid) it leads to. A file's own
-- locals may be read in every route but not written: use shared for that.
local FLOWS = {
  ["8005550100"] = "sales",
  ["8005550199"] = "tech_support",
}

-- What the caller is told when the call center refuses: see the codes of
-- cc_handle_call. Anything else is answered 503.
local REFUSALS = {
  [-3] = { 404, "No such queue" },
  [-4] = { 480, "Nobody is here" },
  [-6] = { 488, "Not Acceptable Here" },
  [-7] = { 488, "Not Acceptable Here" },
}

-- Requests outside dialogs ----------------------------------------------------

-- Requests inside the calls of the call center never get here.
function request_route()
  if not mf_process_maxfwd_header(20) then return send_reply(483, "Too Many Hops") end
  if is_method("ACK|CANCEL") then return end
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end

  -- Feature codes: *11 logs in, *10 logs out. The agent is who calls; put
  -- sipd behind a proxy that vouches for From before you rely on it.
  if pv.rU == "*11" then return route("agent", 1) end
  if pv.rU == "*10" then return route("agent", 0) end
  return route("queue")
end

function route.agent(state)
  if not cc_agent_login(pv.fU, state) then return send_reply(404, "No such agent") end
  log.info("agent", { agent = pv.fU, logged_in = state })
  return send_reply(603, state == 1 and "Logged in" or "Logged out")
end

function route.queue()
  local flow = FLOWS[pv.rU] or pv.rU     -- a flow may also be dialled by its name
  if not flow then return send_reply(484, "Address Incomplete") end

  -- After success the call belongs to the call center: the script is done.
  local ok, code = cc_handle_call(flow, pv.ci)
  if ok then return end

  xlog("L_WARN", "flow " .. flow .. " refused $fu ($ci): " .. code)
  shared.incr("refused:" .. code)
  local answer = REFUSALS[code] or { 503, "Service Unavailable" }
  append_to_reply("Retry-After: 60\r\n")
  return send_reply(answer[1], answer[2])
end

-- Requests that sipd sends ----------------------------------------------------

-- Runs for every request of every leg; headers may be added here.
function local_route()
  if is_method("INVITE") and leg.role == "agent" then
    append_hf("X-Call-Center: " .. (pv.cc_state or "") .. "\r\n")
  end
end

-- Events ----------------------------------------------------------------------

function event_route.E_CALLCENTER_AGENT_REPORT(ev)
  log.info("agent state", { agent = ev.agent_id, state = ev.state })
end
