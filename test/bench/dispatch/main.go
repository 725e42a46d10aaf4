// Command dispatch measures the dispatch policies and writes the page about
// them: `make bench-dispatch`. Waits and costs are those of virtual time and the
// same on every machine; only the times that decisions take are not.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/plugins/policy"
)

// pluginEnv makes this program the plugin that it measures: it has the name of
// a built-in policy.
const pluginEnv = "SIPD_BENCH_POLICY"

func main() {
	if name := os.Getenv(pluginEnv); name != "" {
		p, err := dispatch.New(name, nil)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		policy.Serve(p)
		return
	}
	docs := flag.String("docs", "docs", "folder of dispatch.md and img/")
	part := flag.Float64("part", 1, "how much of the full length to simulate")
	flag.Parse()
	if err := run(context.Background(), *docs, *part); err != nil {
		fmt.Fprintln(os.Stderr, "bench-dispatch:", err)
		os.Exit(1)
	}
}

// results are all figures of the page.
type results struct {
	Part     float64
	Tiny     []tinyLoad
	Frontier []point
	Mixed    []mixedLoad
	EWT      []ewtCase
	Speed    []speed
	Days     float64 // agent-days of mixed a minute, on one core
	Machine  string
}

func run(ctx context.Context, docs string, part float64) error {
	r := results{Part: part, Machine: machine()}
	for _, step := range []struct {
		name string
		do   func(context.Context, *results) error
	}{
		{"tiny against its optimum", measureTiny},
		{"mixed", measureMixed},
		{"waiting times announced", measureEWT},
		{"speed of decisions", measureSpeed},
		{"speed of the simulator", measureDays},
	} {
		progress("%s …", step.name)
		if err := step.do(ctx, &r); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	progress("")
	if err := os.MkdirAll(filepath.Join(docs, "img"), 0o755); err != nil {
		return err
	}
	for name, d := range r.figures() {
		if err := os.WriteFile(filepath.Join(docs, "img", name), []byte(d), 0o644); err != nil {
			return err
		}
	}
	text, err := r.page()
	if err != nil {
		return err
	}
	fmt.Print(r.tables())
	return os.WriteFile(filepath.Join(docs, "dispatch.md"), []byte(text), 0o644)
}

// progress writes one line over the last.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
}

func shown(name string) func(done, all int) {
	return func(done, all int) { progress("%s: %d of %d runs", name, done, all) }
}
