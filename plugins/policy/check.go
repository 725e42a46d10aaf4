package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Check looks at what can be said of a plugin without starting it. Its errors
// say what to do.
func Check(cfg Config) error {
	if cfg.Path == "" {
		return errors.New("a plugin has no path: want plugin:/path/to/binary")
	}
	for _, name := range cfg.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return cfg.errorf("%q is no name of an environment variable: give names alone, without values", name)
		}
	}
	if err := cfg.checkFile(); err != nil {
		return err
	}
	return cfg.checkSum()
}

func (cfg *Config) checkFile() error {
	info, err := os.Stat(cfg.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return cfg.errorf("there is no such file: build the plugin, or correct the path")
	case errors.Is(err, fs.ErrPermission):
		return cfg.errorf("a folder above it may not be entered by the user sipd runs as: move it, or chmod o+x the folder")
	case err != nil:
		return cfg.errorf("%w: correct the path", bare(err))
	case info.IsDir():
		return cfg.errorf("it is a folder: name the binary in it")
	case !info.Mode().IsRegular():
		return cfg.errorf("it is no regular file: name the binary")
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return cfg.errorf("it is not executable: chmod +x %s", cfg.Path)
	}
	return nil
}

func (cfg *Config) checkSum() error {
	if cfg.SHA256 == "" {
		return nil
	}
	want, err := hex.DecodeString(cfg.SHA256)
	if err != nil || len(want) != sha256.Size {
		return cfg.errorf("its checksum %q is none: want 64 hexadecimal digits, as sha256sum prints them", cfg.SHA256)
	}
	f, err := os.Open(cfg.Path)
	if err != nil {
		return cfg.errorf("its checksum cannot be computed: %w: let the user sipd runs as read it", bare(err))
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return cfg.errorf("its checksum cannot be computed: %w", bare(err))
	}
	if got := h.Sum(nil); string(got) != string(want) {
		return cfg.errorf("its SHA-256 is %x, not %x as demanded: find out who changed it; if it is meant, demand the new one", got, want)
	}
	return nil
}

// bare is an error without the path, which is named already.
func bare(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (cfg *Config) errorf(format string, args ...any) error {
	return fmt.Errorf("plugin %s: "+format, append([]any{cfg.Path}, args...)...)
}

// absolute is the path from the root, so that no search path decides.
func (cfg *Config) absolute() (string, error) {
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return "", cfg.errorf("%w: give the path from the root", err)
	}
	return path, nil
}
