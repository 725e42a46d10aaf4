package scripting

import (
	"testing"
)

// say turns values into the reason phrase that evaluate returns.
const say = `local function say(...)
  local t = {}
  for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))) end
  send_reply(200, (table.concat(t, " "):gsub("%$", "$$")))
end `

func TestValues(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		// the rule of return values
		{`cc_handle_call("closed")`, "false -4"},
		{`cc_handle_call("none")`, "false -3"},
		{`cc_two(1)`, "2"},
		{`cc_two(true, {1} and "x")`, "2"},
		{`cc_two(0)`, "false -7"},
		{`rc(cc_two(false))`, "-7"},
		{`rc(cc_two(true))`, "2"},
		{`cc_handle_call("closed") ~= 1, rc()`, "true -4"},
		{`not cc_handle_call("closed"), rc(), pv.rc, pv.retcode`, "true -4 -4 -4"},
		{`is_method("REGISTER|INVITE")`, "true 1"},
		{`is_method("invite")`, "true 1"},
		{`is_method("BYE")`, "false -1"},
		{`rc(is_method("BYE"))`, "-1"},
		{`has_totag()`, "false -1"},
		{`has_body()`, "false -1"},
		{`mf_process_maxfwd_header(10)`, "1"},
		{`mf_process_maxfwd_header(10), hdr("Max-Forwards")`, "1 69"},
		{`remove_hf("Max-Forwards") and mf_process_maxfwd_header(10), hdr("Max-Forwards")`, "2 10"},
		{`is_myself(pv.rd)`, "true 1"},
		{`is_myself("$rd")`, "true 1"},
		{`is_myself(pv.fd)`, "false -1"},
		{`is_myself("sipd.example", 5062)`, "true 1"},
		{`is_myself("sipd.example", 5063)`, "false -1"},
		{`is_myself("sipd.example:5063")`, "false -1"},
		{`is_myself(pv.ru)`, "true 1"},
		{`is_myself("sip:")`, "false -1"},
		// variables
		{`pv.ru`, "sip:support@sipd.example:5062;x=1"},
		{`pv.rU, pv.rd, pv.rp`, "support sipd.example 5062"},
		{`pv.fu, pv.fU, pv.fd, pv.ft`, "sip:alice@home.example alice home.example f1"},
		{`pv.fn`, `Al "x"`},
		{`pv.tu, pv.tU, pv.td, pv.tt, pv.tn`, "sip:support@sipd.example support sipd.example nil nil"},
		{`pv.ct`, "<sip:alice@192.0.2.7:5071>"},
		{`pv.ci, pv.cs, pv.rm, pv.si, pv.sp, pv.ua`, "abc@192.0.2.7 7 INVITE 192.0.2.7 5071 Phone/1"},
		{`pv.Ri, pv.Rp, pv.pr, pv.rb, pv.cl, pv.rr, pv.du`, "10.0.0.5 5060 udp nil 0 nil nil"},
		{`pv.socket_in.ip, pv.socket_in.advertised_ip, pv.socket_in.advertised_port, pv.socket_in.tag, pv.socket_in.proto, pv.socket_in.port`,
			"10.0.0.5 203.0.113.7 5070 wan udp 5060"},
		{`pv["socket_in.ip"], pv.b2b_logic.key, pv.cc_state`, "10.0.0.5 5.7 nil"},
		{`pv.route.name, pv.version`, "request_route sipd (test)"},
		{`math.abs(pv.Ts - os.time()) < 5, #pv.TF > 10, pv.pp > 0`, "true true true"},
		// text
		{`fmt("$rU@$rd $(rU)x $hdr(X-Tier) $socket_in(ip) $avp(a) $var(b) $$5 $nothing $fU.")`,
			"support@sipd.example supportx gold 10.0.0.5 <null> <null> $5 $nothing alice."},
		{`fmt("$(hdr(X-Tier)) $b2b_logic.key $ $(rU $")`, "gold 5.7 $ $(rU $"},
		{`match("login-1008", "^(login|logout)-(.+)$")`, "login 1008"},
		{`match("abc", "b."), match("abc", "x")`, "bc nil"},
		{`match("b", "(a)?(b)")`, "false b"},
		{`hdr("X-Tier"), hdr("x-tier", 2), hdr("X-Tier", -1), hdr("X-Tier", 3), hdr("No")`, "gold silver silver nil nil"},
		{`#hdr.all("X-Tier"), hdr.remove("X-Tier"), hdr("X-Tier"), is_present_hf("X-Tier")`, "2 2 nil false -1"},
		{`uri.parse("sip:a@b:5;Lr;x=y").params.x, uri.parse("sip:a@b:5").port, uri.parse("sip:a@b:5").user`, "y 5 a"},
		{`uri.parse("")`, `nil bad URI "": want sip:user@host[:port]`},
		{`json.encode{a = 1, b = {"x", true}}`, `{"a":1,"b":["x",true]}`},
		{`json.decode('{"a":[1,{"b":"c"}]}').a[2].b, json.decode("{")`, "c nil unexpected end of JSON input"},
		{`env "CC_DB", env "NOPE"`, "sqlite:///x nil"},
		{`sockets()[1].advertised_port`, "5070"},
		{`append_hf("no colon")`, "false -1"},
		{`remove_hf("Via")`, "false -1"},
		{`remove_hf("v")`, "false -1"},
		{`append_hf("X-New: 1\r\n"), hdr("X-New")`, "1 1"},
		{`setflag("NAT"), isflagset("NAT")`, "1 true 1"},
		{`setflag("NAT") and resetflag("NAT"), isflagset("NAT")`, "1 false -1"},
		// what Lua programs expect of the replaced libraries
		{`1 .. 2 .. "x" .. 3.5`, "12x3.5"},
		{`setmetatable({}, {__concat = function(a, b) return "joined" end}) .. "x"`, "joined"},
		{`"x" .. setmetatable({}, {__concat = function(a, b) return a end}) .. "y"`, "x"},
		{`select("#", (function() return 1, 2 end)() .. "")`, "1"},
		{`("x"):rep(3), ("ab"):rep(0), ("ab"):rep(-1)`, "xxx  "},
		{`string.format("%5.2f|%d|%s|%q|%x|%%|%-3s|%03d", 3.14159, 42, "s", "q", 255, "a", 7)`, ` 3.14|42|s|"q"|ff|%|a  |007`},
		{`string.format("%s %s", nil, true)`, "nil true"},
		{`("k=v, a=b"):gsub("(%w+)=(%w+)", "%2=%1")`, "v=k, b=a 2"},
		{`("hello world"):gsub("o", {o = "0"})`, "hell0 w0rld 2"},
		{`("hello"):gsub("l", function(c) return c:upper() end, 1)`, "heLlo 1"},
		{`("abc"):gsub("", "-")`, "-a-b-c- 4"},
		{`("abc"):gsub("^a", "x")`, "xbc 1"},
		{`("hello world"):find("o w"), ("hello"):find("l+"), ("a.b"):find(".", 1, true)`, "5 3 2 2"},
		{`("hello"):find("xyz"), ("hello"):find("l", 10), ("hello"):find("")`, "nil nil 1 0"},
		{`("key = value"):match("^(%w+)%s*=%s*(%w+)$")`, "key value"},
		{`("2024-05-06"):match("(%d+)-(%d+)-(%d+)")`, "2024 05 06"},
		{`("THE (quick) fox"):find("%((%a+)%)")`, "5 11 quick"},
		{`("f(a(b)c)d"):match("%b()")`, "(a(b)c)"},
		{`("THE (quick) fox"):gsub("%f[%a]%a+", "x")`, "x (x) x 3"},
		{`("xyxy"):match("(x)(y)%1%2")`, "x y"},
		{`("flaaap"):match("()aa()")`, "3 5"},
		{`("[[x]]"):match("[]]+"), ("a-b"):match("[a%-]+"), ("a^"):match("[%^]")`, "]] a- ^"},
		{`("abc123"):match("%a+", 2), ("abc"):match("[^b]+", -2)`, "bc c"},
		{`(function() local t = {} for k, v in ("a=1,b=2"):gmatch("(%w)=(%w)") do t[#t+1] = v .. k end return table.concat(t, "+") end)()`, "1a+2b"},
		{`(function() local n = 0 for _ in ("abc"):gmatch("") do n = n + 1 end return n end)()`, "4"},
		{`table.concat({1, 2, "x"}, ","), table.concat({}), table.concat({1, 2, 3}, "-", 2, 3)`, "1,2,x  2-3"},
		{`(function() local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) table.remove(t) return table.concat(t) end)()`, "012"},
		{`(function() local t = {} t[300] = 1 t.x, t[2] = 5, 6 return t[300] + t.x + t[2] end)()`, "12"},
		{`(function() local t = {[500] = 1, f = 2, 3} return t[500] + t.f + t[1] end)()`, "6"},
		{`(function(...) local t = {...} return #t, (...) end)(7, 8)`, "2 7"},
		{`math.random(3) <= 3, math.random() < 1, math.random(5, 5)`, "true true 5"},
		{`pcall(error, "x", 0)`, "false x"},
		{`pcall(function() return 1, 2 end)`, "true 1 2"},
		{`xpcall(function() error("y", 0) end, function(e) return "h" .. e end)`, "false hy"},
		{`xpcall(function() return 5 end, print)`, "true 5"},
		{`coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b end)(1)`, "2"},
		{`(function() local c = coroutine.create(function(a) local b = coroutine.yield(a) error("z" .. b, 0) end)
		   local _, x = coroutine.resume(c, 1) local ok, e = coroutine.resume(c, 2) return x, ok, e, coroutine.status(c) end)()`, "1 false z2 dead"},
		{`getmetatable("x"), getmetatable(pv), rawget({5}, 1)`, "string pv 5"},
		{`unpack({1, 2, 3})`, "1 2 3"},
		// the stores
		{`(function() var.x = {1} avp.a = 1 avp.push("a", "two") return var.x[1], avp.a, #avp("a"), avp("a")[2], fmt("$avp(a) $var(n)") end)()`, "1 two 2 1 two <null>"},
		{`(function() avp.a = 1 avp.a = nil return avp.a, #avp("a") end)()`, "nil 0"},
		{`(function() shared.set("k", 5) return shared.get("k"), shared.incr("k"), shared.incr("new", 2), shared.add("k", 1), shared.add("q", 1) end)()`, "5 6 2 false true"},
		{`(function() shared.set("k", "a") return shared.cas("k", "b", 1), shared.cas("k", "a", 2), shared.get("k"), shared.cas("n", nil, 3) end)()`, "false true 2 true"},
		{`ctx.x, leg.role`, "nil nil"},
	} {
		got, err := evaluate(t, say+"say("+c.expr+")")
		if err != nil || got != c.want {
			t.Errorf("%s\n got %q, %v\nwant %q", c.expr, got, err, c.want)
		}
	}
}
