package db

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestKill9 runs a process that writes without end, and kills it at a moment
// of its own choice. Every number that the process reported as durable must
// be in the table, nothing twice, and no gap.
func TestKill9(t *testing.T) {
	if dir := os.Getenv("SIPD_TEST_KILL9"); dir != "" {
		writeForever(dir)
	}
	dir := t.TempDir()
	d := openDB(t, "sqlite://"+filepath.Join(dir, "x.db"))
	createNotes(t, d)
	var reported []int
	for round := range 5 {
		reported = append(reported, killedAt(t, dir, round, 3+10*round))
	}
	w := writer(t, d, dir)
	closeAll(t, w)
	if s := w.Stats(); s.Damaged != 0 {
		t.Errorf("%+v", s)
	}
	var got []int
	if err := d.Read().Select(&got, "SELECT n FROM notes ORDER BY place"); err != nil {
		t.Fatal(err)
	}
	for round, durable := range reported {
		n := 0
		for len(got) > 0 && got[0] == round*killRange+n {
			got, n = got[1:], n+1
		}
		if n < durable || n == 0 {
			t.Errorf("round %d: %d rows, want the %d reported durable, or more", round, n, durable)
		}
	}
	if len(got) != 0 {
		t.Errorf("out of order from row %d on", got[0])
	}
	if _, err := os.Stat(w.rejects.path); err == nil {
		t.Error("operations were tried twice")
	}
}

// killRange keeps the numbers of rounds apart.
const killRange = 10_000_000

// killedAt starts the process, reads some of its reports, kills it, and
// returns the last report.
func killedAt(t *testing.T, dir string, round, reports int) (durable int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill9$")
	cmd.Env = append(os.Environ(), "SIPD_TEST_KILL9="+dir, "SIPD_TEST_ROUND="+strconv.Itoa(round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for seen := 0; seen < reports && lines.Scan(); {
		if n, err := strconv.Atoi(strings.TrimPrefix(lines.Text(), "durable ")); err == nil {
			durable, seen = n, seen+1
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	return durable
}

// writeForever is the process that is killed.
func writeForever(dir string) {
	d, err := New("sqlite://" + filepath.Join(dir, "x.db"))
	if err != nil {
		panic(err)
	}
	w, err := OpenWriter(WriterOptions{DB: d, Dir: dir})
	if err != nil {
		panic(err)
	}
	round, _ := strconv.Atoi(os.Getenv("SIPD_TEST_ROUND"))
	pace := time.NewTicker(time.Millisecond)
	for i, last := 0, uint64(0); ; i++ {
		if i%20 == 0 {
			<-pace.C
		}
		if err := w.Write(sqlNote(round*killRange + i)); err != nil {
			panic(err)
		}
		if _, durable, _, _ := w.queue.marks(); durable != last {
			last = durable
			fmt.Println("durable", last)
		}
	}
}
