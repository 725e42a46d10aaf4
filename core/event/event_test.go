package event

import "testing"

func TestBus(t *testing.T) {
	var b Bus
	if err := b.Declare(Type{Name: "E_A"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Declare(Type{Name: "E_A"}); err == nil {
		t.Error("declared twice without an error")
	}
	if err := b.Publish(Event{Name: "E_B"}); err == nil {
		t.Error("an undeclared event was published")
	}
	all, none := b.Subscribe(2), b.Subscribe(2, "E_OTHER")
	for i := range int64(5) {
		if err := b.Publish(Event{Name: "E_A", Fields: []Field{{"n", i}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int64{3, 4} { // the oldest gave way
		if e := <-all.C(); e.Get("n") != want {
			t.Errorf("got %v, want %d", e.Get("n"), want)
		}
	}
	if all.Lost() != 3 || none.Lost() != 0 {
		t.Errorf("lost = %d and %d, want 3 and 0", all.Lost(), none.Lost())
	}
	all.Close()
	all.Close()
	if _, open := <-all.C(); open {
		t.Error("the channel of a closed subscription is open")
	}
	if err := b.Publish(Event{Name: "E_A"}); err != nil {
		t.Fatal(err)
	}
}
