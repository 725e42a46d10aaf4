// Package mififo is the module mi_fifo: the management interface over a named
// pipe, as opensips-cli uses it by default.
//
// A client writes ":REPLY:REQUEST" into the pipe fifo_name and reads the
// answer from a pipe REPLY that it made itself in reply_dir. scan.go finds the
// requests in what comes out of the pipe; serve.go reads it and runs them one
// after the other, so that what one client writes is done in its order;
// replies.go writes the answers, beside that, because a client may never read.
package mififo
