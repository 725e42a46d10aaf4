// Package policy connects sipd to dispatch policies outside the engine: those in
// processes of their own, in any language, and those in a goroutine that must not
// be trusted to end.
//
// The author of a policy in Go writes a type with a Decide method, and
//
//	func main() { policy.Serve(&mine{}) }
//
// The host loads the binary and asks:
//
//	host, err := policy.Load(policy.Config{Path: path}, callbacks)
//	host.Ask(1, whole) // a Delta whose Reset is true comes first
//	                   // callbacks.Decided(1, decision)
//
// Both sides speak policypb over one gRPC stream; go-plugin starts the process
// and shakes hands. README.md is the protocol for authors in other languages.
//
//   - [Serve], seat: the policy's side. A seat keeps a [dispatch.Center] that is
//     the sum of the deltas and runs the policy over it.
//   - [Host]: the host's side. It supervises one worker after the other, with a
//     back-off between them.
//   - session: a worker that is a process; process is what the operating system
//     sees of it. goroutine: a worker in this process ([Local]).
//
// Nothing a policy does blocks, bloats or stops the host: it is killed by signal,
// never asked to go; what it sends is bounded in size, number and rate, and what
// it prints, too.
package policy
