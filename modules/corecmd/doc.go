// Package corecmd declares the management commands and statistics of the
// server itself: what OpenSIPS exports from its core rather than from a
// module (which, uptime, get_statistics, shmem:used_size).
//
// It is loaded always, by cmd/sipd, and not by a route file. What it needs to
// know of the process comes in with [Options], so that tests set the clock.
package corecmd
