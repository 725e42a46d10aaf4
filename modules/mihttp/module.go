package mihttp

import (
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
	answer := host.MI().Handle
	if m.reads {
		answer = host.MI().HandleReads
	}
	service := httpd.Service{Module: "mi_http", Param: "root", Path: m.root, Want: "mi", Token: m.token}
	return service.Mount(host, m.handler(answer))
}
