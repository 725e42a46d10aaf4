// Package callcenter is the module call_center: flows and agents joined by
// skills.
//
// Who talks to whom is decided by the pure machine in the folder engine. This
// package is the small runner round it:
//
//   - functions.go turns what a route or the management interface asks for
//     into events, and waits for the one Step that answers;
//   - runner.go is the loop: a mailbox in, [engine.Engine.Step], one timer for
//     [engine.Engine.Wake];
//   - perform.go does the actions, in order and without waiting: b2b connects,
//     the store writes in the background, the bus tells the world.
//
// Nothing outside the loop's goroutine touches the engine, so there is no
// lock to take and none to forget.
package callcenter
