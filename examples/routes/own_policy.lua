-- own_policy.lua: who gets which call is decided in this file. The policy below
--
--   * gives a call to the agent who had the fewest calls since he logged in, so
--     that the work is shared evenly, and among equals to the one idle longest;
--   * keeps the last free agent with the skill "vip" for calls that need it, until
--     another caller has waited for a minute.
--
--   SIPD_LISTEN   where to listen, default udp:0.0.0.0:5060
--   SIPD_DB_URL   database with the tables of call_center
--
-- Everything a policy can see and do is in the README of the module call_center.
-- A policy that fails ends no call: OpenSIPS's rule decides in its place, and the
-- event E_CALLCENTER_POLICY names the line.

listen(env "SIPD_LISTEN" or "udp:0.0.0.0:5060")
for _, name in ipairs{ "b2b_logic", "player", "call_center" } do loadmodule(name) end
modparam("call_center", "db_url", env "SIPD_DB_URL" or "sqlite:///var/lib/sipd/sipd.db")
modparam("call_center", "dispatch_policy_deadline", 100)   -- milliseconds a decision may take

-- The policy ------------------------------------------------------------------

local PATIENCE = 60     -- seconds after which a caller may have the agent kept back

-- The best agent for a call, or nil. Agents come with the fewest chats first,
-- and the longest idle among equals.
local function choose(view, call)
  local keep = call.skill ~= "vip" and call.wait < PATIENCE and view:room("vip", call.media) == 1
  local best
  for agent in view:agents(call) do
    local kept = keep and agent:has("vip")
    if not kept and (not best or agent.handled < best.handled) then best = agent end
  end
  return best
end

-- Serves the calls of one skill and medium in their order.
local function serve(view, skill, media)
  for call in view:waiting(skill, media) do
    if view:room(skill, media) == 0 then return end
    local agent = choose(view, call)
    if agent then
      view:assign(call, agent, "fewest calls: " .. agent.handled)
    else
      -- Nothing happens when the minute is over: so ask to be called then. No call
      -- of this skill overtakes the one that is held.
      view:hold(call, "the last agent for VIPs is kept free")
      view:again(math.max(PATIENCE - call.wait, 1))
      return
    end
  end
end

-- Runs whenever calls or agents have changed. It goes by what has changed, so
-- that a long queue costs nothing.
cc.policy(function(view)
  for skill, media in view:changed() do serve(view, skill, media) end
end)

-- Routes ----------------------------------------------------------------------

function request_route()
  if not mf_process_maxfwd_header(20) then return send_reply(483, "Too Many Hops") end
  if is_method("ACK|CANCEL") then return end
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end
  if not cc_handle_call(pv.rU or "", pv.ci) then return send_reply(480, "Nobody is here") end
end
