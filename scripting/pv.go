package scripting

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// variables declares the pseudo-variables that belong to no module, under
// their OpenSIPS names. st may be nil when only the declarations are wanted.
func variables(st *state) []core.Var {
	return append(append(uriVars(st), headerVars()...), stateVars(st)...)
}

func uriVars(st *state) []core.Var {
	return []core.Var{
		{Name: "ru", Doc: "Request-URI", Get: onURI(sip.URI.String), Set: st.setURI(replaceURI)},
		{Name: "rU", Doc: "user of the Request-URI", Get: onURI(func(u sip.URI) string { return u.User }), Set: st.setURI(replaceUser)},
		{Name: "rd", Doc: "host of the Request-URI", Get: onURI(func(u sip.URI) string { return u.Host }), Set: st.setURI(replaceHost)},
		{Name: "rp", Doc: "port of the Request-URI, 5060 when absent", Get: onReq(func(r *sip.Request) any {
			if r.URI.Port == 0 {
				return 5060
			}
			return r.URI.Port
		})},
		{Name: "du", Doc: "where the request goes instead of its Request-URI", Get: onReq(func(r *sip.Request) any {
			return orNil(r.NextHop.String(), !r.NextHop.IsZero())
		}), Set: st.setNextHop},
		{Name: "ou", Doc: "Request-URI as it came in", Get: func(*core.Msg) any { return orNil(st.run.origin.String(), !st.run.origin.IsZero()) }},
		{Name: "fu", Doc: "URI of From", Get: onFrom(func(a sip.Address) string { return a.URI.String() })},
		{Name: "fU", Doc: "user of From", Get: onFrom(func(a sip.Address) string { return a.URI.User })},
		{Name: "fd", Doc: "host of From", Get: onFrom(func(a sip.Address) string { return a.URI.Host })},
		{Name: "fn", Doc: "display name of From", Get: onFrom(sip.Address.Name)},
		{Name: "ft", Doc: "tag of From", Get: onFrom(sip.Address.Tag)},
		{Name: "tu", Doc: "URI of To", Get: onTo(func(a sip.Address) string { return a.URI.String() })},
		{Name: "tU", Doc: "user of To", Get: onTo(func(a sip.Address) string { return a.URI.User })},
		{Name: "td", Doc: "host of To", Get: onTo(func(a sip.Address) string { return a.URI.Host })},
		{Name: "tn", Doc: "display name of To", Get: onTo(sip.Address.Name)},
		{Name: "tt", Doc: "tag of To", Get: onTo(sip.Address.Tag)},
	}
}

func headerVars() []core.Var {
	return []core.Var{
		{Name: "rm", Doc: "method", Get: onReq(func(r *sip.Request) any { return r.Method })},
		{Name: "ci", Doc: "Call-ID", Get: header("Call-ID")},
		{Name: "ct", Doc: "Contact", Get: header("Contact")},
		{Name: "ua", Doc: "User-Agent", Get: header("User-Agent")},
		{Name: "rr", Doc: "first Record-Route", Get: header("Record-Route")},
		{Name: "cT", Doc: "Content-Type", Get: header("Content-Type")},
		{Name: "cs", Doc: "number of CSeq", Get: onReq(func(r *sip.Request) any {
			n, method := r.CSeq()
			if method == "" {
				return nil
			}
			return int(n)
		})},
		{Name: "rb", Doc: "body", Get: onReq(func(r *sip.Request) any { return orNil(string(r.Body), len(r.Body) > 0) })},
		{Name: "cl", Doc: "length of the body in bytes", Get: onReq(func(r *sip.Request) any { return len(r.Body) })},
		{Name: "si", Doc: "source address", Get: onReq(func(r *sip.Request) any {
			return orNil(r.Source.Addr().Unmap().String(), r.Source.IsValid())
		})},
		{Name: "sp", Doc: "source port", Get: onReq(func(r *sip.Request) any {
			return orNil(int(r.Source.Port()), r.Source.IsValid())
		})},
		{Name: "pr", Doc: "transport: udp or tcp", Get: onSocket(func(s *sip.Socket) any { return s.Proto })},
		{Name: "Ri", Doc: "address of the socket that received", Get: onSocket(func(s *sip.Socket) any { return s.Host })},
		{Name: "Rp", Doc: "port of the socket that received", Get: onSocket(func(s *sip.Socket) any { return s.Port })},
		{Name: "socket_in.ip", Doc: "address of the socket that received", Get: onSocket(func(s *sip.Socket) any { return s.Host })},
		{Name: "socket_in.port", Doc: "its port", Get: onSocket(func(s *sip.Socket) any { return s.Port })},
		{Name: "socket_in.proto", Doc: "its transport", Get: onSocket(func(s *sip.Socket) any { return s.Proto })},
		{Name: "socket_in.advertised_ip", Doc: "the address it advertises", Get: onSocket(func(s *sip.Socket) any { return s.AdvHost })},
		{Name: "socket_in.advertised_port", Doc: "the port it advertises", Get: onSocket(func(s *sip.Socket) any { return s.AdvPort })},
		{Name: "socket_in.tag", Doc: "its tag", Get: onSocket(func(s *sip.Socket) any { return orNil(s.Tag, s.Tag != "") })},
	}
}

func stateVars(st *state) []core.Var {
	code := func(*core.Msg) any { return int(st.run.rc) }
	return []core.Var{
		{Name: "rc", Doc: "code of the last function or route", Get: code},
		{Name: "retcode", Doc: "the same", Get: code},
		{Name: "route.name", Doc: "name of the route that runs", Get: func(*core.Msg) any { return st.run.names[len(st.run.names)-1] }},
		{Name: "Ts", Doc: "seconds since 1970", Get: func(*core.Msg) any { return int(st.api.b.Now().Unix()) }},
		{Name: "TF", Doc: "the time as text", Get: func(*core.Msg) any { return st.api.b.Now().Format(time.ANSIC) }},
		{Name: "pp", Doc: "process id", Get: func(*core.Msg) any { return os.Getpid() }},
		{Name: "version", Doc: "version of the server", Get: func(*core.Msg) any { return st.api.b.Version }},
	}
}

