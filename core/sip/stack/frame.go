package stack

import (
	"bytes"

	"github.com/sipd/sipd/core/sip/sanity"
)

// framer cuts a stream into messages (RFC 3261 section 18.3). It never holds
// more than one read beyond the largest message, and allocates for what has
// come, not for what Content-Length announces.
type framer struct {
	max     int    // bytes of a message
	buf     []byte // unread bytes
	scanned int    // no end of the head before this
	need    int    // bytes of the message, once its head is there
}

// frame is what a stream contains next.
type frame struct {
	raw   []byte          // a message; valid until the next call
	fault *sanity.Verdict // the end of raw is unknown: answer this and close
	ping  bool            // a double CRLF (RFC 5626 section 4.4.1)
}

func (f *framer) write(b []byte) { f.buf = append(f.buf, b...) }

// empty reports whether no message has begun.
func (f *framer) empty() bool { return len(bytes.TrimLeft(f.buf, "\r\n")) == 0 }

// next returns the next frame; ok is false when more bytes are needed.
func (f *framer) next() (fr frame, ok bool) {
	if f.need == 0 {
		if f.skipBreaks() {
			return frame{ping: true}, true
		}
		end := bytes.Index(f.buf[f.scanned:], []byte("\r\n\r\n"))
		if end < 0 {
			f.scanned = max(0, len(f.buf)-3)
			if len(f.buf) > f.max {
				return frame{raw: f.buf, fault: tooLarge()}, true
			}
			return frame{}, false
		}
		head := f.buf[:f.scanned+end+4]
		length, err := contentLength(head)
		switch {
		case err == errNoLength:
			return frame{head, &sanity.Verdict{Code: 400, Reason: "Content-Length is missing"}, false}, true
		case err != nil:
			return frame{head, &sanity.Verdict{Code: 400, Reason: "bad Content-Length"}, false}, true
		case length > int64(f.max-len(head)):
			return frame{head, tooLarge(), false}, true
		}
		f.need = len(head) + int(length)
	}
	if len(f.buf) < f.need {
		return frame{}, false
	}
	raw := f.buf[:f.need]
	f.buf = f.buf[f.need:]
	f.need, f.scanned = 0, 0
	return frame{raw: raw}, true
}

func tooLarge() *sanity.Verdict {
	return &sanity.Verdict{Code: 513, Reason: "Message Too Large"}
}

// skipBreaks removes the line breaks before a message, and reports a ping.
func (f *framer) skipBreaks() (ping bool) {
	for bytes.HasPrefix(f.buf, []byte("\r\n")) {
		if bytes.HasPrefix(f.buf, []byte("\r\n\r\n")) {
			f.buf, f.scanned = f.buf[4:], 0
			return true
		}
		if len(f.buf) < 4 && (len(f.buf) == 2 || f.buf[2] == '\r') {
			return false // perhaps the first half of a ping
		}
		f.buf, f.scanned = f.buf[2:], 0
	}
	return false
}

// release lets a large buffer go between messages.
func (f *framer) release() {
	if len(f.buf) == 0 && cap(f.buf) > 16<<10 {
		f.buf = nil
	}
}
