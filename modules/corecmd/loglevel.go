package corecmd

import (
	"fmt"
	"log/slog"
	"os"

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
	n := ps.Int("level")
	if n < levelAlert || n > levelDebug {
		return nil, &mi.Error{Code: 400, Message: "Bad log level",
			Data: fmt.Sprintf("want %d to %d, got %d", levelAlert, levelDebug, n)}
	}
	v.Set(level(n))
	return mi.Object{}.With("New global log level", number(v.Level())), nil
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
