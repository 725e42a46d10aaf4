package callcenter

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// agentsOf lists the agents with their state.
func agentsOf(m *module) map[string]engine.AgentState {
	list := map[string]engine.AgentState{}
	m.runner.ask(func(e *engine.Engine, now time.Time) {
		for _, a := range e.Agents(now) {
			list[a.ID] = a.State
		}
	})
	return list
}

// onDatabase starts the module on a database and a spool directory.
func onDatabase(t *testing.T, url, spool string) (*module, *fakeHost, error) {
	t.Helper()
	host := &fakeHost{modules: map[string]core.Module{"b2b_logic": b2b.New()}}
	m := New().(*module)
	m.params.dbURL, m.params.spoolDir = url, spool
	err := m.Init(host)
	t.Cleanup(func() {
		if err := m.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return m, host, err
}

// TestStartWithoutDatabase uses the flows and agents of the last start, says
// so, and reads the database once it is back.
func TestStartWithoutDatabase(t *testing.T) {
	dir, spool := filepath.Join(t.TempDir(), "db"), t.TempDir()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	url := newDB(t, dir, "cc.db")
	change := func(q string) {
		t.Helper()
		d, err := db.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if _, err := d.Write().ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	change("INSERT INTO cc_agents (agentid, location, skills, logstate) VALUES ('a', 'sip:a@a', 's', 1), ('b', 'sip:b@b', 's', 1)")
	m, _, err := onDatabase(t, url, spool)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	change("INSERT INTO cc_agents (agentid, location, skills, logstate) VALUES ('c', 'sip:c@c', 's', 1)")
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	m, host, err := onDatabase(t, url, spool)
	if err != nil {
		t.Fatal(err)
	}
	if got := agentsOf(m); len(got) != 2 || got["a"] != engine.Free {
		t.Errorf("while the database is away: %v", got)
	}
	if got := m.runner.request(engine.AgentLogin{Agent: "a"}); got != engine.Done {
		t.Errorf("login: %d", got)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); len(agentsOf(m)) != 3; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the database was not read again: %v", agentsOf(m))
		}
	}
	if got := agentsOf(m); got["a"] != engine.Offline || got["b"] != engine.Free {
		t.Errorf("who logged out meanwhile is %s, the other %s", got["a"], got["b"])
	}
	if err := m.Stop(t.Context()); err != nil { // the last alarm has been raised
		t.Fatal(err)
	}
	var texts []string
	for _, e := range host.events {
		if e.Name == eventAlarm {
			texts = append(texts, e.Fields[0].Value.(string))
		}
	}
	if all := strings.Join(texts, "\n"); !strings.Contains(all, "read again as soon as the database is back") || !strings.Contains(all, "have been read") {
		t.Errorf("alarms:\n%s", all)
	}
}

// TestStartWithoutDatabaseFirst: a wrong URL is told, also beside the snapshot
// of another database.
func TestStartWithoutDatabaseFirst(t *testing.T) {
	spool := t.TempDir()
	m, _, err := onDatabase(t, newDB(t, t.TempDir(), "cc.db"), spool)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := onDatabase(t, "sqlite:///no/such/dir/cc.db", spool); err == nil || !strings.Contains(err.Error(), "the directory must exist") {
		t.Errorf("error %v", err)
	}
}

func TestReadSnapshot(t *testing.T) {
	names := store.Names{"cc_agents_table": "cc_agents"}
	path := filepath.Join(t.TempDir(), "x.config")
	s := snapshot{Read: time.Now(), Names: names, Flows: []engine.FlowConfig{{ID: "f", MaxWrapup: time.Second}}}
	for range 2 {
		if err := s.write(path); err != nil {
			t.Fatal(err)
		}
	}
	if got := readSnapshot(path, names); got == nil || len(got.Flows) != 1 || got.Flows[0] != s.Flows[0] {
		t.Errorf("read %+v", got)
	}
	if got := readSnapshot(path, store.Names{"cc_agents_table": "other"}); got != nil {
		t.Error("a snapshot of other tables is used")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if readSnapshot(path, names) != nil {
			t.Fatalf("the first %d bytes are taken for a snapshot", n)
		}
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}

// TestSameSnapshot: a field that is compared by nobody would not be kept.
func TestSameSnapshot(t *testing.T) {
	base := func() snapshot {
		return snapshot{Read: time.Now(), Flows: []engine.FlowConfig{{ID: "f"}}, Agents: []engine.AgentConfig{{ID: "a", Skills: []string{"s"}}}}
	}
	one, two := base(), base()
	if !one.same(&two) {
		t.Error("equal ones differ")
	}
	for name, changed := range everyChange(engine.AgentConfig{ID: "a", Skills: []string{"s"}}) {
		two = base()
		two.Agents[0] = changed
		if one.same(&two) {
			t.Errorf("an agent with another %s is taken for the same", name)
		}
	}
	two = base()
	two.Layout.CDRMedia = true
	if one.same(&two) {
		t.Error("another layout is taken for the same")
	}
	two = base()
	two.Flows[0].Priority++
	if one.same(&two) {
		t.Error("another flow is taken for the same")
	}
}

// everyChange returns the agent with one field after another changed.
func everyChange(a engine.AgentConfig) map[string]engine.AgentConfig {
	changed := map[string]engine.AgentConfig{}
	for i := range reflect.TypeFor[engine.AgentConfig]().NumField() {
		b := a
		switch f := reflect.ValueOf(&b).Elem().Field(i); v := f.Interface().(type) {
		case string:
			f.SetString(v + "x")
		case []string:
			f.Set(reflect.ValueOf(append(slices.Clone(v), "x")))
		case bool:
			f.SetBool(!v)
		case int, time.Duration:
			f.SetInt(f.Int() + 1)
		case time.Time:
			f.Set(reflect.ValueOf(v.Add(time.Second)))
		}
		changed[reflect.TypeFor[engine.AgentConfig]().Field(i).Name] = b
	}
	return changed
}

// TestSnapshotWritten: a reload that reads the same only notes the time, one
// that reads something else and one whose file is gone write.
func TestSnapshotWritten(t *testing.T) {
	m, _, err := onDatabase(t, newDB(t, t.TempDir(), "cc.db"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := m.store.(*databases)
	file := func() os.FileInfo {
		t.Helper()
		info, err := os.Stat(d.path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	load := func() {
		t.Helper()
		if _, _, err := d.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first, begin := file(), time.Now()
	load()
	if again := file(); !os.SameFile(first, again) {
		t.Error("the same was written again")
	}
	if s := readSnapshot(d.path, d.names); s == nil || s.Read.Before(begin) {
		t.Errorf("the time of the last reading is lost: %+v", s)
	}
	if err := os.Remove(d.path); err != nil {
		t.Fatal(err)
	}
	load()
	first = file()
	d.open[0].Write().MustExec("INSERT INTO cc_agents (agentid, location, skills) VALUES ('new', 'sip:n@n', 's')")
	load()
	if os.SameFile(first, file()) || len(readSnapshot(d.path, d.names).Agents) != 1 {
		t.Error("a new agent was not written")
	}
}
