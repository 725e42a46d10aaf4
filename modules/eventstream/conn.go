package eventstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
)

// conn is a connection whose other direction is read by a goroutine: that is
// how the end of the peer is noticed, and where its replies come from.
type conn struct {
	net.Conn
	replies chan answer
	gone    chan struct{} // closed when nothing can be read any more
}

// answer is a JSON-RPC reply.
type answer struct {
	ID    uint64          `json:"id"`
	Error json.RawMessage `json:"error"`
}

// refusal is an error that the peer answered.
type refusal string

func (r refusal) Error() string { return "the subscriber answered with the error " + string(r) }

var errGone = errors.New("the subscriber has closed the connection")

// maxReply bounds one reply, in bytes.
const maxReply = 64 << 10

func newConn(c net.Conn) *conn {
	k := &conn{Conn: c, replies: make(chan answer, 1), gone: make(chan struct{})}
	go k.read()
	return k
}

// read takes what the peer sends. Replies that nobody waits for any more give
// way to newer ones.
func (k *conn) read() {
	defer close(k.gone)
	in := &limited{r: k.Conn}
	for d := json.NewDecoder(in); ; {
		in.n = 0
		var a answer
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			_ = k.Close()
			return
		}
		if json.Unmarshal(raw, &a) != nil || a.ID == 0 {
			continue // not a reply to us
		}
		select {
		case <-k.replies:
		default:
		}
		k.replies <- a
	}
}

// limited is a reader that ends when one message is too long.
type limited struct {
	r io.Reader
	n int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.n > maxReply {
		return 0, errors.New("too long")
	}
	n, err := l.r.Read(p)
	l.n += n
	return n, err
}

// reply waits for the reply to a request.
func (k *conn) reply(ctx context.Context, id uint64) error {
	for {
		select {
		case a := <-k.replies:
			if a.ID != id {
				continue
			}
			if len(a.Error) > 0 && !bytes.Equal(a.Error, []byte("null")) {
				return refusal(fmt.Sprintf("%.200s", a.Error))
			}
			return nil
		case <-k.gone:
			return errGone
		case <-ctx.Done():
			return fmt.Errorf("no reply to request %d: %w", id, ctx.Err())
		}
	}
}

// over reports whether the peer has ended the connection.
func (k *conn) over() bool {
	select {
	case <-k.gone:
		return true
	default:
		return false
	}
}

// close ends the connection and its goroutine.
func (k *conn) close() {
	_ = k.Close()
	<-k.gone
}
