package scripting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
)

var errNoEvents = errors.New("there is no event interface here")

// subscribeEvent is subscribe_event. An event that no module declares becomes
// known by it, because raise_event may come later.
func (st *state) subscribeEvent(_ context.Context, _ *core.Msg, a core.Args) core.Code {
	name, socket, expire := st.expand(a.String(0)), st.expand(a.String(1)), a.Int(2)
	events := st.api.b.Events
	err := errNoEvents
	switch {
	case events == nil:
	case a.Has(2) && expire < 0:
		err = errors.New("want an expire of 0 seconds or more")
	case a.Has(2) && expire == 0:
		events.Unsubscribe(name, socket)
		err = nil
	default:
		if err = events.Custom(name); err == nil {
			err = events.Subscribe(name, socket, time.Duration(min(expire, maxExpire))*time.Second)
		}
	}
	return st.told("subscribe_event", name, err)
}

// maxExpire keeps durations far from overflow.
const maxExpire = 1 << 31

// The bounds of an event that a route raises.
const (
	maxFields     = 64
	maxFieldBytes = 8 << 10 // names and texts together
)

// raiseEvent is raise_event. Named fields come in the order of their names:
// a Lua table has none of its own.
func (st *state) raiseEvent(L *lua.LState) int {
	st.running(L, "raise_event")
	st.at = L
	name := st.expand(L.CheckString(1))
	fields, size := []event.Field{}, 0
	add := func(name string, v lua.LValue) {
		f := event.Field{Name: name}
		switch v := goValue(v).(type) {
		case string:
			f.Value = v
			size += len(v)
		case int:
			f.Value = int64(v)
		case float64, bool:
			f.Value = fmt.Sprint(v)
		default:
			L.RaiseError("raise_event: field %q: want a text or a number, got %s", clip(name, 40), quoted(v))
		}
		if size += len(name); len(fields) >= maxFields || size > maxFieldBytes {
			L.RaiseError("raise_event: more than %d fields or %d bytes", maxFields, maxFieldBytes)
		}
		fields = append(fields, f)
	}
	if t := L.OptTable(2, nil); t != nil && t.Len() > 0 {
		for i := 1; i <= t.Len(); i++ {
			add("", t.RawGetInt(i))
		}
	} else if t != nil {
		t.ForEach(func(k, v lua.LValue) { add(lua.LVAsString(k), v) })
		slices.SortFunc(fields, func(a, b event.Field) int { return strings.Compare(a.Name, b.Name) })
	}
	err := errNoEvents
	if st.api.b.Events != nil {
		err = st.api.b.Events.Raise(name, fields...)
	}
	return st.answer(L, st.told("raise_event", name, err))
}

// told logs why something about an event was refused.
func (st *state) told(what, name string, err error) core.Code {
	if err != nil {
		st.api.b.Log.Error(what, "event", name, "err", err, "at", here(st.at).String())
		return core.False
	}
	return core.True
}
