package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/plugins/policy"
	"github.com/sipd/sipd/plugins/policy/policytest"
)

func TestPolicy(t *testing.T) {
	policytest.Run(t, func() policy.Policy { return &skillScore{levels{{"0", "a"}: 3, {"1", "a"}: 5, {"1", "b"}: 1}} })
}

const some = `# who, in what, how well
1008 french 3
1009, french, 5   # as a spreadsheet has it

1009 sales 1
`

// write puts a file of levels on disk.
func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "levels.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadLevels(t *testing.T) {
	got, err := readLevels("levels.txt", strings.NewReader(some))
	if err != nil || len(got) != 3 || got[key{"1008", "french"}] != 3 || got[key{"1009", "french"}] != 5 {
		t.Errorf("%v, %v", got, err)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"no level", "1008 french 3\n1008 sales\n", `levels.txt:2: "1008 sales": want agent, skill and level, as in: 1008 french 3`},
		{"four words", "1008 french 3 4", `levels.txt:1: "1008 french 3 4": want agent, skill and level`},
		{"empty cell", "1008,,3", `levels.txt:1: "1008,,3": want agent, skill and level, as in: 1008,french,3`},
		{"no number", "\n\n1008 french good", `levels.txt:3: level "good": want a whole number, 1 or more`},
		{"zero", "1008 french 0", `levels.txt:1: level "0": want a whole number, 1 or more`},
		{"twice", "1008 french 3\n1009 french 3\n1008 french 4", "levels.txt:3: agent 1008 has a level in french already, in line 1"},
		{"one endless line", "# a comment\n" + strings.Repeat("x", 1<<17), "levels.txt:2: bufio.Scanner: token too long"},
	} {
		if _, err := readLevels("levels.txt", strings.NewReader(tt.text)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestConfigure(t *testing.T) {
	path := write(t, some)
	var s skillScore
	if err := s.Configure(dispatch.Settings{"levels": path}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		set  dispatch.Settings
		want string
	}{
		{nil, "skillscore needs the file of levels: set levels=/path/to/file"},
		{dispatch.Settings{"level": path}, `skillscore has no setting "level": it takes levels=/path/to/file`},
		{dispatch.Settings{"levels": path + ".gone"}, "levels: open " + path + ".gone: no such file"},
		{dispatch.Settings{"levels": write(t, "oops")}, "levels.txt:1: "},
	} {
		if err := s.Configure(tt.set); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %s", tt.set, err, tt.want)
		}
	}
	if s.levels[key{"1009", "french"}] != 5 {
		t.Error("a reload that failed has changed the levels")
	}
	if err := os.WriteFile(path, []byte("1009 french 2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Configure(dispatch.Settings{"levels": path}); err != nil || s.levels[key{"1009", "french"}] != 2 {
		t.Errorf("after a reload: %v, %v", s.levels, err)
	}
}

func TestDecide(t *testing.T) {
	phone := func(id string, since uint64, skills ...string) dispatch.Agent {
		return dispatch.Agent{ID: id, Skills: skills, Phone: true, Audio: true, Standing: dispatch.Standing{Since: since}}
	}
	chatter := func(id string, chats int, since uint64) dispatch.Agent {
		return dispatch.Agent{ID: id, Skills: []string{"french"}, MaxChats: 3, Slots: 3 - chats, State: dispatch.InChat,
			Standing: dispatch.Standing{Chats: chats, Since: since}}
	}
	call := func(id, skill string, m dispatch.Media, turn uint64) dispatch.Call {
		return dispatch.Call{ID: id, Skill: skill, Media: m, Place: dispatch.Place{Turn: turn}}
	}
	levels := levels{{"good", "french"}: 3, {"best", "french"}: 5, {"equal", "french"}: 5, {"good", "sales"}: 9}
	given := func(call, agent, reason string) []dispatch.Assignment {
		return []dispatch.Assignment{{Call: call, Agent: agent, Reason: reason}}
	}
	for _, tt := range []struct {
		name   string
		calls  []dispatch.Call
		agents []dispatch.Agent
		want   []dispatch.Assignment
	}{
		{"the highest level", []dispatch.Call{call("c", "french", dispatch.RTP, 1)},
			[]dispatch.Agent{phone("good", 1, "french"), phone("best", 2, "french")}, given("c", "best", "level 5 in french")},
		{"in this skill", []dispatch.Call{call("c", "sales", dispatch.RTP, 1)},
			[]dispatch.Agent{phone("best", 1, "sales"), phone("good", 2, "sales")}, given("c", "good", "level 9 in sales")},
		{"then the longest idle", []dispatch.Call{call("c", "french", dispatch.RTP, 1)},
			[]dispatch.Agent{phone("equal", 2, "french"), phone("best", 1, "french")}, given("c", "best", "level 5 in french")},
		{"of chats, the fewest first", []dispatch.Call{call("c", "french", dispatch.MSRP, 1)},
			[]dispatch.Agent{chatter("equal", 2, 1), chatter("best", 1, 2)}, given("c", "best", "level 5 in french")},
		{"without a level, rather than nobody", []dispatch.Call{call("c", "german", dispatch.RTP, 1)},
			[]dispatch.Agent{phone("best", 1, "german")}, given("c", "best", "nobody free has a level in german")},
		{"calls by place, audio first", []dispatch.Call{call("chat", "french", dispatch.MSRP, 1), call("2", "french", dispatch.RTP, 3), call("1", "sales", dispatch.RTP, 2)},
			[]dispatch.Agent{phone("good", 1, "french", "sales")}, given("1", "good", "level 9 in sales")},
		{"nobody", []dispatch.Call{call("c", "french", dispatch.RTP, 1)}, nil, nil},
	} {
		c := dispatch.NewCenter()
		c.Apply(dispatch.Delta{Reset: true, Calls: tt.calls, Agents: tt.agents})
		got := dispatch.Run(&skillScore{levels}, c).Assign
		if len(got) != len(tt.want) || len(got) > 0 && got[0] != tt.want[0] {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
