// Command cmd tests a dispatch policy in a process of its own, whatever it is
// written in:
//
//	go run github.com/sipd/sipd/plugins/policy/policytest/cmd BINARY [KEY=VALUE ...]
//
// It prints the first fault, with the state of the center in which it showed.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/sipd/sipd/plugins/policy"
	"github.com/sipd/sipd/plugins/policy/policytest"
)

func main() {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-") {
		fail(2, "usage: cmd BINARY [KEY=VALUE ...]\n\ntests a dispatch policy for sipd; KEY=VALUE are its settings")
	}
	set := policy.Settings{}
	for _, arg := range os.Args[2:] {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			fail(2, fmt.Sprintf("setting %q: want KEY=VALUE", arg))
		}
		set[key] = value
	}
	report, err := policytest.Binary(os.Args[1], set)
	if err != nil {
		fail(1, err.Error())
	}
	fmt.Printf("%s is fit to be loaded: %s\n", os.Args[1], report)
}

func fail(code int, text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(code)
}
