package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/sipd/sipd/plugins/policy"
)

// skillScore gives each call to the agent with the highest level in its skill,
// and of several to the one with the fewest chats, then the longest idle.
type skillScore struct{ levels levels }

// Configure reads the file of levels. sipd calls it at start and at each reload
// of the policy; with an error the policy before goes on.
func (s *skillScore) Configure(set policy.Settings) error {
	for key := range set {
		if key != "levels" {
			return fmt.Errorf("skillscore has no setting %q: it takes levels=/path/to/file", key)
		}
	}
	path := set["levels"]
	if path == "" {
		return errors.New("skillscore needs the file of levels: set levels=/path/to/file")
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("levels: %w", err)
	}
	defer f.Close()
	read, err := readLevels(path, f)
	if err != nil {
		return err
	}
	s.levels = read
	return nil
}

// Decide implements [policy.Policy].
func (s *skillScore) Decide(v *policy.View) policy.Decision {
	var call *policy.Call
	for k := range v.Kinds() {
		if c := v.First(k); v.CountWithRoom(k) > 0 && (call == nil || c.Before(*call)) {
			call = c
		}
	}
	if call == nil {
		return policy.Decision{}
	}
	agent, level := s.best(v, call)
	return policy.Decision{Assign: []policy.Assignment{{Call: call.ID, Agent: agent.ID, Reason: reason(call, level)}}}
}

// best is the agent for a call. The view lists those with room by chats and
// idle time: the first of the highest level is the one.
func (s *skillScore) best(v *policy.View, c *policy.Call) (best *policy.Agent, level int) {
	for a := range v.WithRoom(c.Kind()) {
		if l := s.levels[key{a.ID, c.Skill}]; best == nil || l > level {
			best, level = a, l
		}
	}
	return best, level
}

func reason(c *policy.Call, level int) string {
	if level == 0 {
		return "nobody free has a level in " + c.Skill
	}
	return fmt.Sprintf("level %d in %s", level, c.Skill)
}
