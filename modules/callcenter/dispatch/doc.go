// Package dispatch holds the rules by which waiting calls and agents are
// brought together. It knows nothing of SIP, and no clock: a call is a skill, a
// medium and a place in the queue; an agent is skills and what he has room for.
//
//	host --Put, Drop, Apply--> Center (View) --Decide--> Policy --Decision--> host
//
// The parts are these:
//
//   - [Policy] is what decides. The same interface serves the policies built in
//     ([Builtin]), those in a route script and those that are processes of their
//     own.
//   - [View] is what a policy sees: who waits and who has room, kept sorted by
//     skill and medium, so that a decision costs a look at the ends of a few
//     trees, however long the queue is.
//   - [Center] is a view with the right to change it. The engine keeps one; so
//     does a policy in a process of its own, from the [Delta] values it is sent.
//   - [Run] asks a policy until it has nothing more to propose.
//
// A decision is a proposal. Whoever carries it out checks each assignment
// against the state of that moment, because a call may have ended and an agent
// may have gone since.
//
// README.md explains each policy built in, and when to choose it; package
// dispatchtest holds policies to their rules.
//
// # The rule of OpenSIPS
//
// [ChatPolicy] has it, and [Plan] says the same without any index, to be read
// and to be compared with:
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
