package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	pb "github.com/sipd/sipd/plugins/policy/policypb"
)

func (s *session) ask(seq uint64, d dispatch.Delta) {
	if s.put(seq) == 0 {
		return
	}
	select {
	case s.out <- question{seq, d}:
	default:
		s.fail(fmt.Sprintf("%d questions have no answer", cap(s.out)))
	}
}

// send passes the questions on. It is held up by a plugin that does not read.
func (s *session) send() {
	for {
		select {
		case q := <-s.out:
			m := &pb.Question{Question: &pb.Question_Delta{Delta: toWire(q.seq, &q.delta)}}
			if s.stream.Send(m) != nil {
				return // receive knows why
			}
		case <-s.kindly:
			_ = s.stream.CloseSend()
			return
		case <-s.ctx.Done():
			return
		}
	}
}

// receive passes the answers on.
func (s *session) receive() {
	faults := 0
	var synced time.Time
	for {
		answer, err := s.stream.Recv()
		if err != nil {
			s.fail(s.broken(err))
			return
		}
		d := answer.GetDecision()
		switch {
		case d == nil || !s.take(d.GetSeq()):
			faults++
		case len(d.GetAssign())+len(d.GetHold()) > s.limit.proposals:
			faults++
			s.decided(s, d.GetSeq(), dispatch.Decision{}, false)
		default:
			if d.GetResync() {
				if time.Since(synced) < time.Second {
					faults++
				}
				synced = time.Now()
			}
			s.decided(s, d.GetSeq(), fromDecision(d), d.GetResync())
		}
		if faults > s.limit.faults {
			s.fail(fmt.Sprintf("%d of its messages answer nothing that was asked, are too long, or ask for everything anew within a second", faults))
			return
		}
	}
}

// broken says why the stream has ended.
func (s *session) broken(err error) string {
	if errors.Is(err, io.EOF) {
		return "it has ended the stream"
	}
	switch code := status.Code(err); code {
	case codes.Unavailable, codes.Canceled:
		timer := time.NewTimer(s.limit.grace)
		defer timer.Stop()
		select {
		case <-s.proc.exited:
			return s.proc.how()
		case <-timer.C:
		}
		return "it has closed its connection"
	case codes.ResourceExhausted:
		return fmt.Sprintf("it sent a message of more than %d bytes", s.limit.message)
	default:
		return status.Convert(err).Message()
	}
}

// watch asks for the plugin's health: a hung one is found though nothing is
// asked of it.
func (s *session) watch() {
	client, missed := grpc_health_v1.NewHealthClient(s.conn), 0
	timer := time.NewTimer(s.limit.healthEvery)
	defer timer.Stop()
	for {
		select {
		case <-s.end:
			return
		case <-timer.C:
		}
		ctx, cancel := context.WithTimeout(s.ctx, s.limit.healthTimeout)
		r, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
		cancel()
		switch {
		case err == nil && r.GetStatus() == grpc_health_v1.HealthCheckResponse_NOT_SERVING:
			s.fail("it says that it is not well")
		case status.Code(err) == codes.Unimplemented:
			return // judged by its answers alone
		case status.Code(err) == codes.DeadlineExceeded:
			if missed++; missed > 1 {
				s.fail(fmt.Sprintf("it did not answer two questions for its health, %s each", s.limit.healthTimeout))
			}
		default:
			missed = 0
		}
		timer.Reset(s.limit.healthEvery)
	}
}
