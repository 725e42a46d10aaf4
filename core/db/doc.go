// Package db opens a database named by an OpenSIPS URL and writes to it
// without ever making a caller wait.
//
//   - url.go, open.go: mysql://user:pw@host/db and sqlite:///path. A [URL]
//     never prints its password, and no error of this package contains it.
//   - schema.go: what columns and which version row a table has.
//   - writer.go: [Writer], the ordered, durable, asynchronous way to the
//     database. journal.go, spool.go, queue.go and apply.go are its parts.
//
// # How a write travels
//
// [Writer.Write] appends to a queue in memory and returns. Two goroutines
// read the queue: one copies it to the journal, a file on the local disk,
// with one fsync for everything that came within 5 ms; the other applies it
// to the database in transactions. Neither waits for the other, so a slow
// disk does not delay the database and a dead database costs disk space only.
// What the journal holds need not stay in memory, and is read back from there.
//
// # Exactly once
//
// Each start of a writer has a random name, its stream, and numbers its
// operations. The transaction that applies operations also moves the row of
// that stream in the table sipd_journal:
//
//	sipd_journal(stream CHAR(32) PRIMARY KEY, seq BIGINT NOT NULL)
//
// So after kill -9, or a COMMIT whose answer was lost, the table tells what
// happened: an operation with a number up to seq is skipped. This needs a
// table engine with transactions (InnoDB is; with MyISAM an interrupted batch
// may be applied twice). Journals of earlier starts are applied first.
//
// # When something fails
//
//   - The database is down, hung, full, read-only, or lacks a table: the
//     batch is tried again, for ever, with growing pauses up to 5 s.
//   - The database will never take an operation (a duplicate key, a value too
//     long): it goes to the file *.rejected with the reason, and those behind
//     it go on.
//   - The disk fails: operations are kept in memory up to a limit, and the
//     disk is tried again every second. What exceeds the limit is lost,
//     counted and reported.
//   - The journal is damaged: everything readable is applied; the file is
//     kept as *.damaged unless only its end was cut off by the crash.
package db
