-- route.lua: the flow is the user part of the Request-URI. Each negative code
-- of cc_handle_call has a status of its own, so that a test can tell them, and
-- events and legs are logged for the test to read.

local STATUS = { [-1] = 410, [-2] = 420, [-3] = 404, [-4] = 480, [-5] = 500, [-6] = 488, [-7] = 415 }

local function note(name, what) log.warn(name, { json = json.encode(what) }) end

-- login-ID and logout-ID are feature codes of the agents.
function route.feature(agent, state)
  if cc_agent_login(agent, state) then return send_reply(603, state == 1 and "Logged in" or "Logged out") end
  return send_reply(404, "Not Found")
end

function request_route()
  if not mf_process_maxfwd_header(10) then return send_reply(483, "Too Many Hops") end
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end

  local login, logout = match(pv.rU, "^login-(.+)$"), match(pv.rU, "^logout-(.+)$")
  if login then return route("feature", login, 1) end
  if logout then return route("feature", logout, 0) end

  local flow = pv.rU
  if flow == "noflow" then flow = "" end
  local ok, code = cc_handle_call(flow, pv.fU .. "'s call")
  if not ok then return send_reply(STATUS[code], "code " .. code) end
  if flow == "twice" and send_reply(500, "too late") then log.error("a second reply went out") end
end

function local_route()
  if is_method("INVITE") then
    note("rig leg", { role = leg.role, state = pv.cc_state, uri = pv.ru, to = pv.tU, ctx = ctx.call_center, param = ctx.param })
  end
end

function event_route.E_CALLCENTER_AGENT_REPORT(ev) note("rig event", ev) end
function event_route.E_CALLCENTER_CALL_REPORT(ev) note("rig event", ev) end
function event_route.E_CALLCENTER_ALARM(ev) note("rig event", ev) end
function event_route.E_CALLCENTER_POLICY(ev) note("rig event", ev) end
