package b2b

import "time"

// Key names a session, as MI and cc_calls.b2buaid show it: "<hash>.<id>".
type Key string

// Offer says whose session description a new party is offered.
type Offer int

// The ways to offer (see modules/b2b/README.md).
const (
	// LateOffer invites without SDP and takes the new party's offer to the
	// caller (RFC 3725 flow I): one round trip each.
	LateOffer Offer = iota
	// CallerOffer invites with the caller's last SDP, then renegotiates both.
	// For parties that dislike an INVITE without SDP.
	CallerOffer
)

// Dest is where Connect takes the caller.
type Dest struct {
	// ID comes back in the events of this attempt. It must be greater than
	// that of every attempt before.
	ID  int
	URI string
	// Role is "media" or "agent"; local_route sees it.
	Role string
	// State is what $cc_state shows while this attempt is made; "" leaves it
	// as SetState said.
	State string
	// Display is the display name of From in wire form: quoted, a bare token,
	// or "" for none. From's URI is the caller's.
	Display string
	Offer   Offer
	// DropOld ends the present party before the new one is invited, as
	// OpenSIPS does. Otherwise it stays until the new one has answered.
	DropOld bool
	// RingTimeout bounds the time until the final answer; 0 takes the
	// parameter fr_inv_timeout. When it passes the leg is cancelled and the
	// attempt fails with 408.
	RingTimeout time.Duration
	// Announce, when set, is called once the party has answered, and the two
	// are joined; when it hangs up or refuses, the party is joined to the
	// caller. Meanwhile the caller keeps what he hears. For this form From's
	// URI towards the announcement is the party's.
	Announce string
}

// Event tells the owner of a session what happened. The observer is called
// from the session's goroutine and must not block.
type Event interface{ SessionKey() Key }

type (
	// Ringing: the party of attempt ID rings (a 18x came).
	Ringing struct {
		Key  Key
		ID   int
		Code int
	}
	// Announcing: the party has answered and hears the announcement.
	Announcing struct {
		Key Key
		ID  int
	}
	// AnnounceDone: the announcement is over, the caller is being joined.
	AnnounceDone struct {
		Key Key
		ID  int
	}
	// Connected: caller and party are joined.
	Connected struct {
		Key Key
		ID  int
	}
	// ConnectFailed: the attempt came to nothing and all of it is undone. The
	// caller has what he had before: an unanswered INVITE, the party before
	// (unless DropOld), or nobody.
	ConnectFailed struct {
		Key    Key
		ID     int
		Code   int
		Reason string
	}
	// PeerGone: the party of attempt ID, once connected, hung up. When it was
	// the present party, the caller has nobody now.
	PeerGone struct {
		Key Key
		ID  int
	}
	// CallerGone: the caller hung up or cancelled. Every leg is being ended;
	// this is the last event of the session.
	CallerGone struct {
		Key       Key
		Cancelled bool
	}
	// Ended: the session ended by itself, because the caller's side failed or
	// max_duration is over. It is the last event of the session.
	Ended struct {
		Key    Key
		Code   int
		Reason string
	}
)

// SessionKey implements Event.
func (e Ringing) SessionKey() Key       { return e.Key }
func (e Announcing) SessionKey() Key    { return e.Key } // see Ringing
func (e AnnounceDone) SessionKey() Key  { return e.Key } // see Ringing
func (e Connected) SessionKey() Key     { return e.Key } // see Ringing
func (e ConnectFailed) SessionKey() Key { return e.Key } // see Ringing
func (e PeerGone) SessionKey() Key      { return e.Key } // see Ringing
func (e CallerGone) SessionKey() Key    { return e.Key } // see Ringing
func (e Ended) SessionKey() Key         { return e.Key } // see Ringing
