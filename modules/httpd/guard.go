package httpd

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// guard refuses requests that a browser sends for somebody else's page.
//
// The header Host must name this server (an IP address, localhost, the name
// of the machine, or one of the parameter hosts). A page whose own name was
// pointed at our address (DNS rebinding) sends that name. An Origin, where
// there is one, must be the same as Host: a form or script of another site
// (CSRF) sends its own. Programs send no Origin.
type guard struct {
	names map[string]bool // lower case
	fetch *http.CrossOriginProtection
	log   *slog.Logger
}

func newGuard(hosts string, log *slog.Logger) *guard {
	g := &guard{names: map[string]bool{"localhost": true}, fetch: http.NewCrossOriginProtection(), log: log}
	if name, err := os.Hostname(); err == nil {
		g.names[strings.ToLower(name)] = true
	}
	for name := range strings.SplitSeq(hosts, ";") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			g.names[name] = true
		}
	}
	return g
}

func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := g.refuses(r); why != "" {
			g.log.Warn("refused", "remote", r.RemoteAddr, "path", r.URL.Path, "why", why)
			http.Error(w, why, http.StatusForbidden)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// refuses says why a request is not let through, or "".
func (g *guard) refuses(r *http.Request) string {
	if !g.ours(r.Host) {
		return "this server is not known by the name in the header Host: reach it by its IP address, or name it with modparam(\"httpd\", \"hosts\", ...)"
	}
	if origins := r.Header.Values("Origin"); len(origins) > 0 && (len(origins) > 1 || !sameHost(origins[0], r.Host)) {
		return "a page of another site may not use this server"
	}
	if g.fetch.Check(r) != nil { // Sec-Fetch-Site
		return "a page of another site may not use this server"
	}
	return ""
}

// ours reports whether the header Host names this server. An IP address does:
// no name can be pointed at it.
func (g *guard) ours(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return g.names[strings.ToLower(strings.TrimSuffix(host, "."))]
}

// sameHost reports whether an Origin is a page of this server. The scheme is
// not compared: a proxy in front may speak TLS.
func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.EqualFold(u.Host, host)
}
