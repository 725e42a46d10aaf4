// Package client sends management commands to sipd, or to an OpenSIPS, as
// JSON-RPC: by HTTP to mi_http, through a FIFO to mi_fifo, or as datagrams to
// mi_datagram. It knows nothing of the server's code.
package client
