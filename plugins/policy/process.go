package policy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const (
	longestHandshake = 4096
	lastWords        = 200 * time.Millisecond // for what an ended process has printed
)

// process is a plugin as the operating system sees it, and go-plugin's runner.
// It is waited for by this package: whatever the plugin does with its pipes and
// its children, its end is seen at once and leaves no zombie.
type process struct {
	cmd    *exec.Cmd
	dir    string // private, of the socket
	mtls   bool
	said   *lines
	out    *os.File // read ends of its pipes
	err    *os.File
	handW  *io.PipeWriter // the handshake, for go-plugin; closed at the end
	handR  *io.PipeReader
	silent *io.PipeReader // what go-plugin reads as standard error
	mute   *io.PipeWriter

	mu     sync.Mutex
	line   string // the handshake as it was printed
	pid    int    // 0: not started
	doomed bool   // to be killed once it has started
	killed bool   // by this package
	reaped bool
	failed error // why it could not be started
	state  error // of Wait

	exited chan struct{}
}

func newProcess(path, dir string, mtls bool, said *lines) *process {
	p := &process{cmd: exec.Command(path), dir: dir, mtls: mtls, said: said, exited: make(chan struct{})}
	p.handR, p.handW = io.Pipe()
	p.silent, p.mute = io.Pipe()
	return p
}

// Start implements runner.Runner.
func (p *process) Start(context.Context) error {
	out, outW, err := os.Pipe()
	if err != nil {
		return err
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		return errors.Join(err, out.Close(), outW.Close())
	}
	p.out, p.err, p.cmd.Stdout, p.cmd.Stderr = out, errR, outW, errW
	detach(p.cmd)
	started := make(chan error, 1)
	go p.run(started, outW, errW)
	if err := <-started; err != nil {
		p.mu.Lock()
		p.failed = err
		p.mu.Unlock()
		return errors.Join(err, out.Close(), errR.Close())
	}
	return nil
}

// run starts the process and waits for it, on one thread: see detach.
func (p *process) run(started chan<- error, ends ...*os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	for _, w := range ends {
		_ = w.Close()
	}
	if err != nil {
		started <- err
		close(p.exited)
		return
	}
	p.begun(p.cmd.Process.Pid)
	var readers sync.WaitGroup
	readers.Go(p.readOut)
	readers.Go(func() { _, _ = io.Copy(p.said, p.err) })
	started <- nil

	err = p.cmd.Wait()
	p.mu.Lock()
	p.reaped, p.state = true, err
	p.mu.Unlock()
	killGroup(p.pid) // its children
	p.said.close()
	_ = p.out.SetReadDeadline(time.Now().Add(lastWords))
	_ = p.err.SetReadDeadline(time.Now().Add(lastWords))
	_ = p.handR.Close() // a reader may wait for go-plugin to read
	readers.Wait()
	_, _ = p.out.Close(), p.err.Close()
	_, _ = p.handW.Close(), p.mute.Close()
	p.said.flush()
	close(p.exited)
}

// readOut passes the first line on and logs the others.
func (p *process) readOut() {
	r := bufio.NewReaderSize(p.out, longestHandshake)
	line, _ := r.ReadSlice('\n')
	if len(line) > 0 {
		p.mu.Lock()
		p.line = string(line)
		p.mu.Unlock()
		_, _ = fmt.Fprintf(p.handW, "%s\n", line)
	}
	_, _ = io.Copy(p.said, r)
}

// kill ends the process and its children by force. It does not wait.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 {
		p.doomed = true
		return
	}
	p.strike()
}

// begun notes that it has started.
func (p *process) begun(pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid = pid; p.doomed {
		p.strike()
	}
}

// strike needs the lock: once it is reaped, its number may be another's.
func (p *process) strike() {
	if p.reaped {
		return
	}
	p.killed = true
	killGroup(p.pid)
	_ = p.cmd.Process.Kill()
}

// number is the process's, 0: it was not started.
func (p *process) number() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid
}

// how says how the process ended, once it has.
func (p *process) how() string {
	p.mu.Lock()
	state := p.state
	p.mu.Unlock()
	if state == nil {
		return "its process ended" + p.said.words()
	}
	return fmt.Sprintf("its process ended (%v)%s", state, p.said.words())
}

// The rest of runner.Runner.

func (p *process) Wait(context.Context) error {
	<-p.exited
	return nil
}

func (p *process) Kill(context.Context) error {
	p.kill()
	return nil
}

func (p *process) Stdout() io.ReadCloser           { return p.handR }
func (p *process) Stderr() io.ReadCloser           { return p.silent }
func (p *process) Name() string                    { return p.cmd.Path }
func (p *process) ID() string                      { return strconv.Itoa(p.number()) }
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost comes before go-plugin connects: it refuses what [process.readHandshake]
// does.
func (p *process) PluginToHost(network, addr string) (string, string, error) {
	p.mu.Lock()
	line := p.line
	p.mu.Unlock()
	if err := p.readHandshake(line); err != nil {
		return "", "", err
	}
	return network, addr, nil
}

// ours lets the host connect to a socket in the private folder only: a plugin
// must not direct it to another server.
func (p *process) ours(network, addr string) error {
	if network == "unix" && filepath.Dir(filepath.Clean(addr)) == p.dir {
		return nil
	}
	if network == "tcp" && runtime.GOOS == "windows" {
		return nil
	}
	return fmt.Errorf("it listens on %s %s: want a Unix socket in the folder that the variable PLUGIN_UNIX_SOCKET_DIR names", plain(network), plain(addr))
}

// HostToPlugin is for go-plugin's broker, which is not used.
func (p *process) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}
