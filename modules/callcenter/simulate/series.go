package simulate

import "time"

// points is how many stretches of time a run is drawn as, at most.
const points = 120

// series is the course of a run.
type series struct {
	window span
	length time.Duration // of a point
	points []Point
	busy   []float64 // by point: seconds x agents
}

func newSeries(window span) series {
	s := series{window: window}
	total := window.to - window.from
	for _, minutes := range []int{1, 2, 5, 10, 15, 30, 60, 120, 240} {
		if s.length = time.Duration(minutes) * time.Minute; total <= points*s.length {
			break
		}
	}
	for at := time.Duration(0); at < total; at += s.length {
		s.points = append(s.points, Point{At: at, Length: min(s.length, total-at)})
	}
	s.busy = make([]float64, len(s.points))
	return s
}

// at is the index of the point of a time, -1: it is not in the window.
func (s *series) at(t time.Duration) int {
	if !s.window.has(t) {
		return -1
	}
	return int((t - s.window.from) / s.length)
}

// spread calls add for each point that a time touches, with the seconds in it.
func (s *series) spread(from, to time.Duration, add func(i int, seconds float64)) {
	from, to = max(from, s.window.from), min(to, s.window.to)
	for from < to {
		i := s.at(from)
		end := min(s.window.from+time.Duration(i+1)*s.length, to)
		add(i, (end - from).Seconds())
		from = end
	}
}

// waited notes how many waited for a time.
func (s *series) waited(from, to time.Duration, rtp, msrp int) {
	if rtp == 0 && msrp == 0 {
		return
	}
	s.spread(from, to, func(i int, seconds float64) {
		s.points[i].QueueRTP += float64(rtp) * seconds
		s.points[i].QueueMSRP += float64(msrp) * seconds
	})
}

// worked notes that an agent was busy for a time.
func (s *series) worked(from, to time.Duration) {
	s.spread(from, to, func(i int, seconds float64) { s.busy[i] += seconds })
}

// finish makes means of the sums.
func (s *series) finish(b *book, target time.Duration) []Point {
	for i := range s.points {
		s.points[i].Came, s.points[i].QueueTime = make([]float64, len(b.classes)), make([]float64, len(b.classes))
	}
	for n := range b.contacts {
		i := s.at(b.contacts[n].at)
		if i < 0 {
			continue
		}
		p, f := &s.points[i], &b.fates[n]
		p.Arrived++
		class := b.contacts[n].class
		p.Came[class]++
		p.QueueTime[class] += (f.queued.Seconds() - p.QueueTime[class]) / p.Came[class]
		if f.answered >= 0 {
			p.Answered++
			if f.answered-f.arrived <= target {
				p.InTarget++
			}
		}
	}
	for i := range s.points {
		p := &s.points[i]
		p.QueueRTP /= p.Length.Seconds()
		p.QueueMSRP /= p.Length.Seconds()
		p.Busy = s.busy[i] / p.Length.Seconds() / float64(max(len(b.desks), 1))
	}
	return s.points
}
