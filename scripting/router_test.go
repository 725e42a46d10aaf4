package scripting

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// TestOutcome holds how a request_route ends against what the server is told.
func TestOutcome(t *testing.T) {
	for _, c := range []struct{ name, body, method, wantErr string }{
		{"answered", `send_reply(404, "No")`, "INVITE", ""},
		{"owned", `cc_handle_call("x")`, "INVITE", ""},
		{"nothing", ``, "INVITE", "routes.lua:1: request_route ended without an answer to INVITE (Call-ID abc@192.0.2.7): reply, hand the request to a module, or drop() it"},
		{"provisional", `send_reply(180)`, "INVITE", "routes.lua:1: request_route ended without an answer to INVITE (Call-ID abc@192.0.2.7): reply, hand the request to a module, or drop() it"},
		{"refused", `cc_handle_call("closed")`, "INVITE", "routes.lua:1: request_route ended without an answer to INVITE (Call-ID abc@192.0.2.7): reply, hand the request to a module, or drop() it"},
		{"ack", ``, "ACK", ""},
		{"drop", `drop()`, "INVITE", ""},
		{"exit unanswered", `exit()`, "INVITE", "routes.lua:1: request_route ended without an answer to INVITE (Call-ID abc@192.0.2.7): reply, hand the request to a module, or drop() it"},
		{"exit answered", `send_reply(200) exit() error("not reached")`, "INVITE", ""},
		{"exit in pcall", `send_reply(200) pcall(exit) error("not reached")`, "INVITE", ""},
		{"exit in xpcall", `send_reply(200) xpcall(function() exit() end, function() return 1 end) error("not reached")`, "INVITE", ""},
		{"drop in coroutine", `coroutine.wrap(function() drop() end)() error("not reached")`, "INVITE", ""},
		{"drop in resume", `coroutine.resume(coroutine.create(function() pcall(drop) end)) error("not reached")`, "INVITE", ""},
		{"drop in gsub", `("x"):gsub("x", function() drop() end) error("not reached")`, "INVITE", ""},
		{"drop in sort", `table.sort({3, 2, 1}, function() drop() end) error("not reached")`, "INVITE", ""},
		{"error", `local x = nil
  return x.y`, "INVITE", `routes.lua:2: attempt to index a non-table object(nil) with key 'y'`},
		{"error in a route", `route("a")
end
function route.a() route("b") end
function route.b() error("boom")`, "INVITE", "routes.lua:4: boom (called from routes.lua:3, routes.lua:1)"},
		{"thrown table", `error({message = "m"})`, "INVITE", "routes.lua:1: a table was thrown: m"},
		{"panic in a module", `cc_panic()`, "INVITE", "routes.lua:1: panic: torn"},
		{"code 0", `cc_zero()`, "INVITE", "routes.lua:1: cc_zero answered 0, which is not a code"},
		{"wrong argument", `cc_agent_login("a", "soon")`, "INVITE", `routes.lua:1: cc_agent_login: argument 2 (state): want an integer, got "soon"`},
		{"missing argument", `cc_handle_call(nil)`, "INVITE", "routes.lua:1: cc_handle_call: argument 1 (flow) is missing: want a string"},
		{"table argument", `cc_handle_call({})`, "INVITE", "routes.lua:1: cc_handle_call: argument 1 (flow): want a string, got a table"},
		{"too many arguments", `cc_handle_call("a", "b", "c")`, "INVITE", "routes.lua:1: cc_handle_call: takes 2 arguments, got 3"},
		{"global", `counter = 1`, "INVITE", `routes.lua:1: global counter is written in a route: states do not share globals; use local, var.counter (this message) or shared.set("counter", value)`},
		{"global through _G", `_G.counter = 1`, "INVITE", `routes.lua:1: global counter is written in a route: states do not share globals; use local, var.counter (this message) or shared.set("counter", value)`},
		{"rawset", `rawset(_G, "counter", 1)`, "INVITE", "routes.lua:1: this table cannot be written"},
		{"library", `string.find = nil`, "INVITE", "routes.lua:1: string.find cannot be written"},
		{"metatable", `setmetatable(_G, nil)`, "INVITE", "routes.lua:1: cannot change a protected metatable"},
		{"unknown function", `t_relay()`, "INVITE", "routes.lua:1: nothing is called t_relay; did you mean t_reply?"},
		{"no route", `route("nope")`, "INVITE", `routes.lua:1: route("nope"): no such route; the file defines none`},
		{"read-only variable", `pv.fu = "x"`, "INVITE", "routes.lua:1: pv.fu cannot be written"},
		{"unknown variable", `return pv.zz`, "INVITE", "routes.lua:1: there is no variable pv.zz"},
		{"bad URI", `pv.ru = "x"`, "INVITE", `routes.lua:1: pv.ru: bad URI "x": want sip:user@host[:port]`},
		{"smuggled user", `pv.rU = "a@b;x"`, "INVITE", `routes.lua:1: pv.rU: "a@b;x" is not a user: '@' must be escaped`},
		{"smuggled host", `pv.rd = "b;x=1"`, "INVITE", `routes.lua:1: pv.rd: "b;x=1" is not a host`},
		{"directive", `listen "udp:1.2.3.4"`, "INVITE", "routes.lua:1: listen: only at the top level of the file"},
		{"include", `include "x.lua"`, "INVITE", `routes.lua:1: include "x.lua": only at the top level of the file`},
		{"route in a route", `function route.x() end`, "INVITE", "routes.lua:1: route.x is defined in a route: define it at the top level"},
		{"compare", `if cc_handle_call("closed") < 0 then end`, "INVITE", "routes.lua:1: attempt to compare boolean with number"},
		{"concat nil", `return "a" .. nil`, "INVITE", "routes.lua:1: attempt to concatenate a nil value"},
		{"nil index", `local t = {} t[nil] = 1`, "INVITE", "routes.lua:1: table index is nil"},
		{"route value", `route("a") end function route.a() return "x"`, "INVITE", `routes.lua:1: route("a") returned a string: want nothing, a boolean or a number`},
		{"reply code", `send_reply(99)`, "INVITE", "routes.lua:1: send_reply: want a code from 100 to 699, got 99"},
		{"shared table", `shared.set("a", {})`, "INVITE", "routes.lua:1: shared.set: want text, a number or a boolean, got a table"},
		{"avp table", `avp.a = {}`, "INVITE", "routes.lua:1: avp.a: want text, a number or a boolean, got a table"},
		{"hdr name", `hdr.add("a b", "c")`, "INVITE", `routes.lua:1: hdr.add: "a b" is not the name of a header`},
		{"vital header", `hdr.remove("f")`, "INVITE", "routes.lua:1: hdr.remove: f cannot be removed: the transaction needs it"},
		{"expression", `match("a", "(")`, "INVITE", "routes.lua:1: match: error parsing regexp: missing closing ): `(`"},
		{"level", `xlog("L_FOO", "x")`, "INVITE", `routes.lua:1: xlog: "L_FOO" is not a level: want L_ERR, L_WARN, L_NOTICE, L_INFO or L_DBG`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, "function request_route() "+c.body+"\nend")
			_, _, err := b.send(c.method)
			if got := fmt.Sprint(err); (err != nil) != (c.wantErr != "") || err != nil && got != c.wantErr {
				t.Errorf("got  %v\nwant %s", err, c.wantErr)
			}
		})
	}
}

