package mailbox

import (
	"slices"
	"testing"
)

func TestOrderAndClose(t *testing.T) {
	m := New[int]()
	for i := range 3 {
		if !m.Post(i) {
			t.Fatalf("Post(%d) refused", i)
		}
	}
	<-m.Ready()
	if m.Len() != 3 {
		t.Errorf("Len = %d, want 3", m.Len())
	}
	m.Close()
	if m.Post(9) {
		t.Error("a closed mailbox took a post")
	}
	items, open := m.Take()
	if open || !slices.Equal(items, []int{0, 1, 2}) {
		t.Errorf("Take = %v, %v; want what was posted before, and closed", items, open)
	}
	<-m.Ready() // stays ready, so that a reader cannot hang
	if items, open := m.Take(); open || items != nil {
		t.Errorf("Take after the end = %v, %v", items, open)
	}
}

func TestManyWriters(t *testing.T) {
	const writers, each = 8, 1000
	m := New[[2]int]()
	for w := range writers {
		go func() {
			for i := range each {
				m.Post([2]int{w, i})
			}
		}()
	}
	next := [writers]int{}
	for got := 0; got < writers*each; {
		<-m.Ready()
		items, _ := m.Take()
		for _, it := range items {
			if it[1] != next[it[0]] {
				t.Fatalf("writer %d: got %d, want %d: order lost", it[0], it[1], next[it[0]])
			}
			next[it[0]]++
			got++
		}
	}
}
