package callcenter

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sipd/sipd/core/keep"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// The buckets of the memory.
const (
	keptSessions = "session" // by key: what b2b needs
	keptCalls    = "call"    // by id: engine.KeptCall
	keptAgents   = "agent"   // by id: engine.KeptAgent
	keptCDRs     = "cdr"     // by tag: CDRs that the journal may not have yet
)

// memory is what the call center keeps on the local disk for a restart. The
// nil memory keeps nothing.
//
// A call ends in this order: its CDR is kept here, written to the journal in
// the background, and the call is forgotten. The journal tells when it has the
// CDR, and only then is it forgotten here. So a crash at any point leaves the
// CDR in one of the two, and what the next start finds in both is in the
// journal already.
//
// When the disk fails the CDR is in neither for a while. Then the call is
// forgotten once the CDR is written, or its end would be lost with the process.
type memory struct {
	keep *keep.Store
	log  *slog.Logger

	mu   sync.Mutex
	late map[string]*lateEnd // by call, and by the tag of its CDR
}

// lateEnd is a call whose last CDR is not kept.
type lateEnd struct {
	call string
	over bool // the call is to be forgotten
}

func openMemory(dir string, log *slog.Logger, alarm func(string)) (*memory, error) {
	k, err := keep.Open(keep.Options{Dir: dir, Log: log, Alarm: alarm})
	if err != nil {
		return nil, err
	}
	return &memory{keep: k, log: log, late: map[string]*lateEnd{}}, nil
}

// put reports whether the value survives the process from now on.
func (m *memory) put(bucket, key string, value any) bool {
	if m == nil {
		return false
	}
	data, err := json.Marshal(value)
	if err != nil { // texts, numbers and times: it cannot happen
		m.log.Error("not kept for a restart", "what", bucket, "id", key, "err", err)
		return false
	}
	return m.keep.Put(bucket, key, data)
}

func (m *memory) forget(bucket, key string) {
	if m != nil {
		m.keep.Delete(bucket, key)
	}
}

// cdr keeps a CDR until the journal has it.
func (m *memory) cdr(c engine.CDR) {
	tag := store.CDRTag(c)
	if m == nil || m.put(keptCDRs, tag, c) || c.Type == engine.CDRRejected {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &lateEnd{call: string(c.Call)}
	m.late[tag], m.late[l.call] = l, l
}

// over forgets a call that has ended.
func (m *memory) over(call engine.CallID) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.late[string(call)]; l != nil {
		l.over = true
		return
	}
	m.forget(keptCalls, string(call))
}

func (m *memory) agent(a engine.KeepAgent) {
	if a.Plain {
		m.forget(keptAgents, a.Agent.ID)
	} else {
		m.put(keptAgents, a.Agent.ID, a.Agent)
	}
}

// written hears from the journal.
func (m *memory) written(tags []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, tag := range tags {
		m.forget(keptCDRs, tag)
		l := m.late[tag]
		if l == nil {
			continue
		}
		delete(m.late, tag)
		delete(m.late, l.call)
		if l.over {
			m.forget(keptCalls, l.call)
		}
	}
}

// session keeps a B2B session.
func (m *memory) session(key b2b.Key, state []byte) {
	if state == nil {
		m.keep.Delete(keptSessions, string(key))
	} else {
		m.keep.Put(keptSessions, string(key), state)
	}
}

func (m *memory) close() error {
	if m == nil {
		return nil
	}
	return m.keep.Close()
}

// remembered is what the process before has kept.
type remembered struct {
	sessions map[b2b.Key][]byte
	calls    map[engine.CallID]engine.KeptCall
	agents   []engine.KeptAgent
	cdrs     []engine.CDR
}

