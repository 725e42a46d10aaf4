// Package eventstream is the module event_stream: it carries events over TCP
// as JSON-RPC notifications, or as requests whose replies it waits for.
package eventstream
