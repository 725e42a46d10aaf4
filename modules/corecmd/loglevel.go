package corecmd

import (
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/sipd/sipd/core/mi"
)

// The ends of OpenSIPS's scale: L_ALERT and L_DBG.
const (
	levelAlert = -3
	levelDebug = 4
)

// logLevel tells the level, or sets it when one is given.
func logLevel(v *slog.LevelVar, ps mi.Params) (any, error) {
	if !ps.Has("level") {
		p := process().With("Log level", number(v.Level())).With("Type", processType)
		return mi.Object{}.With("Processes", []mi.Object{p}), nil
	}
	if pid := ps.Int("pid"); ps.Has("pid") && pid != os.Getpid() {
		return nil, &mi.Error{Code: 404, Message: "Bad PID", Data: fmt.Sprintf("the process is %d, not %d", os.Getpid(), pid)}
	}
	l, err := wanted(ps)
	if err != nil {
		return nil, err
	}
	v.Set(l)
	return mi.Object{}.With("New global log level", number(v.Level())), nil
}

// wanted reads the parameter level.
func wanted(ps mi.Params) (slog.Level, error) {
	n := ps.Int("level")
	if n < levelAlert || n > levelDebug {
		return 0, &mi.Error{Code: 400, Message: "Bad log level",
			Data: fmt.Sprintf("want %d to %d, got %d", levelAlert, levelDebug, n)}
	}
	return level(n), nil
}

// XLogLevel is the level of what routes write to the log.
type XLogLevel interface {
	slog.Leveler
	Set(slog.Level)
}

// FollowLevel is an [XLogLevel] that is the level of Base until it is set.
type FollowLevel struct {
	Base slog.Leveler
	own  atomic.Pointer[slog.Level]
}

// Level implements [slog.Leveler].
func (f *FollowLevel) Level() slog.Level {
	if own := f.own.Load(); own != nil {
		return *own
	}
	return f.Base.Level()
}

// Set implements [XLogLevel].
func (f *FollowLevel) Set(l slog.Level) { f.own.Store(&l) }

// xlogLevel tells the level of the routes, or sets it when one is given.
func xlogLevel(v XLogLevel, ps mi.Params) (any, error) {
	if !ps.Has("level") {
		return mi.Object{}.With("xLog Level", number(v.Level())), nil
	}
	l, err := wanted(ps)
	if err != nil {
		return nil, err
	}
	v.Set(l)
	return mi.Object{}.With("New xLog level", number(v.Level())), nil
}

// level maps OpenSIPS's scale of eight to slog's of four, as log_level in a
// route file does.
func level(n int) slog.Level {
	switch {
	case n <= 0:
		return slog.LevelError
	case n == 1:
		return slog.LevelWarn
	case n < levelDebug:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// number is the way back: the number that means exactly what is logged.
func number(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return -1
	case l >= slog.LevelWarn:
		return 1
	case l >= slog.LevelInfo:
		return 3
	}
	return levelDebug
}
