package corecmd

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
)

// silent carries events to nowhere, but not to "udp:bad".
type silent struct{ sent []event.Event }

func (s *silent) Open(socket string) (evi.Sender, error) {
	if socket == "udp:bad" {
		return nil, errors.New("want udp:host:port")
	}
	return s, nil
}
func (s *silent) Send(_ context.Context, e event.Event) error { s.sent = append(s.sent, e); return nil }
func (s *silent) Close()                                      {}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := newRig(t), &silent{}
		defer r.Events.Close(t.Context())
		if err := r.Events.Transport("udp", s); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"E_B", "E_A"} {
			if err := r.Events.Bus().Declare(event.Type{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			after                time.Duration
			method, params, want string
		}{
			{0, "events_list", ``, `{"Events":[{"name":"E_B","id":0},{"name":"E_A","id":1}]}`},
			{0, "subscribers_list", ``, `{"Events":[]}`},
			{0, "event_subscribe", `["E_A","udp:1.2.3.4:5"]`, `"OK"`},
			{0, "evi:subscribe", `{"event":"E_B","socket":"udp:x:1","expire":"10"}`, `"OK"`},
			{0, "event_subscribe", `["E_B","udp:a:1",20]`, `"OK"`},
			{4 * time.Second, "subscribers_list", ``, `{"Events":[{"name":"E_B","id":0,"Subscribers":[{"socket":"udp:a:1","expire":16},{"socket":"udp:x:1","expire":6}]},{"name":"E_A","id":1,"Subscribers":[{"socket":"udp:1.2.3.4:5","expire":3596}]}]}`},
			{6 * time.Second, "evi:subscribers", `["E_B"]`, `{"Event":{"name":"E_B","id":0,"Subscribers":[{"socket":"udp:a:1","expire":10}]}}`},
			{0, "subscribers_list", `["E_A","udp:1.2.3.4:5"]`, `{"Event":{"name":"E_A","id":1,"Subscribers":[{"socket":"udp:1.2.3.4:5","expire":3590}]}}`},
			{0, "event_subscribe", `["E_A","udp:1.2.3.4:5",0]`, `"OK"`},
			{0, "subscribers_list", `["E_A"]`, `{"Event":{"name":"E_A","id":1,"Subscribers":[]}}`},
			{0, "subscribers_list", `["E_A","udp:1.2.3.4:5"]`, `{"code":404,"message":"Subscriber not found","data":"\"udp:1.2.3.4:5\" is not sent E_A"}`},
			{0, "event_subscribe", `["E_C","udp:a:1"]`, `{"code":404,"message":"Event not published","data":"\"E_C\": events_list lists those there are"}`},
			{0, "subscribers_list", `["E_C"]`, `{"code":404,"message":"Event not published","data":"\"E_C\": events_list lists those there are"}`},
			{0, "event_subscribe", `["E_C","udp:a:1",0]`, `{"code":404,"message":"Event not published","data":"\"E_C\": events_list lists those there are"}`},
			{0, "event_subscribe", `["E_A","udp:bad"]`, `{"code":400,"message":"Bad socket","data":"socket \"udp:bad\": want udp:host:port"}`},
			{0, "event_subscribe", `["E_A","tcp:a:1"]`, `{"code":400,"message":"Bad socket","data":"socket \"tcp:a:1\": nothing carries tcp: add loadmodule \"event_stream\""}`},
			{0, "event_subscribe", `["E_A","udp:a:1",-1]`, `{"code":400,"message":"Bad expire","data":"want 0 to 2147483647 seconds, got -1"}`},
			{0, "raise_event", `["E_B",["x","1"]]`, `"OK"`},
			{0, "raise_event", `["E B"]`, `{"code":400,"message":"Bad event","data":"event \"E B\": want a name of letters, digits, _ and -, such as E_MY_EVENT"}`},
			{0, "evi:raise", `["E_MINE"]`, `"OK"`},
			{0, "events_list", ``, `{"Events":[{"name":"E_B","id":0},{"name":"E_A","id":1},{"name":"E_MINE","id":2}]}`},
		} {
			time.Sleep(tt.after) // virtual time
			if got := r.call(t, tt.method, tt.params); got != tt.want {
				t.Errorf("%s%s\n got %s\nwant %s", tt.method, tt.params, got, tt.want)
			}
		}
		synctest.Wait()
		if len(s.sent) != 1 || s.sent[0].Fields[0].Value != "x" {
			t.Errorf("sent %+v", s.sent)
		}
	})
}
