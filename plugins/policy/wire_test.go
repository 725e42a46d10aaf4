//go:build linux

package policy

import (
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	pb "github.com/sipd/sipd/plugins/policy/policypb"
)

// fill gives each field, down to the last, a value of its own.
func fill(v reflect.Value, n *int64) {
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(*n, *n)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.String:
		v.SetString(string(rune('a' + *n)))
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("a field of a kind that the protocol does not have: " + v.Type().String())
	}
}

// TestWire holds that nothing a policy is told or says is lost on the way: a
// field that is added to dispatch must be added to the protocol, too.
func TestWire(t *testing.T) {
	var d dispatch.Delta
	n := int64(0)
	fill(reflect.ValueOf(&d).Elem(), &n)
	for i := range d.Agents {
		d.Agents[i].State = dispatch.Wrapup - dispatch.State(i)
		d.Calls[i].Media = dispatch.MSRP - dispatch.Media(i)
	}
	w := toWire(42, &d)
	text, err := proto.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	var back pb.Delta
	if err := proto.Unmarshal(text, &back); err != nil || back.GetSeq() != 42 {
		t.Fatal(err, back.GetSeq())
	}
	if got := fromWire(&back); !reflect.DeepEqual(got, d) {
		t.Errorf("told   %+v\narrived %+v", d, got)
	}

	var said dispatch.Decision
	fill(reflect.ValueOf(&said).Elem(), &n)
	if got := fromDecision(toDecision(1, &said)); !reflect.DeepEqual(got, said) {
		t.Errorf("said    %+v\narrived %+v", said, got)
	}
}

// TestWireEdges holds that the zero time, the first instant of 1970 and text
// that is not UTF-8 arrive.
func TestWireEdges(t *testing.T) {
	list := []string{"fine", "\xff", "also\xfe"}
	d := dispatch.Delta{Now: time.Unix(0, 0), Gone: list, Calls: []dispatch.Call{{ID: "a\xffb"}}}
	text, err := proto.Marshal(toWire(1, &d))
	if err != nil {
		t.Fatal(err)
	}
	var back pb.Delta
	if err := proto.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	got := fromWire(&back)
	if got.Now.UnixNano() > 1 || got.Now.IsZero() || !got.Calls[0].Joined.IsZero() || got.Calls[0].ID != "a\uFFFDb" {
		t.Errorf("arrived %+v", got)
	}
	if got.Gone[0] != "fine" || got.Gone[1] != "\uFFFD" || got.Gone[2] != "also\uFFFD" || list[1] != "\xff" {
		t.Errorf("gone %q, of %q", got.Gone, list)
	}
}
