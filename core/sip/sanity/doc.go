// Package sanity judges messages that a parser has accepted. A parser answers
// "can this be split into headers", this package "does it mean one thing
// only, and can sipd act on it": the faults of RFC 4475 sections 3.1.2 and
// 3.3, each with the answer that RFC 3261 wants for it.
//
// It is pure and keeps nothing. core/sip/stack asks it for each message,
// before the transaction layer sees one; what passes here needs no second
// look at the fields that every request has.
//
// The order of the checks is that of RFC 3261 section 8.2: form (400), scheme
// (416), extensions (420), content (415, 406). Who may do what (401, 403) and
// which method is known (405) is decided above.
package sanity
