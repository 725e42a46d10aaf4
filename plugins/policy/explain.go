package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var errNoWelcome = errors.New("it answered Hello with something else than Welcome: see policy.proto")

// explain says why a plugin did not start, and what to do. The process has been
// killed, if it was still there.
func (p *process) explain(cfg *Config, err error, expired bool, within time.Duration) error {
	if p.number() != 0 {
		<-p.exited
	}
	p.mu.Lock()
	failed, line, killed := p.failed, p.line, p.killed
	p.mu.Unlock()
	if failed != nil {
		return cfg.errorf("it cannot be started: %w: %s", bare(failed), startRemedy(failed))
	}
	switch {
	case expired && line == "":
		return cfg.errorf("it did not print the handshake within %s: is it a dispatch policy? main must call policy.Serve%s", within, p.said.words())
	case line == "" && !killed:
		return cfg.errorf("%s before it printed the handshake: is it a dispatch policy? main must call policy.Serve", p.how())
	case line == "":
		return cfg.errorf("%w: is it a dispatch policy? main must call policy.Serve", err)
	}
	if err := p.readHandshake(line); err != nil {
		return cfg.errorf("%w", err)
	}
	switch {
	case expired:
		return cfg.errorf("it shook hands and did not answer Hello within %s: does its settings' check wait for something?%s", within, p.said.words())
	case status.Code(err) == codes.Unimplemented:
		return cfg.errorf("it is a plugin, but not a dispatch policy: it does not offer the service sipd.policy.v1.Policy")
	case status.Code(err) == codes.InvalidArgument:
		return cfg.errorf("its settings: %s", plain(status.Convert(err).Message()))
	case !killed:
		return cfg.errorf("%s before it was ready", p.how())
	case errors.Is(err, errNoWelcome):
		return cfg.errorf("%w", err)
	}
	return cfg.errorf("it shook hands, but then: %s", plain(status.Convert(err).Message()))
}

func startRemedy(err error) string {
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return "it is built for another machine, or is a script without #! in its first line"
	case errors.Is(err, fs.ErrPermission):
		return "let the user sipd runs as execute it, on a file system that is not mounted noexec"
	case errors.Is(err, fs.ErrNotExist):
		return "the interpreter its #! line names, or its dynamic loader, is not there"
	}
	return "try to start it by hand"
}

// readHandshake finds what is wrong with the line of the handshake.
func (p *process) readHandshake(line string) error {
	line = strings.TrimSpace(line)
	parts := strings.Split(line, "|")
	if len(parts) < 4 || parts[0] == "" || strings.Trim(parts[0], "0123456789") != "" {
		return fmt.Errorf("it printed %q instead of the handshake: is it a dispatch policy? nothing may be printed before policy.Serve", plain(line))
	}
	if parts[0] != "1" {
		return fmt.Errorf("it speaks version %s of go-plugin's handshake: want 1", parts[0])
	}
	if v, err := strconv.Atoi(parts[1]); err != nil || v != version {
		return fmt.Errorf("it speaks version %s of the protocol of dispatch policies, this sipd version %d: build it anew with the package plugins/policy of this sipd", plain(parts[1]), version)
	}
	if err := p.ours(parts[2], parts[3]); err != nil {
		return err
	}
	if len(parts) < 5 || parts[4] != "grpc" {
		return errors.New("it does not speak gRPC: the fifth part of its handshake must be grpc")
	}
	if p.mtls && (len(parts) < 6 || len(parts[5]) <= 50) {
		return errors.New("it has no certificate for mTLS in its handshake: switch mTLS off (dispatch_policy_mtls 0), or teach it, see README.md of plugins/policy")
	}
	return nil
}
