// Package limits holds what no policy can beat, or cannot be expected to: the
// figures that a simulated center is measured against.
//
//   - [Line] is one kind of contact and its agents: Erlang B, C and A.
//   - [Relaxed] is the center without its rules, on the same contacts: agents
//     with the skill of every call, who can take calls and chats at once. No
//     policy leaves less waiting than it, on average; none comes near it either.
//   - [Fluid] takes from the agents for calls those whom chats hold at least. It
//     is tighter, and no bound: a policy beats it by letting chats give up.
//   - [Capacity] is the load at which the center cannot serve all.
//   - [Tiny] is a center so small that the best possible policy can be computed.
//
// All times are in seconds, all rates per second. Loads are in Erlang: mean
// number of contacts that would be served at once if all were served.
//
// Sources: A. K. Erlang 1917 (B and C); Palm 1946 and Garnett, Mandelbaum,
// Reiman 2002 (A); Puterman, Markov Decision Processes, 8.5 (relative value
// iteration).
package limits
