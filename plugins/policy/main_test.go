package policy

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// character is the variable that makes the test binary a plugin.
const character = "SIPD_POLICY_TEST"

func TestMain(m *testing.M) {
	if name := os.Getenv(character); name != "" && os.Getenv(handshake.MagicCookieKey) != "" {
		play(name)
	}
	goleak.VerifyTestMain(m)
}
