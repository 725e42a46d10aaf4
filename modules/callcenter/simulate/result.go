package simulate

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Report is what a simulation has found: the same for the same [Options], to
// the byte, but for [Outcome.Timing].
type Report struct {
	Scenario *Scenario     // as it was run
	Seed     uint64        // of the first run; the others follow
	Seeds    int           // how many runs
	Warmup   time.Duration // at the start of each, not measured
	Length   time.Duration // measured
	Base     string        // [Outcome.Policy] that differences are taken from
	Limits   *Limits       // nil: not asked for
	Outcomes []Outcome     // the first is that of the first policy asked for
	Staffing []Staffing    // by head count; nil: not asked for
}

// Outcome is what a policy made of a scenario.
type Outcome struct {
	Policy   string // its title: name and settings, unique in a report
	Settings dispatch.Settings
	Runs     []Measures // by seed
	Mean     Measures   // of the runs
	CI95     Measures   // half of the 95 % interval of each mean
	Diff     *Paired    // against the base; nil: it is the base
	Series   []Point    // through the time of a run, mean of the runs
	Agents   []Load     // each agent's, mean of the runs
	Timing   *Timing    // nil unless asked for

	// Regret is the cost above the optimum, as a share of it: 0.05 is 5 % more.
	// Nil where the optimum is not known.
	Regret *float64
	// RegretCI95 is half of its 95 % interval.
	RegretCI95 *float64
	// Gap is how much of the way from the base to the limit the policy makes,
	// in audio time in queue. Nil where there is no limit, or no way.
	Gap *float64
}

// Paired is the difference to the base, seed by seed.
type Paired struct{ Mean, CI95 Measures }

// Staffing is what a policy makes of a scenario with so many agents.
type Staffing struct {
	Agents  int
	Outcome Outcome // of the first policy
	Limits  *Limits
}

// Measures are those of section "Measures" of README.md, of one run or over
// runs. Shares are from 0 to 1, times in seconds. What has not happened is 0.
type Measures struct {
	Classes []ClassMeasures `json:"classes"`     // as the scenario lists them
	Skills  []ClassMeasures `json:"skills"`      // by class, then skill
	Audio   ClassMeasures   `json:"audio"`       // all classes of audio
	Chat    ClassMeasures   `json:"chat"`        // all classes of chat
	Types   []TypeMeasures  `json:"agent_types"` // as the scenario lists its groups of agents

	Occupancy       float64 `json:"occupancy"`                            // share of login time in ring, talk and wrap-up
	ChatUtilisation float64 `json:"chat_utilisation"`                     // busy chat slots of all slots
	BlockedShare    float64 `json:"blocked_share"`                        // of time: a call waits while an agent with its skill has a few chats
	Inversions      float64 `json:"inversions_per_1000_chats"`            // per 1,000 chats: begun on an agent with a phone while a call for him waits
	WaitRatio       float64 `json:"longest_audio_over_longest_chat_wait"` // longest audio wait over longest chat wait, or over 1 s if no chat waits longer
	Gini            float64 `json:"gini"`                                 // of busy time in an agent type, mean of the types by head count
	GiniAll         float64 `json:"gini_all"`                             // of busy time among all agents, whatever they can do
	IdleSkipped     float64 `json:"idle_skipped"`                         // how much longer the longest idle agent had been idle than the chosen one
	Throughput      float64 `json:"answered_per_hour"`                    // answered per hour

	PriorityInversions float64 `json:"priority_inversions"` // assignments while a call of better priority for that agent waits
	Cost               float64 `json:"cost"`                // waiting contacts, weighted by class
	Decisions          float64 `json:"decisions"`           // questions to the policy
	Refused            float64 `json:"refused"`             // offers that agents refused
	AwayShare          float64 `json:"away_share"`          // of the answered: by an agent of another site
	PathCost           float64 `json:"path_cost"`           // mean of the answered
}

// ClassMeasures are those of a class of contacts, or of a class in one skill.
type ClassMeasures struct {
	Class string         `json:"class"`
	Skill string         `json:"skill,omitempty"` // "" for all
	Media dispatch.Media `json:"-"`

	Arrived   float64 `json:"arrived"`
	Answered  float64 `json:"answered"`
	Abandoned float64 `json:"abandoned"`
	Lost      float64 `json:"lost"`    // answered, and broken down
	Waiting   float64 `json:"waiting"` // neither answered nor given up, an hour after the end

	// The service level, counted in four ways; see README.md.
	SLa float64 `json:"sl_a"`
	SLb float64 `json:"sl_b"`
	SLc float64 `json:"sl_c"`
	SLd float64 `json:"sl_d"`

	Wait         Waits   `json:"wait"`          // until the answer, of the answered; its mean is the ASA
	AbandonRate  float64 `json:"abandon_rate"`  // of answered and abandoned
	AHT          float64 `json:"aht"`           // talk and wrap-up
	QueueTime    float64 `json:"queue_time"`    // mean time in the queue, abandoned included
	Queue        float64 `json:"queue"`         // E[Q]: mean number waiting
	LongestQueue float64 `json:"longest_queue"` // longest time in the queue, abandoned included
}

