package dbtest

import (
	"database/sql"
	"fmt"
	"testing"
)

// admin may do what [User] may not: write while the server is read-only.
const admin = "sipd_admin"

// rights are the users of a server. Nobody's program should have the right to
// write to a read-only server, so User lacks it.
func rights() string {
	text := ""
	for _, user := range []string{User, admin} {
		text += fmt.Sprintf("CREATE USER IF NOT EXISTS '%s'@'127.0.0.1' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO '%[1]s'@'127.0.0.1' WITH GRANT OPTION;\n", user, Password)
	}
	return text + fmt.Sprintf("REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM '%s'@'127.0.0.1';\n", User)
}

// ReadOnly makes the server refuse every change, or take them again. It waits
// for transactions under way.
func (s *Server) ReadOnly(t testing.TB, on bool) {
	t.Helper()
	d, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(127.0.0.1:%d)/", admin, Password, s.port))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Exec("SET GLOBAL read_only = ?", on); err != nil {
		t.Fatal(err)
	}
}

// PID is the process of the server.
func (s *Server) PID() int { return s.pid }
