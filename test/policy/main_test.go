package policy

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/sipd/sipd/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// build builds a program of this project as users get it.
func build(t *testing.T, pkg string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), filepath.Base(pkg))
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "github.com/sipd/sipd/"+pkg).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return path
}
