// Package store keeps the tables of call_center: it reads cc_flows and
// cc_agents, and writes cc_calls, cc_cdrs and an agent's end of wrap-up.
//
// Tables that OpenSIPS made are used as they are, in the layout of every
// release; the layout is recognised by the columns and not by the table
// version, whose rows OpenSIPS 3.3.0 to 3.3.2 had exchanged. What sipd writes
// OpenSIPS could have written, with one difference: cc_calls.last_start and
// recv_time are Unix times, where OpenSIPS writes seconds since its start.
//
//   - store.go: [New], and one writer for each database.
//   - load.go, flow.go, agent.go: rows to configuration. A bad row is named,
//     with what to do about it, and left out.
//   - save.go: the engine's actions to rows. [Store.Save] never waits; what
//     the database does not take now is in the journal (package core/db), so
//     no CDR is lost and none is written twice.
//   - create.go, check.go, schema: what sipd db create and sipd db check do.
//
// # Rules of cc_cdrs
//
// Times are whole seconds, rounded down, and never negative.
// received_timestamp is the local time of the server. agent_id is NULL when
// no agent took part. Text that is longer than its column is cut to fit, at a
// character, and counted: MySQL in strict mode would refuse the row.
package store
