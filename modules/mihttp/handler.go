package mihttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/sipd/sipd/core/mi"
)

// handler answers requests as OpenSIPS's mi_http does: 200 for every reply,
// be it a result or an error, and 202 where there is none.
func (m *Module) handler(answer func(request []byte) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "want POST with a JSON-RPC 2.0 request", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mi.MaxRequest))
		if err != nil {
			http.Error(w, err.Error(), bodyStatus(err))
			return
		}
		if len(body) == 0 {
			http.Error(w, "the body is empty: want a JSON-RPC 2.0 request", http.StatusBadRequest)
			return
		}
		m.write(w, answer(body))
	})
}

// write sends a reply. A peer that is gone by now has nothing to be told.
func (m *Module) write(w http.ResponseWriter, reply []byte) {
	if reply == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if m.pretty {
		var b bytes.Buffer
		if json.Indent(&b, reply, "", "    ") == nil {
			b.WriteByte('\n')
			reply = b.Bytes()
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(reply))) // else a long one goes in chunks
	_, _ = w.Write(reply)
}

// bodyStatus is the status for a body that could not be read.
func bodyStatus(err error) int {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}
