package corecmd

import (
	"testing"
	"time"

	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/stat"
)

func TestStatistics(t *testing.T) {
	r := newRig(t)
	if err := Register(r.Stats, r.Options); err != nil {
		t.Fatal(err)
	}
	if err := Register(r.Stats, r.Options); err == nil {
		t.Error("registered twice")
	}
	r.Stats.Collect(evi.Group, r.Events.Stats)
	got := make(map[string]int64)
	values, _ := r.Stats.Find([]string{"shmem:", "pkmem:", "core:", "load:"})
	for _, v := range values {
		if v.Kind != stat.Func || v.Value < 0 {
			t.Errorf("%+v: want a function that is not negative", v)
		}
		got[v.Group+":"+v.Name] = v.Value
	}
	values, _ = r.Stats.Find([]string{"evi:"})
	for _, v := range values {
		got[v.Group+":"+v.Name] = v.Value
	}
	for _, d := range Stats() {
		if _, ok := got[d.Name]; !ok {
			t.Errorf("%s is declared and not there", d.Name)
		}
	}
	if len(got) != len(Stats()) {
		t.Errorf("%d statistics, %d declared", len(got), len(Stats()))
	}
	if total, used := got["pkmem:0-total_size"], got["pkmem:0-used_size"]; used == 0 || used > 2*total || got["pkmem:0-fragments"] == 0 {
		t.Errorf("pkmem: %d used of %d, %d goroutines", used, total, got["pkmem:0-fragments"])
	}
	if got["core:timestamp"] != 5 {
		t.Errorf("timestamp %d, want 5", got["core:timestamp"])
	}
	for _, name := range []string{"used_size", "real_used_size", "max_used_size", "fragments"} {
		if got["shmem:"+name] == 0 {
			t.Errorf("shmem:%s is %d", name, got["shmem:"+name])
		}
	}
	if used := got["shmem:real_used_size"]; got["shmem:total_size"] < used/2 || got["shmem:used_size"] > 2*used {
		t.Errorf("the sizes do not fit together: %v", got)
	}
	if text := r.call(t, "get_statistics", `{"statistics":["shmem:used_size"]}`); len(text) < len(`{"shmem:used_size":1}`) {
		t.Errorf("get_statistics = %s", text)
	}
}

func TestMemoryHighest(t *testing.T) {
	m := &memory{}
	m.highest.Store(1 << 50)
	if got := m.maxUsed(); got != 1<<50 {
		t.Errorf("the highest value fell to %d", got)
	}
	if got := read("/no/such:metric")[0]; got != 0 {
		t.Errorf("an unknown metric reads %d", got)
	}
}

func TestLoad(t *testing.T) {
	start := time.Unix(0, 0)
	now, spent := start, time.Duration(0)
	l := newLoad(start, func() time.Time { return now }, func() time.Duration { return spent }, 2)
	for _, tt := range []struct {
		wall, cpu time.Duration
		want      int64
	}{
		{500 * time.Millisecond, 500 * time.Millisecond, 0}, // too early to tell
		{500 * time.Millisecond, 500 * time.Millisecond, 50},
		{999 * time.Millisecond, 0, 50}, // the same window
		{time.Millisecond, 0, 0},
		{10 * time.Second, 20 * time.Second, 100},
		{time.Second, 9 * time.Second, 100}, // clocks differ: never more than all
		{time.Second, -time.Second, 0},
	} {
		now, spent = now.Add(tt.wall), spent+tt.cpu
		if got := l.read(); got != tt.want {
			t.Errorf("after %v with %v of CPU: %d, want %d", tt.wall, tt.cpu, got, tt.want)
		}
	}
	if processTime() < 0 {
		t.Error("negative CPU time")
	}
}
