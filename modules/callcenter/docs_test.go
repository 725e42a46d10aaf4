package callcenter

import (
	"testing"

	"github.com/sipd/sipd/core/docstest"
)

func TestReadme(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
