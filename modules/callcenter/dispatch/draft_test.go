package dispatch

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestDraft tries assignments at random: the draft is as the center would be,
// and the view is as it was once it is undone.
func TestDraft(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		c, twin := NewCenter(), NewCenter()
		c.At(time.Unix(100, 0))
		for i := range r.IntN(12) {
			c.PutCall(Call{ID: fmt.Sprint("c", i), Media: Media(1 + r.IntN(2)), Skill: fmt.Sprint("s", r.IntN(2)), Place: Place{Priority: r.IntN(2), Turn: uint64(i)}})
		}
		for i := range r.IntN(6) {
			c.PutAgent(Agent{ID: fmt.Sprint("a", i), Skills: []string{"s0", "s1"}[:1+r.IntN(2)], Audio: r.IntN(2) == 0, Slots: r.IntN(3), Standing: Standing{Since: uint64(i)}})
		}
		c.Settled()
		before := c.Whole()
		twin.Apply(before)
		draft := c.Draft()
		for range 20 {
			a := Assignment{Call: fmt.Sprint("c", r.IntN(12)), Agent: fmt.Sprint("a", r.IntN(6))}
			if got, want := draft.Assign(a), twin.Assign(a); got != want {
				t.Fatalf("%+v: %v, want %v", a, got, want)
			}
		}
		if got, want := draft.Whole(), twin.Whole(); !reflect.DeepEqual(got, want) {
			t.Fatalf("the draft is\n%+v, want\n%+v", got, want)
		}
		draft.Undo()
		if after := c.Whole(); !reflect.DeepEqual(before, after) {
			t.Fatalf("undone it is\n%+v, was\n%+v", after, before)
		}
		for k := range c.Changed() {
			t.Fatalf("%v has changed", k)
		}
	}
}

// stepwise goes through a list, one element at a time.
func stepwise[T any](all iter.Seq[*T], after func(*T) iter.Seq[*T]) (list []*T) {
	for {
		var next *T
		for x := range all {
			next = x
			break
		}
		if next == nil {
			return list
		}
		list, all = append(list, next), after(next)
	}
}

func TestAfter(t *testing.T) {
	c := NewCenter()
	for i := range uint64(50) {
		c.PutCall(Call{ID: fmt.Sprint("c", i), Media: RTP, Skill: "s", Place: Place{Priority: int(i % 3), Refused: i%5 == 0, Turn: i}})
		c.PutAgent(Agent{ID: fmt.Sprint("a", i), Skills: []string{"s"}, Audio: true, Standing: Standing{Since: i * 7 % 50}})
	}
	k := Kind{"s", RTP}
	if got := stepwise(c.Calls(), func(x *Call) iter.Seq[*Call] { return c.CallsAfter(x.Place) }); !slices.Equal(got, slices.Collect(c.Calls())) {
		t.Error("CallsAfter goes another way")
	}
	if got := stepwise(c.Waiting(k), func(x *Call) iter.Seq[*Call] { return c.WaitingAfter(k, x.Place) }); !slices.Equal(got, slices.Collect(c.Waiting(k))) {
		t.Error("WaitingAfter goes another way")
	}
	if got := stepwise(c.WithRoom(k), func(x *Agent) iter.Seq[*Agent] { return c.WithRoomAfter(k, x.Standing) }); !slices.Equal(got, slices.Collect(c.WithRoom(k))) {
		t.Error("WithRoomAfter goes another way")
	}
	for range c.WaitingAfter(Kind{"x", RTP}, Place{}) {
		t.Error("nobody waits there")
	}
}
