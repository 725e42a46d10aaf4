package core

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
)

// FileAccess says who may use a file that a module makes: a FIFO or a socket.
type FileAccess struct {
	Mode  fs.FileMode // permission bits
	User  string      // name or number of the owner; empty: inherited
	Group string      // name or number of the group; empty: inherited
}

// Params declares the parameters prefix_mode, prefix_user and prefix_group,
// as OpenSIPS's mi_fifo and mi_datagram have them.
func (a *FileAccess) Params(prefix string) []Param {
	return []Param{
		permission(prefix+"_mode", &a.Mode, "permission bits, as UNIX writes them: 0660"),
		account(prefix+"_user", &a.User, "owner, by name or number; empty: the user of the server"),
		account(prefix+"_group", &a.Group, "group, by name or number; empty: the group of the server"),
	}
}

// permission declares permission bits. Lua has no octal numbers: 0660 arrives
// as six hundred and sixty, so the digits are read as octal ones.
func permission(name string, p *fs.FileMode, doc string) Param {
	const want = "permission bits such as 0660"
	return Param{Name: name, Doc: doc, Want: want, Default: fmt.Sprintf("%04o", *p), Set: func(v any) error {
		digits, ok := v.(string)
		if !ok {
			n, err := whole(v, 0, 777, want)
			if err != nil {
				return err
			}
			digits = strconv.Itoa(n)
		}
		n, err := strconv.ParseUint(digits, 8, 32)
		if err != nil || n > 0o777 {
			return wrong(want, v)
		}
		*p = fs.FileMode(n)
		return nil
	}}
}

// account declares a user or group, which OpenSIPS takes by name or number.
func account(name string, p *string, doc string) Param {
	const want = "a name or a number"
	return Param{Name: name, Doc: doc, Want: want, Default: *p, Set: func(v any) error {
		if s, ok := v.(string); ok {
			*p = s
			return nil
		}
		n, err := whole(v, 0, maxSeconds, want)
		if err == nil {
			*p = strconv.Itoa(n)
		}
		return err
	}}
}

// Apply sets mode, owner and group of a file. Its error names what could not
// be set.
func (a FileAccess) Apply(path string) error {
	uid, err := id(a.User, func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	if err != nil {
		return fmt.Errorf("user %q: %w", a.User, err)
	}
	gid, err := id(a.Group, func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	if err != nil {
		return fmt.Errorf("group %q: %w", a.Group, err)
	}
	if uid >= 0 || gid >= 0 {
		if err := os.Lchown(path, uid, gid); err != nil {
			return fmt.Errorf("giving it to user %q and group %q: %w", a.User, a.Group, err)
		}
	}
	return os.Chmod(path, a.Mode)
}

// id returns the number of an account, -1 for none.
func id(account string, lookup func(string) (string, error)) (int, error) {
	if account == "" {
		return -1, nil
	}
	if n, err := strconv.Atoi(account); err == nil {
		return n, nil
	}
	text, err := lookup(account)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}
