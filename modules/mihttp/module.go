package mihttp

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/httpd"
)

// Module is the module mi_http. It implements [core.Module].
type Module struct {
	root   string
	pretty bool
	token  string
	reads  bool
}

var _ core.Module = (*Module)(nil)

// New returns the module with its default parameters.
func New() *Module { return &Module{root: "mi"} }

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	return core.Exports{
		Name:  "mi_http",
		Needs: []string{"httpd"},
		Params: []core.Param{
			core.String("root", &m.root, "path of the interface, without the slash before it"),
			core.Bool("pretty_printing", &m.pretty, "1: answers are indented for people"),
			core.String("token", &m.token, "what clients must send as \"Authorization: Bearer TOKEN\"; empty: nothing"),
			core.Bool("read_only", &m.reads, "1: commands that change something are refused"),
		},
	}
}

// Init implements [core.Module]: it mounts the interface.
func (m *Module) Init(host core.Host) error {
	path, err := m.path()
	if err != nil {
		return err
	}
	server, ok := host.Module("httpd").(*httpd.Module)
	if !ok {
		return fmt.Errorf("module httpd of this build is a %T: want modules/httpd", host.Module("httpd"))
	}
	if m.token == "" && !server.Loopback() {
		host.Log().Warn("everybody who reaches the port may send commands: set the token of mi_http or the ip of httpd", "addr", server.Addr().String())
	}
	if m.reads {
		return server.Handle(path, m.handler(host.MI().HandleReads))
	}
	return server.Handle(path, m.handler(host.MI().Handle))
}

// path is the path of the parameter root.
func (m *Module) path() (string, error) {
	root := strings.Trim(m.root, "/")
	if root == "" {
		return "/{$}", nil // the root itself and nothing below it
	}
	u, err := url.Parse("/" + root)
	if err != nil || u.EscapedPath() != "/"+root || strings.ContainsAny(root, " {}%") {
		return "", fmt.Errorf("root %q: want a path such as mi", m.root)
	}
	return "/" + root, nil
}
