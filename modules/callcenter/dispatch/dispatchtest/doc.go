// Package dispatchtest tests dispatch policies, built in or brought along, on
// random histories of a center.
//
//	func TestMine(t *testing.T) {
//		dispatchtest.Check(t, &mine{}, 1, 100_000, dispatchtest.InOrder)
//	}
//
// [Check] shows a policy one state after another, carries out what it proposes
// and fails the test on the first thing that a host would have to refuse, with
// the seed and the state at which it was. [History] makes the states and may be
// used by itself.
package dispatchtest
