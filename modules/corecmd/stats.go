package corecmd

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"sync/atomic"

	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/stat"
)

// source is one computed statistic of the core.
type source struct {
	group string
	desc  stat.Desc
	read  func() int64
}

// Stats declares the statistics that [Register] adds and those of the event
// interface. Their names carry the group: it is not that of a module.
func Stats() []stat.Desc {
	var list []stat.Desc
	for _, s := range sources(Options{}) {
		d := s.desc
		d.Name = s.group + ":" + d.Name
		list = append(list, d)
	}
	for _, d := range evi.Stats() {
		d.Name = evi.Group + ":" + d.Name
		list = append(list, d)
	}
	return list
}

// Register adds the statistics of the process: shmem:*, which maps Go's
// memory to what OpenSIPS's clients watch, core:timestamp and load:load.
func Register(r *stat.Registry, o Options) error {
	for _, s := range sources(o) {
		r.Describe(s.group, []stat.Desc{s.desc})
		if _, err := r.NewFunc(s.group, s.desc.Name, s.read); err != nil {
			return fmt.Errorf("statistics of the core: %w", err)
		}
	}
	return nil
}

func sources(o Options) []source {
	m, l := &memory{}, newLoad(o.Start, o.Now, processTime, runtime.GOMAXPROCS(0))
	list := []source{
		{"shmem", stat.Desc{Name: "total_size", Doc: "memory limit (GOMEMLIMIT) in bytes, or without one what the process holds"}, m.total},
		{"shmem", stat.Desc{Name: "used_size", Doc: "bytes in live and not yet collected objects"}, m.used},
		{"shmem", stat.Desc{Name: "real_used_size", Doc: "bytes in use with stacks and overhead"}, m.realUsed},
		{"shmem", stat.Desc{Name: "max_used_size", Doc: "largest real_used_size that was read so far"}, m.maxUsed},
		{"shmem", stat.Desc{Name: "free_size", Doc: "total_size less real_used_size"}, m.free},
		{"shmem", stat.Desc{Name: "fragments", Doc: "number of objects"}, m.fragments},
		{"pkmem", stat.Desc{Name: "0-total_size", Doc: "bytes beside the objects: stacks and the runtime's own"}, outside},
		{"pkmem", stat.Desc{Name: "0-used_size", Doc: "bytes of it in use"}, outsideUsed},
		{"pkmem", stat.Desc{Name: "0-real_used_size", Doc: "the same"}, outsideUsed},
		{"pkmem", stat.Desc{Name: "0-free_size", Doc: "bytes of it held and not in use"}, func() int64 { return outside() - outsideUsed() }},
		{"pkmem", stat.Desc{Name: "0-fragments", Doc: "number of goroutines, each with a stack"}, func() int64 { return read(goroutines)[0] }},
		{"core", stat.Desc{Name: "timestamp", Doc: "seconds since the start"}, func() int64 { return seconds(o.Start, o.Now()) }},
		{"load", stat.Desc{Name: "load", Doc: "CPU time in percent of all processors the process may use, since it was read last (a second at least)"}, l.read},
	}
	for i := range list {
		list[i].desc.Kind = stat.Func
	}
	return list
}

// The runtime's names of what memory reads; none of them stops the world.
const (
	heapObjects  = "/memory/classes/heap/objects:bytes"
	heapFree     = "/memory/classes/heap/free:bytes"
	heapReleased = "/memory/classes/heap/released:bytes"
	allMemory    = "/memory/classes/total:bytes"
	memoryLimit  = "/gc/gomemlimit:bytes"
	objectCount  = "/gc/heap/objects:objects"
	heapUnused   = "/memory/classes/heap/unused:bytes"
	cacheFree    = "/memory/classes/metadata/mcache/free:bytes"
	spanFree     = "/memory/classes/metadata/mspan/free:bytes"
	goroutines   = "/sched/goroutines:goroutines"
)

// outside is the memory that is not of the heap. Pages that hold no object
// count as the heap's.
func outside() int64 {
	v := read(allMemory, heapObjects, heapUnused, heapFree, heapReleased)
	return max(v[0]-v[1]-v[2]-v[3]-v[4], 0)
}

func outsideUsed() int64 {
	v := read(cacheFree, spanFree)
	return max(outside()-v[0]-v[1], 0)
}

// memory reads Go's memory. Pages given back to the system count as neither
// used nor held.
type memory struct{ highest atomic.Int64 }

func (m *memory) used() int64      { return read(heapObjects)[0] }
func (m *memory) fragments() int64 { return read(objectCount)[0] }
func (m *memory) maxUsed() int64   { m.realUsed(); return m.highest.Load() }

func (m *memory) realUsed() int64 { _, used := m.sizes(); return used }
func (m *memory) total() int64    { total, _ := m.sizes(); return total }
func (m *memory) free() int64     { total, used := m.sizes(); return total - used }

// sizes returns the total and the real used size; total is never the smaller.
func (m *memory) sizes() (total, used int64) {
	v := read(allMemory, heapReleased, heapFree, memoryLimit)
	held := v[0] - v[1]
	used = max(held-v[2], 0)
	for old := m.highest.Load(); used > old && !m.highest.CompareAndSwap(old, used); old = m.highest.Load() {
	}
	if limit := v[3]; limit != math.MaxInt64 {
		return max(limit, used), used
	}
	return max(held, used), used
}

// read samples runtime metrics; one that this runtime does not have reads 0.
func read(names ...string) []int64 {
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	values := make([]int64, len(names))
	for i, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			values[i] = int64(min(s.Value.Uint64(), math.MaxInt64))
		}
	}
	return values
}
