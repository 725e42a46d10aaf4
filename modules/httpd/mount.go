package httpd

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sipd/sipd/core"
)

// Service is what a module that needs httpd mounts: a handler that only those
// who know the token may use.
type Service struct {
	Module string // its name, for the texts
	Param  string // the name of the parameter that holds the path: "root"
	Path   string // its value; the slash before it may be missing
	Want   string // a path to name as an example
	Token  string // what clients must send; empty: nothing
	Method string // the only method besides HEAD; empty: the handler decides
}

// Mount mounts h on the module httpd of the host. It warns when everybody who
// reaches the port may use it.
func (s Service) Mount(host core.Host, h http.Handler) error {
	path, err := s.path()
	if err != nil {
		return err
	}
	server, ok := host.Module("httpd").(*Module)
	if !ok {
		return fmt.Errorf("module httpd of this build is a %T: want modules/httpd", host.Module("httpd"))
	}
	if s.Token == "" && !server.Loopback() {
		host.Log().Warn("everybody who reaches the port may use "+path+": set the token of "+s.Module+" or the ip of httpd", "addr", server.Addr().String())
	}
	if s.Method != "" {
		path = s.Method + " " + path
	}
	return server.Handle(path, s.guard(h))
}

// path is the pattern for the mux.
func (s Service) path() (string, error) {
	root := strings.Trim(s.Path, "/")
	if root == "" {
		return "/{$}", nil // the root itself and nothing below it
	}
	u, err := url.Parse("/" + root)
	if err != nil || u.EscapedPath() != "/"+root || strings.ContainsAny(root, " {}%") {
		return "", fmt.Errorf("%s %q: want a path such as %s", s.Param, s.Path, s.Want)
	}
	return "/" + root, nil
}

func (s Service) guard(next http.Handler) http.Handler {
	if s.Token == "" {
		return next
	}
	want := sha256.Sum256([]byte(s.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !authorized(r, want) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "want the token of "+s.Module+": Authorization: Bearer TOKEN", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authorized compares the hashes of the tokens, so that the time it takes
// tells neither the token nor its length.
func authorized(r *http.Request, want [sha256.Size]byte) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
