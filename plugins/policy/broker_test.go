//go:build linux

package policy

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestNoBroker holds that go-plugin's broker is shut: for each message that a
// plugin sends on its stream it would start a goroutine.
func TestNoBroker(t *testing.T) {
	h, _ := start(t, testConfig(t, "good"), standard)
	conn := h.cur.(*session).conn
	_, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/plugin.GRPCBroker/StartStream")
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("a stream to the broker: %v", err)
	}
}
