package player

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSoundsDir(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "moh.wav", testWAV(frameSamples+1))
	write(t, dir, "menu-2.wav", testWAV(frameSamples))
	write(t, dir, "notes.txt", []byte("not a sound"))
	all, err := loadSounds(dir, "welcome, menu-2,none")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"welcome", "goodbye", "flowid", "busy", "moh", "menu-2"} {
		s := all[name]
		if s == nil {
			t.Errorf("no sound %s", name)
			continue
		}
		if len(s.pcmu) == 0 || len(s.pcmu)%frameSamples != 0 || len(s.pcma) != len(s.pcmu) {
			t.Errorf("%s: %d and %d bytes", name, len(s.pcmu), len(s.pcma))
		}
		if once := name == "welcome" || name == "menu-2"; s.once != once {
			t.Errorf("%s: once is %v", name, s.once)
		}
	}
	if n := len(all["moh"].pcmu); n != 2*frameSamples {
		t.Errorf("moh has %d bytes: the directory must win over the built-in sounds, and frames be whole", n)
	}
}

// What an operator gets wrong must be said at start, with the place and the
// remedy.
func TestInitErrors(t *testing.T) {
	bad, odd := t.TempDir(), t.TempDir()
	write(t, bad, "music.wav", []byte("ID3 this is an MP3"))
	write(t, odd, "my music.wav", testWAV(1))
	for _, c := range []struct {
		name  string
		set   func(*config)
		texts []string
	}{
		{"bad WAV", func(c *config) { c.dir = bad }, []string{filepath.Join(bad, "music.wav"), "16 bit, mono, 8000 Hz", "sox"}},
		{"bad name", func(c *config) { c.dir = odd }, []string{"my music.wav", "rename"}},
		{"no directory", func(c *config) { c.dir = bad + "/none" }, []string{"sounds_dir", bad + "/none", "no such file"}},
		{"address", func(c *config) { c.ip = "0.0.0.0" }, []string{`rtp_ip "0.0.0.0"`}},
		{"name for an address", func(c *config) { c.ip = "localhost" }, []string{`rtp_ip "localhost"`}},
		{"half a range", func(c *config) { c.portMin = 10000 }, []string{"rtp_port_min 10000", "rtp_port_max 0"}},
		{"no even port", func(c *config) { c.portMin, c.portMax = 10001, 10001 }, []string{"rtp_port_min 10001"}},
		{"for ever", func(c *config) { c.maxDuration = 0 }, []string{"max_duration"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, host := New(), &fakeHost{}
			c.set(&m.conf)
			host.ep = siptest.NewNetwork(t).Endpoint(pbxHost, nil)
			err := m.Init(host)
			if err == nil {
				t.Fatal("Init takes it")
			}
			for _, text := range c.texts {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q says nothing of %q", err, text)
				}
			}
			if err := m.Stop(t.Context()); err != nil {
				t.Errorf("Stop after half an Init: %v", err)
			}
		})
	}
}

func TestRTPAddr(t *testing.T) {
	own4, err4 := localAddr(netip.IPv4Unspecified())
	own6, err6 := localAddr(netip.IPv6Unspecified())
	if err4 != nil || err6 != nil || !own4.Is4() || !own6.Is6() || own4.IsUnspecified() || own6.IsUnspecified() {
		t.Fatalf("this machine's addresses: %v %v, %v %v", own4, err4, own6, err6)
	}
	for _, c := range []struct{ host, adv, ip, bind, shown string }{
		{"10.0.0.5", "10.0.0.5", "", "10.0.0.5", "10.0.0.5"},
		{"10.0.0.5", "203.0.113.7", "", "10.0.0.5", "203.0.113.7"},
		{"10.0.0.5", "sip.example.com", "", "10.0.0.5", "10.0.0.5"},
		{"0.0.0.0", "203.0.113.7", "", "0.0.0.0", "203.0.113.7"},
		{"0.0.0.0", "0.0.0.0", "", "0.0.0.0", own4.String()},
		{"0.0.0.0", "sip.example.com", "", "0.0.0.0", own4.String()},
		{"0.0.0.0", "2001:db8::1", "", "0.0.0.0", own4.String()},
		{"::", "::", "", "::", own6.String()},
		{"::", "::ffff:203.0.113.7", "", "::", own6.String()},
		{"localhost", "localhost", "", "", ""},
		{"localhost", "localhost", "10.0.0.9", "10.0.0.9", "10.0.0.9"},
		{"::1", "203.0.113.7", "", "::1", "::1"},
	} {
		bind, shown, err := (&config{ip: c.ip}).rtpAddr(&sip.Socket{Proto: "udp", Host: c.host, AdvHost: c.adv})
		if c.bind == "" {
			if err == nil || !strings.Contains(err.Error(), "rtp_ip") {
				t.Errorf("%+v: error %v, want one that names rtp_ip", c, err)
			}
			continue
		}
		if err != nil || bind.String() != c.bind || shown.String() != c.shown {
			t.Errorf("%+v: %v %v %v", c, bind, shown, err)
		}
	}
}

func TestURI(t *testing.T) {
	m, host := New(), &fakeHost{}
	if _, err := m.URI("moh"); err == nil {
		t.Error("a URI before Init")
	}
	host.ep = siptest.NewNetwork(t).Endpoint(pbxHost, nil)
	if err := m.Init(host); err != nil {
		t.Fatal(err)
	}
	if got, err := m.URI("moh"); err != nil || got != "sip:moh@10.9.9.9:5060;player" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := m.URI("nothing"); err == nil || !strings.Contains(err.Error(), "busy, flowid, goodbye, moh, welcome") {
		t.Errorf("unknown sound: %v, want an error that lists the sounds", err)
	}
}

// README.md must say what Exports says.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, x := string(data), New().Exports()
	rows := 0
	for _, p := range x.Params {
		def := p.Default
		if def == "" {
			def = "empty"
		} else if p.Want == "a string" {
			def = "`" + def + "`"
		}
		if row := fmt.Sprintf("| `%s` |", p.Name); !strings.Contains(text, row) || !strings.Contains(line(text, row), "| "+def+" |") {
			t.Errorf("README.md: no row for parameter %s with default %s", p.Name, def)
		}
		rows++
	}
	for _, s := range x.Stats {
		if row := fmt.Sprintf("| `player:%s` |", s.Name); !strings.Contains(text, row) {
			t.Errorf("README.md: no row for statistic %s", s.Name)
		}
		rows++
	}
	for name := range New().sounds(t) {
		if row := fmt.Sprintf("| `%s` |", name); !strings.Contains(text, row) {
			t.Errorf("README.md: no row for sound %s", name)
		}
		rows++
	}
	if got := strings.Count(text, "\n| `"); got != rows {
		t.Errorf("README.md has %d rows of names, the module %d", got, rows)
	}
}

func (m *Module) sounds(t *testing.T) map[string]*sound {
	all, err := loadSounds(m.conf.dir, m.conf.once)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// line returns the line of text that begins with prefix.
func line(text, prefix string) string {
	_, rest, _ := strings.Cut(text, prefix)
	rest, _, _ = strings.Cut(rest, "\n")
	return prefix + rest
}
