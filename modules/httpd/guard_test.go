package httpd

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

func TestGuard(t *testing.T) {
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	h := newGuard("sip.example.org; Other.Example ;", slog.New(slog.DiscardHandler)).wrap(http.HandlerFunc(hello))
	for _, tt := range []struct {
		name, method, host string
		header             map[string]string
		want               int
	}{
		{"a program", "POST", "127.0.0.1:8888", nil, 200},
		{"no port", "POST", "127.0.0.1", nil, 200},
		{"IPv6", "POST", "[::1]:8888", nil, 200},
		{"IPv6, no port", "POST", "[::1]", nil, 200},
		{"another address", "POST", "192.0.2.7:8888", nil, 200},
		{"localhost", "POST", "LocalHost:8888", nil, 200},
		{"the machine", "POST", machine + ":8888", nil, 200},
		{"a parameter", "POST", "sip.example.org:8888", nil, 200},
		{"a parameter, any case", "POST", "other.EXAMPLE.", nil, 200},
		{"rebinding", "POST", "evil.example:8888", nil, 403},
		{"rebinding, GET", "GET", "evil.example:8888", nil, 403},
		{"rebinding with its origin", "POST", "evil.example:8888", map[string]string{"Origin": "http://evil.example:8888"}, 403},
		{"a name that begins like an address", "POST", "127.0.0.1.evil.example", nil, 403},
		{"no host", "POST", "", nil, 403},
		{"own page", "POST", "127.0.0.1:8888", map[string]string{"Origin": "http://127.0.0.1:8888", "Sec-Fetch-Site": "same-origin"}, 200},
		{"own page behind TLS", "POST", "sip.example.org", map[string]string{"Origin": "https://sip.example.org"}, 200},
		{"another site", "POST", "127.0.0.1:8888", map[string]string{"Origin": "http://evil.example"}, 403},
		{"another site, GET", "GET", "127.0.0.1:8888", map[string]string{"Origin": "http://evil.example"}, 403},
		{"another port", "POST", "127.0.0.1:8888", map[string]string{"Origin": "http://127.0.0.1:80"}, 403},
		{"opaque origin", "POST", "127.0.0.1:8888", map[string]string{"Origin": "null"}, 403},
		{"empty origin", "POST", "127.0.0.1:8888", map[string]string{"Origin": ""}, 403},
		{"a file", "POST", "127.0.0.1:8888", map[string]string{"Origin": "file://127.0.0.1:8888"}, 403},
		{"cross-site by Fetch", "POST", "127.0.0.1:8888", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"address bar", "GET", "127.0.0.1:8888", map[string]string{"Sec-Fetch-Site": "none"}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/x", nil)
			r.Host = tt.host
			for k, v := range tt.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("%d %s, want %d", w.Code, w.Body, tt.want)
			}
		})
	}
	double := httptest.NewRequest("POST", "/x", nil)
	double.Host = "127.0.0.1"
	double.Header["Origin"] = []string{"http://127.0.0.1", "http://evil.example"}
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, double); w.Code != 403 {
		t.Errorf("two origins: %d, want 403", w.Code)
	}
}
