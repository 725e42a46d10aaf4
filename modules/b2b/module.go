package b2b

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// params are the parameters of b2b_logic, under their OpenSIPS names.
type params struct {
	maxDuration   time.Duration
	initTimeout   time.Duration
	ringTimeout   time.Duration
	customHeaders string
	customRegexp  string
	callIDHeader  string
	serverAddress string
	contactUser   bool
	maxSessions   int
	dbMode        int
	fromSpec      string
	pingEvery     time.Duration // how long a leg may be silent
	pingTimeout   time.Duration
	wantSession   time.Duration // Session-Expires
	minSession    time.Duration // Min-SE
}

// Module is the module b2b_logic. Its methods may be called from any
// goroutine and never wait.
type Module struct {
	params params

	host    core.Host
	log     *slog.Logger
	ids     ids
	pass    passList
	contact template
	stats   stats

	mu       sync.RWMutex
	sessions map[Key]*session
	dialogs  map[dialogID]*leg
	stopped  bool
	retiring bool
	running  sync.WaitGroup
}

// dialogID finds the leg to which a request belongs.
type dialogID struct{ callID, localTag string }

// stats are the statistics of the group b2b_logic.
type stats struct{ active, lingering, total, crashed *stat.Stat }

var (
	_ core.Module  = (*Module)(nil)
	_ core.Stopper = (*Module)(nil)
)

// New returns the module with its default parameters.
func New() *Module {
	return &Module{
		params: params{maxDuration: 12 * time.Hour, initTimeout: time.Minute, ringTimeout: 2 * time.Minute, maxSessions: 20_000, dbMode: 2,
			fromSpec: "$avp(b2bl_from)", pingEvery: 30 * time.Second, pingTimeout: 90 * time.Second,
			wantSession: 30 * time.Minute, minSession: 90 * time.Second},
		ids: newIDs(time.Now()),
	}
}

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	return core.Exports{
		Name:   "b2b_logic",
		Params: m.params.declare(),
		MI:     m.commands(),
		Stats: []stat.Desc{
			{Name: "active_sessions", Kind: stat.Gauge, Doc: "sessions whose call goes on"},
			{Name: "lingering_sessions", Kind: stat.Gauge, Doc: "sessions whose call has ended and that only answer what still comes in"},
			{Name: "total_sessions", Kind: stat.Counter, Doc: "sessions opened since the start"},
			{Name: "crashed_sessions", Kind: stat.Counter, Doc: "sessions ended by a fault of sipd itself"},
		},
	}
}

// Init implements [core.Module].
func (m *Module) Init(host core.Host) (err error) {
	m.host, m.log = host, host.Log()
	m.sessions, m.dialogs = map[Key]*session{}, map[dialogID]*leg{}
	if err = m.params.check(); err != nil {
		return err
	}
	m.contact, _ = parseTemplate(m.params.serverAddress)
	m.pass, _ = newPassList(m.params.customHeaders, m.params.customRegexp)
	for _, s := range []struct {
		p    **stat.Stat
		name string
		kind stat.Kind
	}{
		{&m.stats.active, "active_sessions", stat.Gauge},
		{&m.stats.lingering, "lingering_sessions", stat.Gauge},
		{&m.stats.total, "total_sessions", stat.Counter},
		{&m.stats.crashed, "crashed_sessions", stat.Counter},
	} {
		if *s.p, err = host.Stats().New("b2b_logic", s.name, s.kind); err != nil {
			return err
		}
	}
	host.HandleDialogs(m.inDialog)
	return nil
}

// Stop implements [core.Stopper]: it ends every session that is not kept, and
// waits until the far ends have answered, or ctx ends. Of those that are kept
// nothing is said on the wire.
func (m *Module) Stop(ctx context.Context) error {
	m.mu.Lock()
	m.stopped, m.retiring = true, m.Keeps()
	m.mu.Unlock()
	all := m.opened()
	for _, s := range all {
		s.box.Post(s.shutdown)
	}
	ended := make(chan struct{})
	go func() { m.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		for _, s := range all {
			s.box.Close()
		}
		<-ended // a session's goroutine never waits for anything else
	}
	return nil
}

func (m *Module) logicConfig() logic.Config {
	return logic.Config{InitTimeout: m.params.initTimeout, MaxDuration: m.params.maxDuration,
		RingTimeout: m.params.ringTimeout, Rand: m.ids.intN,
		Ping: m.params.pingEvery, Silence: m.params.pingTimeout}
}

// inDialog takes requests that belong to a leg. A tag of ours that no leg has
// any more belongs to a call that is over: the script has no use for it.
func (m *Module) inDialog(tx sip.ServerRequest) bool {
	req := tx.Request()
	tag := req.ToTag()
	if tag == "" {
		return false
	}
	m.mu.RLock()
	l := m.dialogs[dialogID{req.CallID(), tag}]
	retiring := m.retiring
	m.mu.RUnlock()
	if l != nil && l.s.box.Post(func() { l.received(tx) }) || l != nil && retiring {
		return true // when retiring, its sender repeats it to the next process
	}
	if l == nil && !strings.HasPrefix(tag, m.ids.prefix) && !m.earlier(req, tag) {
		return false
	}
	if req.Method == sip.ACK {
		return true
	}
	code := 481
	if req.Method == sip.BYE {
		code = 200
	}
	_ = tx.Respond(sip.NewResponse(req, code, "", "")) // it has no answer yet
	return true
}

// earlier reports whether a request belongs to a call of an earlier process
// that is over. That of another server like this one, for which this one is a
// proxy, is not for us.
func (m *Module) earlier(req *sip.Request, tag string) bool {
	return ofAnyRun(tag) && !req.Headers.Has("Route") && m.host.IsMyself(req.URI.Host, cmp.Or(req.URI.Port, 5060))
}

func (m *Module) addDialog(l *leg) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := dialogID{l.dlg.callID, l.dlg.local.Tag()}
	m.dialogs[id] = l
	l.s.dialogs = append(l.s.dialogs, id)
}

// forget removes a session and its dialogs.
func (m *Module) forget(s *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, s.key)
	for _, id := range s.dialogs {
		delete(m.dialogs, id)
	}
}

func (m *Module) session(k Key) *session {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.sessions[k]
}

// isToken reports whether s can be the name of a header.
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !alnum && !strings.ContainsRune("-.!%*_+`'~", r)
	}) < 0
}
