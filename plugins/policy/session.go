package policy

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	pb "github.com/sipd/sipd/plugins/policy/policypb"
)

// session is a worker that is a process.
type session struct {
	life
	limit   limits
	log     *slog.Logger
	decided func(w worker, seq uint64, d dispatch.Decision, resync bool)

	proc   *process
	client *plugin.Client
	conn   *grpc.ClientConn
	stream grpc.BidiStreamingClient[pb.Question, pb.Answer]
	ctx    context.Context // of the stream
	cancel context.CancelFunc

	out     chan question
	kindly  chan struct{} // closed: it is asked to leave
	leaving sync.Once
	loops   sync.WaitGroup
}

// startSession starts the process of a plugin and waits until it is ready.
func startSession(ctx context.Context, cfg Config, limit limits, decided func(worker, uint64, dispatch.Decision, bool)) (*session, error) {
	if err := Check(cfg); err != nil {
		return nil, err
	}
	path, err := cfg.absolute()
	if err != nil {
		return nil, err
	}
	dir, err := socketDir(cfg.Dir)
	if err != nil {
		return nil, cfg.errorf("%w", err)
	}
	s := &session{
		life: newLife(), limit: limit, log: cfg.Log, decided: decided,
		proc: newProcess(path, dir, cfg.MTLS, newLines(cfg.Log)),
		out:  make(chan question, limit.unanswered), kindly: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.client = plugin.NewClient(clientConfig(&cfg, s.proc, limit))
	if err := s.connect(ctx, &cfg); err != nil {
		s.cleanUp()
		return nil, err
	}
	// One connection is all there is, so that nobody needs the socket any more,
	// and a host that is killed leaves no folder behind.
	_ = os.RemoveAll(dir)
	s.loops.Go(s.send)
	s.loops.Go(s.receive)
	s.loops.Go(s.watch)
	go s.see()
	return s, nil
}

// connect starts the process and shakes hands. Time is bounded by killing it:
// that ends whatever waits for it.
func (s *session) connect(ctx context.Context, cfg *Config) error {
	ctx, cancel := context.WithTimeout(ctx, s.limit.start)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		s.proc.kill()
		s.cancel()
	})()
	welcome, err := s.greet(cfg)
	if err != nil {
		expired := ctx.Err() != nil
		s.proc.kill()
		return s.proc.explain(cfg, err, expired, s.limit.start)
	}
	s.log.Info("a dispatch policy has started", "pid", s.pid(), "name", plain(welcome.GetName()), "version", plain(welcome.GetVersion()))
	return nil
}

func (s *session) greet(cfg *Config) (*pb.Welcome, error) {
	protocol, err := s.client.Client()
	if err != nil {
		return nil, err
	}
	conn, err := protocol.Dispense(pluginName)
	if err != nil {
		return nil, err
	}
	s.conn = conn.(*grpc.ClientConn)
	if s.stream, err = pb.NewPolicyClient(s.conn).Decide(s.ctx); err != nil {
		return nil, err
	}
	settings := make(map[string]string, len(cfg.Settings))
	for k, v := range cfg.Settings {
		settings[valid(k)] = valid(v)
	}
	hello := &pb.Hello{Protocol: uint32(s.client.NegotiatedVersion()), Settings: settings}
	// The error of a failed Send is in Recv.
	_ = s.stream.Send(&pb.Question{Question: &pb.Question_Hello{Hello: hello}})
	answer, err := s.stream.Recv()
	if err != nil {
		return nil, err
	}
	if answer.GetWelcome() == nil {
		return nil, errNoWelcome
	}
	return answer.GetWelcome(), nil
}

// see is there until nothing of the process is left.
func (s *session) see() {
	select {
	case <-s.proc.exited:
		s.fail(s.proc.how())
	case <-s.end:
	case <-s.kindly:
		timer := time.NewTimer(s.limit.grace)
		defer timer.Stop()
		select {
		case <-s.proc.exited:
		case <-timer.C:
		}
		s.fail("closed")
	}
	s.cleanUp()
}

// cleanUp ends what is left. go-plugin's Kill would wait for an answer of the
// plugin for ever; once the process is dead it does not.
func (s *session) cleanUp() {
	s.proc.kill()
	s.cancel()
	s.loops.Wait()
	if s.proc.number() != 0 {
		<-s.proc.exited
		s.client.Kill()
	}
	s.proc.said.close()
	_ = os.RemoveAll(s.proc.dir)
	close(s.gone)
}

func (s *session) fail(reason string) {
	if s.finish(reason) {
		s.proc.kill()
		s.cancel()
	}
}

func (s *session) leave()   { s.leaving.Do(func() { close(s.kindly) }) }
func (s *session) pid() int { return s.proc.number() }
