package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

type watchCmd struct {
	miFlags
	Once bool   `help:"Print one picture without colours and exit; also when the output is no terminal."`
	Flow string `help:"Show this flow only."`
	Busy bool   `help:"What is busiest first, instead of by name."`
}

// watchEvery is how often the server is asked.
const watchEvery = time.Second

// paper is the width of a picture that no terminal shows, in characters.
const paper = 78

// Run shows the wallboard until q is pressed.
func (c *watchCmd) Run(s streams) error {
	u, err := url.Parse(c.MI)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return badInput(fmt.Errorf("sipd watch: --mi %q: want http://HOST:PORT/mi", c.MI))
	}
	w := newWatch(u.Host, view{width: paper, flow: c.Flow, busy: c.Busy})
	out, isFile := s.out.(*os.File)
	if c.Once || !isFile || !term.IsTerminal(int(out.Fd())) || !term.IsTerminal(int(os.Stdin.Fd())) {
		return c.once(s.out, w)
	}
	w.view.colour = os.Getenv("NO_COLOR") == ""
	return c.live(out, w)
}

// once prints one picture.
func (c *watchCmd) once(out io.Writer, w *watch) error {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		w.view.width = n
	}
	ctx, cancel := context.WithTimeout(context.Background(), dbTime)
	defer cancel()
	l, err := fetch(ctx, c.client())
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	w.took(time.Now(), l, nil)
	_, err = fmt.Fprintln(out, strings.Join(w.frame("").lines(), "\n"))
	return err
}

// answered is what a question to the server brought.
type answered struct {
	live *live
	err  error
}

// live takes over the terminal until q, Ctrl-C or a signal.
func (c *watchCmd) live(out *os.File, w *watch) error {
	in := int(os.Stdin.Fd())
	old, err := term.MakeRaw(in)
	if err != nil {
		return fmt.Errorf("watch: the terminal: %w", err)
	}
	defer func() {
		fmt.Fprint(out, "\x1b[?25h\x1b[?1049l") // cursor on, the screen that was there before
		_ = term.Restore(in, old)               // nothing is left to do about it
	}()
	fmt.Fprint(out, "\x1b[?1049h\x1b[?25l")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt, syscall.SIGHUP)
	defer stop()
	keys := make(chan byte)
	go readKeys(os.Stdin, keys) // ends with the process: a read of a terminal cannot be called off
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	answers := make(chan answered, 1)
	question := func() {
		ctx, cancel := context.WithTimeout(ctx, 5*watchEvery)
		defer cancel()
		l, err := fetch(ctx, c.client())
		answers <- answered{l, err}
	}
	go question()
	var next <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case k, open := <-keys:
			if !open || w.key(k) {
				return nil
			}
		case a := <-answers:
			w.took(time.Now(), a.live, a.err)
			next = time.After(watchEvery)
		case <-next:
			go question()
			continue
		case <-resized:
		}
		if width, height, err := term.GetSize(int(out.Fd())); err == nil {
			w.view.width, w.view.height = width, height-1
		}
		if err := w.draw(out, time.Now()); err != nil {
			return err
		}
	}
}

func readKeys(in io.Reader, keys chan<- byte) {
	defer close(keys)
	var b [1]byte
	for {
		if n, err := in.Read(b[:]); n == 0 || err != nil {
			return
		}
		keys <- b[0]
	}
}

// watch is the wallboard between two pictures.
type watch struct {
	at      string
	view    view
	live    *live // what came last; nil: nothing yet
	trouble string
	states  map[string]agentState // by agent
	since   map[string]time.Duration
}

// agentState is since when an agent is in a state.
type agentState struct {
	state string
	from  time.Time // zero: before we looked
}

func newWatch(at string, v view) *watch {
	return &watch{at: at, view: v, states: map[string]agentState{}}
}

// took takes what the server said, or why it said nothing.
func (w *watch) took(now time.Time, l *live, err error) {
	if err != nil {
		w.trouble = "no answer: " + err.Error()
		return
	}
	first := w.live == nil
	w.live, w.trouble, w.since = l, "", map[string]time.Duration{}
	states := map[string]agentState{}
	for _, a := range l.Agents {
		s, known := w.states[a.ID]
		if state := a.Logged + a.State; !known || s.state != state {
			s = agentState{state: state}
			if !first {
				s.from = now
			}
		}
		states[a.ID] = s
		if !s.from.IsZero() {
			w.since[a.ID] = now.Sub(s.from)
		}
	}
	w.states = states
}

// key does what a key is for; true ends the program.
func (w *watch) key(k byte) (quit bool) {
	switch k {
	case 'q', 'Q', 3, 4: // Ctrl-C, Ctrl-D
		return true
	case 's':
		w.view.busy = !w.view.busy
	case 'a':
		w.view.flow = ""
	case 'f':
		w.view.flow = w.nextFlow()
	}
	return false
}

// nextFlow goes round: all, and each flow by name.
func (w *watch) nextFlow() string {
	if w.live == nil {
		return w.view.flow
	}
	next := ""
	for _, f := range w.live.Flows {
		if f.ID > w.view.flow && (next == "" || f.ID < next) {
			next = f.ID
		}
	}
	return next
}

func (w *watch) frame(now string) frame {
	l := w.live
	if l == nil {
		l = &live{}
	}
	return frame{live: l, at: w.at, now: now, since: w.since, trouble: w.trouble, view: w.view}
}

// draw writes a picture over the last one.
func (w *watch) draw(out io.Writer, now time.Time) error {
	f := w.frame(now.Format(time.TimeOnly))
	var b strings.Builder
	b.WriteString("\x1b[H")
	for _, l := range f.lines() {
		b.WriteString(l + "\x1b[K\r\n")
	}
	order, shown := "name", "all flows"
	if w.view.busy {
		order = "busiest"
	}
	if w.view.flow != "" {
		shown = plain(w.view.flow)
	}
	b.WriteString(fit(fmt.Sprintf("q quit   s order: %s   f flow: %s   a all", order, shown), w.view.width) + "\x1b[K\x1b[J")
	_, err := io.WriteString(out, b.String())
	return err
}
