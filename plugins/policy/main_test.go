//go:build linux

package policy

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// character is the variable that makes the test binary a plugin.
const character = "SIPD_POLICY_TEST"

func TestMain(m *testing.M) {
	started := os.Getenv(handshake.MagicCookieKey) != "" || os.Getenv("SIPD_POLICY_TEST_HAND") != ""
	if name := os.Getenv(character); name != "" && started {
		play(name)
	}
	if os.Getenv("SIPD_POLICY_TEST_HOST") != "" {
		beHost()
	}
	goleak.VerifyTestMain(m)
}
