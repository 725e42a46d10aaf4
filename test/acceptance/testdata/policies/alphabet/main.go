// Alphabet is a dispatch policy for tests: a call goes to the agent whose id
// comes first, or last.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/sipd/sipd/plugins/policy"
)

func main() { policy.Serve(&alphabet{}) }

// alphabet decides nothing as long as the file block is there. It makes the file
// BLOCK.deciding then.
type alphabet struct {
	last  bool
	block string
}

// Configure implements policy.Configurer.
func (p *alphabet) Configure(s policy.Settings) error {
	for key, value := range s {
		switch key {
		case "order":
			if p.last = value == "last"; !p.last && value != "first" {
				return fmt.Errorf("order: want first or last, got %q", value)
			}
		case "block":
			p.block = value
		default:
			return fmt.Errorf("no setting %q: there are order and block", key)
		}
	}
	return nil
}

// Decide implements policy.Policy.
func (p *alphabet) Decide(v *policy.View) policy.Decision {
	for c := range v.Calls() {
		p.hang()
		var best *policy.Agent
		for a := range v.WithRoom(c.Kind()) {
			if best == nil || p.last == (a.ID > best.ID) {
				best = a
			}
		}
		if best != nil {
			return policy.Decision{Assign: []policy.Assignment{{Call: c.ID, Agent: best.ID, Reason: p.reason()}}}
		}
	}
	return policy.Decision{}
}

func (p *alphabet) reason() string {
	if p.last {
		return "last of the alphabet"
	}
	return "first of the alphabet"
}

func (p *alphabet) hang() {
	for p.block != "" {
		if _, err := os.Stat(p.block); err != nil {
			return
		}
		_ = os.WriteFile(p.block+".deciding", nil, 0o600)
		time.Sleep(time.Millisecond)
	}
}
