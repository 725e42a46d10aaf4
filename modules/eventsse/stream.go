package eventsse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// batch is how many events are written at once.
const batch = 64

// ServeHTTP streams the events of the parameter event, or all, to one client.
func (m *Module) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	names, err := m.wanted(r.URL.Query()["event"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	if m.clients.Add(1) > int64(m.conf.clients) {
		m.clients.Add(-1)
		m.refused.Add(1)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "all streams are taken: see max_clients of event_sse", http.StatusServiceUnavailable)
		return
	}
	defer m.clients.Add(-1)
	s := &stream{m: m, names: names, w: w, rc: http.NewResponseController(w)}
	// httpd's limits are for requests with an end: from here on each write has
	// its own, and reading waits for the client to go.
	_ = s.rc.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold the stream back
	s.run(r.Context(), lastID(r))
}

// wanted reads the names, in one list or several; none means all.
func (m *Module) wanted(lists []string) (names []string, err error) {
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if !m.bus.Declared(name) {
				return nil, fmt.Errorf("event %.80q: no such event: events_list lists those there are", name)
			}
			names = append(names, name)
		}
	}
	return names, nil
}

// lastID is where a client was: browsers send the header when they come back,
// and the parameter is for those who begin with history.
func lastID(r *http.Request) string {
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		return id
	}
	return r.URL.Query().Get("last_event_id")
}

// stream is one client.
type stream struct {
	m     *Module
	names []string
	w     http.ResponseWriter
	rc    *http.ResponseController
	out   bytes.Buffer
	pos   uint64
}

func (s *stream) run(ctx context.Context, last string) {
	s.begin(last)
	beat := time.NewTicker(s.m.conf.heartbeat)
	defer beat.Stop()
	for {
		items, next, lost, wake := s.m.ring.read(s.pos, batch)
		if lost > 0 {
			s.lost(lost, false)
		}
		for _, it := range items {
			if len(s.names) == 0 || slices.Contains(s.names, it.name) {
				fmt.Fprintf(&s.out, "id: %d\nevent: %s\ndata: %s\n\n", it.seq, it.name, it.data)
			}
		}
		s.pos = next
		if s.out.Len() > 0 && !s.flush() {
			return
		}
		if len(items) > 0 {
			continue
		}
		select {
		case <-wake:
		case <-beat.C:
			// The number moves a client on that wants few of the events.
			fmt.Fprintf(&s.out, ": heartbeat\nid: %d\n\n", s.pos-1)
		case <-ctx.Done():
			return
		case <-s.m.quit:
			return
		}
	}
}

// begin finds the position of the client and tells it.
func (s *stream) begin(last string) {
	s.out.WriteString("retry: 2000\n")
	id, err := strconv.ParseUint(strings.TrimSpace(last), 10, 63)
	if err != nil {
		s.pos = s.m.ring.end()
		fmt.Fprintf(&s.out, "id: %d\n\n", s.pos-1)
		return
	}
	s.out.WriteString("\n")
	var restarted bool
	if s.pos, restarted = s.m.ring.after(id); restarted {
		s.lost(0, true)
	}
}

// lost tells the client what it does not get.
func (s *stream) lost(n uint64, restarted bool) {
	fmt.Fprintf(&s.out, "event: lost\ndata: {\"lost\":%d,\"restarted\":%t}\n\n", n, restarted)
}

// flush writes what there is and reports whether the client took it.
func (s *stream) flush() bool {
	_ = s.rc.SetWriteDeadline(time.Now().Add(writeTime))
	_, err := s.w.Write(s.out.Bytes())
	if err == nil {
		err = s.rc.Flush()
	}
	s.out.Reset()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.m.cut.Add(1)
	}
	return err == nil
}
