package main

import (
	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter"
	"github.com/sipd/sipd/modules/eventdatagram"
	"github.com/sipd/sipd/modules/eventsse"
	"github.com/sipd/sipd/modules/eventstream"
	"github.com/sipd/sipd/modules/httpd"
	"github.com/sipd/sipd/modules/midatagram"
	"github.com/sipd/sipd/modules/mififo"
	"github.com/sipd/sipd/modules/mihttp"
	"github.com/sipd/sipd/modules/player"
	"github.com/sipd/sipd/modules/prometheus"

	_ "github.com/go-sql-driver/mysql" // database drivers, named by the URL's scheme
	_ "modernc.org/sqlite"
)

// builtin lists the modules this binary can load. A build with other modules
// is a copy of this command with another list.
func builtin() []core.Module {
	return []core.Module{
		b2b.NewEntities(),
		b2b.New(),
		callcenter.New(),
		eventdatagram.New(),
		eventsse.New(),
		eventstream.New(),
		httpd.New(),
		midatagram.New(),
		mififo.New(),
		mihttp.New(),
		player.New(),
		prometheus.New(),
	}
}
