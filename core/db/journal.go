package db

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"unicode/utf8"
)

// Op is one change to the database: a statement with a ? for each argument.
// Arguments are nil, string, int, int64, float64 or bool; a string is UTF-8,
// and bytes that are not become U+FFFD.
type Op struct {
	SQL  string `json:"sql"`
	Args []any  `json:"args,omitempty"`
	// Tag names the operation for who must know whether it was written before
	// a crash: see [WriterOptions].Written and [Writer.Tags]. "" for most.
	Tag string `json:"tag,omitempty"`
}

// check tells what makes the operation impossible.
func (o Op) check() error {
	if n := strings.Count(o.SQL, "?"); n != len(o.Args) {
		return fmt.Errorf("statement %q: %d question marks for %d arguments", o.SQL, n, len(o.Args))
	}
	for i, a := range o.Args {
		switch a.(type) {
		case nil, string, int, int64, float64, bool:
		default:
			return fmt.Errorf("statement %q: argument %d is a %T: want nil, string, int, int64, float64 or bool", o.SQL, i+1, a)
		}
	}
	return nil
}

// clean gives the operation the form in which it comes back from the journal.
func (o Op) clean() Op {
	args := make([]any, len(o.Args))
	for i, a := range o.Args {
		switch a := a.(type) {
		case int:
			args[i] = int64(a)
		case string:
			args[i] = strings.ToValidUTF8(a, string(utf8.RuneError))
		default:
			args[i] = a
		}
	}
	return Op{SQL: o.SQL, Args: args, Tag: o.Tag}
}

// record is an operation with its place in the stream.
type record struct {
	seq  uint64
	op   Op
	size int // of its frame
}

// A frame in the journal, numbers in big endian:
//
//	magic  4 bytes
//	length 4 bytes, of the payload
//	seq    8 bytes
//	crc    4 bytes, CRC-32C of length, seq and payload
//	payload: the Op as JSON
const (
	frameHead  = 20
	maxPayload = 1 << 20
)

// Constant in all but name. 0xf5 occurs in no UTF-8 text, so a magic is never
// part of a payload.
var (
	frameMagic = [4]byte{0xf5, 'j', 'r', 'n'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// appendFrame adds the frame of an operation to b.
func appendFrame(b []byte, seq uint64, op Op) ([]byte, error) {
	payload, err := json.Marshal(op)
	if err != nil {
		return b, err
	}
	if len(payload) > maxPayload {
		return b, fmt.Errorf("statement of %d bytes: at most %d", len(payload), maxPayload)
	}
	start := len(b)
	b = append(b, frameMagic[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.BigEndian.AppendUint64(b, seq)
	sum := crc32.Update(crc32.Checksum(b[start+4:], castagnoli), castagnoli, payload)
	b = binary.BigEndian.AppendUint32(b, sum)
	return append(b, payload...), nil
}

// journal reads the records of one journal file and finds its way past
// damage.
type journal struct {
	data    []byte
	last    uint64 // seq of the last record; they only ever rise
	damaged int    // bytes passed over that belong to no record
	torn    int    // bytes at the end that a crash explains: part of a frame, or zeros
}

// next returns the next record, or false after the last one; then damaged and
// torn are final.
func (j *journal) next() (record, bool) {
	for start := 0; ; {
		if rec, ok := frameAt(j.data[start:]); ok && rec.seq > j.last {
			j.damaged += start
			j.data, j.last = j.data[start+rec.size:], rec.seq
			return rec, true
		}
		skip := -1
		if start < len(j.data) {
			skip = bytes.Index(j.data[start+1:], frameMagic[:])
		}
		if skip < 0 {
			j.end()
			return record{}, false
		}
		start += 1 + skip
	}
}

// end accounts for what follows the last record.
func (j *journal) end() {
	rest := j.data
	j.data = nil
	if isTorn(rest) {
		j.torn += len(rest)
		return
	}
	j.damaged += len(rest)
}

// isTorn reports whether rest may be what a crash leaves behind the last
// record: the beginning of a frame, or space that was never written.
func isTorn(rest []byte) bool {
	if len(bytes.Trim(rest, "\x00")) == 0 {
		return true
	}
	magic := min(len(rest), len(frameMagic))
	if !bytes.Equal(rest[:magic], frameMagic[:magic]) {
		return false
	}
	return len(rest) < frameHead || len(rest) < frameHead+int(binary.BigEndian.Uint32(rest[4:]))
}

// frameAt decodes the frame at the beginning of b.
func frameAt(b []byte) (record, bool) {
	if len(b) < frameHead || !bytes.Equal(b[:4], frameMagic[:]) {
		return record{}, false
	}
	size := binary.BigEndian.Uint32(b[4:])
	if size > maxPayload || len(b) < frameHead+int(size) {
		return record{}, false
	}
	payload := b[frameHead : frameHead+int(size)]
	sum := crc32.Update(crc32.Checksum(b[4:16], castagnoli), castagnoli, payload)
	if sum != binary.BigEndian.Uint32(b[16:]) {
		return record{}, false
	}
	op, err := decodeOp(payload)
	return record{seq: binary.BigEndian.Uint64(b[8:]), op: op, size: frameHead + int(size)}, err == nil
}

// decodeOp reads the payload of a frame. Whole numbers become int64.
func decodeOp(payload []byte) (Op, error) {
	var op Op
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&op); err != nil {
		return Op{}, err
	}
	for i, a := range op.Args {
		n, isNumber := a.(json.Number)
		if !isNumber {
			continue
		}
		if whole, err := n.Int64(); err == nil {
			op.Args[i] = whole
		} else if op.Args[i], err = n.Float64(); err != nil {
			return Op{}, err
		}
	}
	return op, op.check()
}
