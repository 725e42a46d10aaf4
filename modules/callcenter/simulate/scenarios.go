package simulate

import (
	"fmt"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// target is the usual 20 seconds of "80/20".
const target = 20 * time.Second

// Scenarios are those built in.
func Scenarios() []*Scenario {
	return []*Scenario{tiny(), mixed(), bilingual(), large(), burst(), reject(), outage()}
}

// Find returns the scenario of a name. The error of a wrong one lists the right
// ones.
func Find(name string) (*Scenario, error) {
	var names []string
	for _, s := range Scenarios() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("no scenario %q: want one of %s", name, strings.Join(names, ", "))
}

func seconds(n float64) Dist { return Dist{Mean: time.Duration(n * float64(time.Second))} }

// even draws from values with equal chances.
func even(values ...string) []Share {
	list := make([]Share, len(values))
	for i, v := range values {
		list[i] = Share{v, 1 / float64(len(values))}
	}
	return list
}

// tiny is small enough for its optimum to be known.
func tiny() *Scenario {
	skill := even("s")
	return &Scenario{
		Name: "tiny", Doc: "5 agents, 3 of them take calls and chats, one skill: the exact optimum is known",
		Load: 1, Target: target,
		Classes: []Class{
			{Name: "audio", Media: dispatch.RTP, Priority: 1, Rate: 2.2 / 180, Skills: skill, Talk: seconds(180), Patience: seconds(120), Weight: 1},
			{Name: "chat", Media: dispatch.MSRP, Priority: 2, Rate: 2.6 / 480, Skills: skill, Talk: seconds(480), Patience: seconds(300), Weight: 0.2},
		},
		Groups: []Group{
			{Type: "audio-only", N: 1, Phone: true, Skills: [][]string{{"s"}}},
			{Type: "chat-only", N: 1, Chats: 2, Skills: [][]string{{"s"}}},
			{Type: "mixed", N: 3, Phone: true, Chats: 2, Skills: [][]string{{"s"}}},
		},
	}
}

// classes are VIP calls, calls and chats with the talk times of scenario mixed.
func classes(audio, vip, chat float64, skills []Share) []Class {
	return []Class{
		{Name: "audio", Media: dispatch.RTP, Priority: 1, Rate: audio * (1 - vip) / 60, Skills: skills,
			Talk: seconds(180), Patience: seconds(120), Wrapup: 30 * time.Second, Weight: 1},
		{Name: "vip", Media: dispatch.RTP, Priority: 0, Rate: audio * vip / 60, Skills: skills,
			Talk: seconds(180), Patience: seconds(120), Wrapup: 30 * time.Second, Weight: 3},
		{Name: "chat", Media: dispatch.MSRP, Priority: 2, Rate: chat / 60, Skills: skills,
			Talk: seconds(480), Patience: seconds(300), Weight: 0.2},
	}
}

func mixed() *Scenario {
	skills := [][]string{{"a"}, {"b"}, {"a", "b"}}
	return &Scenario{
		Name: "mixed", Doc: "20 agents, 13 of them take calls and chats, two skills, VIPs",
		Load: 1, Target: target,
		Classes: classes(3, 0.1, 1.8, even("a", "b")),
		Groups: []Group{
			{Type: "audio-only", N: 4, Phone: true, Skills: skills},
			{Type: "chat-only", N: 3, Chats: 3, Skills: skills},
			{Type: "mixed", N: 13, Phone: true, Chats: 3, Skills: skills},
		},
	}
}

// bilingual is the N-design of the literature: who speaks both should be kept
// for those whom nobody else understands.
func bilingual() *Scenario {
	return &Scenario{
		Name: "bilingual", Doc: "20 agents speak one language, 6 speak two; a fifth of the callers speaks the second",
		Load: 1, Target: target,
		Classes: []Class{{Name: "audio", Media: dispatch.RTP, Priority: 1, Rate: 6.2 / 60,
			Skills: []Share{{"common", 0.8}, {"rare", 0.2}}, Talk: seconds(180), Patience: seconds(120), Wrapup: 30 * time.Second, Weight: 1}},
		Groups: []Group{
			{Type: "monolingual", N: 20, Phone: true, Skills: [][]string{{"common"}}},
			{Type: "bilingual", N: 6, Phone: true, Skills: [][]string{{"common", "rare"}}},
		},
	}
}

// large is about fifteen times mixed.
func large() *Scenario {
	var names []string
	for i := range 12 {
		names = append(names, fmt.Sprintf("skill%02d", i+1))
	}
	sites := []string{"north", "east", "south", "west"}
	var skills [][]string
	for i := range 36 { // two or three each, all pairs in turn
		set := []string{names[i%12], names[(i+1+i/12)%12]}
		if i%3 == 0 {
			set = append(set, names[(i+6)%12])
		}
		skills = append(skills, set)
	}
	s := &Scenario{
		Name: "large", Doc: "300 agents at 4 sites, 12 skills, traffic that rises and falls",
		Load: 1, Target: target,
		Classes: classes(46, 0.1, 27.6, even(names...)),
		Groups: []Group{
			{Type: "audio-only", N: 60, Phone: true, Skills: skills, Sites: sites},
			{Type: "chat-only", N: 45, Chats: 3, Skills: skills, Sites: sites},
			{Type: "mixed", N: 195, Phone: true, Chats: 3, Skills: skills, Sites: sites},
		},
		Wave: Wave{Amplitude: 0.3, Period: 4 * time.Hour},
		Path: map[[2]string]float64{},
	}
	for i := range s.Classes {
		s.Classes[i].Sites = even(sites...)
	}
	for i, from := range sites { // a ring: neighbours cost 1, opposite sites 2
		for j, to := range sites {
			if i != j {
				s.Path[[2]string{from, to}] = 1 + float64((i+j+1)%2)
			}
		}
	}
	return s
}

func burst() *Scenario {
	s := mixed()
	s.Name, s.Doc, s.Load = "burst", "mixed, with ten times the contacts for a minute of each hour", 0.85
	s.Burst = Burst{Factor: 10, First: 30 * time.Minute, For: time.Minute, Every: time.Hour}
	return s
}

func reject() *Scenario {
	s := mixed()
	s.Name, s.Doc = "reject", "mixed, with 8 % of the offers refused, phones that ring, and talk times with a long tail"
	for i := range s.Classes {
		c := &s.Classes[i]
		c.Reject, c.Ring = 0.08, seconds(4)
		c.Talk.Law, c.Talk.CV = Lognormal, 1.3
	}
	return s
}

func outage() *Scenario {
	s := mixed()
	s.Name, s.Doc = "outage", "mixed at two sites, one of them cut off for 10 minutes of every two hours"
	sites := []string{"north", "south"}
	for i := range s.Groups {
		s.Groups[i].Sites = sites
	}
	for i := range s.Classes {
		s.Classes[i].Sites = even(sites...)
	}
	s.Path = map[[2]string]float64{{"north", "south"}: 1, {"south", "north"}: 1}
	s.Outage = Outage{Site: "south", First: 30 * time.Minute, For: 10 * time.Minute, Every: 2 * time.Hour}
	return s
}
