package callcenter

import "context"

// tellForeign says once, at the start, that cc_calls has rows of OpenSIPS. They
// stay until the operator has them removed: an OpenSIPS may still run.
func (m *module) tellForeign(ctx context.Context) {
	n, err := m.store.Foreign(ctx)
	if err != nil {
		m.log.Warn("cc_calls could not be looked through for rows of OpenSIPS", "err", err)
		return
	}
	if n > 0 {
		m.log.Warn("cc_calls has rows that OpenSIPS wrote; their calls cannot be taken up: once OpenSIPS is stopped, run sipd db clean", "rows", n)
	}
}
