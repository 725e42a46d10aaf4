// Package mi is the management interface: a registry of commands and a
// JSON-RPC 2.0 engine over it. It knows no transport; modules/mihttp,
// modules/mififo and modules/midatagram carry it.
//
// # Names
//
// A command has one canonical name, "call_center:list_queue". It also answers
// under its aliases ("cc_list_queue", what clients in the field send) and
// under its local name ("list_queue") as long as no other module has a command
// of that local name; then -32001 lists the candidates. An alias wins over a
// local name, so that loading one more module never takes a name away from an
// old client.
//
// # Parameters
//
// A command declares recipes: the lists of parameters it accepts, in
// positional order. A positional call takes the recipe of its length, a named
// call the one with exactly its names. Numbers are taken for strings and
// strings for numbers, because the clients in the field send everything as
// text. An array parameter that comes last also takes a bare value, or the
// rest of the positional ones.
//
// # Answers
//
// Every fault of a request has the code and text that OpenSIPS gives it:
//
//	-32700  Parse error       not JSON, or nested too deep
//	-32600  Invalid Request   not a JSON-RPC 2.0 request; batches are not taken
//	-32601  Method not found
//	-32001  Method ambiguous
//	-32602  Invalid params    data says what is wrong with them
//	-32000  Server error      data says why; also when the command panicked
//	1...    what the command says: 404 Agent not found
//
// Replies are compact JSON on one line, without HTML escapes, their keys in
// the order jsonrpc, result or error, id. The order of keys in a result is
// part of the interface: build results with [Object].
package mi
