package scripting

import (
	"fmt"
	"strings"
	"testing"
)

// TestRaiseEvent: fields come out with their names in order, numbers as
// numbers, and lists without names.
func TestRaiseEvent(t *testing.T) {
	b := start(t, `function request_route()
  raise_event("E_NAMED", { zeta = "z", n = 5, yes = true, half = 0.5 })
  raise_event("E_LIST", { 3, "five" })
  raise_event("E_NONE")
  log.info("bad", { code = rc(raise_event("no name")) })
  send_reply(200, "OK")
end
timer_route("table", 1, function() raise_event("E_X", { t = {} }) end)
timer_route("much", 1, function() raise_event("E_X", { t = string.rep("x", 9000) }) end)`)
	sub := b.bus.Subscribe(10)
	defer sub.Close()
	if _, _, err := b.send("OPTIONS"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"{E_NAMED [{half 0.5} {n 5} {yes true} {zeta z}]}", "{E_LIST [{ 3} { five}]}", "{E_NONE []}"} {
		e := <-sub.C()
		if got := fmt.Sprint(e); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if e.Name == "E_NAMED" && e.Get("n") != int64(5) {
			t.Errorf("n is a %T", e.Get("n"))
		}
	}
	if !strings.Contains(b.log.String(), "code=-1") || !strings.Contains(b.log.String(), "want a name of letters") {
		t.Errorf("log: %s", b.log)
	}
	for name, want := range map[string]string{"table": `field "t": want a text or a number, got a table`, "much": "more than 64 fields or 8192 bytes"} {
		if err := b.router.Timer(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSubscribeEvent(t *testing.T) {
	b := start(t, `function startup_route()
  log.info("one", { code = rc(subscribe_event("E_X", "udp:127.0.0.1:9", 5)) })
  log.info("two", { code = rc(subscribe_event("E_X", "udp:127.0.0.1:9", 0)) })
  log.info("three", { code = rc(subscribe_event("E_X", "udp:127.0.0.1:9", -1)) })
end
function request_route() end`)
	if err := b.router.Startup(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 code=-1", "add loadmodule", "3 code=1", "4 code=-1", "want an expire of 0 seconds or more"} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("no %q in the log: %s", want, b.log)
		}
	}
	if !b.bus.Declared("E_X") {
		t.Error("the event is not known")
	}
}
