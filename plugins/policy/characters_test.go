package policy

import (
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	pb "github.com/sipd/sipd/plugins/policy/policypb"
)

// play is what the test binary does as a plugin of a character. It does not
// return.
func play(name string) {
	switch name {
	case "good":
		Serve(&settled{})
	case "balancing", "look-ahead":
		p, err := dispatch.New(name, nil)
		if err != nil {
			panic(err)
		}
		Serve(p)
	case "looking": // at the folder of its socket
		Serve(looking{})
	case "holding": // a fifo, once it was welcomed
		Serve(&holding{})
	case "crashing":
		Serve(decider(func(*View) Decision {
			fmt.Fprintln(os.Stderr, "I have had enough")
			os.Exit(7)
			return Decision{}
		}))
	case "panicking":
		Serve(decider(func(v *View) Decision { panic("at the disco " + v.Call("nobody").ID) }))
	case "throwing": // in a goroutine of its own, where nothing recovers
		Serve(decider(func(*View) Decision { go panic("far from home"); select {} }))
	case "hanging":
		Serve(decider(func(*View) Decision { select {} }))
	case "spinning":
		Serve(decider(func(*View) Decision {
			for {
			}
		}))
	case "chatty":
		Serve(decider(func(*View) Decision {
			line := []byte(strings.Repeat("x", 999) + "\n")
			for range 1000 {
				_, _ = os.Stderr.Write(line)
				_, _ = os.NewFile(2, "").Write(line)
				_, _ = os.NewFile(1, "").Write(line)
			}
			return Decision{Again: time.Second}
		}))
	case "telling":
		Serve(decider(func(*View) Decision {
			return Decision{Hold: []Hold{{Call: "c", Reason: strings.Join(os.Environ(), "\n")}, {Call: "args", Reason: fmt.Sprint(os.Getppid())}}}
		}))
	case "parent": // its child outlives it and holds its pipes
		Serve(decider(func(*View) Decision {
			cmd := exec.Command("/bin/sleep", "1000")
			cmd.Stdout, cmd.Stderr = os.NewFile(1, ""), os.NewFile(2, "")
			_ = cmd.Start()
			_ = os.WriteFile(os.Getenv("SIPD_POLICY_TEST_FILE"), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
			os.Exit(0)
			return Decision{}
		}))
	case "flooding":
		serveRaw(func(s stream) error {
			for {
				if err := s.Send(decision(&pb.Decision{Seq: 99})); err != nil {
					return err
				}
			}
		})
	case "huge":
		serveRaw(func(s stream) error {
			_, _ = s.Recv()
			_ = s.Send(decision(&pb.Decision{Hold: []*pb.Hold{{Reason: strings.Repeat("x", 5<<20)}}}))
			select {}
		})
	case "wordy": // one answer too long, then good ones
		serveRaw(func(s stream) error {
			for n := 20_001; ; n = 1 {
				q, err := s.Recv()
				if err != nil {
					return err
				}
				d := &pb.Decision{Seq: q.GetDelta().GetSeq()}
				reason := "\a" + strings.Repeat("é", 300)
				for range n {
					d.Assign = append(d.Assign, &pb.Assignment{Call: "c", Agent: "a", Reason: reason[:1+600/n]})
				}
				_ = s.Send(decision(d))
			}
		})
	case "lost":
		serveRaw(func(s stream) error {
			for n := 0; ; n++ {
				q, err := s.Recv()
				if err != nil {
					return err
				}
				_ = s.Send(decision(&pb.Decision{Seq: q.GetDelta().GetSeq(), Resync: n == 0, AgainNs: -1}))
			}
		})
	case "deaf": // never reads
		serveRaw(func(stream) error { select {} })
	case "dumb": // reads and never answers
		serveRaw(func(s stream) error {
			for {
				if _, err := s.Recv(); err != nil {
					return err
				}
			}
		})
	case "leaving":
		serveRaw(func(s stream) error { _, _ = s.Recv(); return nil })
	case "failing":
		serveRaw(func(s stream) error {
			_, _ = s.Recv()
			return status.Error(codes.Internal, "no\nidea")
		})
	case "unsure": // answers Hello with a decision
		serve(map[int]plugin.PluginSet{version: {pluginName: grpcPlugin{&server{}}}}, func(s stream) error {
			_ = s.Send(decision(&pb.Decision{}))
			select {}
		})
	case "mute": // shakes hands, never answers Hello
		serve(map[int]plugin.PluginSet{version: {pluginName: grpcPlugin{&server{}}}}, func(stream) error { select {} })
	case "old":
		serve(map[int]plugin.PluginSet{7: {pluginName: grpcPlugin{&server{}}}}, nil)
	case "other":
		serve(map[int]plugin.PluginSet{version: {pluginName: stranger{}}}, nil)
	case "netrpc":
		fmt.Printf("1|%d|unix|%s/x|netrpc\n", version, os.Getenv("PLUGIN_UNIX_SOCKET_DIR"))
		select {}
	case "elsewhere":
		fmt.Printf("1|%d|tcp|127.0.0.1:5060|grpc\n", version)
		select {}
	case "unreachable":
		fmt.Printf("1|%d|unix|%s/x|grpc\n", version, os.Getenv("PLUGIN_UNIX_SOCKET_DIR"))
		select {}
	case "closed": // accepts connections, never says a word
		l, _ := net.Listen("unix", filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "x"))
		fmt.Printf("1|%d|unix|%s|grpc|%s\n", version, l.Addr(), os.Getenv("SIPD_POLICY_TEST_CERT"))
		select {}
	case "ancient":
		fmt.Println("3|1|unix|/x|grpc")
		select {}
	case "garbage":
		fmt.Println("Usage: garbage [OPTION]...\nstill here")
		select {}
	case "endless":
		for {
			_, _ = os.Stdout.WriteString(strings.Repeat("endless", 1000))
		}
	case "silent":
		if fifo := os.Getenv("SIPD_POLICY_TEST_FILE"); fifo != "" {
			_ = os.WriteFile(fifo, []byte("here"), 0o600)
		}
		select {}
	case "exiting":
		fmt.Fprintln(os.Stderr, "cannot open /etc/skills.json")
		os.Exit(3)
	}
	fmt.Fprintln(os.Stderr, "no such character:", name)
	os.Exit(3)
}

