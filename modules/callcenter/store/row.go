package store

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// BadRow is something in the database that is not as it should be.
type BadRow struct {
	Table  string
	ID     string // flowid, agentid, or "" when it is about the table
	Why    string
	Remedy string
	// Used tells that the row is used all the same.
	Used bool
}

// String writes "cc_agents "alice": location is empty: set it to ...".
func (b BadRow) String() string {
	where := "table " + b.Table
	if b.ID != "" {
		where = fmt.Sprintf("%s %q", b.Table, b.ID)
	}
	if b.Remedy == "" {
		return where + ": " + b.Why
	}
	return where + ": " + b.Why + ": " + b.Remedy
}

// badField is why a row cannot be used.
type badField struct{ why, remedy string }

func (e *badField) Error() string { return e.why }

// row reads the columns of one row after another, by parameter, and keeps the
// first fault of the present one.
type row struct {
	columns map[string]int // by parameter, into values
	values  []sql.NullString
	into    []any // the addresses of values
	names   Names
	fault   *badField
	skills  map[string][]string // see skillList
}

func newRow(fields []field, n Names) *row {
	r := &row{columns: make(map[string]int, len(fields)), values: make([]sql.NullString, len(fields)),
		into: make([]any, len(fields)), names: n, skills: map[string][]string{}}
	for i, f := range fields {
		r.columns[f.param], r.into[i] = i, &r.values[i]
	}
	return r
}

// scan takes the next row. Every column is read as text, so that a wrong type
// is a fault of one row and not of the whole table.
func (r *row) scan(rows *sql.Rows) error {
	r.fault = nil
	return rows.Scan(r.into...)
}

// value is a column; an absent one is NULL.
func (r *row) value(param string) sql.NullString {
	v, _ := r.column(param)
	return v
}

func (r *row) column(param string) (v sql.NullString, present bool) {
	i, present := r.columns[param]
	if present {
		v = r.values[i]
	}
	return v, present
}

func (r *row) fail(param, why, remedy string) {
	if r.fault == nil {
		r.fault = &badField{why: r.names[param] + " " + why, remedy: remedy}
	}
}

// text returns a text that must not be empty.
func (r *row) text(param, remedy string) string {
	v := r.value(param)
	s := strings.TrimSpace(v.String)
	if !v.Valid || s == "" {
		r.fail(param, map[bool]string{true: "is empty", false: "is NULL"}[v.Valid], remedy)
	}
	return s
}

// id returns the name of the row as it stands, for WHERE must find it again.
func (r *row) id(param, remedy string) string {
	_ = r.text(param, remedy)
	return r.value(param).String
}

// number returns a whole number from 0 to 4294967295; an absent column is 0.
func (r *row) number(param string) int {
	v, present := r.column(param)
	if !present {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(v.String), 10, 32)
	if !v.Valid || err != nil {
		r.fail(param, "is "+shown(v), "set it to a whole number from 0")
	}
	return int(n)
}

func (r *row) seconds(param string) time.Duration {
	return time.Duration(r.number(param)) * time.Second
}

func shown(v sql.NullString) string {
	if !v.Valid {
		return "NULL"
	}
	return strconv.Quote(v.String)
}

// message returns the URI of a message, or "" for none: NULL, and the empty
// text that 3.1 and 3.2 need for it.
func (r *row) message(param string) string {
	if strings.TrimSpace(r.value(param).String) == "" {
		return ""
	}
	return r.uri(param, true)
}

// uri returns a column that holds a URI: sip, sips, or player:NAME where a
// message is meant.
func (r *row) uri(param string, player bool) string {
	text := strings.TrimSpace(r.value(param).String)
	u, err := sip.ParseURI(text)
	switch {
	case err != nil:
		r.fail(param, "is a "+err.Error(), "write it as sip:user@host")
	case !u.IsSIP() && !(player && u.Scheme == "player" && u.Opaque != ""):
		r.fail(param, fmt.Sprintf("%q is not a SIP URI", text), "write it as sip:user@host")
	}
	return text
}
