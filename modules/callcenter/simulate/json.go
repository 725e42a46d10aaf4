package simulate

import (
	"encoding/json"
	"time"
)

// object is the JSON of a report: the figures of the first policy, and what
// else there is.
type object struct {
	Scenario string  `json:"scenario"`
	Load     float64 `json:"load"`
	Agents   int     `json:"agents"`
	Seed     uint64  `json:"seed"`
	Seeds    int     `json:"seeds"`
	Warmup   float64 `json:"warmup_seconds"`
	Length   float64 `json:"length_seconds"`
	Base     string  `json:"base,omitempty"`

	score
	Limits   *Limits    `json:"limits"`
	Others   []score    `json:"others,omitempty"`
	Staffing []staffing `json:"staffing,omitempty"`
}

// score is the JSON of an [Outcome].
type score struct {
	Policy     string            `json:"policy"`
	Settings   map[string]string `json:"settings,omitempty"`
	Regret     *float64          `json:"regret"`
	RegretCI95 *float64          `json:"regret_ci95,omitempty"`
	Gap        *float64          `json:"gap_closed"`
	Waits      map[string]Waits  `json:"waits"` // by class
	Measures
	CI95       Measures `json:"ci95"`
	Difference *paired  `json:"difference_to_base,omitempty"`
	Timing     *timings `json:"timing,omitempty"`
}

type paired struct {
	Mean Measures `json:"mean"`
	CI95 Measures `json:"ci95"`
}

// timings is the JSON of a [Timing], in microseconds.
type timings struct {
	Decisions int     `json:"decisions"`
	Mean      float64 `json:"mean_us"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	Max       float64 `json:"max_us"`
	Days      float64 `json:"agent_days_per_minute"`
}

type staffing struct {
	Agents int     `json:"agents"`
	Limits *Limits `json:"limits"`
	score
}

// MarshalJSON writes one object with the figures of the first policy among its
// keys: the same for the same [Options], to the byte, unless there was a clock.
func (r *Report) MarshalJSON() ([]byte, error) {
	o := object{Scenario: r.Scenario.Name, Load: r.Scenario.Load, Agents: r.Scenario.Agents(), Seed: r.Seed, Seeds: r.Seeds,
		Warmup: r.Warmup.Seconds(), Length: r.Length.Seconds(), Base: r.Base, Limits: r.Limits}
	for i := range r.Outcomes {
		if s := r.Outcomes[i].score(); i == 0 {
			o.score = s
		} else {
			o.Others = append(o.Others, s)
		}
	}
	for i := range r.Staffing {
		s := &r.Staffing[i]
		o.Staffing = append(o.Staffing, staffing{s.Agents, s.Limits, s.Outcome.score()})
	}
	return json.Marshal(o)
}

func (out *Outcome) score() score {
	s := score{Policy: out.Policy, Settings: out.Settings, Regret: out.Regret, RegretCI95: out.RegretCI95, Gap: out.Gap,
		Waits: map[string]Waits{}, Measures: out.Mean, CI95: out.CI95}
	for _, c := range out.Mean.Classes {
		s.Waits[c.Class] = c.Wait
	}
	if d := out.Diff; d != nil {
		s.Difference = &paired{d.Mean, d.CI95}
	}
	if t := out.Timing; t != nil {
		us := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
		s.Timing = &timings{t.Decisions, us(t.Mean), us(t.P50), us(t.P99), us(t.Max), t.AgentDaysPerMinute}
	}
	return s
}
