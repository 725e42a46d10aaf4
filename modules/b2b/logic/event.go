package logic

import "time"

// Leg names a leg of the session. The caller's is [Caller]; the others are
// numbered in the order in which they were invited.
type Leg int

// Caller is the leg that opened the session.
const Caller Leg = 0

// Event is something that happened: what the owner of the session wants, or
// what the network brought.
type Event interface{ event() }

// What the owner wants.
type (
	// Connect takes the caller to a new party. A running attempt fails first.
	Connect struct {
		ID          int           // greater than that of any attempt before
		CallerOffer bool          // offer the caller's SDP, not none
		DropOld     bool          // end the present party first
		Announce    bool          // an announcement is played to the party first
		RingTimeout time.Duration // 0 takes Config.RingTimeout
	}
	// Reply answers the caller's INVITE; with a final code it ends the
	// session, also when the caller was answered long ago.
	Reply struct {
		Code   int
		Reason string
	}
	// Terminate ends the session; the owner hears no more of it.
	Terminate struct{}
	// Expire ends the session and tells the owner: an operator asked for it.
	Expire struct {
		Code   int
		Reason string
	}
	// Tick says that the time of [Session.Wake] has come.
	Tick struct{}
	// Resume is the first event of a session that [Restore] made.
	Resume struct{}
)

// What the network brought. SDP is "" when the message carried none.
type (
	// Progress is an 18x to our first INVITE of a leg.
	Progress struct {
		Leg  Leg
		Code int
		SDP  string
	}
	// Answered is the first 2xx to our INVITE.
	Answered struct {
		Leg Leg
		SDP string
	}
	// Refused is another final response to our INVITE, also one made locally
	// (408, 503).
	Refused struct {
		Leg    Leg
		Code   int
		Reason string
	}
	// Offered is a re-INVITE. Ref comes back in the action that answers it.
	Offered struct {
		Leg Leg
		Ref int
		SDP string
	}
	// Acked is the ACK of a 2xx that we sent.
	Acked struct {
		Leg Leg
		SDP string
	}
	// AckTimeout says that no ACK came for 64*T1.
	AckTimeout struct{ Leg Leg }
	// Bye is a BYE; it has its 200 already.
	Bye struct{ Leg Leg }
	// Cancelled is a CANCEL of the INVITE that the leg has open.
	Cancelled struct{ Leg Leg }
	// Requested is any other request inside the dialog.
	Requested struct {
		Leg    Leg
		Ref    int
		Method string
		SDP    string // of an UPDATE
	}
	// Replied is the final response to a request that was relayed.
	Replied struct {
		Ref  int
		Code int
		SDP  string // of an UPDATE
	}
	// Heard says that the far end of a leg is there: any message from it.
	Heard struct{ Leg Leg }
	// Vanished says that the far end knows nothing of the dialog (481).
	Vanished struct{ Leg Leg }
	// Timed sets the session timer of a leg, from now on (RFC 4028). Refresh
	// is 0 when the far end refreshes; Expire is 0 when there is no timer.
	Timed struct {
		Leg             Leg
		Refresh, Expire time.Duration
		Update          bool // we refresh by UPDATE
	}
	// Unrefreshed is a refusal of a Refresh; what it has agreed is a Timed.
	Unrefreshed struct {
		Leg  Leg
		Code int
	}
)

func (Connect) event()     {}
func (Reply) event()       {}
func (Terminate) event()   {}
func (Expire) event()      {}
func (Tick) event()        {}
func (Resume) event()      {}
func (Progress) event()    {}
func (Answered) event()    {}
func (Refused) event()     {}
func (Offered) event()     {}
func (Acked) event()       {}
func (AckTimeout) event()  {}
func (Bye) event()         {}
func (Cancelled) event()   {}
func (Requested) event()   {}
func (Replied) event()     {}
func (Heard) event()       {}
func (Vanished) event()    {}
func (Timed) event()       {}
func (Unrefreshed) event() {}
