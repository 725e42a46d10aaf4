package audio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sipd/sipd/test/ports"
)

// The events that tests wait for, as baresip calls them.
const (
	Ringing     = "CALL_RINGING"     // outgoing: a 18x came
	Incoming    = "CALL_INCOMING"    // a call came in
	Established = "CALL_ESTABLISHED" // 2xx and ACK
	Heard       = "CALL_RTPESTAB"    // the first RTP packet came
	Closed      = "CALL_CLOSED"      // BYE, refusal or failure; Param says which
)

// Options of a phone.
type Options struct {
	User       string // user part of its URI
	AutoAnswer bool   // answer every call with 200 at once
	Tone       int    // Hz of the sine it sends; 0 means 440
	Outbound   string // URI of a proxy through which it dials, or ""
}

// Event is something that happened on a phone.
type Event struct {
	Type  string `json:"type"`
	ID    string `json:"id"`      // of the call
	Peer  string `json:"peeruri"` // of the call
	Param string `json:"param"`   // what there is to say more
}

// Phone is a running baresip. Its methods may be called from any goroutine.
type Phone struct {
	uri     string
	cmd     *exec.Cmd
	ctrl    net.Conn
	readers sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever what is below changes
	events  []Event       // not waited for yet
	tokens  int           // of commands so far
	answers map[string]answer
	output  strings.Builder
	ready   bool
	gone    error // why nothing more will happen
}

// Start runs a phone that keeps its files in dir. It is ready when Start
// returns, and killed when ctx ends; [Phone.Close] ends it in order.
func Start(ctx context.Context, dir string, o Options) (*Phone, error) {
	sip, err := ports.Find(2)
	if err != nil {
		return nil, err
	}
	ctrl, err := ports.Find(1)
	if err != nil {
		return nil, err
	}
	if err := writeConfig(dir, sip, ctrl, o); err != nil {
		return nil, err
	}
	p := &Phone{
		uri:     fmt.Sprintf("sip:%s@127.0.0.1:%d", o.User, sip),
		cmd:     exec.CommandContext(ctx, "baresip", "-f", dir),
		changed: make(chan struct{}),
		answers: make(map[string]answer),
	}
	p.cmd.WaitDelay = 5 * time.Second
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: apt-get install baresip", err)
	}
	p.readers.Go(func() { p.readOutput(out) })
	if err := p.connect(ctx, ctrl); err != nil {
		_ = p.cmd.Process.Kill() // the error says why
		p.readers.Wait()
		_ = p.cmd.Wait()
		return nil, fmt.Errorf("%w\n%s", err, p.Output())
	}
	return p, nil
}

// connect waits until baresip is ready and opens its control connection.
func (p *Phone) connect(ctx context.Context, port int) error {
	if err := p.until(ctx, "baresip to be ready", func() bool { return p.ready }); err != nil {
		return err
	}
	var d net.Dialer
	var err error
	if p.ctrl, err = d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err != nil {
		return fmt.Errorf("control connection: %w", err)
	}
	p.readers.Go(func() { p.readEvents(bufio.NewReader(p.ctrl)) })
	return nil
}

// URI returns the URI at which the phone is called.
func (p *Phone) URI() string { return p.uri }

// Output returns all that baresip has printed, for the log of a failed test.
func (p *Phone) Output() string { p.mu.Lock(); defer p.mu.Unlock(); return p.output.String() }

// Dial calls uri. It does not wait for an answer: see [Phone.Wait].
func (p *Phone) Dial(ctx context.Context, uri string) error {
	_, err := p.Command(ctx, "dial", uri)
	return err
}

// Hangup ends the current call.
func (p *Phone) Hangup(ctx context.Context) error {
	_, err := p.Command(ctx, "hangup", "")
	return err
}

// Answer answers a call that came in, on a phone without AutoAnswer.
func (p *Phone) Answer(ctx context.Context) error {
	_, err := p.Command(ctx, "accept", "")
	return err
}

// Wait returns the next event of that type. Events before it are dropped, so
// waiting for what came earlier fails.
func (p *Phone) Wait(ctx context.Context, kind string) (e Event, err error) {
	err = p.until(ctx, kind, func() bool {
		for i, got := range p.events {
			if got.Type == kind {
				e, p.events = got, p.events[i+1:]
				return true
			}
		}
		return false
	})
	return e, err
}

// Close quits baresip, which hangs up first, and waits for its end.
func (p *Phone) Close() error {
	err := p.send("quit", "", "quit")
	if err != nil {
		err = errors.Join(err, p.cmd.Process.Kill())
	}
	p.readers.Wait()
	err = errors.Join(err, p.cmd.Wait())
	_ = p.ctrl.Close() // baresip has closed it
	return err
}

// until waits until done, called with the lock held, is true.
func (p *Phone) until(ctx context.Context, what string, done func() bool) error {
	for {
		p.mu.Lock()
		ok, changed, gone := done(), p.changed, p.gone
		p.mu.Unlock()
		switch {
		case ok:
			return nil
		case gone != nil:
			return fmt.Errorf("%s: waiting for %s: %w", p.uri, what, gone)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting for %s: %w", p.uri, what, ctx.Err())
		}
	}
}

// change changes the state and wakes who waits.
func (p *Phone) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

// readOutput reads what baresip prints until it ends.
func (p *Phone) readOutput(out io.Reader) {
	s := bufio.NewScanner(out)
	for s.Scan() {
		// Its status line ends with a bare carriage return.
		text := s.Text()[strings.LastIndexByte(s.Text(), '\r')+1:]
		p.change(func() {
			p.output.WriteString(text + "\n")
			p.ready = p.ready || text == "baresip is ready."
		})
	}
	_, _ = io.Copy(io.Discard, out) // after a line too long, let it go on
	p.change(func() { p.gone = errors.New("baresip has ended") })
}

// writeConfig writes the three files that baresip reads at start.
func writeConfig(dir string, sip, ctrl int, o Options) error {
	for name, text := range map[string]string{
		"config": config(sip, ctrl, o), "accounts": account(sip, o), "contacts": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
