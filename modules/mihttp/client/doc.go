// Package client sends management commands to sipd, or to an OpenSIPS with
// mi_http, as JSON-RPC over HTTP. It knows nothing of the server's code.
package client
