package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// DB is a database: a handle to read with and one to write with. For MySQL
// they are the same pool. For SQLite the writer is a single connection, so
// that writers queue in the program and not in the file.
type DB struct {
	url         URL
	read, write *sqlx.DB
}

// New prepares the use of the database at a URL without connecting, so that
// a server can start while its database is away. The error is that of
// [Parse], or that this build has no driver.
func New(text string) (*DB, error) {
	u, err := Parse(text)
	if err != nil {
		return nil, err
	}
	d := &DB{url: u}
	if d.write, err = d.pool(true); err != nil {
		return nil, err
	}
	if d.read = d.write; u.Dialect == SQLite {
		d.write.SetMaxOpenConns(1)
		if d.read, err = d.pool(false); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *DB) pool(writer bool) (*sqlx.DB, error) {
	p, err := sqlx.Open(string(d.url.Dialect), d.url.dsn(writer))
	if err != nil {
		return nil, fmt.Errorf("database %s: %w: is its driver part of this build?", d.url, d.hide(err))
	}
	p.SetMaxOpenConns(8)
	p.SetMaxIdleConns(4)
	if d.url.Dialect == MySQL {
		p.SetConnMaxLifetime(5 * time.Minute) // after a failover, find the new primary
	}
	return p, nil
}

// Open is [New] and a first connection. A missing SQLite file is created when
// its directory exists.
func Open(ctx context.Context, text string) (*DB, error) {
	d, err := New(text)
	if err != nil {
		return nil, err
	}
	if err := d.Ping(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// Ping connects. The error says what to look at.
func (d *DB) Ping(ctx context.Context) error {
	err := d.write.PingContext(ctx)
	if err == nil && d.read != d.write {
		err = d.read.PingContext(ctx)
	}
	return d.Explain(err)
}

// Close closes the connections.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	return err
}

// URL returns what the database was opened by.
func (d *DB) URL() URL { return d.url }

// Dialect returns the kind of SQL the database speaks.
func (d *DB) Dialect() Dialect { return d.url.Dialect }

// Read returns the handle for queries.
func (d *DB) Read() *sqlx.DB { return d.read }

// Write returns the handle for changes. What may happen later goes through a
// [Writer] instead.
func (d *DB) Write() *sqlx.DB { return d.write }

// Explain wraps an error of the driver with the database's name and a remedy,
// and hides the password should the error contain it. nil stays nil.
func (d *DB) Explain(err error) error {
	if err == nil {
		return nil
	}
	if hint := d.remedy(err); hint != "" {
		return fmt.Errorf("database %s: %w: %s", d.url, d.hide(err), hint)
	}
	return fmt.Errorf("database %s: %w", d.url, d.hide(err))
}

// hide replaces the password in the text of err.
func (d *DB) hide(err error) error {
	pw := string(d.url.password)
	if err == nil || pw == "" || !strings.Contains(err.Error(), pw) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), pw, "***"))
}

func (d *DB) remedy(err error) string {
	var refused *net.OpError
	switch code := codeOf(err); {
	case code == 1045 || code == 1698:
		return "check user and password, and GRANT for the address this server comes from"
	case code == 1044 || code == 1142 || code == 1143:
		return "GRANT the user the rights it lacks"
	case code == 1049:
		return "create the database: CREATE DATABASE " + d.url.Name
	case code == 1146 || strings.Contains(err.Error(), "no such table"):
		return "create the tables: sipd db create"
	case d.Dialect() == SQLite && code == 14:
		return "the directory must exist and be writable by the user that runs sipd"
	case d.Dialect() == SQLite && code == 26:
		return "the file is not an SQLite database"
	case d.Dialect() == SQLite && code == 8:
		return "the file or its directory is read-only for the user that runs sipd"
	case d.Dialect() == MySQL && errors.As(err, &refused):
		return "is the server running, and does it listen there?"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time: is the server reachable and not overloaded?"
	}
	return ""
}
