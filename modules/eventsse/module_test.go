package eventsse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/httpd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a server with httpd, the module, and the events E_A and E_B.
type rig struct {
	core.Host
	t      *testing.T
	m      *Module
	http   *httpd.Module
	events *evi.Interface
	stats  stat.Registry
	base   string
}

func (r *rig) Log() *slog.Logger         { return slog.New(slog.DiscardHandler) }
func (r *rig) Events() *evi.Interface    { return r.events }
func (r *rig) Stats() *stat.Registry     { return &r.stats }
func (r *rig) Module(string) core.Module { return r.http }
func (r *rig) Fatal(err error)           { r.t.Errorf("fatal: %v", err) }

func start(t *testing.T, params map[string]any) *rig {
	t.Helper()
	r := &rig{t: t, m: New(), http: httpd.New(), events: evi.New(&event.Bus{}, slog.New(slog.DiscardHandler))}
	for _, name := range []string{"E_A", "E_B"} {
		if err := r.events.Bus().Declare(event.Type{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range append(r.http.Exports().Params, r.m.Exports().Params...) {
		v, ok := params[p.Name]
		if p.Name == "port" {
			v, ok = 0, true
		}
		if ok {
			if err := p.Set(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(r.http.Init(r), r.m.Init(r), r.http.Start(), r.m.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := errors.Join(r.m.Stop(context.Background()), r.m.Stop(context.Background()), r.http.Stop(context.Background())); err != nil {
			t.Error(err)
		}
	})
	r.base = "http://" + r.http.Addr().String()
	return r
}

func (r *rig) raise(name string, n int) {
	r.t.Helper()
	before := r.m.ring.end()
	if err := r.events.Raise(name, event.Field{Name: "n", Value: int64(n)}); err != nil {
		r.t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); r.m.ring.end() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatal("the event did not come")
		}
	}
}

// message is one as a client reads it.
type message struct{ id, event, data string }

// client is one stream.
type client struct {
	t    *testing.T
	body io.ReadCloser
	in   *bufio.Reader
}

// connect opens a stream and reads its beginning.
func (r *rig) connect(query, last string) *client {
	r.t.Helper()
	c := r.open(query, last)
	for c.line() != "retry: 2000" {
	}
	return c
}

func (r *rig) open(query, last string) *client {
	r.t.Helper()
	res := r.get(query, "Last-Event-ID", last)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		r.t.Fatalf("status %d, %v", res.StatusCode, res.Header)
	}
	return &client{r.t, res.Body, bufio.NewReader(res.Body)}
}

func (r *rig) get(query string, header ...string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), "GET", r.base+query, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func (c *client) line() string {
	c.t.Helper()
	text, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSuffix(text, "\n")
}

// next reads the next message with data; id is the last one told.
func (c *client) next() (m message) {
	c.t.Helper()
	for {
		text := c.line()
		field, value, _ := strings.Cut(text, ": ")
		switch field {
		case "id":
			m.id = value
		case "event":
			m.event = value
		case "data":
			m.data = value
		case "":
			if m.data != "" {
				return m
			}
		}
	}
}

func (c *client) want(event, data string) (id string) {
	c.t.Helper()
	m := c.next()
	if m.event != event || m.data != data {
		c.t.Errorf("got %+v, want %s %s", m, event, data)
	}
	return m.id
}

func TestStream(t *testing.T) {
	r := start(t, nil)
	r.raise("E_A", 0) // before anybody listens
	all, some := r.connect("/events", ""), r.connect("/events?event=E_B,&event=E_B", "")
	r.raise("E_A", 1)
	r.raise("E_B", 2)
	first := all.want("E_A", `{"n":1}`)
	second := all.want("E_B", `{"n":2}`)
	if got := some.want("E_B", `{"n":2}`); got != second || second <= first {
		t.Errorf("ids %s, %s and %s", first, second, got)
	}
	// A client comes back.
	r.raise("E_A", 3)
	back := r.connect("/events", first)
	back.want("E_B", `{"n":2}`)
	back.want("E_A", `{"n":3}`)
	r.raise("E_A", 4)
	back.want("E_A", `{"n":4}`)
	r.connect("/events?event=E_A&last_event_id="+second, "").want("E_A", `{"n":3}`)
}

// TestLost: what the ring does not hold any more is counted, and a number of
// an earlier process is told from one of this.
func TestLost(t *testing.T) {
	r := start(t, map[string]any{"keep": 3})
	c := r.connect("/events", "")
	r.raise("E_A", 1)
	id := c.want("E_A", `{"n":1}`)
	for n := 2; n <= 6; n++ {
		r.raise("E_A", n)
	}
	back := r.connect("/events", id)
	back.want("lost", `{"lost":2,"restarted":false}`)
	back.want("E_A", `{"n":4}`)
	for _, old := range []string{"17", "8999999999999999999"} {
		earlier := r.connect("/events", old)
		earlier.want("lost", `{"lost":0,"restarted":true}`)
		earlier.want("lost", `{"lost":3,"restarted":false}`)
		earlier.want("E_A", `{"n":4}`)
	}
}

func TestRefused(t *testing.T) {
	r := start(t, map[string]any{"max_clients": 1, "token": "s3cret", "path": "live"})
	body := func(res *http.Response) string {
		text, err := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, " ", string(text), err)
	}
	bearer := []string{"Authorization", "Bearer s3cret"}
	for _, tt := range []struct {
		query  string
		header []string
		want   string
	}{
		{"/live", nil, "401 want the token of event_sse"},
		{"/live?event=E_C", bearer, `400 event "E_C": no such event`},
		{"/events", bearer, "404"},
		{"/live", append(bearer, "Origin", "http://evil.example"), "403 a page of another site"},
	} {
		if got := body(r.get(tt.query, tt.header...)); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.want)
		}
	}
	res, err := http.Post(r.base+"/live", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := body(res); !strings.HasPrefix(got, "405") {
		t.Errorf("POST: %s", got)
	}
	_ = res.Body.Close()
	first := r.get("/live", bearer...)
	if got := body(r.get("/live", bearer...)); !strings.HasPrefix(got, "503 all streams are taken") {
		t.Error(got)
	}
	_ = first.Body.Close()
	for end := time.Now().Add(10 * time.Second); r.m.clients.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a client that went keeps its place")
		}
	}
	if res := r.get("/live", bearer...); res.StatusCode != 200 {
		t.Errorf("after the first went: %d", res.StatusCode)
	}
	if vs, _ := r.stats.Find([]string{"refused_clients"}); len(vs) != 1 || vs[0].Value != 1 {
		t.Errorf("statistics %+v", vs)
	}
}