type stream = grpc.BidiStreamingServer[pb.Question, pb.Answer]

func decision(d *pb.Decision) *pb.Answer {
	return &pb.Answer{Answer: &pb.Answer_Decision{Decision: d}}
}

// decider is a policy of one function.
type decider func(*View) Decision

func (f decider) Decide(v *View) Decision { return f(v) }

// settled is a good policy with a setting.
type settled struct{ dispatch.ChatPolicy }

func (s *settled) Configure(set Settings) error {
	s.ChatPolicy = dispatch.Balancing
	if v, ok := set["speed"]; ok && v != "fast" {
		return fmt.Errorf("speed: want fast, got %q", v)
	}
	return nil
}

type looking struct{ settled }

func (looking) Configure(Settings) error {
	dir := os.Getenv(plugin.EnvUnixSocketDir)
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	list, err := os.ReadDir(dir)
	return errors.Join(err, fmt.Errorf("the folder is %s, with %d entries", info.Mode(), len(list)))
}

// holding tells its number when it is configured.
type holding struct {
	settled
	fifo *os.File
}

func (h *holding) Configure(Settings) (err error) {
	if h.fifo, err = os.OpenFile(os.Getenv("SIPD_POLICY_TEST_FILE"), os.O_WRONLY, 0); err != nil {
		return err
	}
	_, err = fmt.Fprintln(h.fifo, os.Getpid())
	return err
}

// serveRaw serves a stream that has been welcomed.
func serveRaw(converse func(stream) error) {
	serve(map[int]plugin.PluginSet{version: {pluginName: grpcPlugin{&server{}}}}, func(s stream) error {
		if _, err := s.Recv(); err != nil {
			return err
		}
		_ = s.Send(&pb.Answer{Answer: &pb.Answer_Welcome{Welcome: &pb.Welcome{}}})
		return converse(s)
	})
}

// serve is Serve with another server behind it.
func serve(sets map[int]plugin.PluginSet, converse func(stream) error) {
	for _, set := range sets {
		if _, ok := set[pluginName].(grpcPlugin); ok {
			set[pluginName] = rawPlugin{converse: converse}
		}
	}
	plugin.Serve(&plugin.ServeConfig{HandshakeConfig: handshake, VersionedPlugins: sets, GRPCServer: plugin.DefaultGRPCServer})
	os.Exit(0)
}

type rawPlugin struct {
	grpcPlugin
	converse func(stream) error
}

func (p rawPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterPolicyServer(s, rawServer{converse: p.converse})
	return nil
}

type rawServer struct {
	pb.UnimplementedPolicyServer
	converse func(stream) error
}

func (s rawServer) Decide(st stream) error { return s.converse(st) }

// stranger is a plugin of another program.
type stranger struct{ grpcPlugin }

func (stranger) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }
func (stranger) Client(*plugin.MuxBroker, *rpc.Client) (any, error) {
	return nil, errors.ErrUnsupported
}
