// Package core is the contract between a route file, the modules and the
// network; it knows no module, no Lua and no socket.
//
// Read in this order:
//
//   - [Module] and [Exports] (module.go): a module is one declaration plus
//     Init. The declaration drives the Lua binding, `sipd check`, the
//     management interface and the tests of each README.
//   - [Config] (config.go): what the configuration phase of a route file
//     recorded; data only.
//   - [Msg] (msg.go): one message in a route, and who may answer it.
//   - [Server] (server.go): the life of it all.
//
// # Life of a server
//
//  1. The modules the file loads are picked, ordered by Needs, and given
//     their parameters. Every fault is reported with its file:line.
//  2. The network opens its sockets, all or none. Requests are refused with
//     503 until step 6.
//  3. Each module's Init runs, needed modules first.
//  4. The router binds functions and variables; startup_route runs.
//  5. Each module's Start runs, in the same order.
//  6. Requests reach dialogs and routes; timer and event routes run.
//
// Stop goes backwards and is the same after half a start: new requests get
// 503, routes end, modules stop in reverse order while the network still
// carries their BYEs, then the sockets close. Nobody may use up more than half
// of the time that is left, so that a database that is away does not keep the
// modules after it from ending their calls.
//
// A panic in a route is answered 500 and logged, and ends nothing else.
//
// # Who answers a request
//
// A route function's code says who owns the request now. After
// cc_handle_call has answered 1 the call center does, and a reply of the
// script is refused with [ErrOwned]; after a negative code the script does.
// A request_route that ends with neither owner nor reply is answered 500.
package core
