package corecmd

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/mi"
)

// eventCommands list events and manage who is sent them.
func eventCommands(i *evi.Interface) []mi.Command {
	name, socket := mi.Param{Name: "event"}, mi.Param{Name: "socket"}
	return []mi.Command{
		{
			Name:    "evi:list",
			Aliases: []string{"events_list"},
			Doc:     "lists the events that can be subscribed to",
			Effect:  mi.Reads,
			Call:    func(mi.Params) (any, error) { return listEvents(i.Bus()), nil },
		}, {
			Name:    "evi:subscribe",
			Aliases: []string{"event_subscribe"},
			Recipes: []mi.Recipe{{name, socket}, {name, socket, {Name: "expire", Kind: mi.Int}}},
			Doc:     "sends an event to a socket for some seconds, 3600 without a time; 0 ends it",
			Call:    func(ps mi.Params) (any, error) { return nil, subscribe(i, ps) },
		}, {
			Name:    "evi:subscribers",
			Aliases: []string{"subscribers_list"},
			Recipes: []mi.Recipe{{}, {name}, {name, socket}},
			Doc:     "lists the sockets that are sent events, of all events or of one",
			Effect:  mi.Reads,
			Call:    func(ps mi.Params) (any, error) { return listSubscribers(i, ps) },
		}, {
			Name:    "evi:raise",
			Aliases: []string{"raise_event"},
			Recipes: []mi.Recipe{{name}, {name, {Name: "params", Kind: mi.Array}}},
			Doc:     "raises an event with a list of values",
			Call:    func(ps mi.Params) (any, error) { return nil, raise(i, ps) },
		},
	}
}

// byID lists the events in the order of their declaration.
func byID(b *event.Bus) []event.Type {
	types := b.Types()
	slices.SortFunc(types, func(x, y event.Type) int { return x.ID - y.ID })
	return types
}

func listEvents(b *event.Bus) mi.Object {
	var list []mi.Object
	for _, t := range byID(b) {
		list = append(list, mi.Object{}.With("name", t.Name).With("id", t.ID))
	}
	return mi.Object{}.With("Events", list)
}

func subscribe(i *evi.Interface, ps mi.Params) error {
	name, socket, expire := ps.String("event"), ps.String("socket"), evi.DefaultExpire
	if ps.Has("expire") {
		n := ps.Int("expire")
		if n < 0 || n > math.MaxInt32 {
			return &mi.Error{Code: 400, Message: "Bad expire", Data: fmt.Sprintf("want 0 to %d seconds, got %d", math.MaxInt32, n)}
		}
		expire = time.Duration(n) * time.Second
	}
	if expire == 0 {
		if !i.Bus().Declared(name) {
			return unpublished(name)
		}
		i.Unsubscribe(name, socket)
		return nil
	}
	err := i.Subscribe(name, socket, expire)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, evi.ErrUnknownEvent):
		return unpublished(name)
	case errors.Is(err, evi.ErrTooMany), errors.Is(err, evi.ErrClosed):
		return &mi.Error{Code: 503, Message: "Service Unavailable", Data: err.Error()}
	}
	return &mi.Error{Code: 400, Message: "Bad socket", Data: err.Error()}
}

func unpublished(name string) error {
	return &mi.Error{Code: 404, Message: "Event not published", Data: fmt.Sprintf("%.80q: events_list lists those there are", name)}
}

// listSubscribers groups the subscriptions by event, as OpenSIPS does.
func listSubscribers(i *evi.Interface, ps mi.Params) (any, error) {
	name, socket := ps.String("event"), ps.String("socket")
	if ps.Has("event") && !i.Bus().Declared(name) {
		return nil, unpublished(name)
	}
	subs := map[string][]mi.Object{}
	for _, s := range i.List() {
		if !ps.Has("socket") || s.Socket == socket || s.Socket == "unix:"+socket {
			subs[s.Event] = append(subs[s.Event], mi.Object{}.With("socket", s.Socket).With("expire", left(s.Left)))
		}
	}
	if ps.Has("socket") && len(subs[name]) == 0 {
		return nil, &mi.Error{Code: 404, Message: "Subscriber not found", Data: fmt.Sprintf("%.80q is not sent %s", socket, name)}
	}
	var list []mi.Object
	for _, t := range byID(i.Bus()) {
		o := mi.Object{}.With("name", t.Name).With("id", t.ID).With("Subscribers", subs[t.Name])
		if t.Name == name {
			return mi.Object{}.With("Event", o), nil
		}
		if len(subs[t.Name]) > 0 {
			list = append(list, o)
		}
	}
	return mi.Object{}.With("Events", list), nil
}

// left is the time until a subscription ends, in whole seconds.
func left(d time.Duration) any {
	if d == 0 {
		return "never"
	}
	return int64((d + time.Second - 1) / time.Second)
}

func raise(i *evi.Interface, ps mi.Params) error {
	var fields []event.Field
	for _, v := range ps.Array("params") {
		fields = append(fields, event.Field{Value: v})
	}
	if err := i.Raise(strings.TrimSpace(ps.String("event")), fields...); err != nil {
		return &mi.Error{Code: 400, Message: "Bad event", Data: err.Error()}
	}
	return nil
}
