-- policy.lua: a call center that chooses who decides which caller gets which
-- agent. Everything else is as short as it can be: see call_center.lua.
--
--   SIPD_LISTEN   where to listen, default udp:0.0.0.0:5060
--   SIPD_DB_URL   database with the tables of call_center
--   SIPD_POLICY   another dispatch policy: balancing, full-load, longest-idle,
--                 fewest-skills, or plugin:/path/to/binary
--
-- While it runs: `sipd mi cc_list_policies` says who decides, and
-- `sipd mi cc_set_policy fewest-skills` changes it; calls go on.

listen(env "SIPD_LISTEN" or "udp:0.0.0.0:5060")
for _, name in ipairs{ "b2b_logic", "player", "call_center", "httpd", "mi_http" } do loadmodule(name) end

modparam("call_center", "db_url", env "SIPD_DB_URL" or "sqlite:///var/lib/sipd/sipd.db")
modparam("httpd", "port", tonumber(env "SIPD_MI_PORT" or 8888))

-- look-ahead serves calls before chats, and keeps agents free for the calls
-- that are to be expected: a chat would keep an agent from calls for long.
local policy = env "SIPD_POLICY" or "look-ahead"
modparam("call_center", "dispatch_policy", policy)
if policy == "look-ahead" then
  modparam("call_center", "dispatch_policy_param", "reserve=auto")   -- or a number of agents
  modparam("call_center", "dispatch_policy_param", "max_hold=300")   -- seconds a chat is held at most
end

-- A policy of your own is a program, in any language:
--
--   modparam("call_center", "dispatch_policy", "plugin:/usr/local/lib/sipd/skillscore")
--   modparam("call_center", "dispatch_policy_param", "file=/etc/sipd/levels.csv")
--   modparam("call_center", "dispatch_policy_sha256", "...")   -- what sha256sum prints
--   modparam("call_center", "dispatch_policy_env", "TZ, LANG") -- it gets nothing else
--
-- When it is late, wrong or gone, the rule of OpenSIPS stands in for it:
modparam("call_center", "chat_dispatch_policy", "balancing")

function request_route()
  if not mf_process_maxfwd_header(20) then return send_reply(483, "Too Many Hops") end
  if is_method("ACK|CANCEL") then return end
  if is_method("OPTIONS") then return options_reply() end
  if has_totag() then return send_reply(481, "Call/Transaction Does Not Exist") end
  if not is_method("INVITE") then return send_reply(405, "Method Not Allowed") end
  if not cc_handle_call(pv.rU) then return send_reply(480, "Temporarily Unavailable") end
end

-- Somebody should know when the policy does not decide.
function event_route.E_CALLCENTER_POLICY(ev)
  if ev.state == "active" then return log.info("dispatch policy", { policy = ev.policy, state = ev.state }) end
  log.error("the dispatch policy does not decide", { policy = ev.policy, reason = ev.reason })
end

-- Why an agent was chosen is in the event, and in cc_why.
function event_route.E_CALLCENTER_CALL_EVENT(ev)
  if ev.event == "offered" then log.info("offered", { call = ev.call_id, agent = ev.agent_id, reason = ev.reason }) end
end
