// Package prometheus is the module prometheus: all statistics of the server
// as Prometheus metrics, at http://<httpd ip>:<port>/metrics.
//
// The names of OpenSIPS's statistics are kept for its clients (get_statistics)
// and translated here (names.go) to what Prometheus's conventions ask for:
// flows and agents are labels, counters end in _total, units are base units.
package prometheus
