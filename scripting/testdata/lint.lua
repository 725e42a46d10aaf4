loadmodule "call_center"
modparam("b2b_logic", "db_url", "x")
local counter, cache = 0, {}
function helper(x) return x end

function request_route()
  if cc_handle_call("x") < 0 then return end
  if 0 >= cc_handle_call("x") then return end
  if cc_handle_call("x") == -4 then return end
  if route("refuse") ~= -1 then return end
  if rc(cc_handle_call("x")) < 0 then return end
  t_relay()
  cc_handle_cal("x")
  cc_handle_call()
  cc_handle_call("x", "y", "z")
  cc_agent_login("alice", "in")
  is_method(5, 6)
  cc_agent_login(helper())
  route("nowhere")
  route()
  total = 1
  counter = counter + 1
  cache[pv.ci] = true
  local cache = {}
  cache.x = 1
  local t_relay = helper
  t_relay()
  pv.fu = "x"
  pv.rU = "y"
  pv.rUU = "y"
  if pv.socket_inn.ip or pv.socket_in.ip or pv.socket_in.foo then return end
  shared.push("x")
  xlog("L_INFO", "call $ci from $caller costs $$5\n")
  local s = fmt("$(ru)$(zz)")
  for i = 1, 3 do undefined_in_loop(i) end
  repeat local done = true until done
  function route.late() end
  return hidden
end

function local_route()
  cc_handle_call("x")
  send_reply(200)
end

function route.refuse() cc_handle_call("x") end
function failure_route.missed() end
function error_route() end
function event_route.E_NOBODY(ev) end
function string() end
