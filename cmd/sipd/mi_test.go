package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// coreRoute answers OPTIONS with what is stored under the Request-URI's user,
// and logs it.
const coreRoute = `listen "udp:127.0.0.1:0"
listen "tcp:127.0.0.1:0"
log_level(3)
function request_route()
  xlog("L_DBG", "asked for $rU")
  send_reply(200, tostring(shared.get(pv.rU)))
end
`

// command sends a management command to a started server.
func command(t *testing.T, in *instance, method string, words ...string) string {
	t.Helper()
	params, err := json.Marshal(append([]string{}, words...))
	if err != nil {
		t.Fatal(err)
	}
	reply := string(in.MI().Handle(fmt.Appendf(nil, `{"jsonrpc":"2.0","method":%q,"params":%s,"id":1}`, method, params)))
	reply = strings.TrimSuffix(strings.TrimPrefix(reply, `{"jsonrpc":"2.0",`), `,"id":1}`)
	return strings.TrimPrefix(reply, `"result":`)
}

// ask sends OPTIONS and returns the reason of the answer.
func ask(t *testing.T, c net.Conn, user string, n int) string {
	t.Helper()
	via := strings.ToUpper(c.LocalAddr().Network())
	req := fmt.Sprintf("OPTIONS sip:%s@x SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%d\r\nMax-Forwards: 9\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		user, via, c.LocalAddr(), n, n)
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte(req)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	k, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(buf[:k]), "\r\n")
	return strings.TrimPrefix(line, "SIP/2.0 200 ")
}

// TestCoreCommands holds that the commands of the core reach the routes, their
// log and the stack.
func TestCoreCommands(t *testing.T) {
	var log buffer
	in, err := newInstance(writeRoute(t, coreRoute), instanceOptions{log: &log})
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]string{
		"sr_get_status": `{"Readiness":false,"Status":-1,"Details":"starting or stopping"}`,
		"cache_remove":  `"error":{"code":500,"message":"Cache command failed","data":"the routes are not running yet"}`,
	} {
		args := map[string][]string{"sr_get_status": {"core"}, "cache_remove": {"local", "k"}}[method]
		if got := command(t, in, method, args...); got != want {
			t.Errorf("before the start, %s: %s", method, got)
		}
	}
	if got := command(t, in, "list_tcp_conns"); got != `{"Connections":[]}` {
		t.Errorf("before the start: %s", got)
	}
	if err := in.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := in.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if got := command(t, in, "sr_get_status", "core"); got != `{"Readiness":true,"Status":1,"Details":"running"}` {
		t.Errorf("sr_get_status: %s", got)
	}
	var conns []net.Conn
	for _, s := range in.Sockets() {
		c, err := net.Dial(s.Proto, net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	if got := ask(t, conns[0], "k", 1); got != "nil" {
		t.Errorf("nothing is stored, and the route has %s", got)
	}
	if got := command(t, in, "cache_store", "local", "k", "hello", "60"); got != `"OK"` {
		t.Errorf("cache_store: %s", got)
	}
	if got := command(t, in, "cache_fetch", "local", "k"); got != `{"key":"k","value":"hello"}` {
		t.Errorf("cache_fetch: %s", got)
	}
	if got := command(t, in, "cache_store", "local", "k", strings.Repeat("x", 1<<17)); !strings.Contains(got, "bytes are too many") {
		t.Errorf("a long text: %.200s", got)
	}
	if got := log.String(); strings.Count(got, `msg="management command"`) != 3 ||
		!strings.Contains(got, `command=cache:store params="map[attr:k expire:60 system:local value:hello]"`) || !strings.Contains(got, `err="Cache command failed"`) {
		t.Errorf("changes are logged as %s", got)
	}
	if strings.Contains(log.String(), "asked for") {
		t.Error("debug was logged before xlog_level")
	}
	if got := command(t, in, "xlog_level", "4"); got != `{"New xLog level":4}` {
		t.Errorf("xlog_level: %s", got)
	}
	if got := ask(t, conns[1], "k", 2); got != "hello" {
		t.Errorf("the route has %s, want hello", got)
	}
	if !strings.Contains(log.String(), "asked for k") {
		t.Errorf("log %s", log.String())
	}
	want := fmt.Sprintf(`{"Connections":[{"ID":1,"Type":"tcp","State":"CONN_OK","Source":%q,"Destination":%q}]}`, conns[1].LocalAddr(), conns[1].RemoteAddr())
	if got := command(t, in, "list_tcp_conns"); got != want {
		t.Errorf("list_tcp_conns: %s, want %s", got, want)
	}
	if got := command(t, in, "cache_remove", "local", "k"); got != `"OK"` {
		t.Errorf("cache_remove: %s", got)
	}
	if got := command(t, in, "cache_fetch", "local", "k"); !strings.Contains(got, `"code":404`) {
		t.Errorf("after cache_remove: %s", got)
	}
}
