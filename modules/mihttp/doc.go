// Package mihttp is the module mi_http: the management interface as JSON-RPC
// over HTTP, at http://<httpd ip>:<port>/<root>.
//
// Package core/mi does all the thinking; here a body goes in and a body comes
// out. The client side, for `sipd mi` and for tests, is the folder client.
package mihttp
