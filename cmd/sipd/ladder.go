package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// ladder draws messages between lanes as they happen, one line each, with the
// state of the call and of the agent beside them.
type ladder struct {
	mu     sync.Mutex
	out    io.Writer
	colour bool
	lanes  []string
	start  time.Time
	call   string // state of the call, as $cc_state
	agent  string // state of the agent
}

// laneWidth is the distance between two lanes in characters.
const laneWidth = 18

func newLadder(out io.Writer, colour bool, lanes ...string) *ladder {
	return &ladder{out: out, colour: colour, lanes: lanes, start: time.Now()}
}

// head prints the names of the lanes.
func (l *ladder) head() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	b.WriteString("          ")
	for _, lane := range l.lanes {
		fmt.Fprintf(&b, "%-*s", laneWidth, lane)
	}
	b.WriteString("call      agent")
	fmt.Fprintln(l.out, l.paint("1", b.String()))
}

// message draws an arrow between two lanes. Lanes it does not know are not
// drawn.
func (l *ladder) message(from, to, text string) {
	a, b := l.lane(from), l.lane(to)
	if a < 0 || b < 0 || a == b {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(arrow(len(l.lanes), a, b, text), messageColour(text))
}

// note draws the lanes with a remark beside them.
func (l *ladder) note(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(arrow(len(l.lanes), 0, 0, ""), "0")
	fmt.Fprintln(l.out, l.paint("1", "          » "+text))
}

// callState and agentState change what is shown beside the next lines.
func (l *ladder) callState(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.call = s
}

func (l *ladder) agentState(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.agent = s
}

func (l *ladder) lane(name string) int {
	for i, lane := range l.lanes {
		if lane == name {
			return i
		}
	}
	return -1
}

// line prints one line; l.mu is held.
func (l *ladder) line(body, colour string) {
	stamp := time.Since(l.start).Seconds()
	fmt.Fprintf(l.out, "%8.3f  %s%s %s\n", stamp, l.paint(colour, body),
		l.paint(stateColour(l.call), fmt.Sprintf("%-9s", l.call)), l.paint(stateColour(l.agent), l.agent))
}

func (l *ladder) paint(colour, text string) string {
	if !l.colour || colour == "0" || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// arrow draws n lanes with an arrow from lane a to lane b.
func arrow(n, a, b int, text string) string {
	row := []rune(strings.Repeat(strings.Repeat(" ", laneWidth-1)+"│", n))
	row = append([]rune("│"), row[:n*laneWidth-laneWidth]...)
	row = append(row, []rune(strings.Repeat(" ", laneWidth-1))...)
	if a != b {
		low, high := min(a, b)*laneWidth, max(a, b)*laneWidth
		for i := low + 1; i < high; i++ {
			row[i] = '─'
		}
		if b > a {
			row[high-1] = '▶'
		} else {
			row[low+1] = '◀'
		}
		room := laneWidth - 4
		label := []rune(text)
		if len(label) > room {
			label = label[:room]
		}
		copy(row[low+3:], label)
	}
	return string(row)
}

func messageColour(text string) string {
	switch {
	case strings.HasPrefix(text, "1"):
		return "36" // provisional
	case strings.HasPrefix(text, "2"):
		return "32"
	case strings.HasPrefix(text, "3"), strings.HasPrefix(text, "4"), strings.HasPrefix(text, "5"), strings.HasPrefix(text, "6"):
		return "31"
	case strings.HasPrefix(text, "INVITE"):
		return "33"
	}
	return "0"
}

func stateColour(state string) string {
	switch state {
	case "welcome", "queued", "preagent", "wrapup":
		return "33"
	case "toagent", "incall", "free":
		return "32"
	case "ended", "offline":
		return "31"
	}
	return "0"
}
