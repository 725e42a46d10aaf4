// Package engine decides who talks to whom: which call hears what, which agent
// gets which call, and what is written down about it.
//
// It is a machine without I/O, goroutines, clock or randomness, after the
// manner of etcd's raft: [Engine.Step] takes the time and an [Event] and returns
// [Action] values. The same events at the same times give the same actions, so
// the code that serves callers also replays a recorded day and survives random
// histories.
//
//	arrival -> welcome -> (dissuading) -> queued -> agent -> end
//	                                        ^          |
//	                                        +- refused +
//
// # The life of a call
//
// It is StateWelcome while the flow's message_welcome plays, StateQueued while
// it waits, StateToAgent from the moment an agent is reserved, through ringing
// and talk. In a flow with message_flow_id it waits on, hearing the queue, in
// StatePreAgent while the agent rings and hears the announcement.
//
// A call never waits for its media. Welcome or message failing, it goes on with
// the next step. The queue's media failing, it is connected again at once; after
// three failures within ten seconds an alarm is raised and the next tries come
// after 2, 4, 8, 16 and then every 30 seconds, while the call stays in its place,
// hears Options.Fallback and may be dispatched. A URI that failed three times in
// a row is left out for all calls; see media.go.
//
// # Dispatching
//
// Who gets whom is decided by a [dispatch.Policy], on the event that made an
// assignment possible, never on a poll: the engine keeps a [dispatch.Center] up
// to date, which has calls and agents by skill and medium, so that a decision
// looks only at the heads of those lists that the event touched. A direct
// assignment is no special case: a call that arrives joins the queue, and is
// dispatched before anything is played.
//
// A policy may be outside the engine: a process, or a route script; see
// [SetPolicy]. It is asked one question at a time, and each of its proposals is
// checked at the moment of its answer. Until it answers, callers who have just
// joined hear nothing; but if it is late, proposes what cannot be, leaves calls
// beside free agents without a word, or is gone, the rule of OpenSIPS stands in
// at once, until it is well again.
//
// # Duties of the caller
//
//  1. Step with a [Load] first, with AtStart set, and again at each reload.
//  2. Step from one goroutine, with times that do not go back.
//  3. Do the actions in order. A later Connect takes the place of an earlier
//     one of the same call that is still under way: what that one comes to is
//     not waited for.
//  4. A Connect that cannot even be tried comes back as ConnectFailed.
//  5. Tell each outcome once: after a Connect that was not replaced comes
//     Connected or ConnectFailed; after Connected, at most one PeerGone, unless
//     another destination was connected meanwhile. Late, repeated and unknown
//     events do no harm.
//  6. Tell CallerGone or CallLost when the caller's side ended, at any time. It
//     is the last event of a call. The engine ends calls by Hangup.
//  7. Step with a [Tick] at [Engine.Wake], and ask for Wake again after each
//     Step. A late Tick is made up for by any Step.
//
// A Step that panics is a fault of this package; [Engine.Repair] then ends the
// call it was about and keeps the others.
//
// In return: a call's row is saved before its first Connect, and everything
// that follows from one event is in one answer.
//
// # Invariants
//
// TestRandomHistory checks them after every step of random histories.
//
//   - An agent has at most one audio call, or at most MSRPSessions chats, never
//     both; what agents have is exactly what calls say.
//   - An accepted call gets exactly one CDR of type 0, 1 or -1, as its last, and
//     one of type -2 for each refusal before.
//   - What policies see is what follows from calls and agents, and so is what a
//     policy outside was told.
//   - While balancing or full-load decides: after a step no ready call waits
//     that an agent with room could take, and what was assigned is what
//     [dispatch.Plan] would have.
//   - The queue is the waiting calls by priority, then refused calls before
//     others, then in order of joining.
//   - The gauges are what counting the calls gives; nothing is negative; flows
//     add up to the whole.
//   - A waiting call hears something, is being connected, has an alarm set, or
//     waits for the answer of a policy outside, which has one.
//   - After a Tick, Wake is in the future.
//
// # Differences from OpenSIPS
//
//   - Wrap-up ends exactly, for all agents it ends for, also when logged out.
//   - The idle agent who has been idle longest is called. Who logs in, or is
//     free again because a caller gave up, goes to the end of the line; OpenSIPS
//     puts a login at the front and leaves the other where he was.
//   - A chat goes to the agent with the fewest chats (balancing) or the most
//     (full-load); OpenSIPS moves agents round a list.
//   - An arrival never overtakes a waiting call.
//   - A refused call goes to the head of its priority, not of the queue. Among
//     refused calls the order of joining counts.
//   - After a refusal an agent pauses for his wrap-up, but at least one second,
//     or the only agent without wrap-up would be called in a tight loop. After a
//     refused chat all his free slots are closed for that long.
//   - An agent answered is an answered call, however short (type 0). pickup_time
//     is how long the phone rang, whoever hangs up; in a flow with
//     message_flow_id, until the agent picked up.
//   - A call that breaks down (type -1) keeps its talk time; its agent gets his
//     wrap-up if he talked. As in OpenSIPS it is not counted as answered.
//   - A call that cannot be answered any more since the server stops has type
//     -1; one in talk has type 0.
//   - The prefix is shown on every leg, the first one too, and is escaped; at
//     most 64 characters, quotes included.
//   - Queue size for dissuading counts the calls of the flow, and the on-hold
//     threshold from joining the queue. After the message a call has its place
//     again.
//   - The expected wait is that of the moment, by an estimator that knows
//     wrap-up and patience; see ewt.go and Options.CompatETW.
//   - An agent event is raised for direct assignments too, and when a chat ends.
package engine
