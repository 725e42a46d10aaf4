package policy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/plugins/policy"
	"github.com/sipd/sipd/plugins/policy/policypb"
	"github.com/sipd/sipd/plugins/policy/policytest"
	"github.com/sipd/sipd/test/rig"
)

// office is a server with an example as its policy, and agents a, b and c of one
// skill.
type office struct {
	*rig.Server
	t      *testing.T
	caller *phone.Phone
	agents map[string]*phone.Phone
}

func open(t *testing.T, plugin string, settings ...string) *office {
	t.Helper()
	params := map[string]string{
		"call_center.wrapup_time":              "0",
		"call_center.dispatch_policy_deadline": "1000", // a machine under load is slow, not broken
		"call_center.dispatch_policy":          strconv.Quote("plugin:" + plugin),
	}
	for _, s := range settings {
		params["call_center.dispatch_policy_param"] = strconv.Quote(s)
	}
	o := &office{Server: rig.New(t, rig.Options{Route: "testdata/route.lua", Params: params}), t: t, agents: map[string]*phone.Phone{}}
	o.caller = o.Phone(phone.Options{Name: "caller"})
	o.Flow("f", rig.Row{"message_queue": rig.URI(o.Phone(phone.Options{Name: "moh"}))})
	for _, id := range []string{"a", "b", "c"} {
		o.agents[id] = o.Phone(phone.Options{Name: id})
		o.Agent(id, rig.Row{"location": rig.URI(o.agents[id]), "wrapup_time": "0"})
	}
	o.Start()
	o.decides()
	return o
}

// decides waits until the policy decides.
func (o *office) decides() {
	o.t.Helper()
	o.Until("the policy to decide", func() bool { return o.Stat("cc_policy_active") == 1 })
}

// ring calls, and returns who was given the call, by whose reason, and how to
// hang up.
func (o *office) ring() (agent, reason string, hangUp func()) {
	o.t.Helper()
	call := o.Call(o.caller, "f")
	o.Until("an agent", func() bool {
		for _, c := range o.Calls() {
			var why struct{ Agent, Chosen string }
			if o.Do("cc_why", []any{c["id"]}, &why); c["State"] == "toagent" && c["Agent"] != nil && o.agents[why.Agent].Live() == 1 && agent == "" {
				agent, reason = why.Agent, why.Chosen
			}
		}
		return agent != ""
	})
	o.Hears(call, agent)
	return agent, reason, func() {
		o.t.Helper()
		call.Bye()
		o.AwaitState(agent, "free")
	}
}

// rings calls, and hangs up.
func (o *office) rings(want, why string) {
	o.t.Helper()
	agent, reason, hangUp := o.ring()
	hangUp()
	if agent != want || !strings.Contains(reason, why) {
		o.t.Errorf("the call went to %s: %q, want %s: %q", agent, reason, want, why)
	}
}

func TestRoundRobin(t *testing.T) {
	o := open(t, build(t, "plugins/roundrobin"))
	for _, turn := range []string{"a", "b", "c", "a", "b"} {
		o.rings(turn, "next in turn")
	}
	o.Login("c", 0)
	o.rings("a", "next in turn")
}

func TestSkillScore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "levels.csv")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("b,test,3\nc,test,5\n")
	o := open(t, build(t, "plugins/skillscore"), "levels="+file)
	o.rings("c", "level 5 in test")
	_, _, hangUp := o.ring()
	o.rings("b", "level 3 in test")
	hangUp()

	write("b,test,3\nc,test,good\n")
	refused := o.Fails(500, "cc_reload_policy", nil)
	if text, _ := refused.Data.(string); !strings.Contains(text, file+`:2: level "good": want a whole number`) {
		t.Errorf("the reload of a bad file says %v", refused.Data)
	}
	o.rings("c", "level 5 in test")

	write("a,test,9\nc,test,5\n")
	o.Do("cc_reload_policy", nil, nil)
	o.decides()
	o.rings("a", "level 9 in test")
}

// leastBusy copies the example in Python, which leaves files behind where it
// runs.
func leastBusy(t *testing.T) (path string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "leastbusy")
	if out, err := exec.CommandContext(t.Context(), "cp", "-r", "../../plugins/leastbusy-python", dir).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	return filepath.Join(dir, "leastbusy.py")
}

// TestPython holds the example in Python against what every policy has to
// stand, and its messages against policy.proto.
func TestPython(t *testing.T) {
	path := leastBusy(t)
	policytest.RunBinary(t, path, nil)

	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import policy_pb2, sys; sys.stdout.buffer.write(policy_pb2.DESCRIPTOR.serialized_pb)")
	cmd.Dir = filepath.Dir(path)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs descriptorpb.FileDescriptorProto
	if err := proto.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	want := protodesc.ToFileDescriptorProto(policypb.File_policy_proto)
	plain(want.MessageType)
	plain(theirs.MessageType)
	if !proto.Equal(&theirs, want) {
		t.Errorf("policy_pb2.py is not that of policy.proto: generate it anew as its README says\nit has %v\nwant   %v", &theirs, want)
	}

	_, err = policy.Load(policy.Config{Path: path, Settings: policy.Settings{"speed": "fast"}}, policy.Callbacks{})
	if err == nil || !strings.Contains(err.Error(), "leastbusy takes no settings, got speed") {
		t.Errorf("a setting it does not take: %v", err)
	}
	byHand, err := exec.CommandContext(t.Context(), path).CombinedOutput()
	if err == nil || !strings.Contains(string(byHand), `"plugin:`+path+`"`) {
		t.Errorf("started by hand it says %s", byHand)
	}
}

// plain takes out the names for JSON, which not every generator writes down.
func plain(list []*descriptorpb.DescriptorProto) {
	for _, m := range list {
		for _, f := range m.Field {
			f.JsonName = nil
		}
		plain(m.NestedType)
	}
}

// TestLeastBusy has one agent talk for as long as the others take eight calls.
// Soon he has been idle longest, and still is the one who was busy most.
func TestLeastBusy(t *testing.T) {
	o := open(t, leastBusy(t))
	first, reason, hangUp := o.ring()
	if !strings.HasSuffix(reason, "% of the time") {
		t.Errorf("the reason is %q", reason)
	}
	for i := range 12 {
		if i == 8 {
			hangUp()
		}
		agent, reason, hangUp := o.ring()
		hangUp()
		if agent == first {
			t.Errorf("%s, who was busy for long, is given another call: %q", agent, reason)
		}
	}
}