// TestRouteValues holds the normalisation of D.3 for routes.
func TestRouteValues(t *testing.T) {
	for _, c := range []struct{ ret, want string }{
		{``, "1"}, {`return true`, "1"}, {`return nil`, "1"}, {`return 3`, "3"}, {`return -2`, "false -2"},
		{`return false`, "false -1"}, {`return false, -4`, "false -4"}, {`return cc_handle_call("closed")`, "false -4"},
		{`return select(2, ...) + 1`, "6"},
	} {
		got, err := evaluate(t, say+`say(route("a", 0, 5)) end function route.a(...) `+c.ret)
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v, want %q", c.ret, got, err, c.want)
		}
	}
	b := start(t, `function request_route() send_reply(200) route("a") error("not reached") end function route.a() return 0 end`)
	if _, _, err := b.send("INVITE"); err != nil {
		t.Errorf("return 0 must end the script: %v", err)
	}
}

func TestReplies(t *testing.T) {
	b := start(t, `function request_route()
  append_to_reply("X-A: $rU\r\nEvil: 1")
  if is_method("OPTIONS") then return options_reply() end
  assert(not options_reply())
  send_reply(486, "$rU is\r\nbusy")
  local ok, code = send_reply(200, "again")
  log.info("second", { ok = ok, code = code })
end`)
	tx, _, err := b.send("INVITE")
	if err != nil || len(tx.got) != 1 || tx.got[0].Code != 486 || tx.got[0].Reason != "support isbusy" {
		t.Fatalf("got %v, %+v", err, tx.got)
	}
	if got := tx.got[0].Headers.Get("X-A"); got != "supportEvil: 1" {
		t.Errorf("X-A is %q", got)
	}
	if log := b.log.String(); !strings.Contains(log, "final reply already") || !strings.Contains(log, "code=-1") {
		t.Errorf("log: %s", log)
	}
	tx, _, err = b.send("OPTIONS")
	if err != nil || tx.got[0].Code != 200 || !strings.Contains(tx.got[0].Headers.Get("Allow"), "INVITE") {
		t.Errorf("OPTIONS: %v %+v", err, tx.got)
	}
}

