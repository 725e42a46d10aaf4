// Package rig runs the sipd binary for black-box tests: a database with its
// flows and agents, a route file, phones on loopback sockets, the management
// interface, and what the server told of its events and legs.
//
//	func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
//
//	c := rig.New(t, rig.Options{Route: "testdata/route.lua"})
//	agent, media := c.Phone(phone.Options{Name: "1008"}), c.Phone(phone.Options{Name: "moh"})
//	c.Flow("f", rig.Row{"message_queue": rig.URI(media)})
//	c.Agent("a", rig.Row{"location": rig.URI(agent)})
//	c.Start()
//
// Waits are for conditions, bounded by [Patience]; a wait that is not met
// ends the test with the server's log.
package rig
