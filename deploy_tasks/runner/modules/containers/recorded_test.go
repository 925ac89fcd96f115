//go:build linux

package containers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/record"
	"runner/value"
)

// testdata/steps.json are tasks, one after the other, and testdata/recorded.json is what the modules of community.docker
// 4.8.5 made of them, with an engine like this one: what they told, and what then was in the engine. To write that down
// anew: RECORD=COMMAND go test -run Recorded, where COMMAND is called with a module's name, gets its arguments as JSON on
// its standard input, and performs Ansible's own module.

const (
	stepsFile    = "testdata/steps.json"
	recordedFile = "testdata/recorded.json"
)

// scene is an engine with a registry, and the host that tasks run on.
type scene struct {
	t        *testing.T
	e        *engine
	registry *registry
	host     *moduletest.Host
	program  []byte
	last     *value.Dict // what was in the engine after the last step
}

func newScene(t *testing.T) *scene {
	e, pid := realEngine(t)
	s := &scene{t: t, e: e, registry: newRegistry(t, pid), program: program(t), host: moduletest.New(t)}
	s.offer("base:1", "one")
	s.offer("base:2", "two")
	s.offer("moving:latest", "one")
	s.offer("doomed:1", "doomed")
	return s
}

// offer puts an image into the registry; word makes it another one.
func (s *scene) offer(name, word string) {
	s.registry.offer(name, s.program, kit.Dict("Cmd", []any{"/app"}, "Env", []any{"IMAGE=" + word},
		"Labels", kit.Dict("image", word), "ExposedPorts", kit.Dict("8080/tcp", kit.Dict())))
}

// placed replaces what differs from run to run in a text of the steps; plain does so the other way round.
func (s *scene) placed(text string) string {
	return strings.NewReplacer("@DIR", s.host.Dir, "@REG", s.registry.address(), "@SOCK", s.e.socket).Replace(text)
}

var (
	ids   = regexp.MustCompile(`\b([0-9a-f]{64}|[0-9a-f]{12})\b`)
	hosts = regexp.MustCompile(`172\.\d+\.\d+\.\d+`)
)

func (s *scene) plain(text string) string {
	text = strings.NewReplacer(s.host.Dir, "@DIR", s.registry.address(), "@REG", s.e.socket, "@SOCK").Replace(text)
	return hosts.ReplaceAllString(ids.ReplaceAllString(text, "ID"), "ADDRESS")
}

func (s *scene) must(v any, err error) any {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// all are the dictionaries of a list.
func all(v any) []record.Reader { return record.Of(kit.Dict("all", v)).Records("all") }

// prepare does what a step needs that is no task.
func (s *scene) prepare(step record.Reader) {
	for name, word := range dictAt(step.All(), "offer").All() {
		s.offer(value.Str(name), value.Str(word))
	}
	for name, text := range dictAt(step.All(), "write").All() {
		s.host.Write(value.Str(name), value.Str(text))
	}
	for _, call := range step.Records("engine") {
		answer, err := s.e.perform(exchange{method: "POST", target: s.e.target(call.Text("path")), body: value.Encode(call.Dict("body")),
			header: []string{"Content-Type", "application/json"}})
		s.must(nil, err)
		s.must(whole(answer))
		s.must(nil, answer.Close())
	}
}

// await waits for what comes by itself: containers that end, or go with their end.
func (s *scene) await(until *value.Dict) {
	for name, state := range until.All() {
		for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			box, err := s.e.container(value.Str(name))
			s.must(nil, err)
			if box == nil && state == "gone" || box != nil && status(box) != "created" && stateOf(box) == state {
				break
			}
			if time.Now().After(end) {
				s.t.Fatalf("%s is not %s", name, state)
			}
		}
	}
}

// perform runs a step's task: with our module, or with the one that is recorded.
func (s *scene) perform(step record.Reader, by string) *value.Dict {
	args := step.Dict("args").Copy()
	args.Set("docker_host", "unix://"+s.e.socket)
	if by != "" {
		return s.theirs(step, by, args)
	}
	c := s.host.Call(step.Flag("check"))
	c.Args = args
	r := s.host.Do(step.Text("module"), c)
	out := kit.Dict("changed", r.Changed, "failed", r.Failed)
	if r.Failed {
		out.Set("msg", r.Msg)
	}
	for _, key := range []string{"actions", "warnings", "status"} {
		if v, ok := r.Data.Get(key); ok {
			out.Set(key, v)
		}
	}
	if len(r.Diff) > 0 && r.Data != nil {
		before, _ := value.Decode([]byte(r.Diff[0].Before))
		after, _ := value.Decode([]byte(r.Diff[0].After))
		out.Set("diff", kit.Dict("before", before, "after", after))
	}
	return out
}

