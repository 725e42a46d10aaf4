package db

import (
	"errors"
	"strconv"
	"strings"
)

// codeOf returns the number of an error that the database itself reported: a
// MySQL error number, or an SQLite primary result code. It is 0 for every
// other error, such as a broken connection.
func codeOf(err error) int {
	var coder interface{ Code() int } // modernc.org/sqlite
	if errors.As(err, &coder) {
		return coder.Code() & 0xff
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		rest, found := strings.CutPrefix(e.Error(), "Error ")
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if n, bad := strconv.Atoi(rest[:digits]); found && bad == nil {
			return n
		}
	}
	return 0
}

// The SQLite results that say something about the operation itself.
const (
	sqliteError      = 1
	sqliteTooBig     = 18
	sqliteConstraint = 19
	sqliteMismatch   = 20
	sqliteRange      = 25
)

// hopeless reports whether the database will never take an operation that it
// refused with err. Whatever the operator can put right in the database (a
// missing table or column, rights, space) is not hopeless: it is tried again.
func hopeless(d Dialect, err error) bool {
	code := codeOf(err)
	if d == SQLite {
		switch code {
		case sqliteConstraint, sqliteMismatch, sqliteTooBig, sqliteRange:
			return true
		}
		return code == sqliteError && strings.Contains(err.Error(), "syntax error")
	}
	switch code {
	case 1064, 1136, // syntax, number of columns
		1048, 1062, 1169, 1364, 1451, 1452, 3819, 4025, // constraints
		1264, 1265, 1292, 1366, 1367, 1406, 1411, 1690, 3988: // values
		return true
	}
	return false
}

// badText reports whether the table's character set lacks a character of the
// operation.
func badText(err error) bool {
	switch codeOf(err) {
	case 1366, 1267, 3988:
		return true
	}
	return false
}

// noTable reports whether err says that a table does not exist.
func noTable(err error) bool {
	return codeOf(err) == 1146 || codeOf(err) == sqliteError && strings.Contains(err.Error(), "no such table")
}
