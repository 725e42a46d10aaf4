package acceptance

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// row and the others are short for what every test needs.
type (
	row    = rig.Row
	object = rig.Object
)

// center is a server with the phones that most tests have.
type center struct {
	*rig.Server
	t     *testing.T
	media *phone.Phone // what the flows play to waiting callers: "moh"
}

// newCenter makes a server. params are pairs: "wrapup_time", "1". Those
// without a module are of call_center.
func newCenter(t *testing.T, params ...string) *center {
	t.Helper()
	return centerOn(t, rig.Options{}, params...)
}

func centerOn(t *testing.T, o rig.Options, params ...string) *center {
	t.Helper()
	o.Route = "testdata/route.lua"
	o.Params = map[string]string{
		"call_center.wrapup_time": "1", "call_center.reject_on_no_agents": "0", "call_center.agent_ring_timeout": "5",
	}
	for i := 0; i < len(params); i += 2 {
		name := params[i]
		if !strings.Contains(name, ".") {
			name = "call_center." + name
		}
		o.Params[name] = params[i+1]
	}
	c := &center{Server: rig.New(t, o), t: t}
	c.media = c.desk("moh")
	return c
}

// msrp is the SDP of a chat.
const msrp = "m=message 2855 TCP/MSRP *\r\na=accept-types:text/plain\r\na=path:msrp://127.0.0.1:2855/s;tcp\r\n"

// desk is a phone that answers at once.
func (c *center) desk(name string) *phone.Phone { return c.Phone(phone.Options{Name: name}) }

// chat is a phone for chats.
func (c *center) chat(name string) *phone.Phone {
	return c.Phone(phone.Options{Name: name, Media: msrp})
}

// busy is a phone that refuses with a code, silent one that rings for ever.
func (c *center) busy(name string, code int) *phone.Phone {
	return c.Phone(phone.Options{Name: name, Code: code})
}

func (c *center) silent(name string) *phone.Phone {
	return c.Phone(phone.Options{Name: name, Never: true})
}

// flow inserts a flow with the music of the center.
func (c *center) flow(id string, cols row) {
	c.t.Helper()
	r := row{"message_queue": rig.URI(c.media)}
	for k, v := range cols {
		r[k] = v
	}
	c.Flow(id, r)
}

// at is the row of an agent at a phone.
func at(p *phone.Phone, more ...string) row {
	r := row{"location": rig.URI(p)}
	for i := 0; i < len(more); i += 2 {
		r[more[i]] = more[i+1]
	}
	return r
}

// join calls a flow and waits until the caller hears an agent; it returns both
// ends of the talk.
func (c *center) join(caller *phone.Phone, flow string, agent *phone.Phone) (call, talk *phone.Call) {
	c.t.Helper()
	call = c.Call(caller, flow)
	c.Hears(call, agent.URI().User)
	talk = c.Answered(agent)
	c.Hears(talk, caller.URI().User)
	return call, talk
}

// from is the user part of the From of an INVITE.
func from(req *sip.Request) string {
	a, _ := req.From()
	return a.URI.User
}

// atLeast checks that so much time lies between two instants.
func (c *center) atLeast(d time.Duration, since time.Time, what string) {
	c.t.Helper()
	if got := time.Since(since); got < d {
		c.t.Errorf("%s after %v, want %v at least", what, got, d)
	}
}

// within checks that no more time has passed.
func (c *center) within(d time.Duration, since time.Time, what string) {
	c.t.Helper()
	if got := time.Since(since); got > d {
		c.t.Errorf("%s after %v, want %v at most", what, got, d)
	}
}

// chatAt is the row of an agent who only chats.
func chatAt(p *phone.Phone, slots string, more ...string) row {
	r := row{"location": rig.Null, "msrp_location": rig.URI(p), "msrp_max_sessions": slots}
	for i := 0; i < len(more); i += 2 {
		r[more[i]] = more[i+1]
	}
	return r
}

// pass lets time pass that a row is about: a talk that a CDR counts, a wait.
// Everything else waits for a condition.
func pass(d time.Duration) { <-time.After(d) }
