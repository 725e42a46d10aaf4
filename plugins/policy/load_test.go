//go:build linux

package policy

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFiles holds that each wrong file is refused before it is started, with an
// error of its own that names it.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	text := []byte("#!/bin/sh\nexit 0\n")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(dir, "run")
	if err := os.WriteFile(run, text, 0o700); err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(text))
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"no path", Config{}, "want plugin:/path/to/binary"},
		{"no file", Config{Path: dir + "/none"}, "there is no such file: build the plugin, or correct the path"},
		{"folder", Config{Path: dir}, "it is a folder: name the binary in it"},
		{"device", Config{Path: "/dev/null"}, "it is no regular file"},
		{"not executable", Config{Path: path}, "it is not executable: chmod +x " + path},
		{"checksum no checksum", Config{Path: run, SHA256: "abc"}, `its checksum "abc" is none: want 64 hexadecimal digits`},
		{"wrong checksum", Config{Path: run, SHA256: strings.Repeat("0", 64)}, "its SHA-256 is " + sum + ", not 000"},
		{"environment", Config{Path: run, Env: []string{"A=1"}}, `"A=1" is no name of an environment variable`},
		{"good", Config{Path: run, SHA256: strings.ToUpper(sum)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Check(tt.cfg)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.cfg.Path) {
				t.Errorf("Check: %v, want it to name the file and say %q", err, tt.want)
			}
			if _, again := Load(tt.cfg, newWitness(t).callbacks()); again == nil || again.Error() != err.Error() {
				t.Errorf("Load: %v, want the same", again)
			}
		})
	}
}

// TestRefusals holds that a program that is no fit plugin is refused with an
// error of its own, and leaves nothing behind.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	script := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name string
		as   func(*Config)
		want string
	}{
		{"exiting", nil, "its process ended (exit status 3): cannot open /etc/skills.json before it printed the handshake: is it a dispatch policy?"},
		{"silent", nil, "it did not print the handshake within 8s: is it a dispatch policy? main must call policy.Serve"},
		{"garbage", nil, `it printed "Usage: garbage [OPTION]..." instead of the handshake`},
		{"endless", nil, `it printed "endlessendless`},
		{"ancient", nil, "it speaks version 3 of go-plugin's handshake: want 1"},
		{"old", nil, "it speaks version 7 of the protocol of dispatch policies, this sipd version 1: build it anew"},
		{"netrpc", nil, "it does not speak gRPC"},
		{"elsewhere", nil, "it listens on tcp 127.0.0.1:5060: want a Unix socket in the folder that the variable PLUGIN_UNIX_SOCKET_DIR names"},
		{"unreachable", nil, "it shook hands, but then: "},
		{"closed", nil, "it shook hands and did not answer Hello within 8s"},
		{"mute", nil, "it shook hands and did not answer Hello within 8s"},
		{"closed without certificate", func(c *Config) { c.MTLS = true }, "it has no certificate for mTLS in its handshake: switch mTLS off"},
		{"unsure", nil, "it answered Hello with something else than Welcome"},
		{"other", nil, "it is a plugin, but not a dispatch policy"},
		{"good", func(c *Config) { c.Settings = Settings{"speed": "slow"} }, `its settings: speed: want fast, got "slow"`},
		{"hanging", func(c *Config) { c.Settings = Settings{"a": "1", "b": "2"} }, "its settings: it takes no settings, got a, b"},
		{"other machine", func(c *Config) { c.Path = script("elf", "\x7fELF\x02\x01\x01") }, "it cannot be started: exec format error: it is built for another machine"},
		{"no interpreter", func(c *Config) { c.Path = script("py", "#!/no/python\n") }, "it cannot be started: no such file or directory: the interpreter its #! line names"},
		{"empty script", func(c *Config) { c.Path = script("sh", "#!/bin/sh\n") }, "its process ended before it printed the handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name, _, _ := strings.Cut(tt.name, " ")
			cfg := testConfig(t, name)
			if tt.as != nil {
				tt.as(&cfg)
			}
			ctx := t.Context()
			if strings.Contains(tt.want, "within 8s") {
				ctx = untilHere(t, &cfg)
			}
			_, err := startSession(ctx, cfg, standard, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "plugin "+cfg.Path+": ") {
				t.Errorf("Load: %v\nwant: %s", err, tt.want)
			}
			if left, _ := os.ReadDir(cfg.Dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// untilHere is cancelled when the plugin hangs: nobody waits for 8 seconds.
func untilHere(t *testing.T, cfg *Config) context.Context {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SIPD_POLICY_TEST_FILE", fifo)
	cfg.Env = append(cfg.Env, "SIPD_POLICY_TEST_FILE")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		_, _ = os.ReadFile(fifo)
	}()
	return ctx
}

// TestLongFolder holds that a folder too deep for a socket is named as such.
func TestLongFolder(t *testing.T) {
	cfg := testConfig(t, "good")
	cfg.Dir = filepath.Join(t.TempDir(), strings.Repeat("d", 100))
	if err := os.Mkdir(cfg.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(cfg, newWitness(t).callbacks()); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("Load: %v", err)
	}
}