// Waits are a distribution, in seconds.
type Waits struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// TypeMeasures are those of a group of agents.
type TypeMeasures struct {
	Type            string  `json:"type"`
	Agents          float64 `json:"agents"`
	Occupancy       float64 `json:"occupancy"`
	Gini            float64 `json:"gini"`    // of busy time
	Handled         float64 `json:"handled"` // contacts each, mean
	HandledVariance float64 `json:"handled_variance"`
}

// Point is one stretch of time, of the mean run.
type Point struct {
	At        time.Duration // its begin, from the end of the warm-up
	Length    time.Duration
	Arrived   float64 // contacts
	Answered  float64 // of those that arrived in it
	InTarget  float64 // of those answered, within the target
	QueueRTP  float64 // mean number of calls waiting
	QueueMSRP float64 // mean number of chats waiting
	Busy      float64 // share of the agents
	// Came is how many arrived, and QueueTime their mean time in the queue, by
	// class, as the scenario lists them.
	Came, QueueTime []float64
}

// Load is one agent's.
type Load struct {
	Agent, Type string
	Busy        float64 // share of the time
	Handled     float64 // contacts an hour
}

// Timing is what the decisions have cost: wall time, never the same twice.
type Timing struct {
	Decisions           int
	Mean, P50, P99, Max time.Duration // of a decision
	Total               time.Duration // of all runs, simulator included
	AgentDaysPerMinute  float64       // simulated, of 24 hours each
}

// Limits are what is known about the best that any policy could do. Nil: not
// known.
type Limits struct {
	// OptimumCost is the lowest [Measures.Cost] of any policy, exactly.
	OptimumCost *float64 `json:"optimum_cost"`
	best        *optimal // the policy that has it

	// Audio and Chat are strict: no policy has a lower QueueTime.
	Audio *Bound `json:"audio"`
	Chat  *Bound `json:"chat"` // see Audio
	// Fluid is a tighter reference for audio, not strict: who beats it sheds
	// chats.
	Fluid *Bound `json:"fluid"`
	// Capacity is the largest multiple of the traffic that could be served.
	Capacity *float64 `json:"capacity"`
}

// Bound is a limit of one medium.
type Bound struct {
	QueueTime    float64 `json:"queue_time"` // mean, abandoned included, seconds
	Queue        float64 `json:"queue"`      // E[Q]
	AbandonRate  float64 `json:"abandon_rate"`
	ServiceLevel float64 `json:"service_level"` // within the target of the scenario
	Exact        bool    `json:"exact"`         // of a closed form whose assumptions hold; else simulated or approximated
}

// values are all figures, always in the same order.
func (m *Measures) values() []*float64 {
	list := []*float64{&m.Occupancy, &m.ChatUtilisation, &m.BlockedShare, &m.Inversions, &m.WaitRatio,
		&m.Gini, &m.GiniAll, &m.IdleSkipped, &m.Throughput, &m.PriorityInversions, &m.Cost,
		&m.Decisions, &m.Refused, &m.AwayShare, &m.PathCost}
	for i := range m.Classes {
		list = append(list, m.Classes[i].values()...)
	}
	for i := range m.Skills {
		list = append(list, m.Skills[i].values()...)
	}
	list = append(list, m.Audio.values()...)
	list = append(list, m.Chat.values()...)
	for i := range m.Types {
		t := &m.Types[i]
		list = append(list, &t.Agents, &t.Occupancy, &t.Gini, &t.Handled, &t.HandledVariance)
	}
	return list
}

func (c *ClassMeasures) values() []*float64 {
	return []*float64{&c.Arrived, &c.Answered, &c.Abandoned, &c.Lost, &c.Waiting, &c.SLa, &c.SLb, &c.SLc, &c.SLd,
		&c.Wait.Mean, &c.Wait.P50, &c.Wait.P95, &c.Wait.P99, &c.Wait.Max,
		&c.AbandonRate, &c.AHT, &c.QueueTime, &c.Queue, &c.LongestQueue}
}
