package stack

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// answers is what a file of the manifests must get: for each message in it
// the final responses that are right. None means that nothing may come back.
type answers [][]int

func one(codes ...int) answers { return answers{codes} }

// torture translates the column server_action of the manifests. Where a row
// leaves a choice, all its alternatives are listed.
var torture = map[string]answers{
	"wsinv": one(200), "intmeth": one(405, 501), "esc01": one(200), "escnull": one(200), "esc02": one(405, 501),
	"lwsdisp": one(200), "longreq": one(200), "dblreq": one(200), "semiuri": one(200), "transports": one(200), "mpart01": one(200),
	"unreason": nil, "noreason": nil,
	"badinv01": one(400), "clerr": one(400), "ncl": one(400), "scalar02": one(400), "scalarlg": nil, "quotbal": one(400),
	"ltgtruri": one(400), "lwsruri": one(400), "lwsstart": one(400, 200), "trws": one(400, 200), "escruri": one(400, 200),
	"baddate": one(200, 400), "regbadct": one(400), "badaspec": one(400, 200), "baddn": one(400, 200), "badvers": one(505),
	"mismatch01": one(400), "mismatch02": one(400, 501), "bigcode": nil, "badbranch": one(400, 200), "insuf": one(400),
	"unkscm": one(416), "novelsc": one(416), "unksm2": one(400), "bext01": one(420), "invut": one(415), "regaut01": one(401),
	"multi01": one(400), "mcl01": one(400), "bcast": nil, "zeromf": one(200), "cparam01": one(200), "cparam02": one(200),
	"regescrt": one(200), "sdp01": one(406), "inv2543": one(200),
	"baddn.noblank": one(400),

	"ipv6-good": one(200), "ipv6-bad": one(400), "port-ambiguous": one(200), "port-unambiguous": one(200),
	"via-received-param-with-delim": one(481), "via-received-param-no-delim": one(200), "ipv6-in-sdp": one(200),
	"mult-ip-in-header": one(481), "mult-ip-in-sdp": one(200), "ipv4-mapped-ipv6": one(200),
	"ipv6-bug-abnf-3-colons": one(400, 200), "ipv6-correct-abnf-2-colons": one(200),
}

// tortureStream is what differs on a connection.
var tortureStream = map[string]answers{
	"dblreq":        {{200}, {200}}, // two requests
	"clerr":         nil,            // waits for the body, until ReadTimeout
	"baddn.noblank": nil,            // waits for the empty line
	// RFC 2543 had no Content-Length; on a stream nobody can tell where its
	// body ends (RFC 3261 section 20.14), and reading the body as the next
	// message would let its author send requests in the name of others.
	"inv2543": one(400),
}

// closes lists the files after which a connection cannot go on: where the
// next message begins is unknown, or the body is longer than Content-Length
// says and its rest is no message.
var closes = []string{"ncl", "mcl01", "clerr", "baddn.noblank", "inv2543",
	"dblreq", "ipv6-in-sdp", "mult-ip-in-sdp", "ipv4-mapped-ipv6"}

// wantHeader is what an answer must say besides its code.
var wantHeader = map[string]sip.Header{
	"bext01":   {Name: "Unsupported", Value: "nothingSupportsThis, nothingSupportsThisEither"},
	"invut":    {Name: "Accept", Value: "application/sdp"},
	"regaut01": {Name: "WWW-Authenticate", Value: "Digest"},
	"intmeth":  {Name: "Allow", Value: "OPTIONS"},
	"esc02":    {Name: "Allow", Value: "OPTIONS"},
}

// tortureFiles returns the messages by name, and checks that the table, the
// manifests and the folders agree.
func tortureFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	paths, err := filepath.Glob("testdata/torture/*/*.dat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".dat")
		files[name] = raw
		if _, ok := torture[name]; !ok {
			t.Errorf("%s: no expected answer", path)
		}
	}
	if len(files) != len(torture) || len(files) != 62 {
		t.Errorf("%d files, %d expected answers, want 62", len(files), len(torture))
	}
	return files
}

func TestTortureManifest(t *testing.T) {
	files := tortureFiles(t)
	for _, rfc := range []string{"rfc4475", "rfc5118"} {
		raw, err := os.ReadFile("testdata/torture/" + rfc + "/MANIFEST.tsv")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
			name, _, _ := strings.Cut(line, ".dat\t")
			if files[name] == nil {
				t.Errorf("%s: in the manifest only", name)
			}
			for _, codes := range torture[name] {
				for _, code := range codes {
					if code >= 400 && code != 481 && !strings.Contains(line, strconv.Itoa(code)) {
						t.Errorf("%s: %d is not in the manifest: %s", name, code, line)
					}
				}
			}
		}
	}
}

func TestTorture(t *testing.T) {
	for name, raw := range tortureFiles(t) {
		for _, proto := range []string{"udp", "tcp"} {
			t.Run(name+"/"+proto, func(t *testing.T) { checkTorture(t, name, proto, raw) })
		}
	}
}

func checkTorture(t *testing.T, name, proto string, raw []byte) {
	s := start(t, Options{ForceRport: true, Limits: Limits{ReadTimeout: 100 * time.Millisecond}})
	p := connect(t, s, proto)
	p.send(string(raw))
	want, wantClose := torture[name], false
	if proto == "tcp" {
		if special, ok := tortureStream[name]; ok {
			want = special
		}
		wantClose = slices.Contains(closes, name)
	}
	if !wantClose {
		// What the file gets comes before the answer to this.
		p.send(p.request(sip.OPTIONS, "after"))
	}
	var have []*sip.Response
	for {
		res, err := p.final()
		if err != nil {
			if !wantClose || isTimeout(err) {
				t.Fatalf("after %d answers: %v", len(have), err)
			}
			p = connect(t, s, proto)
			p.ping("after")
			break
		}
		if res.Headers.Get("Call-ID") == "after" {
			break
		}
		have = append(have, res)
	}
	if len(have) != len(want) {
		t.Fatalf("%d answers, want %d: %v", len(have), len(want), have)
	}
	for i, res := range have {
		if !slices.Contains(want[i], res.Code) {
			t.Errorf("%d %s, want %v", res.Code, res.Reason, want[i])
		}
		if h, ok := wantHeader[name]; ok && !strings.Contains(res.Headers.Get(h.Name), h.Value) {
			t.Errorf("%s: %q, want %q", h.Name, res.Headers.Get(h.Name), h.Value)
		}
	}
	if s.Counters()["panics"] > 0 {
		t.Error("panic")
	}
}
