package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/httpd"
	"github.com/sipd/sipd/modules/mihttp/client"
)

// eventRoutes is a call center whose agents everybody watches. The event route
// computes with a field that is a number.
const eventRoutes = `
listen "udp:127.0.0.1:0"
for _, m in ipairs{ "httpd", "mi_http", "event_datagram", "event_stream", "event_sse", "prometheus", "b2b_logic", "player", "call_center" } do loadmodule(m) end
modparam("httpd", "port", 0)
modparam("call_center", "db_url", env "SIPD_DB_URL")

function startup_route()
  subscribe_event("E_CALLCENTER_AGENT_REPORT", env "STREAM")
  subscribe_event("E_ROUTED", env "STREAM")
end

function event_route.E_CALLCENTER_AGENT_REPORT(ev)
  raise_event("E_ROUTED", { who = ev.agent_id, what = ev.status .. "/" .. ev.state, ends = (ev.wrapup_ends or 41) + 1, name = ev.name })
end

function request_route() send_reply(404, "Not Found") end
`

// TestEventsOutside: an agent logs in, and the datagram, the stream, the web
// client and the metrics show it.
func TestEventsOutside(t *testing.T) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	db := newDB(t,
		`INSERT INTO cc_flows (flowid, priority, skill, message_queue) VALUES ('tech-support', 1, 'tech', 'player:music')`,
		`INSERT INTO cc_agents (agentid, location, skills, logstate) VALUES ('al', 'sip:al@127.0.0.1:9', 'tech', 0)`)
	in, stop := started(t, writeRoute(t, eventRoutes), map[string]string{"SIPD_DB_URL": db, "STREAM": "tcp:" + tcp.Addr().String()})
	defer stop()
	defer http.DefaultClient.CloseIdleConnections()
	call := func(method string, params ...any) {
		t.Helper()
		if got, err := client.Call(t.Context(), miURL(in), method, params); err != nil || string(got) != `"OK"` {
			t.Fatalf("%s %v: %s, %v", method, params, got, err)
		}
	}
	base := fmt.Sprintf("http://%s", in.Module("httpd").(*httpd.Module).Addr())
	web := stream(t, base+"/events?event=E_CALLCENTER_AGENT_REPORT")
	call("event_subscribe", "E_CALLCENTER_AGENT_REPORT", "udp:"+udp.LocalAddr().String(), "60")
	if text := metrics(t, base); !strings.Contains(text, "sipd_callcenter_free_agents{flow=\"tech-support\"} 0\n") {
		t.Errorf("before the login:\n%s", text)
	}
	call("cc_agent_login", "al", "1")

	const params = `{"agent_id":"al","status":"free","state":"free"}`
	const want = `{"jsonrpc":"2.0","method":"E_CALLCENTER_AGENT_REPORT","params":` + params + `}`
	if got := datagram(t, udp); got != want {
		t.Errorf("datagram %s\nwant     %s", got, want)
	}
	_ = tcp.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	c, err := tcp.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	lines := bufio.NewReader(c)
	for _, want := range []string{want, `{"jsonrpc":"2.0","method":"E_ROUTED","params":{"ends":42,"name":"E_CALLCENTER_AGENT_REPORT","what":"free/free","who":"al"}}`} {
		if got, err := lines.ReadString('\n'); err != nil || got != want+"\n" {
			t.Errorf("stream %q, %v\nwant  %s", got, err, want)
		}
	}
	for text := ""; text != "data: "+params; {
		if text, err = web.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		text = strings.TrimSpace(text)
	}
	for _, want := range []string{"sipd_callcenter_free_agents{flow=\"tech-support\"} 1\n", "sipd_callcenter_agent_calls_total{agent=\"al\"} 0\n",
		"# HELP sipd_callcenter_free_agents free agents with the skill (call_center:ccf_free_agents-FLOW)\n", "sipd_event_subscribers 3\n"} {
		if text := metrics(t, base); !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func datagram(t *testing.T, c net.PacketConn) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 1<<16)
	n, _, err := c.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func get(t *testing.T, ctx context.Context, url string) io.Reader {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 {
		t.Fatalf("%s: status %d", url, res.StatusCode)
	}
	return res.Body
}

// stream opens a web client's stream and reads its beginning.
func stream(t *testing.T, url string) *bufio.Reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	r := bufio.NewReader(get(t, ctx, url))
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return r
}

func metrics(t *testing.T, base string) string {
	t.Helper()
	text, err := io.ReadAll(get(t, t.Context(), base+"/metrics"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
