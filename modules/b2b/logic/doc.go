// Package logic is the session machine of the B2BUA: which SIP messages join
// a caller to one party after another. It is pure. The runner (package b2b)
// hands it events and performs the actions that [Session.Step] returns, in
// order; time comes in with each event and goes out by [Session.Wake].
//
// # Legs
//
// A session has the caller's leg and one for every party or announcement it
// invites. A leg has at most one INVITE of ours and one of its own at a time;
// what would break that waits, or is answered 491 or 500 (RFC 3261 section
// 14). Each leg ends once: by BYE, CANCEL, a final response or the far end.
//
// # Attempts
//
// Connect starts an attempt. It is a small machine of its own (attempt.go): a
// step for each re-INVITE that is out, a deadline for each step, and one way
// back ([Session.fail]) that hangs up what the attempt began and, when the
// caller's media had been moved already, joins him to the present party again.
//
// # Session descriptions
//
// They pass through as they are, but for two rules of RFC 3264 section 8 that
// hold for one dialog while its far end changes (sdp.go): the origin stays
// the same and its version grows, and streams never vanish from the list.
package logic
