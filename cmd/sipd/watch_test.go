package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sipd/sipd/modules/httpd"
	"github.com/sipd/sipd/test/ports"
)

func seconds(n int) *int { return &n }

// busyHour is a call center at work.
func busyHour() frame {
	return frame{
		live: &live{
			Flows: []liveFlow{{"tech_support", 3, 4}, {"sales", 1, 1}, {"night", 0, 1}},
			Agents: []liveAgent{
				{ID: "1008", Logged: "YES", State: "incall"}, {ID: "1009", Logged: "YES", State: "wrapup", Wrapup: seconds(17)},
				{ID: "Zoë", Logged: "YES", State: "inchat", Chats: seconds(2)}, {ID: "1010", Logged: "YES", State: "free"}, {ID: "1011", Logged: "NO"},
			},
			Queue: []liveQueued{
				{ID: "233.4", Media: "RTP", User: "1005", Display: `"Support Alice"`, Waiting: 125, ETW: 95, Flow: "tech_support"},
				{ID: "233.5", Media: "RTP", User: "4930123", Display: `"Jürgen Groß"`, Waiting: 31, ETW: 140, Flow: "tech_support"},
				{ID: "97.1", Media: "MSRP", User: "7", Waiting: 3672, ETW: math.MaxInt32, Flow: "night"},
			},
			Calls: []liveCall{
				{ID: "233.4", State: "queued", Time: 130, Flow: "tech_support"}, {ID: "233.5", State: "queued", Time: 33, Flow: "tech_support"},
				{ID: "97.1", State: "queued", Time: 3672, Flow: "night"}, {ID: "97.0", State: "toagent", Time: 187, Flow: "tech_support", Agent: "1008"},
				{ID: "98.0", State: "welcome", Time: 2, Flow: "sales"},
			},
			Stats: map[string]int{"ccf_etw-tech_support": 95, "ccf_free_agents-tech_support": 1, "ccf_etw-sales": 0, "ccf_free_agents-sales": 1,
				"ccf_etw-night": math.MaxInt32, "ccf_free_agents-night": 0},
		},
		at:    "127.0.0.1:8888",
		since: map[string]time.Duration{"1008": 62 * time.Second, "1009": 13500 * time.Millisecond, "1010": 754 * time.Second},
		view:  view{width: paper},
	}
}

// calm is the picture in the README.
func calm() frame {
	f := busyHour()
	f.Flows, f.Queue, f.Agents = f.Flows[:2], f.Queue[:2], f.Agents[:4]
	f.Calls = append(f.Calls[:2:2], f.Calls[3])
	f.Agents = append(f.Agents[:2:2], f.Agents[3])
	f.Flows[0].Calls, f.Flows[1].Calls = 3, 0
	return f
}

// hostile has what callers can send to spoil a screen.
func hostile() frame {
	f := busyHour()
	f.Flows = []liveFlow{{"\x1b]0;owned\x07\x1b[2Jtech\x9b31m\u202esdrawkcab", 1, 1}, {strings.Repeat("very_long_flow_", 9), 1, 1}, {"客服中心", 1, 1}}
	f.Queue = []liveQueued{
		{User: "1\r\n\x1b[H9", Display: "\"\x1b[31mred\x1b[0m \\\"quoted\\\"\"", Flow: "客服中心", Waiting: 5, ETW: 5},
		{User: "李", Display: `"李小龙 李小龙 李小龙 李小龙 李小龙 李小龙 李小龙 李小龙"`, Flow: strings.Repeat("客", 30), Waiting: 5, ETW: 5},
		{User: "z", Display: "Z" + strings.Repeat("\u0301", 50) + "algo \u2066\u200b\xff", Flow: "x", Waiting: -1, ETW: -1},
	}
	f.Agents = []liveAgent{{ID: "a\x00\tb\u2028c", Logged: "YES", State: "\x1b[5mfree"}}
	f.Calls, f.since = nil, nil
	return f
}

// golden compares text with a file of testdata; SIPD_UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("SIPD_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (SIPD_UPDATE=1 go test writes it):\n got\n%s\nwant\n%s", name, got, want)
	}
}

