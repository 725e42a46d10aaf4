loadmodule "b2b_logic"
send_reply(200, "x")
