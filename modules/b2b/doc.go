// Package b2b is the back-to-back user agent: b2b_entities and b2b_logic of
// OpenSIPS in one module, loaded under either name. It terminates a caller's
// INVITE and connects the caller to one destination after another; who is to
// be connected is decided by the module that opened the session.
//
// Deciding what to say is the job of the pure package logic; this package
// says it: legs own dialogs, the runner owns time and the endpoint.
package b2b
