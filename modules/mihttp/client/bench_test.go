package client

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// BenchmarkCall reads a reply as long as that of cc_list_queue with 10,000
// calls, and counts what the server does too.
func BenchmarkCall(b *testing.B) {
	reply := longReply()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
		_, _ = w.Write(reply)
	}))
	defer s.Close()
	b.ReportAllocs()
	b.SetBytes(int64(len(reply)))
	for b.Loop() {
		if _, err := Call(b.Context(), s.URL, "cc_list_queue", nil); err != nil {
			b.Fatal(err)
		}
	}
}

func longReply() []byte {
	var w bytes.Buffer
	w.WriteString(`{"jsonrpc":"2.0","result":{"Calls":[`)
	for i := range 10_000 {
		if i > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(&w, `{"index":%d,"id":"%d.9b2f0c11","Media":"RTP","Caller username":"caller","Caller display name":"\"TECH Bob\" <sip:bob@127.0.0.1>","Waiting for":12,"ETW":340,"Flow":"bench","Priority":256,"Skill":"bench"}`, i, i)
	}
	w.WriteString(`]},"id":1}`)
	return w.Bytes()
}
