package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/db/dbtest"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/disk"
)

// failing makes calls until the server says what fails: a full disk still
// takes what fits into the last block of a file.
func (o *outage) failing(what string) {
	o.t.Helper()
	for range 10 {
		o.serve(1)
		if strings.Contains(o.log.String(), what) {
			return
		}
	}
	o.until("the log to have: "+what, func() bool { return strings.Contains(o.log.String(), what) })
}

// TestDatabaseReadOnly has MariaDB refuse every change for a while, as a
// replica does, or a server whose operator is at work on it.
func TestDatabaseReadOnly(t *testing.T) {
	o := newOutage(t)
	o.serve(1)
	o.db.ReadOnly(t, true)
	o.failing("read-only")
	o.serve(3)
	o.do("cc_reload", nil, nil) // it only reads
	o.serve(1)
	o.db.ReadOnly(t, false)
	o.serve(1)
	o.allThere()
	o.idle()
	o.stop()
}

// TestStartWhileReadOnly kills the server while MariaDB is read-only: it comes
// up again, and what was in its journal arrives.
func TestStartWhileReadOnly(t *testing.T) {
	o := newOutage(t)
	o.serve(1)
	o.db.ReadOnly(t, true)
	o.serve(3)
	o.until("the last CDR in the journal", func() bool { return o.journal("c004") })
	o.kill()
	o.start()
	o.serve(2)
	o.db.ReadOnly(t, false)
	o.allThere()
	o.idle()
}

// newFull is an outage whose database, or only whose journal, is on a small
// disk.
func newFull(t *testing.T, sqlite, spool bool) (*outage, *disk.Disk) {
	t.Helper()
	d := disk.New(t, 8)
	url := "sqlite://" + filepath.Join(d.Dir, "cc.db")
	if !sqlite {
		url = dbtest.MariaDB(t)
	}
	o := outageOn(t, newCenter(t, url))
	if spool {
		o.spool = d.Dir
	}
	o.start()
	return o, d
}

// TestSQLiteFull fills the disk of the database. Where no disk of its own can
// be made the process is limited instead, and the journal with it.
func TestSQLiteFull(t *testing.T) {
	o, d := newFull(t, true, false)
	o.serve(1)
	d.Fill(t, o.cmd.Process.Pid)
	o.failing("sqlite")
	o.serve(3)
	d.Free(t, o.cmd.Process.Pid)
	o.serve(1)
	o.allThere()
	o.idle()
	o.stop()
	o.sound()
}

// TestStartWhileSQLiteFull kills the server while the disk of the database is
// full, and starts it again: what is in the journal is not lost.
func TestStartWhileSQLiteFull(t *testing.T) {
	o, d := newFull(t, true, false)
	if !d.Real() {
		t.Skip("without a disk of its own the journal fails too: see TestDiskFull")
	}
	o.serve(1)
	d.Fill(t, 0)
	o.serve(3)
	o.until("the last CDR in the journal", func() bool { return o.journal("c004") })
	o.kill()
	o.start()
	o.serve(2)
	d.Free(t, 0)
	o.allThere()
	o.idle()
	o.stop()
	o.sound()
}

// TestDiskFull fills the disk that has both the database and the journal,
// which is where they are unless spool_dir says otherwise. Memory holds what
// has no place.
func TestDiskFull(t *testing.T) {
	o, d := newFull(t, true, true)
	o.serve(1)
	d.Fill(t, o.cmd.Process.Pid)
	o.failing("journal in " + o.spool)
	o.serve(3)
	d.Free(t, o.cmd.Process.Pid)
	o.serve(1)
	o.allThere()
	o.idle()
	o.stop()
	o.sound()
}

// TestSpoolFull fills the disk of the journal while the database is well: the
// CDRs go there.
func TestSpoolFull(t *testing.T) {
	o, d := newFull(t, false, true)
	o.serve(1)
	d.Fill(t, o.cmd.Process.Pid)
	o.failing("journal in " + o.spool)
	o.serve(3)
	o.allThere() // while it is full
	d.Free(t, o.cmd.Process.Pid)
	o.serve(1)
	o.until("the journal works", func() bool { return strings.Contains(o.log.String(), "works again") })
	o.allThere()
	o.idle()
	o.stop()
}

// TestKillWhileSpoolFull kills the server while the disk of the journal is
// full: calls that have ended do not come back, and no CDR comes twice.
func TestKillWhileSpoolFull(t *testing.T) {
	o, d := newFull(t, false, true)
	if !d.Real() {
		t.Skip("a process that may write nothing cannot mark what is over either")
	}
	o.stay = true
	o.serve(1)
	talking := o.call(o.phone(phone.Options{Name: "c002"}), "f")
	o.hears(talking, "agent")
	there := o.answered(o.agent)
	o.caller++
	d.Fill(t, o.cmd.Process.Pid)
	talking.Bye()
	o.ended(there)
	o.serve(2)
	o.allThere()
	o.idle()
	o.kill()
	d.Free(t, o.cmd.Process.Pid)
	o.start()
	o.serve(1)
	o.allThere()
	o.idle()
}

// sound checks the file of the database.
func (o *outage) sound() {
	o.t.Helper()
	if got := o.rows("pragma integrity_check"); len(got) != 1 || got[0]["integrity_check"] != "ok" {
		o.t.Errorf("the database is damaged: %v", got)
	}
}
