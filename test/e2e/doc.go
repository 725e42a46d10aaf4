// Package e2e tests the sipd binary from outside: real SIP on loopback, rows
// in a real database, commands over the management interface. What the
// database can change runs on SQLite and on MariaDB. The tests whose names end
// in Audio need baresip: their phones speak, and count what they hear.
package e2e
