package db

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// Dialect is the kind of SQL a database speaks. Its value is the scheme of
// the URL and the name of the database/sql driver.
type Dialect string

// The dialects.
const (
	MySQL  Dialect = "mysql" // MySQL and MariaDB
	SQLite Dialect = "sqlite"
)

// URL names a database. However it is printed or logged, its password is
// shown as ***.
type URL struct {
	Dialect Dialect
	User    string
	Host    string // MySQL: empty with a socket
	Port    int    // MySQL: 3306 unless given
	Socket  string // MySQL: path of the Unix socket, or ""
	TLS     string // MySQL: "", "true", "skip-verify" or "preferred"
	Name    string // the database, or the path of the SQLite file

	password secret
}

// secret is a text that no formatting prints.
type secret string

// Format prints *** for every verb.
func (secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "***") }

// ErrURL is wrapped by every error of [Parse].
var ErrURL = errors.New("bad database URL")

// Parse reads a database URL as OpenSIPS writes it:
//
//	mysql://user:password@host[:port]/database[?socket=/path][&tls=true]
//	sqlite:///absolute/path
//	sqlite://relative/path
//
// The password is taken as it stands, up to the last @: nothing is escaped.
// The error of a bad URL never shows the URL.
func Parse(text string) (URL, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return URL{}, fmt.Errorf("%w: want mysql://user:password@host/database or sqlite:///path", ErrURL)
	}
	switch Dialect(strings.ToLower(scheme)) {
	case MySQL:
		u, err := parseMySQL(rest)
		if err != nil && !strings.Contains(rest, "@") {
			// What looks like the host may be the password.
			err = fmt.Errorf("%w: mysql: want mysql://user:password@host[:port]/database; there is no @", ErrURL)
		}
		return u, err
	case SQLite:
		return parseSQLite(rest)
	}
	return URL{}, fmt.Errorf("%w: scheme %q: want mysql or sqlite", ErrURL, scheme)
}

func parseSQLite(path string) (URL, error) {
	if path == "" || strings.ContainsAny(path, "?\x00") || strings.Contains(path, ":memory:") {
		return URL{}, fmt.Errorf("%w: sqlite: want sqlite:///path of a file, without ?", ErrURL)
	}
	return URL{Dialect: SQLite, Name: filepath.Clean(path)}, nil
}

func parseMySQL(rest string) (URL, error) {
	u := URL{Dialect: MySQL}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, password, _ := strings.Cut(rest[:at], ":")
		u.User, u.password, rest = user, secret(password), rest[at+1:]
	}
	rest, query, _ := strings.Cut(rest, "?")
	host, name, found := strings.Cut(rest, "/")
	if !found || name == "" || strings.ContainsAny(name, "/\x00") {
		return URL{}, fmt.Errorf("%w: mysql: want mysql://user:password@host/database: the name of the database is missing or wrong", ErrURL)
	}
	u.Name = name
	if err := u.params(query); err != nil {
		return URL{}, err
	}
	if u.Socket != "" && host == "" {
		return u, nil
	}
	return u, u.hostPort(host)
}

func (u *URL) hostPort(text string) error {
	u.Host, u.Port = text, 3306
	if strings.Contains(text, ":") {
		host, port, err := net.SplitHostPort(text)
		if bare := strings.Trim(text, "[]"); err != nil && strings.HasPrefix(text, "[") && net.ParseIP(bare) != nil {
			host, port, err = bare, "3306", nil
		}
		n, bad := strconv.ParseUint(port, 10, 16)
		if err != nil || bad != nil || n == 0 {
			return fmt.Errorf("%w: mysql: host %q: want host, host:port or [IPv6]:port", ErrURL, text)
		}
		u.Host, u.Port = host, int(n)
	}
	if u.Host == "" || strings.ContainsAny(u.Host, "()") {
		return fmt.Errorf("%w: mysql: host %q: want host, host:port, or ?socket=/path", ErrURL, text)
	}
	return nil
}

func (u *URL) params(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%w: mysql: what follows ? is not name=value&name=value", ErrURL)
	}
	for name := range values {
		switch name {
		case "socket", "unix_socket":
			u.Socket = values.Get(name)
		case "tls":
			u.TLS = values.Get(name)
		default:
			return fmt.Errorf("%w: mysql: parameter %q is not known: want socket or tls", ErrURL, name)
		}
	}
	if strings.ContainsAny(u.Socket, "()") {
		return fmt.Errorf("%w: mysql: socket %q: parentheses cannot be used", ErrURL, u.Socket)
	}
	switch u.TLS {
	case "", "true", "skip-verify", "preferred":
		return nil
	}
	return fmt.Errorf("%w: mysql: tls=%q: want true, skip-verify or preferred", ErrURL, u.TLS)
}

// IsZero reports whether u names nothing.
func (u URL) IsZero() bool { return u.Dialect == "" }

// String writes the URL with *** for the password.
func (u URL) String() string {
	if u.Dialect == SQLite {
		return "sqlite://" + u.Name
	}
	user := u.User
	if u.password != "" {
		user += ":***"
	}
	if user != "" {
		user += "@"
	}
	return "mysql://" + user + u.place()
}

// Format prints String for every verb: %#v shows no password either.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// LogValue is String, for slog.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// place is where the database is, without who opens it.
func (u URL) place() string {
	if u.Socket != "" && u.Host == "" {
		return "/" + u.Name + "?socket=" + u.Socket
	}
	host := u.Host
	if u.Port != 3306 || strings.Contains(host, ":") {
		host = net.JoinHostPort(host, strconv.Itoa(u.Port))
	}
	return host + "/" + u.Name
}

// ID identifies the database in names of files: 16 hexadecimal digits that
// depend on the place only, so that a new user or password keeps the journal.
func (u URL) ID() string {
	place := u.Name
	if u.Dialect == MySQL {
		place = u.place()
	} else if abs, err := filepath.Abs(place); err == nil {
		place = abs
	}
	sum := sha256.Sum256([]byte(string(u.Dialect) + "://" + place))
	return hex.EncodeToString(sum[:8])
}

// dsn is what the driver of the dialect wants. Never print it.
func (u URL) dsn(writer bool) string {
	if u.Dialect == SQLite {
		return u.sqliteDSN(writer)
	}
	net := "tcp(" + u.Host + ":" + strconv.Itoa(u.Port) + ")"
	if strings.Contains(u.Host, ":") {
		net = "tcp([" + u.Host + "]:" + strconv.Itoa(u.Port) + ")"
	}
	if u.Socket != "" {
		net = "unix(" + u.Socket + ")"
	}
	v := url.Values{
		"interpolateParams": {"true"}, // one round trip instead of three
		"collation":         {"utf8mb4_general_ci"},
		"timeout":           {"5s"},
		"readTimeout":       {"30s"},
		"writeTimeout":      {"30s"},
	}
	if u.TLS != "" {
		v.Set("tls", u.TLS)
	}
	return u.User + ":" + string(u.password) + "@" + net + "/" + url.PathEscape(u.Name) + "?" + v.Encode()
}

// sqliteDSN waits for locks up to 5 s. The writer takes the write lock when a
// transaction begins, so that it cannot fail half-way for want of it.
func (u URL) sqliteDSN(writer bool) string {
	path := (&url.URL{Path: u.Name}).EscapedPath()
	v := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)"}}
	if writer {
		v.Set("_txlock", "immediate")
	} else {
		v.Add("_pragma", "query_only(1)")
	}
	return "file:" + path + "?" + v.Encode()
}
