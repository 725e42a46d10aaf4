package rig

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built are the binaries that [Build] has made.
var built struct {
	sync.Mutex
	byPackage map[string]string
}

// Build builds a program of this repository, once, and returns the binary. pkg
// is a folder, from that of the test.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if bin := built.byPackage[pkg]; bin != "" {
		return bin
	}
	bin := filepath.Join(filepath.Dir(Bin), fmt.Sprintf("%s-%d", filepath.Base(pkg), len(built.byPackage)))
	if out, err := exec.Command("go", "build", "-o", bin, "./"+pkg).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	if built.byPackage == nil {
		built.byPackage = map[string]string{}
	}
	built.byPackage[pkg] = bin
	return bin
}

// Policy is what cc_list_policies says.
func (c *Server) Policy() Object {
	c.t.Helper()
	var o Object
	c.Do("cc_list_policies", nil, &o)
	return o
}

// Decides waits until a dispatch policy decides, and returns what
// cc_list_policies says then.
func (c *Server) Decides(policy string) (o Object) {
	c.t.Helper()
	c.Until("the policy "+policy+" to decide", func() bool {
		o = c.Policy()
		return o["Policy"] == policy && o["State"] == "active"
	})
	return o
}
