package b2b

import (
	"cmp"
	"slices"
	"time"

	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// view is a session as the management interface shows it. It is made anew
// after each step, so that a command never waits for a session.
type view struct {
	Key    Key       `json:"key"`
	State  string    `json:"state"`  // $cc_state
	Status string    `json:"status"` // "active" or "ended"
	Since  time.Time `json:"since"`
	Legs   []legView `json:"legs"`
}

type legView struct {
	Role   string `json:"role"`
	CallID string `json:"callid"`
	Local  string `json:"local"`
	Remote string `json:"remote"`
	Target string `json:"target"`
}

// show makes the view of the session.
func (s *session) show() {
	v := &view{Key: s.key, State: s.state, Status: "active", Since: s.legs[0].born}
	if s.logic.Over() {
		v.Status = "ended"
	}
	for _, l := range s.legs {
		if l.over {
			continue
		}
		v.Legs = append(v.Legs, legView{Role: l.role, CallID: l.dlg.callID, Local: l.dlg.local.String(),
			Remote: l.dlg.remote.String(), Target: l.dlg.target.String()})
	}
	s.view.Store(v)
}

func (m *Module) commands() []mi.Command {
	return []mi.Command{
		{Name: "b2b_logic:list", Aliases: []string{"b2b_list"}, Doc: "lists the sessions and their legs", Call: m.list},
		{Name: "b2b_logic:terminate_call", Aliases: []string{"b2b_terminate_call"},
			Recipes: []mi.Recipe{{{Name: "key", Kind: mi.String}}},
			Doc:     "ends a session: BYE to all its legs", Call: m.terminateCall},
	}
}

func (m *Module) list(mi.Params) (any, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	views := []*view{}
	for _, s := range m.sessions {
		if v := s.view.Load(); v != nil {
			views = append(views, v)
		}
	}
	slices.SortFunc(views, func(a, b *view) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Key, b.Key)) })
	return map[string]any{"Sessions": views}, nil
}

func (m *Module) terminateCall(p mi.Params) (any, error) {
	s := m.session(Key(p.String("key")))
	if s == nil || s.view.Load() == nil || s.view.Load().Status != "active" {
		return nil, &mi.Error{Code: 404, Message: "Session not found"}
	}
	s.box.Post(func() { s.feed(logic.Expire{Code: 480, Reason: "ended by an operator"}) })
	return "OK", nil
}
