package limits

import "slices"

// desk is what the agents do, counted: agents for calls in one, chats of the
// agents for chats, agents for both in a call (mixed[0]) and with k chats.
type desk struct {
	callers, chatters int
	mixed             [maxSlots + 1]int
}

// change is a desk that another may become: at a rate, or by a move.
type change struct {
	to   int // index of the desk
	rate float64
	move Move
}

// floor is all desks of a center.
type floor struct {
	desks []desk // those with less room first, so that moves lead backwards
	index map[desk]int
	ends  [][]change // by desk: somebody has finished
	moves [][]change // by desk: what a waiting call, or chat, makes possible
}

func (t Tiny) floor() *floor {
	f := &floor{index: map[desk]int{}}
	for _, mixed := range split(t.Mixed, t.Slots) {
		for callers := range t.Callers + 1 {
			for chats := range t.Chatters*t.Slots + 1 {
				f.desks = append(f.desks, desk{callers, chats, mixed})
			}
		}
	}
	slices.SortStableFunc(f.desks, func(a, b desk) int { return t.space(a) - t.space(b) })
	for i, d := range f.desks {
		f.index[d] = i
	}
	for _, d := range f.desks {
		f.ends = append(f.ends, t.ends(f, d))
		f.moves = append(f.moves, t.moves(f, d))
	}
	return f
}

// split are all ways to have up to so many agents for both in a call or with
// 1 to slots chats.
func split(agents, slots int) (list [][maxSlots + 1]int) {
	var fill func(at int, left int, m [maxSlots + 1]int)
	fill = func(at int, left int, m [maxSlots + 1]int) {
		if at > slots {
			list = append(list, m)
			return
		}
		for n := range left + 1 {
			m[at] = n
			fill(at+1, left-n, m)
		}
	}
	fill(0, agents, [maxSlots + 1]int{})
	return list
}

func (t Tiny) free(d desk) int {
	n := t.Mixed
	for _, k := range d.mixed {
		n -= k
	}
	return n
}

// space is a measure of the room left, which every move makes smaller.
func (t Tiny) space(d desk) int {
	n := t.Callers - d.callers + t.Chatters*t.Slots - d.chatters + (t.Slots+1)*t.free(d)
	for k := 1; k <= t.Slots; k++ {
		n += (t.Slots - k) * d.mixed[k]
	}
	return n
}

func (t Tiny) ends(f *floor, d desk) (list []change) {
	add := func(rate float64, to desk) { list = append(list, change{to: f.index[to], rate: rate}) }
	if n := d.callers; n > 0 {
		e := d
		e.callers--
		add(float64(n)/t.Talk, e)
	}
	if n := d.chatters; n > 0 {
		e := d
		e.chatters--
		add(float64(n)/t.Chat, e)
	}
	for k, n := range d.mixed {
		if n == 0 {
			continue
		}
		e := d
		e.mixed[k]--
		switch {
		case k == 0:
			add(float64(n)/t.Talk, e)
		default:
			if k > 1 {
				e.mixed[k-1]++
			}
			add(float64(n*k)/t.Chat, e)
		}
	}
	return list
}

func (t Tiny) moves(f *floor, d desk) (list []change) {
	add := func(m Move, to desk) { list = append(list, change{to: f.index[to], move: m}) }
	if d.callers < t.Callers {
		e := d
		e.callers++
		add(Move{Kind: CallToCaller}, e)
	}
	if d.chatters < t.Chatters*t.Slots {
		e := d
		e.chatters++
		add(Move{Kind: ChatToChatter}, e)
	}
	if t.free(d) > 0 {
		e := d
		e.mixed[0]++
		add(Move{Kind: CallToMixed}, e)
		e = d
		e.mixed[1]++
		add(Move{Kind: ChatToMixed}, e)
	}
	for k := 1; k < t.Slots; k++ {
		if d.mixed[k] > 0 {
			e := d
			e.mixed[k]--
			e.mixed[k+1]++
			add(Move{Kind: ChatToMixed, Chats: k}, e)
		}
	}
	return list
}

// forCall reports whether a move takes a call from the queue.
func (m Move) forCall() bool { return m.Kind == CallToCaller || m.Kind == CallToMixed }
