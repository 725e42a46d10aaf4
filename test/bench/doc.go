// Package bench measures the whole server from outside: `make bench`. It
// holds benchmarks only, and no timing is ever asserted.
package bench
