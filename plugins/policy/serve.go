package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	pb "github.com/sipd/sipd/plugins/policy/policypb"
)

// parting is how long a process that has failed waits to be killed, so that the
// reason of its end arrives.
const parting = time.Second

// Serve is the whole main function of a policy in a process of its own. It does
// not return: the process ends with the stream to its host, and so with sipd.
//
// What the policy prints goes to sipd's log. A panic ends the process with a
// message; sipd starts it anew.
func Serve(p dispatch.Policy) {
	if os.Getenv(handshake.MagicCookieKey) != handshake.MagicCookieValue {
		introduce(os.Stdout)
		os.Exit(0)
	}
	s := &server{seat: newSeat(p), out: os.Stdout, err: os.Stderr}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: map[int]plugin.PluginSet{version: {pluginName: grpcPlugin{s}}},
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr}),
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(1<<30))...)
		},
	})
	os.Exit(0)
}

// introduce tells who starts the binary by hand what it is.
func introduce(w io.Writer) {
	path, err := filepath.Abs(os.Args[0])
	if err != nil {
		path = os.Args[0]
	}
	built := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		built = fmt.Sprintf(" It was built from %s %s with %s.", info.Main.Path, info.Main.Version, info.GoVersion)
	}
	_, _ = fmt.Fprintf(w, `This is a dispatch policy for sipd: a plugin that decides which call gets which
agent. It speaks version %d of the protocol.%s

sipd starts it. Load it in the route file with

    modparam("call_center", "dispatch_policy", "plugin:%s")

or, in a server that runs, with

    sipd mi cc_set_policy plugin:%s
`, version, built, path, path)
}

// server is the plugin's end of the stream.
type server struct {
	pb.UnimplementedPolicyServer
	seat *seat
	used atomic.Bool
	// out and err are what go-plugin puts pipes in the place of. Those lose what
	// a process says last.
	out, err *os.File
}

// Decide implements the service. The process ends with it.
func (s *server) Decide(stream grpc.BidiStreamingServer[pb.Question, pb.Answer]) error {
	if s.used.Swap(true) {
		return status.Error(codes.FailedPrecondition, "there is a stream already: a process serves one")
	}
	os.Stdout, os.Stderr = s.out, s.err
	err := s.converse(stream)
	if err == nil {
		os.Exit(0)
	}
	time.AfterFunc(parting, func() { os.Exit(1) })
	return err
}

func (s *server) converse(stream grpc.BidiStreamingServer[pb.Question, pb.Answer]) error {
	for {
		q, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		answer, err := s.answer(q)
		if err != nil {
			return err
		}
		if answer == nil {
			continue
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// answer is nil for a question of a kind that is not known here.
func (s *server) answer(q *pb.Question) (*pb.Answer, error) {
	switch q := q.GetQuestion().(type) {
	case *pb.Question_Hello:
		if err := s.seat.configure(q.Hello.GetSettings()); err != nil {
			return nil, status.Error(codes.InvalidArgument, valid(err.Error()))
		}
		return &pb.Answer{Answer: &pb.Answer_Welcome{Welcome: welcome()}}, nil
	case *pb.Question_Delta:
		d, err := s.seat.decide(fromWire(q.Delta))
		if err != nil {
			if p := (*panicked)(nil); errors.As(err, &p) {
				_, _ = fmt.Fprintf(os.Stderr, "%s\n%s", p.text, p.stack)
			}
			return nil, status.Error(codes.Aborted, valid(err.Error()))
		}
		return &pb.Answer{Answer: &pb.Answer_Decision{Decision: toDecision(q.Delta.GetSeq(), &d)}}, nil
	}
	return nil, nil
}

func welcome() *pb.Welcome {
	w := &pb.Welcome{Name: filepath.Base(os.Args[0])}
	if info, ok := debug.ReadBuildInfo(); ok {
		w.Version = info.Main.Version
	}
	return w
}

// grpcPlugin is the policy as go-plugin knows it, at both ends.
type grpcPlugin struct{ server *server }

// Server implements plugin.Plugin, for net/rpc, which is not spoken here.
func (grpcPlugin) Server(*plugin.MuxBroker) (any, error) { return nil, errors.ErrUnsupported }

// Client implements plugin.Plugin.
func (grpcPlugin) Client(*plugin.MuxBroker, *rpc.Client) (any, error) {
	return nil, errors.ErrUnsupported
}

// GRPCServer implements plugin.GRPCPlugin.
func (p grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterPolicyServer(s, p.server)
	return nil
}

// GRPCClient implements plugin.GRPCPlugin: the host uses the connection itself.
func (grpcPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
