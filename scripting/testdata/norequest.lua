loadmodule "b2b_logic"
function request_rout() end
