// Package dbtest runs a real MariaDB for tests.
//
//	func TestX(t *testing.T) { url := dbtest.MariaDB(t) … }
//
// The test must import the driver, github.com/go-sql-driver/mysql. The server
// listens on a free port of 127.0.0.1, keeps its data in a temporary folder,
// and ends with the test binary, however that ends.
package dbtest

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// User and Password open the server. Tests look for the password in logs and
// errors, where it must never be.
const (
	User     = "sipd"
	Password = "canary-Pw_7f3a/@x"
)

// startTimeout is how long a server may take to begin listening.
const startTimeout = 60 * time.Second

// shared is the server of [MariaDB], started when first needed.
var shared = sync.OnceValues(func() (*Server, error) {
	dir, err := os.MkdirTemp("", "sipd-mariadb-")
	if err != nil {
		return nil, err
	}
	return start(dir, true)
})

var databases atomic.Int64

// MariaDB returns the URL of a new, empty database on a server that all tests
// of the binary share. A test that stops the server uses [Start].
func MariaDB(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s.Database(t)
}

// Start returns a server of the test's own.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartIn(t, t.TempDir())
}

// StartIn is [Start] with its data in a folder, of a disk that is to be filled.
// It needs 64 MB.
func StartIn(t testing.TB, dir string) *Server {
	t.Helper()
	s, err := start(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

// Server is a running MariaDB.
type Server struct {
	dir  string
	port int
	temp bool // the folder goes with the process

	cmd   *exec.Cmd
	pid   int       // of mariadbd; cmd is the shell that holds it
	leash io.Closer // closed, also by the end of this process, it kills the server
}

func start(dir string, temp bool) (*Server, error) {
	for _, name := range []string{"mariadb-install-db", "mariadbd"} {
		if _, err := lookPath(name); err != nil {
			return nil, fmt.Errorf("%s is not installed: apt-get install mariadb-server", name)
		}
	}
	s := &Server{dir: dir, temp: temp}
	install, _ := lookPath("mariadb-install-db")
	out, err := exec.Command(install, "--no-defaults", "--datadir="+s.path("data"), "--skip-test-db",
		"--auth-root-authentication-method=normal", "--user="+userName()).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	if err := os.WriteFile(s.path("init.sql"), []byte(rights()), 0o600); err != nil {
		return nil, err
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	return s, s.run()
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// lookPath also finds what is in sbin only.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}

func userName() string {
	if os.Getuid() == 0 {
		return "root"
	}
	return os.Getenv("USER")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// leashed runs a command, prints its process id, and kills it when standard
// input ends.
const leashed = `exec 3<&0
"$@" 3<&- </dev/null >"$OUT" 2>&1 &
echo $!
cat <&3 >/dev/null
kill -9 $! 2>/dev/null
wait $! 2>/dev/null
[ -z "$REMOVE" ] || rm -rf -- "$REMOVE"`

// run starts the process and waits until it answers.
func (s *Server) run() error {
	bin, err := lookPath("mariadbd")
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", leashed, "sh", bin, "--no-defaults", "--user="+userName(),
		"--datadir="+s.path("data"), "--socket="+s.path("s"), "--pid-file="+s.path("pid"),
		"--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.port), "--skip-name-resolve",
		"--init-file="+s.path("init.sql"), "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M",
		"--key-buffer-size=1M", "--performance-schema=OFF", "--max-connections=50")
	cmd.Env = append(os.Environ(), "OUT="+s.path("log"))
	if s.temp {
		cmd.Env = append(cmd.Env, "REMOVE="+s.dir)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd, s.leash = cmd, in
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("mariadbd: %w", err)
	}
	if s.pid, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		return err
	}
	return s.answers()
}

// answers waits for the greeting of the MySQL protocol.
func (s *Server) answers() error {
	deadline := time.Now().Add(startTimeout)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for time.Now().Before(deadline) {
		if s.greets() {
			return nil
		}
		if syscall.Kill(s.pid, 0) != nil {
			break
		}
		<-again.C
	}
	text, _ := os.ReadFile(s.path("log"))
	return fmt.Errorf("mariadbd does not answer on port %d:\n%s", s.port, text)
}

func (s *Server) greets() bool {
	c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	head := make([]byte, 5)
	_, err = io.ReadFull(c, head)
	return err == nil && head[4] == 10 // the protocol's version
}

// Database creates an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "t" + strconv.FormatInt(databases.Add(1), 10)
	at := fmt.Sprintf("@tcp(127.0.0.1:%d)/", s.port)
	d, err := sql.Open("mysql", User+":"+Password+at)
	if err != nil {
		t.Fatal(err, ": import _ \"github.com/go-sql-driver/mysql\"")
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if _, err := d.ExecContext(ctx, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("mysql://%s:%s@127.0.0.1:%d/%s", User, Password, s.port, name)
}

// Pause stops the process in its tracks: connections stay open and nothing
// answers.
func (s *Server) Pause() { _ = syscall.Kill(s.pid, syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() { _ = syscall.Kill(s.pid, syscall.SIGCONT) }

// Kill ends the server without warning and returns when it is gone.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = syscall.Kill(s.pid, syscall.SIGKILL)
	_ = s.leash.Close()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Restart starts a killed server again, on the same data and port.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}
