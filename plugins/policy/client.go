package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const pluginName = "policy" // within go-plugin

// handshake is what a process is told by, that it was started as a plugin. It
// protects nothing: it lets a binary started by hand say what it is.
var handshake = plugin.HandshakeConfig{MagicCookieKey: "SIPD_POLICY_PLUGIN", MagicCookieValue: "dispatch"}

// clientConfig is go-plugin's part: the handshake, the certificates, the
// connection.
func clientConfig(cfg *Config, p *process, limit limits) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: map[int]plugin.PluginSet{version: {pluginName: grpcPlugin{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         cfg.MTLS,
		SkipHostEnv:      true,
		StartTimeout:     2 * limit.start, // ours is first: see session.connect
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: p.dir},
		Logger:           bridge(cfg.Log),
		SyncStdout:       p.said,
		SyncStderr:       p.said,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithNoProxy(), grpc.WithDisableServiceConfig(), grpc.WithMaxHeaderListSize(64 << 10),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(limit.message)),
			grpc.WithStreamInterceptor(noBroker),
		},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			for _, name := range cfg.Env {
				if v, ok := os.LookupEnv(name); ok {
					p.cmd.Env = append(p.cmd.Env, name+"="+v)
				}
			}
			p.cmd.Env = append(append(p.cmd.Env, cmd.Env...), plugin.EnvUnixSocketDir+"="+p.dir)
			return p, nil
		},
	}
}

// noBroker keeps go-plugin's broker shut: it would start a goroutine for each
// message a plugin sends it.
func noBroker(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if method == "/plugin.GRPCBroker/StartStream" {
		return nil, status.Error(codes.Unimplemented, "not used")
	}
	return next(ctx, desc, cc, method, opts...)
}

// socketDir makes the private folder of a socket.
func socketDir(base string) (string, error) {
	dir, err := os.MkdirTemp(base, "sipd-policy-")
	if err != nil {
		return "", fmt.Errorf("there is no folder for its socket: %w", err)
	}
	// A path of a socket has at most 107 bytes (unix(7)).
	if name := "/plugin1234567890"; len(dir)+len(name) > 107 {
		_ = os.Remove(dir)
		return "", errors.New("the path of the folder for its socket is too long: want at most 68 bytes in the variable TMPDIR")
	}
	return dir, nil
}

// bridge passes go-plugin's log on, as what it is to an operator: details.
func bridge(log *slog.Logger) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off})
	l.RegisterSink(sink{log})
	return l
}

type sink struct{ log *slog.Logger }

// Accept implements hclog.SinkAdapter.
func (s sink) Accept(name string, _ hclog.Level, msg string, args ...any) {
	s.log.Debug("go-plugin: "+msg, append(args, "part", name)...)
}