// TestChanges: what a route changes, the modules see; the request of the
// transaction stays as it came.
func TestChanges(t *testing.T) {
	b := start(t, `function request_route()
  pv.rU = "sales" pv.rd = "other.example:5080" pv.du = "sip:proxy.example;lr"
  append_hf("X-New: $ru\r\n") remove_hf("X-Tier")
  cc_handle_call("x", pv.ou)
  append_hf("X-Late: 1")
end`)
	var saw *sip.Request
	b.module.call = func(_ context.Context, m *core.Msg, a core.Args) core.Code {
		saw = m.Req
		_, err := m.Own("call_center")
		if err != nil || a.String(1) != "sip:support@sipd.example:5062;x=1" {
			t.Errorf("own: %v; $ou is %q", err, a.String(1))
		}
		return core.True
	}
	tx, _, err := b.send("INVITE")
	if err != nil {
		t.Fatal(err)
	}
	if got := saw.URI.String(); got != "sip:sales@other.example:5080;x=1" || saw.Headers.Get("X-New") != got || saw.Headers.Has("X-Tier") {
		t.Errorf("the module saw %s, %+v", got, saw.Headers)
	}
	if saw.Headers.Has("X-Late") {
		t.Error("the request was changed after the module had taken it")
	}
	if saw.NextHop.Host != "proxy.example" {
		t.Errorf("next hop %v", saw.NextHop)
	}
	if fmt.Sprintf("%+v", tx.req) != fmt.Sprintf("%+v", request("INVITE")) {
		t.Errorf("the request of the transaction was changed: %+v", tx.req)
	}
}

func TestLocalRoute(t *testing.T) {
	b := start(t, `function request_route() end
function local_route()
  if is_method("INVITE") and leg.role == "agent" then
    append_hf("X-DID: " .. ctx.did .. "\r\n")
    hdr.add("X-State", pv.cc_state .. leg.key)
    pcall(cc_handle_call, "x")
  end
  exit()
end`)
	req := request("INVITE")
	err := b.router.Local(&core.Msg{Req: req, Call: &core.CallInfo{Key: "1.2", Role: "agent", State: "toagent", Ctx: map[string]string{"did": "8005"}}})
	if err != nil || req.Headers.Get("X-DID") != "8005" || req.Headers.Get("X-State") != "toagent1.2" {
		t.Errorf("got %v, %+v", err, req.Headers)
	}
	if len(b.module.args) != 0 {
		t.Error("cc_handle_call ran in a local_route")
	}
}