// all reads everything. What cannot be read is reported, and costs only
// itself.
func (m *memory) all() remembered {
	r := remembered{sessions: map[b2b.Key][]byte{}, calls: map[engine.CallID]engine.KeptCall{}}
	if m == nil {
		return r
	}
	m.each(keptSessions, func(key string, data []byte) error {
		r.sessions[b2b.Key(key)] = slices.Clone(data)
		return nil
	})
	m.each(keptCalls, func(key string, data []byte) error {
		var k engine.KeptCall
		err := json.Unmarshal(data, &k)
		if err == nil {
			r.calls[k.ID] = k
		}
		return err
	})
	m.each(keptAgents, func(_ string, data []byte) error {
		var k engine.KeptAgent
		err := json.Unmarshal(data, &k)
		if err == nil {
			r.agents = append(r.agents, k)
		}
		return err
	})
	m.each(keptCDRs, func(_ string, data []byte) error {
		var c engine.CDR
		err := json.Unmarshal(data, &c)
		if err == nil {
			r.cdrs = append(r.cdrs, c)
		}
		return err
	})
	return r
}

func (m *memory) each(bucket string, fn func(string, []byte) error) {
	err := m.keep.Each(bucket, func(key string, data []byte) error {
		if err := fn(key, data); err != nil {
			m.log.Error("what was kept for a restart cannot be read", "what", bucket, "id", key, "err", err)
		}
		return nil
	})
	if err != nil {
		m.log.Error("what was kept for a restart cannot be read", "what", bucket, "err", err)
	}
}

// takeUp restores the sessions of the process before, and makes what the
// engine must know of them. Nothing happens before [module.Start].
func (m *module) takeUp() {
	if m.memory == nil {
		return
	}
	kept := m.memory.all()
	m.saveCDRs(kept.cdrs)
	m.endOver(kept)
	ev := engine.Restore{Agents: kept.agents}
	for key, state := range kept.sessions {
		call, known := kept.calls[engine.CallID(key)]
		got, err := m.sessions.Restore(state, b2b.SessionOptions{Observer: m.observe, Keep: m.memory.session})
		if err != nil {
			m.log.Error("a call is lost", "call", key, "err", err)
			m.memory.forget(keptSessions, string(key))
			continue
		}
		m.restored = append(m.restored, key)
		if !known {
			m.strays = append(m.strays, key) // its call had ended, or never began
			continue
		}
		delete(kept.calls, call.ID)
		ev.Calls = append(ev.Calls, engine.RestoredCall{KeptCall: call, Live: !got.Over, Heard: got.Answered, PeerNow: got.Peer, Last: got.Last})
	}
	for call := range maps.Values(kept.calls) {
		ev.Calls = append(ev.Calls, engine.RestoredCall{KeptCall: call})
	}
	if len(ev.Calls) > 0 {
		m.log.Info("calls of the process before go on", "calls", len(ev.Calls), "agents", len(ev.Agents))
	}
	m.restore = ev
}

// endOver forgets the calls whose last CDR is known: the disk failed when they
// ended.
func (m *module) endOver(kept remembered) {
	tags := maps.Clone(m.store.Tags())
	if tags == nil {
		tags = map[string]bool{}
	}
	for _, c := range kept.cdrs {
		tags[store.CDRTag(c)] = true
	}
	for tag := range tags {
		if id, last := store.LastCDR(tag); last {
			if _, known := kept.calls[id]; known {
				m.memory.forget(keptCalls, string(id))
				delete(kept.calls, id)
			}
		}
	}
}

// saveCDRs writes the CDRs that were decided and that no journal has.
func (m *module) saveCDRs(cdrs []engine.CDR) {
	tags := m.store.Tags()
	for _, c := range cdrs {
		if tag := store.CDRTag(c); tags[tag] {
			m.memory.forget(keptCDRs, tag)
		} else {
			m.store.Save(engine.WriteCDR{CDR: c})
		}
	}
}

// Start implements [core.Starter]: the network is up, so calls go on. What the
// engine wants of them waits in their sessions until they are opened.
func (m *module) Start() error {
	if len(m.restore.Calls) > 0 || len(m.restore.Agents) > 0 {
		m.runner.post(m.restore)
		m.runner.ask(func(*engine.Engine, time.Time) {})
	}
	for _, key := range m.restored {
		m.sessions.Open(key)
	}
	for _, key := range m.strays {
		m.sessions.Terminate(key)
	}
	m.restore, m.restored, m.strays = engine.Restore{}, nil, nil
	return m.policies.started()
}
