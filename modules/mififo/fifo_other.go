//go:build !unix

package mififo

import (
	"errors"
	"os"
	"time"

	"github.com/sipd/sipd/core"
)

var errNoFIFO = errors.New("this system has no FIFOs: use mi_http")

func create(string, core.FileAccess) (*os.File, error) { return nil, errNoFIFO }

type reply struct{}

func openReply(string, time.Time, <-chan struct{}) (*reply, error) { return nil, errNoFIFO }

func (*reply) write([]byte, time.Time) error { return errNoFIFO }
func (*reply) close()                        {}
