-- route.lua: the flow is the user part of the Request-URI; events are logged
-- for the test to read.
function request_route()
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end
  if not cc_handle_call(pv.rU) then return send_reply(480, "Closed") end
end

function event_route.E_CALLCENTER_POLICY(ev) log.warn("rig event", { json = json.encode(ev) }) end