func (s *scene) theirs(step record.Reader, by string, args *value.Dict) *value.Dict {
	if step.Flag("check") {
		args.Set("_ansible_check_mode", true)
	}
	args.Set("_ansible_diff", true)
	call := exec.Command(by, step.Text("module"))
	call.Stdin = bytes.NewReader(value.Encode(args))
	said, _ := call.Output()
	told := record.Of(s.must(value.Decode(bytes.TrimSpace(said))))
	out := kit.Dict("changed", told.Flag("changed"), "failed", told.Flag("failed"))
	if told.Flag("failed") {
		out.Set("msg", told.Value("msg"))
	}
	for _, key := range []string{"actions", "warnings", "status"} {
		if told.Has(key) {
			out.Set(key, told.Value(key))
		}
	}
	if diff := told.Record("diff"); step.Text("module") != "docker_image" && told.Has("diff") && diff.Dict("before").Len()+diff.Dict("after").Len() > 0 {
		out.Set("diff", kit.Dict("before", diff.Value("before"), "after", diff.Value("after")))
	}
	return out
}

// look is all that is in the engine, as far as it does not change by itself.
func (s *scene) look() *value.Dict {
	boxes, names := kit.Dict(), kit.Dict()
	for _, box := range all(s.must(s.e.get("/containers/json", "all", "1"))) {
		whole, err := s.e.container(box.Text("Id"))
		s.must(nil, err)
		r := recipe(whole)
		for _, place := range []string{"config", "host"} {
			r.Set(place, telling(dictAt(r, place)))
		}
		r.Set("state", stateOf(whole))
		r.Set("name", got(whole, "Name"))
		boxes.Set(value.Str(got(whole, "Name")), r)
	}
	for _, image := range all(s.must(s.e.get("/images/json"))) {
		if image.Has("RepoTags") {
			for _, name := range image.Texts("RepoTags") {
				names.Set(name, image.Text("Id"))
			}
		}
	}
	networks, volumes := kit.Dict(), kit.Dict()
	for _, network := range all(s.must(s.e.get("/networks"))) {
		v, err := networkThings{}.Inspect(nil, thing{network.Text("Name"), s.e.socket}.String())
		networks.Set("network "+network.Text("Name"), s.must(v, err))
	}
	for _, volume := range record.Of(s.must(s.e.get("/volumes"))).Records("Volumes") {
		if name := volume.Text("Name"); !isDigest(name) {
			volumes.Set("volume "+name, solid(kit.Dict("driver", volume.Text("Driver"), "labels", volume.Value("Labels"), "options", volume.Value("Options"))))
		}
	}
	return kit.Dict("containers", boxes, "images", names, "networks", networks, "volumes", volumes)
}

// telling is a dictionary without what is the same in every container that nobody has asked for more.
func telling(d *value.Dict) *value.Dict {
	out := kit.Dict()
	for _, key := range d.Keys() {
		if v := got(d, key); value.Truthy(v) && key != "MaskedPaths" && key != "ReadonlyPaths" && key != "ConsoleSize" {
			out.Set(key, v)
		}
	}
	return out
}

var sorted = value.Style{ItemSep: ",", KeySep: ": ", Indent: " ", Pretty: true, SortKeys: true}

// seen is a step's outcome as it is recorded: what it told, and what in the engine is no longer what it was.
func (s *scene) seen(told, look *value.Dict) any {
	news := kit.Dict()
	for place, things := range look.All() {
		was, is := dictAt(s.last, value.Str(place)), things.(*value.Dict)
		for _, name := range append(was.Keys(), is.Keys()...) {
			if v, _ := is.Get(name); !value.Equal(v, got(was, name)) {
				news.Set(name, v)
			}
		}
	}
	s.last = look
	text := s.plain(string(value.EncodeStyle(kit.Dict("told", told, "news", news), sorted)))
	return s.must(value.Decode([]byte(text)))
}

