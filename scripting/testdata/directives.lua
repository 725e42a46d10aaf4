listen "10.0.0.5:5060"
listen "udp:"
listen("udp:10.0.0.5", { advertize = "x" })
listen("udp:10.0.0.5", { advertise = "a b" })
listen(5060)
alias ""
loadmodule "call_centre"
loadmodule "nothing_like_it"
loadmodule "call_center"
loadmodule "b2b_logic"
modparam("call_center", "wrapup_time", "soon")
modparam("call_center", "wrapup_time", -1)
modparam("call_center", "wrapup_tme", 5)
modparam("call_center", "db_url", 5)
modparam("call_center", "db_url", nil)
modparam("call_center", "db_url", {})
modparam("b2b_logik", "db_url", "x")
modparam("tm", "fr_timeout", "x")
modparam("tm", "auto_100trying", 1)
set { t1_timr = 5 }
set { t1_timer = "fast", lua_states = 0, other = {} }
set(5)
log_level(5)
log_level "loud"
log_format "xml"
db_default_url(nil)
loadmodule "dialog.so"
loadmodule "proto_udp"
loadmodule "usrloc"
modparam("dialog", "default_timeout", 21600)
modparam("dialog", "default_timeuot", 21600)
modparam("tm", "T1_timer", "x")
modparam("tm", "fr_inv_timeout", 0)
modparam("tm|sl", "enable_stats", 1)
function request_route() end
