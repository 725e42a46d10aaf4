package dispatch

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

var tune = flag.String("tune", "", "policies to tune, ;-separated: name key=value ...")
var tuneSeeds = flag.Int("seeds", 4, "")
var tuneOnly = flag.String("only", "tiny mixed", "")

func parsePolicy(t *testing.T, spec string) func() Policy {
	f := strings.Fields(spec)
	s := Settings{}
	for _, kv := range f[1:] {
		k, v, _ := strings.Cut(kv, "=")
		s[k] = v
	}
	return func() Policy {
		p, err := New(f[0], s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

func TestTune(t *testing.T) {
	if *tune == "" {
		t.Skip()
	}
	optimum := map[float64]float64{.8: .0859, 1: .1884, 1.2: .3305}
	for _, spec := range strings.Split(*tune, ";") {
		mk := parsePolicy(t, spec)
		fmt.Println("#", spec)
		if strings.Contains(*tuneOnly, "tiny") {
			for _, load := range []float64{.8, 1, 1.2} {
				s := tiny(load, 3e6/3600)
				sum, qa, qc := 0.0, 0.0, 0.0
				for seed := range *tuneSeeds {
					r := simulate(s, mk(), uint64(seed))
					sum += r.cost(s) / float64(*tuneSeeds)
					qa += r.classes[0].queued / float64(r.classes[0].answered+r.classes[0].lost) / float64(*tuneSeeds)
					qc += r.classes[1].queued / float64(r.classes[1].answered+r.classes[1].lost) / float64(*tuneSeeds)
				}
				fmt.Printf("tiny %.1f: C %.4f regret %.3f  audio %.1f chat %.1f\n", load, sum, sum/optimum[load]-1, qa, qc)
			}
		}
		if strings.Contains(*tuneOnly, "mixed") {
			for _, load := range []float64{.85, 1, 1.15} {
				s := mixed(load, 40)
				n := float64(*tuneSeeds) * 2
				var sl [3]float64
				var q [3]float64
				var inv, g, gl, ga, gc float64
				var pri, dec int
				began := time.Now()
				for seed := range int(n) {
					r := simulate(s, mk(), uint64(seed))
					for i, c := range r.classes {
						sl[i] += c.sl() / n
						q[i] += c.queued / float64(c.answered+c.lost) / n
					}
					inv += r.inversions / n
					g += r.gini / n
					gl += r.giniLike / n
					ga += r.giniTypes[0] / n
					gc += r.giniTypes[1] / n
					pri += r.priorities
					dec += r.decisions
				}
				fmt.Printf("mixed %.2f: SL %.1f vip %.1f chat %.1f  q %.2f %.2f %.2f  inv %.1f pri %d  gini mixed %.3f like %.3f phone %.3f chat %.3f  %v/decision\n", load, sl[0], sl[1], sl[2], q[0], q[1], q[2], inv, pri, g, gl, ga, gc, time.Since(began)/time.Duration(dec))
			}
		}
	}
}
