package logic

// Action is something the runner must do, in order.
type Action interface{ action() }

// What goes on the wire.
type (
	// Invite opens a new leg with the destination of attempt ID, or with its
	// announcement. SDP "" makes it an INVITE without an offer.
	Invite struct {
		Leg      Leg
		ID       int
		Announce bool
		SDP      string
	}
	// Provisional sends an 18x to the caller.
	Provisional struct {
		Code   int
		Reason string
		SDP    string
	}
	// Refork gives the caller's unanswered INVITE a new To tag: the answers
	// to come are another branch's, whose early media must not be taken for
	// that of the party which failed (RFC 3261 section 13.2.2.4).
	Refork struct{}
	// Answer sends 200 to the INVITE that the leg has open: the re-INVITE
	// Ref, or the first one when Ref is 0.
	Answer struct {
		Leg Leg
		Ref int
		SDP string
	}
	// Reject sends a final refusal to the INVITE that the leg has open.
	Reject struct {
		Leg    Leg
		Ref    int
		Code   int
		Reason string
	}
	// ReInvite sends an INVITE inside the dialog.
	ReInvite struct {
		Leg Leg
		SDP string
	}
	// Ack acknowledges the 2xx to our last INVITE of the leg.
	Ack struct {
		Leg Leg
		SDP string
	}
	// Cancel cancels our INVITE that is open on the leg.
	Cancel struct{ Leg Leg }
	// HangUp sends BYE.
	HangUp struct{ Leg Leg }
	// Respond answers a request or a re-INVITE that is not let in.
	Respond struct {
		Leg        Leg
		Ref        int
		Code       int
		RetryAfter int // seconds; -1 for none
		SDP        string
	}
	// Relay passes request Ref to the leg To. SDP replaces an UPDATE's.
	Relay struct {
		To  Leg
		Ref int
		SDP string
	}
	// RelayReply passes the response to request Ref back.
	RelayReply struct {
		Ref int
		SDP string
	}
	// Ping asks the far end for any response: OPTIONS inside the dialog.
	Ping struct{ Leg Leg }
	// Refresh sends an UPDATE that changes nothing but the session timer.
	Refresh struct{ Leg Leg }
)

// What the owner hears; see the types of the same name in package b2b.
type (
	Ringing       struct{ ID, Code int }   // see b2b.Ringing
	Announcing    struct{ ID int }         // see b2b.Announcing
	AnnounceDone  struct{ ID int }         // see b2b.AnnounceDone
	Connected     struct{ ID int }         // see b2b.Connected
	PeerGone      struct{ ID int }         // see b2b.PeerGone
	CallerGone    struct{ Cancelled bool } // see b2b.CallerGone
	ConnectFailed struct {                 // see b2b.ConnectFailed
		ID, Code int
		Reason   string
	}
	Ended struct { // see b2b.Ended
		Code   int
		Reason string
	}
)

func (Invite) action()        {}
func (Provisional) action()   {}
func (Refork) action()        {}
func (Answer) action()        {}
func (Reject) action()        {}
func (ReInvite) action()      {}
func (Ack) action()           {}
func (Cancel) action()        {}
func (HangUp) action()        {}
func (Respond) action()       {}
func (Relay) action()         {}
func (RelayReply) action()    {}
func (Ping) action()          {}
func (Refresh) action()       {}
func (Ringing) action()       {}
func (Announcing) action()    {}
func (AnnounceDone) action()  {}
func (Connected) action()     {}
func (PeerGone) action()      {}
func (CallerGone) action()    {}
func (ConnectFailed) action() {}
func (Ended) action()         {}
