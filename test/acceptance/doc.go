// Package acceptance holds what sipd promises, one test a promise. The tests
// run the sipd binary with real SIP sockets and a real database, and look at
// the wire, the rows, the answers of the management interface and the events.
//
// The names of the tests begin with the row of the list they belong to:
//
//   - B: what the article about contact centers with calls and chats says
//     OpenSIPS can do: media, policies, external dispatching;
//   - M: the documentation of OpenSIPS's module call_center, point by point:
//     tables, flows, agents, CDRs, commands, statistics, events, variables;
//   - S: what dispatchers of other systems are held to: who is rung of several,
//     and that nobody is offered twice;
//   - F: a set-up that somebody tried in public and did not get to work, and
//     what it would have taken.
//
// README.md has a line for each row; TestEveryRowIsListed holds it to the
// tests.
package acceptance
