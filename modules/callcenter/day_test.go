package callcenter

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

var (
	dayLength = flag.Duration("day", 20*time.Minute, "virtual time that TestDay lasts")
	daySeed   = flag.Uint64("dayseed", 1, "seed of TestDay")
)

// The load of TestDay.
const (
	dayAgents   = 100
	dayCallers  = 700 // phones, each with one call at a time
	callEvery   = time.Second
	meanTalk    = 65 * time.Second
	meanPatient = 90 * time.Second
	refuseRate  = 0.08 // of the offers
	ignoreRate  = 0.01 // of the offers: the phone rings until it is cancelled
	vanishRate  = 0.03 // of the calls
	chatRate    = 0.1  // of the calls
	lossRate    = 0.01 // of the messages; as many come twice

	noticed = 90 * time.Second // that a phone vanished: keepalive_timeout of b2b_logic
)

// workday is a call center through a long day of virtual time: callers with
// patience, agents who answer, talk, refuse and take breaks, phones that lose
// their power, reloads and restarts. Everything goes over the network in
// memory and through real B2B sessions.
type workday struct {
	*phoenix
	desks   []*desk
	media   []*siptest.Phone
	power   power
	book    book
	free    chan *caller
	callers map[string]*caller
	count   tallies

	lastRestart atomic.Int64 // Unix time in ns
	alone       map[string]time.Time
	hours       []hour

	rndMu sync.Mutex
	rnd   *rand.Rand
}

// tallies are the rows of the table that a day ends with.
type tallies struct {
	calls, refused, ignored, vanished, stuck, misheard atomic.Int64
	reloads, logins, restarts                          int
}

// TestDay lives through a day; see `make day` for a whole one.
func TestDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDay(t)
		d.start()
		d.live(*dayLength)
		d.drain()
		d.stop()
	})
}

func newDay(t *testing.T) *workday {
	net := siptest.NewNetwork(t)
	net.NoTrace, net.Quiet = true, true
	d := &workday{
		phoenix: &phoenix{t: t, net: net, disk: &fakeStorage{}, dir: t.TempDir(), mode: 2},
		free:    make(chan *caller, dayCallers), callers: map[string]*caller{},
		rnd: rand.New(rand.NewPCG(*daySeed, 24)),
	}
	net.Link = d.link(siptest.Lossy(*daySeed, lossRate, lossRate, 0))
	d.set, d.args, d.disk.onSave = d.configure, dayArgs, d.book.saved
	d.book.t = t
	d.load.Flows = []engine.FlowConfig{
		{ID: "sales", Skill: "sales", Priority: 1, Queue: "sip:moh", Welcome: "sip:welcome"},
		{ID: "tech", Skill: "tech", Priority: 1, Queue: "sip:moh", Dissuading: "sip:busy", DissuadingOnHold: 40 * time.Second},
		{ID: "full", Skill: "tech", Priority: 2, Queue: "sip:moh", Dissuading: "sip:busy", DissuadingQueueSize: 2, DissuadingHangup: true},
		{ID: "vip", Skill: "sales", Queue: "sip:moh", FlowID: "sip:flowid"},
		{ID: "chat", Skill: "chat", Priority: 1, Queue: "sip:moh"},
	}
	for name, talk := range map[string]time.Duration{"moh": 0, "welcome": 4 * time.Second, "busy": 5 * time.Second, "flowid": 2 * time.Second} {
		d.media = append(d.media, net.Phone(name, siptest.Script{Forget: true, Talk: talk, OnCall: func(*siptest.Call, *sip.Request) {}}))
	}
	for i := range dayAgents {
		d.hire(i)
	}
	for i := range dayCallers {
		d.enroll(fmt.Sprintf("caller%d", i))
	}
	return d
}

// configure sets what the day needs of the parameters.
func (d *workday) configure(m *module) { m.params.wrapup = 15 * time.Second }

// dayArgs is the route of the day: the dialled user is the flow.
func dayArgs(msg *core.Msg) core.Args {
	flow := msg.Req.URI.User
	if flow == "chat" {
		return core.Args{flow, "param", "msrp"}
	}
	return core.Args{flow, "param"}
}

// live lets the calls come until the day is over.
func (d *workday) live(length time.Duration) {
	begin := time.Now()
	chores := d.chores(begin, length)
	for time.Since(begin) < length {
		time.Sleep(d.exp(callEvery))
		d.arrive()
		for _, c := range chores {
			for !time.Now().Before(c.next) {
				c.next = c.next.Add(c.every)
				c.do()
			}
		}
	}
}

// chore is something done now and then.
type chore struct {
	every time.Duration
	next  time.Time
	do    func()
}

func (d *workday) chores(begin time.Time, length time.Duration) []*chore {
	var list []*chore
	add := func(every time.Duration, do func()) {
		list = append(list, &chore{every, begin.Add(every), do})
	}
	add(10*time.Second, d.watch)
	add(10*time.Second, d.tidy)
	add(15*time.Second, d.shift)
	add(7*time.Minute, d.reconfigure)
	add(length/3+time.Second, d.again)
	add(time.Hour, func() { d.report(time.Since(begin)) })
	return list
}

// exp is a random time.
func (d *workday) exp(mean time.Duration) time.Duration {
	d.rndMu.Lock()
	defer d.rndMu.Unlock()
	return time.Duration(d.rnd.ExpFloat64() * float64(mean))
}

// chance is a random number below 1.
func (d *workday) chance() float64 {
	d.rndMu.Lock()
	defer d.rndMu.Unlock()
	return d.rnd.Float64()
}

// between is a random time.
func (d *workday) between(from, to time.Duration) time.Duration {
	return from + time.Duration(d.chance()*float64(to-from))
}
