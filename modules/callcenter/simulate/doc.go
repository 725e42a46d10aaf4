// Package simulate runs the engine of the call center under virtual time on a
// stream of contacts, and measures what a dispatch policy makes of them.
//
// The engine is the live one: a simulated contact takes the same steps as a
// call does, only its media legs cost nothing. See README.md for scenarios and
// measures.
package simulate
