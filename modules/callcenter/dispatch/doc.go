// Package dispatch holds the rules by which waiting calls and agents are
// brought together. It knows nothing of SIP, time or states: a call is a skill,
// a medium and a place in the queue; an agent is skills and what he has room
// for.
//
// The rules come in two forms, and both say the same:
//
//   - as orders, [Call.Before], [Place.Before] and [Policy.Before]: the engine
//     keeps its trees sorted by them, so that one decision costs a look at the
//     ends of a few trees;
//   - as a whole, [Plan]: from a [Snapshot] to the assignments, written to be
//     read. It is what a policy outside the server has to be, and what the
//     engine's tests compare the engine with.
//
// A plan is a proposal. Whoever carries it out checks each assignment against
// the state of that moment, because a call may have ended and an agent may have
// gone since the snapshot was taken.
//
// # The rule
//
//  1. Audio calls are served before chats, since an agent who starts a chat is
//     lost to audio for long.
//  2. Among calls of one medium the one first in the queue is served first.
//     Smaller priority numbers stand before larger ones; in one priority, calls
//     that an agent refused stand before the others; then whoever joined first.
//  3. An audio call goes to the agent who has been idle longest.
//  4. A chat goes, by the policy balancing, to the agent with the fewest chats;
//     by full-load to the one with the most who still has room. Between equals
//     the one idle longest.
package dispatch
