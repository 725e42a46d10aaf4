package b2b

// Keeps reports whether calls are to outlive the process (db_mode).
func (m *Module) Keeps() bool { return m.params.dbMode != 0 }

// keeper is what keeps a session, if db_mode wants it.
func (m *Module) keeper(o SessionOptions) func(Key, []byte) {
	if !m.Keeps() {
		return nil
	}
	return o.Keep
}

// Retire ends the goroutine of every session that is kept, without a word on
// the wire, and waits for them: the next process goes on with their calls.
// Afterwards no event of them is told, Keep is not called, and what comes for
// them is left unanswered, so that its sender repeats it.
func (m *Module) Retire() {
	m.mu.Lock()
	m.retiring = true
	m.mu.Unlock()
	all := m.opened()
	kept := make([]chan bool, len(all))
	for i, s := range all {
		kept[i] = make(chan bool, 1)
		s.box.Post(func() {
			s.retire()
			kept[i] <- s.retired
		})
	}
	for i, s := range all {
		select {
		case retired := <-kept[i]:
			if retired {
				<-s.done
			}
		case <-s.done:
		}
	}
}

// opened lists the sessions that run.
func (m *Module) opened() []*session {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var all []*session
	for _, s := range m.sessions {
		if s.open {
			all = append(all, s)
		}
	}
	return all
}

// retire leaves the session to the next process. One that is not kept goes on
// until Stop.
func (s *session) retire() { s.retired = s.keeper != nil }
