package callcenter

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// TestLastCDR: a tag names its call, and tells the last CDR from a refusal.
func TestLastCDR(t *testing.T) {
	for kind, want := range map[engine.CDRType]bool{engine.CDRRejected: false, engine.CDRError: true, engine.CDRAnswered: true, engine.CDRDropped: true} {
		id, last := store.LastCDR(store.CDRTag(engine.CDR{Call: "1.2/3", Type: kind, Rejected: 2}))
		if id != "1.2/3" || last != want {
			t.Errorf("type %d: %q, last %v", kind, id, last)
		}
	}
	for _, tag := range []string{"", "x", "x/1"} {
		if id, last := store.LastCDR(tag); id != "" || last {
			t.Errorf("%q: %q, %v", tag, id, last)
		}
	}
}

// TestEndOnBrokenDisk ends a call whose CDR the disk does not take: the call
// is remembered until the CDR is in the journal or the database.
func TestEndOnBrokenDisk(t *testing.T) {
	m, err := openMemory(t.TempDir(), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.close() })
	known := func() bool { _, ok := m.all().calls["c"]; return ok }
	m.put(keptCalls, "c", engine.KeptCall{ID: "c"})
	cdr := engine.CDR{Call: "c", Type: engine.CDRDropped}

	m.cdr(cdr)
	if m.over("c"); known() {
		t.Error("a CDR that is kept holds its call")
	}
	m.written([]string{store.CDRTag(cdr)})

	m.put(keptCalls, "c", engine.KeptCall{ID: "c"})
	cdr.Flow = strings.Repeat("x", 17<<20) // more than keep takes: it is not kept
	m.cdr(cdr)
	if m.over("c"); !known() {
		t.Error("a call whose CDR is nowhere is forgotten")
	}
	m.written([]string{"another", store.CDRTag(cdr)})
	if known() || len(m.late) != 0 {
		t.Errorf("the call is still known after its CDR was written, %d wait", len(m.late))
	}
}
