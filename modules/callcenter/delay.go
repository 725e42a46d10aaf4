package callcenter

import "time"

// delays remembers the longest delay of each second of the last minute. Only the
// loop uses it. The zero value is ready.
type delays [60]struct {
	second  int64 // Unix time
	longest time.Duration
}

// add notes a delay that ended at now.
func (d *delays) add(delay time.Duration, now time.Time) {
	s := &d[now.Unix()%int64(len(d))]
	if s.second != now.Unix() {
		s.second, s.longest = now.Unix(), 0
	}
	s.longest = max(s.longest, delay)
}

// longest is the longest delay of the last minute.
func (d *delays) longest(now time.Time) (longest time.Duration) {
	for _, s := range d {
		if now.Unix()-s.second < int64(len(d)) {
			longest = max(longest, s.longest)
		}
	}
	return longest
}