func TestWatchFrames(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() frame
		view view
	}{
		{"watch.golden", calm, view{width: paper}},
		{"watch-all.golden", busyHour, view{width: paper}},
		{"watch-narrow.golden", busyHour, view{width: 40}},
		{"watch-busy.golden", busyHour, view{width: paper, busy: true, flow: "tech_support", colour: true}},
		{"watch-low.golden", busyHour, view{width: paper, height: 9}},
		{"watch-hostile.golden", hostile, view{width: paper}},
	} {
		f := c.make()
		f.view = c.view
		lines := f.lines()
		golden(t, c.name, strings.Join(lines, "\n")+"\n")
		for _, l := range lines {
			if !c.view.colour && (cellWidth(l) > c.view.width || !utf8.ValidString(l) || plain(l) != l) {
				t.Errorf("%s: line %q", c.name, l)
			}
		}
		if c.view.height > 0 && len(lines) > c.view.height {
			t.Errorf("%s: %d lines", c.name, len(lines))
		}
	}
}

// TestWatchAnyWidth draws on terminals of every width and height.
func TestWatchAnyWidth(t *testing.T) {
	for _, f := range []frame{busyHour(), hostile(), {live: &live{}}} {
		for width := range 120 {
			for _, height := range []int{0, 1, 2, 7} {
				f.view = view{width: width, height: height}
				lines := f.lines()
				for _, l := range lines {
					if cellWidth(l) > width {
						t.Fatalf("width %d: %q", width, l)
					}
				}
				if height > 0 && len(lines) > height {
					t.Fatalf("height %d: %d lines", height, len(lines))
				}
			}
		}
	}
}

// TestReadmeWatch holds that the picture in the README is the one drawn.
func TestReadmeWatch(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := "```\n" + strings.Join(calm().lines(), "\n") + "\n```\n"
	if !strings.Contains(string(readme), want) {
		t.Errorf("README.md does not have\n%s", want)
	}
}

// TestWatchStates measures how long agents are in a state, from the first
// change on: what was before nobody saw.
func TestWatchStates(t *testing.T) {
	w, now := newWatch("x", view{width: paper}), time.Unix(1e9, 0)
	state := func(s string) *live {
		return &live{Agents: []liveAgent{{ID: "al", Logged: "YES", State: s}}, Flows: []liveFlow{{ID: "b"}, {ID: "a"}}}
	}
	w.took(now, state("free"), nil)
	w.took(now.Add(time.Second), state("free"), nil)
	if len(w.since) != 0 {
		t.Errorf("since %v, and the beginning was not seen", w.since)
	}
	w.took(now.Add(2*time.Second), state("incall"), nil)
	w.took(now.Add(5*time.Second), state("incall"), nil)
	if w.since["al"] != 3*time.Second {
		t.Errorf("since %v", w.since)
	}
	w.took(now.Add(6*time.Second), nil, errors.New("gone"))
	var out buffer
	if err := w.draw(&out, now); err != nil || !strings.Contains(out.String(), "no answer: gone") || !strings.Contains(out.String(), "incall") {
		t.Errorf("%v\n%q", err, out.String())
	}
	for _, want := range []string{"a", "b", "", "a"} {
		if w.key('f'); w.view.flow != want {
			t.Errorf("flow %q, want %q", w.view.flow, want)
		}
	}
	if w.key('a'); w.view.flow != "" {
		t.Error("a does not show all flows")
	}
	if w.key('s'); !w.view.busy {
		t.Error("s does not change the order")
	}
	if w.key('x') || !w.key('q') || !w.key(3) {
		t.Error("q and Ctrl-C quit, x does not")
	}
}

// TestWatchOnce asks a running server.
func TestWatchOnce(t *testing.T) {
	file, url, _ := clinic(t, "loadmodule \"player\"\n")
	must(t, "flow", "add", "tech", "--skill", "s", "--message-queue", "player:moh", "--url", url)
	must(t, "agent", "add", "al", "--skills", "s", "--location", "sip:al@127.0.0.1:1", "--logstate", "1", "--url", url)
	in, stop := started(t, file, nil)
	defer stop()
	at := miURL(in)
	for _, args := range [][]string{{"watch", "--once", "--mi", at}, {"watch", "--mi", at}} { // the output is no terminal
		out := must(t, args...)
		for _, want := range []string{"0 waiting   1 free of 1 logged in   0 calls   " + in.Module("httpd").(*httpd.Module).Addr().String(), "\ntech  ", "\nal  ", "  free\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("colours where no terminal is: %q", out)
		}
	}
	fails(t, exitFault, "nobody listens at", "watch", "--once", "--mi", fmt.Sprintf("http://127.0.0.1:%d/mi", ports.Free(t)))
	fails(t, exitInput, "want http://HOST:PORT/mi", "watch", "--mi", "here")
}
