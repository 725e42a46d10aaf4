package db

import (
	"bytes"
	"reflect"
	"testing"
)

func frames(t testing.TB, n int) []byte {
	t.Helper()
	var b []byte
	for i := range n {
		var err error
		if b, err = appendFrame(b, uint64(i+1), Op{SQL: "x ?, ?", Args: []any{int64(i), "text"}}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func readAll(data []byte) (recs []record, j journal) {
	j = journal{data: data}
	for {
		r, ok := j.next()
		if !ok {
			return recs, j
		}
		recs = append(recs, r)
	}
}

func TestJournalTypes(t *testing.T) {
	op := Op{SQL: "f(?,?,?,?,?,?)", Args: []any{nil, "ünï \x00'\"<&>", int64(-1 << 62), 1.5, true, int64(0)}}
	b, err := appendFrame(nil, 7, op)
	if err != nil {
		t.Fatal(err)
	}
	recs, _ := readAll(b)
	if len(recs) != 1 || recs[0].seq != 7 || !reflect.DeepEqual(recs[0].op, op) {
		t.Errorf("read %+v, want %+v", recs, op)
	}
}

// TestJournalTruncated cuts the journal at every byte: whole records before
// the cut are read, and the rest counts as torn, never as damaged.
func TestJournalTruncated(t *testing.T) {
	all := frames(t, 4)
	one := len(frames(t, 1))
	for cut := range len(all) + 1 {
		for _, zeros := range []int{0, 1, 4096} {
			recs, j := readAll(append(bytes.Clone(all[:cut]), make([]byte, zeros)...))
			// Zeros behind half a frame look like a frame that was not
			// written in full, or like damage; never like a record.
			if len(recs) != cut/one {
				t.Fatalf("cut at %d with %d zeros: %d records, want %d", cut, zeros, len(recs), cut/one)
			}
			if zeros == 0 && (j.damaged != 0 || j.torn != cut%one) {
				t.Fatalf("cut at %d: torn %d damaged %d, want torn %d", cut, j.torn, j.damaged, cut%one)
			}
			if cut%one == 0 && j.damaged != 0 {
				t.Fatalf("cut at %d with %d zeros: counted as damage", cut, zeros)
			}
		}
	}
}

// TestJournalDamaged changes every byte: at most the record it is in is lost.
func TestJournalDamaged(t *testing.T) {
	all := frames(t, 4)
	one := len(all) / 4
	for i := range all {
		b := bytes.Clone(all)
		b[i] ^= 0xff
		recs, j := readAll(b)
		if len(recs) != 3 {
			t.Fatalf("byte %d changed: %d records, want 3", i, len(recs))
		}
		if j.damaged+j.torn != one {
			t.Fatalf("byte %d changed: damaged %d torn %d, want %d together", i, j.damaged, j.torn, one)
		}
		if i < 3*one && j.damaged == 0 {
			t.Fatalf("byte %d changed: damage in the middle is not reported", i)
		}
	}
}

func TestJournalSeqRises(t *testing.T) {
	b := append(frames(t, 2), frames(t, 3)...)
	recs, _ := readAll(b)
	if len(recs) != 3 {
		t.Errorf("%d records, want 3: one number twice is one record", len(recs))
	}
}

func FuzzJournal(f *testing.F) {
	f.Add(frames(f, 3))
	f.Add(frames(f, 3)[:50])
	f.Add([]byte{0xf5, 'j', 'r', 'n', 0xff, 0xff, 0xff, 0xff})
	f.Add(make([]byte, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		size := len(data)
		recs, j := readAll(data)
		last := uint64(0)
		for _, r := range recs {
			if r.seq <= last {
				t.Fatalf("seq %d follows %d", r.seq, last)
			}
			if err := r.op.check(); err != nil {
				t.Fatal(err)
			}
			last, size = r.seq, size-r.size
		}
		if j.damaged+j.torn != size {
			t.Fatalf("damaged %d + torn %d: want %d", j.damaged, j.torn, size)
		}
	})
}
