// Package e2e tests the sipd binary from outside: real SIP on loopback, rows
// in a real database, commands over the management interface. Every test runs
// on SQLite and on MariaDB.
package e2e
