// Package policy tests dispatch policies that are processes of their own, on a
// running sipd with phones on loopback: the examples, the README of plugins/
// step by step, and a policy that breaks in every way during 10,000 calls.
package policy
