// Package scripting runs route files: Lua that is configuration and logic in
// one, to be read from top to bottom like an opensips.cfg. It is the only
// importer of gopher-lua.
//
// # Two phases
//
// [Load] runs the file once in a scratch state, the configuration phase:
// listen, loadmodule, modparam and their like are recorded with file:line and
// checked against the declarations of the modules; nothing is opened. The
// result is a [core.Config]. Later [Script.NewRouter] runs the top level of
// the file again in each state of a pool, the worker phase: there directives
// do nothing and only the definitions count. [Check] is Load and a reading of
// the program text that finds what would fail only at run time.
//
// # The rule of return values
//
// Lua takes every number for true, so a failure code must not be returned
// alone. Success returns the positive code; failure returns false and the
// negative code; tests return a boolean, and the code after it. rc() is the
// last code, and rc(f(...)) makes a call its number. A route called with
// route("name") is held to the same: true or nothing is 1, n > 0 is n, n < 0
// is false and n, false is false and -1, and 0 ends the script, as in
// OpenSIPS. So these are right, and the checker finds the fourth:
//
//	if not cc_handle_call("x") then
//	if cc_handle_call("x") ~= 1 then
//	if rc(cc_handle_call("x")) < 0 then
//	if cc_handle_call("x") < 0 then -- compares false with a number
//
// # States
//
// A Lua state is not safe for two goroutines, so every running route has one
// of a pool to itself. The file is compiled once. What a route keeps in a
// global or in a local of the file would live in one state of many; writing a
// global is therefore an error, and var (message), avp (transaction) and
// shared (process) are offered instead.
//
// # Limits
//
// gopher-lua can be stopped between two instructions only, and has no limit
// for memory. So each route has a budget of time, instructions and memory
// (budget.go). Whatever may do much work in one instruction is replaced: the
// string library by one that counts its steps (pattern.go, strings.go), and
// concatenation, table construction and indexed assignment, which are
// instructions, by calls (rewrite.go). exit, drop and a spent budget unwind
// through pcall, xpcall and coroutines (sandbox.go).
package scripting