func TestHeartbeat(t *testing.T) {
	r := start(t, map[string]any{"heartbeat": 1})
	c := r.connect("/events?event=E_B", "")
	r.raise("E_A", 1) // not for this client, but it moves on
	for c.line() != ": heartbeat" {
	}
	if got, want := c.line(), fmt.Sprintf("id: %d", r.m.ring.end()-1); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestData: what is in the fields cannot break out of its line.
func TestData(t *testing.T) {
	r := start(t, nil)
	c := r.connect("/events", "")
	const evil = "a\n\nid: 0\r\nevent: lost\u2028</script>"
	if err := r.events.Raise("E_A", event.Field{Name: "text", Value: evil}); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if m := c.next(); m.event != "E_A" || json.Unmarshal([]byte(m.data), &got) != nil || got["text"] != evil {
		t.Errorf("got %+v", m)
	}
}

// TestRing: a ring that overtakes a reader tells it how much, whatever the
// history; and it is bounded by bytes too.
func TestRing(t *testing.T) {
	r := newRing(100, 5, 10)
	for n := range 4 {
		r.push("E", []byte("abc"), uint64(n%2)) // 100, 102, 103, 105
	}
	if len(r.items) != 3 || r.end() != 106 {
		t.Errorf("%d events of 3 bytes in 10, end %d", len(r.items), r.end())
	}
	pos, total, lost := uint64(100), 0, uint64(0)
	for {
		items, next, n, _ := r.read(pos, 2)
		total, lost, pos = total+len(items), lost+n, next
		if len(items) == 0 {
			break
		}
	}
	if total != 3 || lost != 3 || pos != 106 {
		t.Errorf("read %d, lost %d, at %d", total, lost, pos)
	}
	if pos, restarted := r.after(99); restarted || pos != 100 {
		t.Error("a client of this process without an event yet was taken for an old one")
	}
}

func TestDocs(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
