package corecmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/sipd/sipd/core/mi"
)

// Cache is the store that routes know as shared.
type Cache interface {
	Get(key string) any // a text, number or boolean; nil for what is not there
	Set(key, text string, ttl time.Duration) error
	Remove(key string) error
}

// cacheCommands read and write the store of routes as OpenSIPS's local cache.
func cacheCommands(o Options) []mi.Command {
	system, attr := mi.Param{Name: "system"}, mi.Param{Name: "attr"}
	store := mi.Recipe{system, attr, {Name: "value"}}
	command := func(name string, effect mi.Effect, doc string, call func(mi.Params) (any, error), recipes ...mi.Recipe) mi.Command {
		return mi.Command{
			Name: "cache:" + name, Aliases: []string{"cache_" + name}, Recipes: recipes, Effect: effect, Doc: doc,
			Call: func(ps mi.Params) (any, error) {
				if err := checkSystem(ps.String("system")); err != nil {
					return nil, err
				}
				return call(ps)
			},
		}
	}
	return []mi.Command{
		command("store", mi.Changes, "stores a text under a key, for expire seconds; routes read it with shared.get",
			func(ps mi.Params) (any, error) { return nil, cacheStore(o.Cache, ps) },
			store, append(store[:3:3], mi.Param{Name: "expire", Kind: mi.Int})),
		command("fetch", mi.Reads, "reads a key of the store of routes",
			func(ps mi.Params) (any, error) { return cacheFetch(o.Cache, ps.String("attr")) }, mi.Recipe{system, attr}),
		command("remove", mi.Changes, "deletes a key of the store of routes",
			func(ps mi.Params) (any, error) { return nil, refused(o.Cache.Remove(ps.String("attr"))) }, mi.Recipe{system, attr}),
	}
}

// checkSystem takes local and local:GROUP: there is one store.
func checkSystem(system string) error {
	if name, _, _ := strings.Cut(system, ":"); name != "local" {
		return &mi.Error{Code: 404, Message: "Cache system not found", Data: fmt.Sprintf("want local, got %.100q", system)}
	}
	return nil
}

func cacheStore(c Cache, ps mi.Params) error {
	n := ps.Int("expire")
	if n < 0 || n > maxExpire {
		return &mi.Error{Code: 400, Message: "Bad expire", Data: fmt.Sprintf("want seconds, 0 for ever, got %d", n)}
	}
	return refused(c.Set(ps.String("attr"), ps.String("value"), time.Duration(n)*time.Second))
}

// maxExpire keeps durations far from overflow, in seconds.
const maxExpire = 1<<31 - 1

func refused(err error) error {
	if err == nil {
		return nil
	}
	return &mi.Error{Code: 500, Message: "Cache command failed", Data: err.Error()}
}

func cacheFetch(c Cache, key string) (any, error) {
	v := c.Get(key)
	if v == nil {
		return nil, &mi.Error{Code: 404, Message: "Value not found", Data: fmt.Sprintf("%.100q is not in the store", key)}
	}
	return mi.Object{}.With("key", key).With("value", fmt.Sprint(v)), nil
}
