// Package httpd is the module httpd: one HTTP server that other modules mount
// their handlers on with [Module.Handle].
//
// The listener is opened in Init, so that a port in use stops the server
// before anything is half started; connections wait in the backlog until
// Start. Every request passes the guard (guard.go) first, which keeps web
// pages of other sites out: httpd often stands on 127.0.0.1 without a
// password, and a browser on that machine can reach it.
package httpd
