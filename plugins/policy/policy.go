package policy

import "github.com/sipd/sipd/modules/callcenter/dispatch"

// What a policy is made of, so that its author imports this package alone. The
// package dispatch documents each.
type (
	Policy     = dispatch.Policy
	Watcher    = dispatch.Watcher
	View       = dispatch.View
	Delta      = dispatch.Delta
	Decision   = dispatch.Decision
	Assignment = dispatch.Assignment
	Hold       = dispatch.Hold
	Settings   = dispatch.Settings
	Call       = dispatch.Call
	Place      = dispatch.Place
	Kind       = dispatch.Kind
	Media      = dispatch.Media
	Agent      = dispatch.Agent
	State      = dispatch.State
	Standing   = dispatch.Standing
)

// The media of a call.
const (
	RTP  = dispatch.RTP
	MSRP = dispatch.MSRP
)

// The states of an agent at his desk.
const (
	Free   = dispatch.Free
	InCall = dispatch.InCall
	InChat = dispatch.InChat
	Wrapup = dispatch.Wrapup
)

// Configurer is a [Policy] with settings. Configure comes before all else, and
// its error is shown to the operator: it should name the setting and say what
// is wanted. A policy that is no Configurer refuses every setting.
type Configurer interface {
	Configure(Settings) error
}