func TestRecordedTasksDoTheSame(t *testing.T) {
	s := newScene(t)
	text, err := os.ReadFile(stepsFile)
	s.must(nil, err)
	steps := all(s.must(value.Decode([]byte(s.placed(string(text))))))
	by := os.Getenv("RECORD")
	var recorded []record.Reader
	if by == "" {
		text, err := os.ReadFile(recordedFile)
		s.must(nil, err)
		if recorded = all(s.must(value.Decode(text))); len(recorded) != len(steps) {
			t.Fatal("the steps have changed: record them anew")
		}
	}
	var written []any
	var before *value.Dict
	for i, step := range steps {
		s.prepare(step)
		if step.Flag("begins") {
			before = s.look()
		}
		if !step.Has("module") {
			written = append(written, kit.Dict("say", step.Text("say")))
			continue
		}
		began := time.Now()
		told := s.perform(step, by)
		s.await(dictAt(step.All(), "until"))
		outcome := s.seen(told, s.look())
		if took := time.Since(began); took > 300*time.Millisecond {
			t.Logf("%s: %v", step.Text("say"), took.Round(time.Millisecond))
		}
		if by != "" {
			written = append(written, outcome)
			continue
		}
		s.compare(step, recorded[i].All(), outcome)
	}
	if by != "" {
		s.must(nil, os.WriteFile(filepath.FromSlash(recordedFile), oneALine(written), 0o644))
		return
	}
	s.undone(before)
	s.conflicting()
	s.unlimited()
	s.idleMembers()
}

func oneALine(items []any) []byte {
	var lines []string
	for _, item := range items {
		lines = append(lines, string(value.EncodeStyle(item, value.Style{ItemSep: ",", KeySep: ":", SortKeys: true})))
	}
	return []byte("[\n" + strings.Join(lines, ",\n") + "\n]\n")
}

// compare tells what differs; what a step says that it does not compare is left out.
func (s *scene) compare(step record.Reader, want, got any) {
	s.t.Helper()
	wants, gots := record.Of(want).All().Copy(), record.Of(got).All().Copy()
	if step.Has("apart") {
		for _, key := range step.Texts("apart") {
			for _, one := range []*value.Dict{wants, gots} {
				told := dictAt(one, "told").Copy()
				told.Delete(key)
				one.Set("told", told)
			}
		}
	}
	a, b := value.EncodeStyle(wants, sorted), value.EncodeStyle(gots, sorted)
	if !bytes.Equal(a, b) {
		s.t.Errorf("%s:\n%s", step.Text("say"), differing(string(a), string(b)))
	}
}

// differing are the lines of two texts that only one of them has.
func differing(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	count := map[string]int{}
	for _, line := range x {
		count[line]++
	}
	for _, line := range y {
		count[line]--
	}
	var out strings.Builder
	for _, line := range x {
		if count[line] > 0 {
			out.WriteString("  wanted " + line + "\n")
			count[line]--
		}
	}
	for _, line := range y {
		if count[line] < 0 {
			out.WriteString("  got    " + line + "\n")
			count[line]++
		}
	}
	return out.String()
}

// lost is what the steps' undo says that it cannot take back.
var lost = []string{
	"the image @REG/doomed:1 (sha256:ID) was removed with its last name: pull, load or build it again",
	"what the container writer had written into itself goes with it: /tmp/x",
	"the container clean ran to its end: what it has done outside of itself stays",
	"the container bad ran to its end: what it has done outside of itself stays",
	"the container once ran to its end: what it has done outside of itself stays",
	"the volume richdata is made for the container rich, and stays with what is in it",
}

// undone takes all back and compares the engine with what it was, less what it says that is lost or stays.
func (s *scene) undone(before *value.Dict) {
	s.t.Helper()
	report := s.host.Undo(kit.Tools{Call: s.host.Call(false)})
	for _, conflict := range report.Conflicted {
		s.t.Errorf("%s: %s", conflict.Path, conflict.Why)
	}
	var told []string
	for _, each := range report.Irreversible {
		told = append(told, s.plain(each.What))
	}
	if !slices.Equal(told, lost) {
		s.t.Errorf("irreversible: %q", told)
	}
	after := s.look()
	dictAt(before, "images").Delete(s.placed("@REG/doomed:1"))
	dictAt(after, "volumes").Delete("volume richdata")
	a, b := value.EncodeStyle(before, sorted), value.EncodeStyle(after, sorted)
	if !bytes.Equal(a, b) {
		s.t.Errorf("taken back, but not as before:\n%s", differing(string(a), string(b)))
	}
}

