package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Bin is the binary under test, with the race detector. [Main] builds it.
var Bin string

// empty is an SQLite database with the tables and without rows.
var empty string

// Main builds the binary and runs the tests.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sipd-rig")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	Bin, empty = filepath.Join(dir, "sipd"), filepath.Join(dir, "empty.db")
	for _, args := range [][]string{
		{"go", "build", "-race", "-o", Bin, "github.com/sipd/sipd/cmd/sipd"},
		{Bin, "db", "create", "--url", "sqlite://" + empty},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n%s", strings.Join(args, " "), err, out)
			return 1
		}
	}
	return m.Run()
}

// Run runs the binary and checks its exit code.
func Run(t testing.TB, want int, args ...string) (output string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), Bin, args...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("sipd %s: exit code %d, want %d (%v)\n%s", strings.Join(args, " "), got, want, err, out)
	}
	return string(out)
}
