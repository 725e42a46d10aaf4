package siptest

import "slices"

// Reset forgets every call and transaction without a word, as when the phone loses its power
// and comes back: requests inside their dialogs are answered 481. See
// [Network.Link] for the time in between.
func (p *Phone) Reset() {
	p.boot()
	for _, c := range p.Calls() {
		c.mu.Lock()
		c.pending, c.inviting, c.unacked = nil, nil, nil
		c.reach(Ended)
		c.mu.Unlock()
		p.forget(c)
	}
}

// forget drops a call that has ended.
func (p *Phone) forget(c *Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, c.callID+"\n"+c.tag)
	p.all = slices.DeleteFunc(p.all, func(o *Call) bool { return o == c })
}
