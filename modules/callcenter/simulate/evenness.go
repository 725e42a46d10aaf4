package simulate

import "slices"

// agents measures the agents.
func (b *book) agents(w *world, m *Measures) {
	var all []float64
	var busy, present, slots, room float64
	for gi, g := range w.sc.Groups {
		t := TypeMeasures{Type: g.Type, Agents: float64(g.N)}
		var work, handled []float64
		there := 0.0
		for i := range b.desks {
			d := &b.desks[i]
			if d.group != gi {
				continue
			}
			work, handled = append(work, d.busy.Seconds()), append(handled, float64(d.handled))
			there += d.present.Seconds()
			slots += d.slots.Seconds()
			room += float64(d.chats) * d.present.Seconds()
		}
		t.Occupancy, t.Gini = share(sum(work), there), gini(work)
		t.Handled, t.HandledVariance = meanAndVariance(handled)
		m.Types = append(m.Types, t)
		m.Gini += t.Gini * t.Agents / float64(len(b.desks))
		busy, present = busy+sum(work), present+there
		all = append(all, work...)
	}
	m.GiniAll, m.Occupancy, m.ChatUtilisation = gini(all), share(busy, present), share(slots, room)
}

// gini is how unevenly something is shared out: 0 evenly, near 1 all to one.
func gini(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n, total := float64(len(list)), sum(list)
	if total == 0 {
		return 0
	}
	g := 0.0
	for i, x := range list {
		g += (2*float64(i+1) - n - 1) * x
	}
	return g / (n * total)
}

func sum(list []float64) (s float64) {
	for _, x := range list {
		s += x
	}
	return s
}

func meanAndVariance(list []float64) (mean, variance float64) {
	if len(list) == 0 {
		return 0, 0
	}
	mean = sum(list) / float64(len(list))
	for _, x := range list {
		variance += (x - mean) * (x - mean)
	}
	if len(list) > 1 {
		variance /= float64(len(list) - 1)
	}
	return mean, variance
}
