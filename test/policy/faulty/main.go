// Faulty is a dispatch policy that breaks on demand, for the tests. It speaks
// the protocol by itself, since policy.Serve would not let it misbehave.
//
// The setting mode names a file whose text says what it does: well, busy (gives
// calls to agents who are busy), unknown (calls that there are not), twice (the
// same agent two calls), unskilled (agents without the skill), flood (answers
// nothing that was asked, as fast as it can).
package main

import (
	"context"
	"errors"
	"net/rpc"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	pb "github.com/sipd/sipd/plugins/policy/policypb"
)

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: "SIPD_POLICY_PLUGIN", MagicCookieValue: "dispatch"},
		VersionedPlugins: map[int]plugin.PluginSet{1: {"policy": part{}}},
		Logger:           hclog.NewNullLogger(),
		GRPCServer:       plugin.DefaultGRPCServer,
	})
}

// part is the service as go-plugin knows it.
type part struct{}

func (part) Server(*plugin.MuxBroker) (any, error)              { return nil, errors.ErrUnsupported }
func (part) Client(*plugin.MuxBroker, *rpc.Client) (any, error) { return nil, errors.ErrUnsupported }

func (part) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterPolicyServer(s, service{})
	return nil
}

func (part) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.ErrUnsupported
}

type service struct{ pb.UnimplementedPolicyServer }

type stream = grpc.BidiStreamingServer[pb.Question, pb.Answer]

// Decide answers questions, and says more than it was asked.
func (service) Decide(s stream) error {
	hello, err := s.Recv()
	if err != nil {
		return err
	}
	file := hello.GetHello().GetSettings()["mode"]
	if err := s.Send(&pb.Answer{Answer: &pb.Answer_Welcome{Welcome: &pb.Welcome{Name: "faulty"}}}); err != nil {
		return err
	}
	questions := make(chan *pb.Delta)
	go func() {
		defer os.Exit(0)
		for {
			q, err := s.Recv()
			if err != nil {
				return
			}
			questions <- q.GetDelta()
		}
	}()
	c := dispatch.NewCenter()
	for tick := time.NewTicker(10 * time.Millisecond); err == nil; {
		select {
		case q := <-questions:
			err = say(s, q.GetSeq(), decide(c, q, mode(file)))
		case <-tick.C:
			err = disturb(s, c, mode(file))
		}
	}
	return err
}

// mode is what the file says now.
func mode(file string) string {
	text, _ := os.ReadFile(file)
	return strings.TrimSpace(string(text))
}

// disturb does what nobody asked for.
func disturb(s stream, c *dispatch.Center, mode string) error {
	if mode != "flood" {
		return nil
	}
	list := pairs(c, nil, func(*dispatch.Call, *dispatch.Agent) bool { return true })
	for i := range uint64(100_000) {
		if err := say(s, i, list); err != nil {
			return err
		}
	}
	return nil
}

func say(s stream, seq uint64, list []*pb.Assignment) error {
	return s.Send(&pb.Answer{Answer: &pb.Answer_Decision{Decision: &pb.Decision{Seq: seq, Assign: list}}})
}
