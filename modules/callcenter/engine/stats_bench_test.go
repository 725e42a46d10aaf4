package engine

import "testing"

// BenchmarkStats is what the statistics of 5,000 agents cost the loop.
func BenchmarkStats(b *testing.B) {
	e := fullCenter(10_000, 5_000)
	b.ReportAllocs()
	for b.Loop() {
		e.Stats(t0)
	}
}

// BenchmarkQueue is what a list of 10,000 waiting calls costs the loop.
func BenchmarkQueue(b *testing.B) {
	e := fullCenter(10_000, 5_000)
	b.ReportAllocs()
	for b.Loop() {
		e.Queue(t0)
	}
}

// BenchmarkAgents is what a list of 5,000 agents costs the loop.
func BenchmarkAgents(b *testing.B) {
	e := fullCenter(10_000, 5_000)
	b.ReportAllocs()
	for b.Loop() {
		e.Agents(t0)
	}
}