func TestOtherRoutes(t *testing.T) {
	b := start(t, `function request_route() end
function startup_route() shared.set("n", 1) end
timer_route("tick", 0.5, function() shared.incr("n") log.info("timer", { n = shared.get("n") }) end)
function event_route.E_CALLCENTER_AGENT_REPORT(ev) log.warn(ev.name .. ev.agent_id .. ev.n) cc_agent_login(ev.agent_id, 1) end
timer_route("bad", 5, function() send_reply(200) end)`)
	if err := errors.Join(b.router.Startup(), b.router.Timer("tick"),
		b.router.Event("E_CALLCENTER_AGENT_REPORT", map[string]any{"agent_id": "alice", "n": int64(5)})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"n=2", "E_CALLCENTER_AGENT_REPORTalice5"} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("log lacks %q: %s", want, b.log)
		}
	}
	if len(b.module.args) != 1 || b.module.args[0].String(0) != "alice" || b.module.args[0].Int(1) != 1 {
		t.Errorf("cc_agent_login got %v", b.module.args)
	}
	if err := b.short(b.router.Timer("bad")); err == nil || err.Error() != "routes.lua:5: send_reply cannot be called in a timer_route" {
		t.Errorf("got %v", err)
	}
	if b.router.Timer("none") == nil || b.router.Event("E_NONE", nil) == nil {
		t.Error("unknown names were accepted")
	}
}

// TestBusy: with all states in use a request waits, and is then told 503.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, `set{ lua_states = 1, lua_wait = 500 } function request_route() cc_handle_call("x") end`)
		release := make(chan struct{})
		b.module.call = func(_ context.Context, m *core.Msg, _ core.Args) core.Code {
			<-release
			_, _ = m.Own("x")
			return core.True
		}
		done := make(chan error)
		go func() { _, _, err := b.send("INVITE"); done <- err }()
		synctest.Wait()
		_, _, err := b.send("INVITE")
		var asks interface{ StatusCode() int }
		if !errors.As(err, &asks) || asks.StatusCode() != 503 || !strings.Contains(err.Error(), "all 1 Lua states were in use for 500ms") {
			t.Errorf("got %v", err)
		}
		go func() { _, _, err := b.send("INVITE"); done <- err }()
		synctest.Wait()
		close(release)
		if err := errors.Join(<-done, <-done); err != nil {
			t.Error(err)
		}
	})
}

// TestDeadline: the context of a module function ends, and the time of the
// call does not count against the budget of the route.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, `set{ lua_call_timeout = 1500, lua_budget = 20 }
function request_route() cc_handle_call("x") for i = 1, 5000 do local x = i end send_reply(200) end`)
		b.module.call = func(ctx context.Context, _ *core.Msg, _ core.Args) core.Code {
			<-ctx.Done()
			return -5
		}
		if _, _, err := b.send("INVITE"); err != nil {
			t.Error(err)
		}
	})
}

func TestClose(t *testing.T) {
	b := start(t, `function request_route() cc_handle_call("x") end`)
	b.module.call = func(context.Context, *core.Msg, core.Args) core.Code {
		b.router.Close() // while a route runs
		return -1
	}
	_, _, _ = b.send("INVITE")
	if _, _, err := b.send("INVITE"); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
	r := b.router.(*router)
	if r.states != 0 {
		t.Errorf("%d states left", r.states)
	}
}

// TestRace runs many routes at once over everything that states share.
func TestRace(t *testing.T) {
	b := start(t, `set{ lua_states = 8, lua_wait = 60000 }
function request_route()
  var.n = pv.ci
  avp.x = shared.incr("calls")
  shared.set("last", pv.ci, 1)
  xlog("L_INFO", "call $ci from $fu $avp(x)")
  assert(match(pv.ci, "^(\\w+)@") == "abc" and pv.rU:match("^%a+$"))
  append_hf("X-N: $avp(x)")
  if shared.get("calls") % 3 == 0 then error("third") end
  if cc_handle_call("closed") ~= 1 then return route("refuse") end
end
function route.refuse() send_reply(480, "Closed") exit() end`)
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 40 {
				tx, _, err := b.send("INVITE")
				if (err == nil) != (len(tx.got) == 1) || err != nil && !strings.Contains(err.Error(), "third") {
					t.Errorf("%v, %d answers", err, len(tx.got))
				}
			}
		}()
	}
	wg.Wait()
	if got := b.router.(*router).api.shared.get("calls"); got != 640 {
		t.Errorf("counted %v", got)
	}
}