// unlimited: a container whose limit no update takes away again is made anew, unless it has written something into itself.
func (s *scene) unlimited() {
	s.t.Helper()
	for name, command := range map[string][]any{"free": {"/app"}, "author": {"/app", "write", "/tmp/x", "0"}} {
		s.must(s.e.postJSON("/containers/create", kit.Dict("Image", s.placed("@REG/base:1"), "Cmd", command,
			"HostConfig", kit.Dict("NetworkMode", "none", "AutoRemove", name == "free")), "name", name))
		s.must(s.e.post("/containers/" + name + "/start"))
		if name == "author" {
			s.await(kit.Dict("author", stopped))
		} else {
			s.must(s.e.post("/containers/free/pause"))
		}
		host := moduletest.New(s.t)
		r := host.Run("docker_container", "docker_host", "unix://"+s.e.socket, "name", name, "image", s.placed("@REG/base:1"),
			"state", "present", "cpu_shares", int64(512))
		report := host.Undo(kit.Tools{Call: host.Call(false)})
		box, err := s.e.container(name)
		s.must(nil, err)
		switch shares := got(dictAt(box, "HostConfig"), "CpuShares"); {
		case !r.Changed || r.Failed:
			s.t.Error(r.Msg)
		case name == "free" && (len(report.Conflicted) > 0 || shares != int64(0) || stateOf(box) != paused):
			s.t.Errorf("%+v %v %s", report.Conflicted, shares, stateOf(box))
		case name == "author" && (len(report.Conflicted) != 1 || !strings.Contains(report.Conflicted[0].Why, "go with it: /tmp/x") || shares != int64(512)):
			s.t.Errorf("%+v %v", report.Conflicted, shares)
		}
	}
}

// idleMembers: a container that does not run stays in a network that is made anew, or comes back, and can start there.
func (s *scene) idleMembers() {
	s.t.Helper()
	s.must(s.e.postJSON("/networks/create", kit.Dict("Name", "quiet", "Driver", "bridge")))
	s.must(s.e.postJSON("/containers/create", kit.Dict("Image", s.placed("@REG/base:1"), "HostConfig", kit.Dict("NetworkMode", "quiet")), "name", "sleeper"))
	for _, verb := range []string{"start", "stop"} {
		s.must(s.e.post("/containers/sleeper/"+verb, "t", "1"))
	}
	starts := func(when string) {
		for _, verb := range []string{"start", "stop"} {
			if _, err := s.e.post("/containers/sleeper/"+verb, "t", "1"); err != nil {
				s.t.Errorf("%s: %v", when, err)
			}
		}
	}
	for _, args := range [][]any{{"labels", kit.Dict("new", "1")}, {"state", "absent"}} {
		host := moduletest.New(s.t)
		r := host.Run("docker_network", append(args, "docker_host", "unix://"+s.e.socket, "name", "quiet")...)
		if r.Failed || !r.Changed {
			s.t.Error(r.Msg)
		}
		if args[0] == "labels" {
			starts("made anew")
		}
		if report := host.Undo(kit.Tools{Call: host.Call(false)}); len(report.Conflicted) > 0 {
			s.t.Errorf("%+v", report.Conflicted)
		}
		starts("taken back")
	}
}

// conflicting: what somebody else has made of a container since is left alone, and told.
func (s *scene) conflicting() {
	s.t.Helper()
	args := []any{"docker_host", "unix://" + s.e.socket, "name", "mine", "image", s.placed("@REG/base:1"), "network_mode", "none"}
	host := moduletest.New(s.t)
	if r := host.Run("docker_container", append(args, "state", "present")...); r.Failed || !r.Changed {
		s.t.Fatal(r.Msg)
	}
	s.must(s.e.remove("/containers/mine"))
	s.must(s.e.postJSON("/containers/create", kit.Dict("Image", s.placed("@REG/base:1"), "Labels", kit.Dict("by", "another")), "name", "mine"))
	report := host.Undo(kit.Tools{Call: host.Call(false)})
	if len(report.Conflicted) != 1 || report.Conflicted[0].Why != "changed since" {
		s.t.Errorf("%+v", report.Conflicted)
	}
	if box, err := s.e.container("mine"); err != nil || box == nil || record.Of(dictAt(dictAt(box, "Config"), "Labels")).Text("by") != "another" {
		s.t.Error("what somebody else has made was changed", err)
	}
	if box, err := s.e.container(idOf(s.must(s.e.container("mine")).(*value.Dict))[:3]); box != nil || err != nil {
		s.t.Error("the first letters of an id are taken for a name", err)
	}
}