func orNil(v any, ok bool) any {
	if !ok {
		return nil
	}
	return v
}

// onReq, onURI, onFrom, onTo, header and onSocket make getters that are nil
// without a message or without the part they read.
func onReq(get func(*sip.Request) any) func(*core.Msg) any {
	return func(m *core.Msg) any {
		if m == nil || m.Req == nil {
			return nil
		}
		return get(m.Req)
	}
}

func onURI(get func(sip.URI) string) func(*core.Msg) any {
	return onReq(func(r *sip.Request) any { s := get(r.URI); return orNil(s, s != "") })
}

func onFrom(get func(sip.Address) string) func(*core.Msg) any {
	return onAddress((*sip.Request).From, get)
}

func onTo(get func(sip.Address) string) func(*core.Msg) any {
	return onAddress((*sip.Request).To, get)
}

func onAddress(parse func(*sip.Request) (sip.Address, error), get func(sip.Address) string) func(*core.Msg) any {
	return onReq(func(r *sip.Request) any {
		a, err := parse(r)
		if err != nil {
			return nil
		}
		s := get(a)
		return orNil(s, s != "")
	})
}

func header(name string) func(*core.Msg) any {
	return onReq(func(r *sip.Request) any { return orNil(r.Headers.Get(name), r.Headers.Has(name)) })
}

func onSocket(get func(*sip.Socket) any) func(*core.Msg) any {
	return onReq(func(r *sip.Request) any {
		if r.Socket == nil {
			return nil
		}
		return get(r.Socket)
	})
}

func (st *state) setURI(change func(*sip.URI, string) error) func(*core.Msg, any) error {
	return func(_ *core.Msg, v any) error {
		text := ""
		if v != nil {
			text = fmt.Sprint(v)
		}
		u := st.run.msg.Req.URI.Clone()
		if err := change(&u, text); err != nil {
			return err
		}
		st.request().URI = u
		return nil
	}
}

func replaceURI(u *sip.URI, text string) (err error) {
	*u, err = sip.ParseURI(text)
	return err
}

// replaceUser and replaceHost check their text, so that one from outside
// cannot smuggle a parameter or another host into the URI.
func replaceUser(u *sip.URI, user string) error {
	u.User = user
	if user == "" {
		u.Password = ""
	}
	for i := range len(user) { // RFC 3261 section 25.1: user
		if c := user[i]; !isAlpha(c) && !isDigit(c) && strings.IndexByte("-_.!~*'()&=+$,;?/%", c) < 0 {
			return fmt.Errorf("%q is not a user: %q must be escaped", clip(user, 64), c)
		}
	}
	return nil
}

func replaceHost(u *sip.URI, host string) error {
	h, port, err := sip.SplitHostPort(host)
	if err != nil || h == "" {
		return fmt.Errorf("%q is not a host", host)
	}
	was := u.User
	u.Host = h
	if port != 0 {
		u.Port = port
	}
	back, err := sip.ParseURI(u.String())
	if err != nil || back.User != was || !strings.EqualFold(back.Host, h) {
		return fmt.Errorf("%q is not a host", host)
	}
	return nil
}

func (st *state) setNextHop(_ *core.Msg, v any) error {
	if v == nil {
		st.request().NextHop = sip.URI{}
		return nil
	}
	u, err := sip.ParseURI(fmt.Sprint(v))
	if err != nil {
		return err
	}
	if !u.IsSIP() {
		return errors.New("want a sip URI")
	}
	st.request().NextHop = u
	return nil
}

// openVars defines pv. A name with a dot is reached both ways: pv["a.b"] and
// pv.a.b.
func (st *state) openVars(L *lua.LState) {
	vars := make(map[string]core.Var, len(st.api.vars)+48)
	for name, v := range st.api.vars {
		vars[name] = v
	}
	for _, v := range variables(st) {
		vars[v.Name] = v
	}
	st.vars = vars
	groups := map[string]*lua.LTable{}
	for name := range vars {
		if group, _, ok := strings.Cut(name, "."); ok && groups[group] == nil {
			groups[group] = st.pvTable(L, "pv."+group, group+".", nil)
		}
	}
	L.SetGlobal("pv", st.pvTable(L, "pv", "", groups))
}

func (st *state) pvTable(L *lua.LState, shown, prefix string, groups map[string]*lua.LTable) *lua.LTable {
	return st.proxy(L, shown, L.NewFunction(func(L *lua.LState) int {
		name := prefix + L.CheckString(2)
		st.running(L, shown)
		v, ok := st.vars[name]
		if g := groups[name]; g != nil && !ok {
			L.Push(g)
			return 1
		}
		if !ok {
			L.RaiseError("there is no variable pv.%s", name)
		}
		L.Push(luaValue(v.Get(st.run.msg)))
		return 1
	}), L.NewFunction(func(L *lua.LState) int {
		name := prefix + L.CheckString(2)
		st.running(L, shown)
		v, ok := st.vars[name]
		switch {
		case !ok:
			L.RaiseError("there is no variable pv.%s", name)
		case v.Set == nil:
			L.RaiseError("pv.%s cannot be written", name)
		}
		st.message(L, "pv."+name)
		if err := v.Set(st.run.msg, goValue(L.Get(3))); err != nil {
			L.RaiseError("pv.%s: %s", name, err)
		}
		return 0
	}))
}
