//go:build unix

package containers

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"runner/base64"
	"runner/modules/kit"
	"runner/modules/moduletest"
	"runner/record"
	"runner/value"
)

func TestNamesOfImages(t *testing.T) {
	id := "sha256:" + strings.Repeat("0a", 32)
	for name, want := range map[string][3]string{
		"web": {"web", "", hub}, "web:1": {"web", "1", hub}, "me/web:1.2": {"me/web", "1.2", hub}, "docker.io/web": {"docker.io/web", "", hub},
		"localhost:5000/web": {"localhost:5000/web", "", "localhost:5000"}, "r.example.org/a/b:c": {"r.example.org/a/b", "c", "r.example.org"},
		"web@" + id: {"web", id, hub}, "index.docker.io/web:2": {"index.docker.io/web", "2", hub},
	} {
		repository, tag := splitTag(name)
		registry, _ := registryOf(repository)
		if have := [3]string{repository, tag, registry}; have != want {
			t.Errorf("%s: %v", name, have)
		}
		if tag != "" && joinTag(repository, tag) != name {
			t.Errorf("%s became %s", name, joinTag(repository, tag))
		}
	}
	if !isImageID(id) || isImageID(id[:70]) || isImageID("web") || !validTag("v1.2-rc_3") || validTag("-x") || validTag("a b") || validTag(strings.Repeat("x", 129)) {
		t.Error("ids or tags")
	}
}

func TestSizesAndDurations(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "512M": 512 << 20, "512m": 512 << 20, "1G": 1 << 30, "1.5KB": 1536, "10 B": 10, "2T": 2 << 40, "100": 100} {
		if n, err := bytesOf(text); err != nil || n != want {
			t.Errorf("%s: %d %v", text, n, err)
		}
	}
	for _, text := range []string{"", "much", "1Q", "1Kb", "-1M"} {
		if n, err := bytesOf(text); err == nil {
			t.Errorf("%s: %d", text, n)
		}
	}
	for text, want := range map[string]int64{"1h2m3s4ms5us": 3723004005000, "90s": 90e9, "1m": 60e9, "5ms": 5e6, "": 0} {
		if n, err := nanoseconds(text); err != nil || n != want {
			t.Errorf("%s: %d %v", text, n, err)
		}
	}
	for _, text := range []string{"5", "5x", "1s1m", "s", "1m 2s", "99999999999h"} {
		if n, err := nanoseconds(text); err == nil {
			t.Errorf("%s: %d", text, n)
		}
	}
}

func TestPorts(t *testing.T) {
	for item, want := range map[string]string{
		"80": "80/tcp=" + unset + ":", "8080:80/udp": "80/udp=" + unset + ":8080", "127.0.0.1:8080:80": "80/tcp=127.0.0.1:8080",
		"127.0.0.1::80": "80/tcp=127.0.0.1:", "[::1]:8080:80": "80/tcp=::1:8080", "[fe80::1%eth0]:1:2": "2/tcp=[fe80::1%eth0]:1",
		"8000-8001:80-81": "80/tcp=" + unset + ":8000 81/tcp=" + unset + ":8001", "10.0.0.1:7-8:7-8/udp": "7/udp=10.0.0.1:7 8/udp=10.0.0.1:8",
	} {
		order, at, err := publishing([]string{item})
		var have []string
		for _, port := range order {
			for _, b := range at[port] {
				have = append(have, port+"="+b.address+":"+b.port)
			}
		}
		if err != nil || strings.Join(have, " ") != want {
			t.Errorf("%s: %v %v", item, have, err)
		}
	}
	for _, item := range []string{"all", "x", "1:2:3:4", "80-70", "localhost:80:80", "1.2.3:80:80", "[::1:80:80", "1-999999:1-999999"} {
		if order, _, err := publishing([]string{item}); err == nil {
			t.Errorf("%s: %v", item, order)
		}
	}
	if out, err := exposing([]string{"80", "90-91/udp"}); err != nil || !slices.Equal(out, []string{"80/tcp", "90/udp", "91/udp"}) {
		t.Error(out, err)
	}
}

func TestComparing(t *testing.T) {
	list := func(items ...string) any { return kit.Items(items) }
	for _, each := range []struct {
		want, has any
		how       string
		n         nature
		same      bool
	}{
		{"a", "a", strict, single, true}, {"a", nil, strict, single, false}, {"a", "b", ignore, single, true}, {int64(1), 1.0, strict, single, true},
		{list("a"), list("b", "a"), allow, set, true}, {list("a"), list("b", "a"), strict, set, false}, {list("a", "b"), list("b", "a"), strict, set, true},
		{list("a", "b"), list("b", "a"), strict, ordered, false}, {list("a", "c"), list("a", "b", "c"), allow, ordered, true}, {list("c", "a"), list("a", "b", "c"), allow, ordered, false},
		{list(), nil, strict, set, true}, {nil, list("a"), allow, set, true}, {nil, list("a"), strict, set, false}, {list("a"), nil, allow, set, false},
		{kit.Dict("a", "1"), kit.Dict("a", "1", "b", "2"), allow, mapping, true}, {kit.Dict("a", "1"), kit.Dict("a", "1", "b", "2"), strict, mapping, false},
		{kit.Dict("a", "1"), kit.Dict("a", "2"), allow, mapping, false},
		{[]any{kit.Dict("a", "1")}, []any{kit.Dict("a", "1", "b", nil)}, strict, records, true}, {[]any{kit.Dict("a", "1")}, []any{kit.Dict("a", "2")}, allow, records, false},
		{[]any{kit.Dict("a", "1")}, []any{kit.Dict("a", "1"), kit.Dict("a", "2")}, strict, records, false},
	} {
		if have := same(each.want, each.has, each.how, each.n); have != each.same {
			t.Errorf("%s and %s, %s: %v", value.Repr(each.want), value.Repr(each.has), each.how, have)
		}
	}
}

func TestWhatIsIgnored(t *testing.T) {
	rules := ignoreRules([]string{"*.log", "!keep.log", "/build/", "**/cache", "docs/../tmp", "!build/out/**", "a?c"})
	for path, want := range map[string]bool{"x.log": true, "keep.log": false, "sub/x.log": false, "build": true, "build/x": true, "cache": true, "a/b/cache": true,
		"a/b/cache/x": true, "tmp": true, "docs": false, "build/out/x": false, "abc": true, ".dockerignore": false, "src/main.go": false} {
		if rules.ignore(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
	if !rules.mayHold("build") || ignoreRules([]string{"a", "!b/c"}).mayHold("a") {
		t.Error("folders are not entered, or all are")
	}
}

// What is sent for a build is an archive that tar itself reads, long names and links included.
func TestContextsAreArchives(t *testing.T) {
	h := moduletest.New(t)
	long := strings.Repeat("long/", 30) + "name"
	h.Write("src/"+long, "deep")
	h.Write("src/Dockerfile", "FROM scratch")
	h.Write("src/secret", "s")
	h.Write("src/.dockerignore", "secret\n# remark\nDockerfile\n")
	if err := os.Symlink(long, h.Path("src/link")); err != nil {
		t.Fatal(err)
	}
	from, err := buildContext(h.Path("src"), "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := from.write(&out); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for name, content := range untar(t, out.Bytes()) {
		names[name] = content
	}
	if names[long] != "deep" || names["link"] != "-> "+long || names["Dockerfile"] != "FROM scratch" || names[".dockerignore"] == "" {
		t.Error(names)
	}
	if _, sent := names["secret"]; sent {
		t.Error("what is ignored was sent")
	}
	h.Write("Other", "FROM other")
	from, err = buildContext(h.Path("src"), h.Path("Other"))
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := from.write(&out); err != nil || untar(t, out.Bytes())[from.dockerfile] != "FROM other" {
		t.Error(from.dockerfile, err)
	}
}

func TestArchivesOfImages(t *testing.T) {
	dir := t.TempDir()
	write := func(content []byte) string {
		path := filepath.Join(dir, "a.tar")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var out bytes.Buffer
	digest := strings.Repeat("0a", 32)
	_ = tarText(&out, "layer.tar", strings.Repeat("x", 700))
	_ = tarText(&out, "manifest.json", `[{"Config":"blobs/sha256/`+digest+`","RepoTags":["a:1","b:2"]},{"Config":"`+digest+`.json","RepoTags":null}]`)
	out.Write(make([]byte, 2*block))
	var small bytes.Buffer
	packing := gzip.NewWriter(&small)
	_, _ = packing.Write(out.Bytes())
	_ = packing.Close()
	for _, content := range [][]byte{out.Bytes(), small.Bytes()} {
		held, err := archived(write(content))
		if err != nil || !reflect.DeepEqual(held, holding{[]string{"sha256:" + digest, "sha256:" + digest}, []string{"a:1", "b:2"}}) {
			t.Error(held, err)
		}
	}
	if _, err := archived(write([]byte("\xfd7zXZ\x00and more"))); err == nil || !strings.Contains(err.Error(), "compress it with gzip") {
		t.Error(err)
	}
	for _, broken := range [][]byte{nil, []byte("no archive"), small.Bytes()[:40], make([]byte, 4*block), bytes.Repeat([]byte("x"), 3*block), out.Bytes()[:3*block]} {
		if held, err := archived(write(broken)); err == nil {
			t.Errorf("%.20q: %v", broken, held)
		}
	}
}

func TestCredentials(t *testing.T) {
	h := moduletest.New(t)
	h.Write("config.json", `{"auths":{"https://index.docker.io/v1/":{"auth":"`+base64.EncodeToString([]byte("me:se:cret"))+`"},"r.example.org":{"identitytoken":"tok"},"odd":{"auth":"?"}},
		"credHelpers":{"h.example.org":"twin"}}`)
	h.Write("docker-credential-twin", "#!/bin/sh\nread registry\necho '{\"Username\":\"u\",\"Secret\":\"'$registry'\"}'\n")
	if err := os.Chmod(h.Path("docker-credential-twin"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := h.Call(false)
	c.Env = append(c.Env, "DOCKER_CONFIG="+h.Dir, "PATH="+h.Dir+":/bin:/usr/bin")
	for registry, want := range map[string]string{
		hub:             `{"username":"me","password":"se:cret","serveraddress":"https://index.docker.io/v1/"}`,
		"r.example.org": `{"IdentityToken":"tok"}`,
		"h.example.org": `{"ServerAddress":"h.example.org","Username":"u","Password":"h.example.org"}`,
		"odd":           "", "none.example.org": "",
	} {
		header, err := credentials(c, registry)
		have, _ := base64.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(header))
		if err != nil || !sameJSON(string(have), want) {
			t.Errorf("%s: %s %v", registry, have, err)
		}
	}
	h.Write("config.json", "[")
	if _, err := credentials(c, hub); err == nil || !strings.Contains(err.Error(), "is no JSON object") {
		t.Error(err)
	}
}

func sameJSON(a, b string) bool {
	x, _ := value.Decode([]byte(a))
	y, _ := value.Decode([]byte(b))
	return a == b || value.Equal(x, y) && x != nil
}

// A recipe has what a container is made from, and nothing that the engine has made up.
func TestRecipes(t *testing.T) {
	id, volume := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	box := kit.Dict("Id", id, "Image", "sha256:x",
		"Config", kit.Dict("Hostname", id[:12], "Image", "web:1", "Env", nil, "Tty", false, "NetworkDisabled", true),
		"HostConfig", kit.Dict("Binds", []any{volume + ":/a:rw", "data:/b:rw", volume + ":/d:ro"}, "NetworkMode", "front", "Dns", []any{},
			"Mounts", []any{kit.Dict("Type", "volume", "Target", "/c", "Source", volume)}),
		"Mounts", []any{kit.Dict("Type", "volume", "Name", volume, "Destination", "/a"), kit.Dict("Type", "volume", "Name", "data", "Destination", "/b"),
			kit.Dict("Type", "volume", "Name", volume, "Destination", "/c", "RW", true),
			kit.Dict("Type", "volume", "Name", volume, "Destination", "/d", "RW", false)},
		"NetworkSettings", kit.Dict("Networks", kit.Dict("front", kit.Dict("Aliases", []any{"www", id[:12]}, "IPAddress", "10.0.0.2", "Links", nil))))
	r := recipe(box)
	want := kit.Dict("image", "sha256:x", "config", kit.Dict("Image", "web:1", "Tty", false),
		"host", kit.Dict("Binds", []any{"data:/b:rw"}, "NetworkMode", "front", "Mounts", []any{kit.Dict("Type", "volume", "Target", "/c")}),
		"ends", kit.Dict("front", kit.Dict("Aliases", []any{"www"})), "anonymous", kit.Dict("/a", volume, "/c", volume, "/d", volume+":ro"))
	if !value.Equal(r, want) {
		t.Errorf("%s\n%s", value.Encode(r), value.Encode(want))
	}
	host := dictAt(r, "host").Copy()
	withAnonymous(host, dictAt(r, "anonymous"))
	binds := kit.Texts(record.Of(host).List("Binds"))
	if mounts := record.Of(host).Records("Mounts"); mounts[0].Text("Source") != volume || !slices.Equal(binds, []string{"data:/b:rw", volume + ":/a", volume + ":/d:ro"}) {
		t.Errorf("%s", value.Encode(host))
	}
	if other := recipe(box.Copy()); !value.Equal(r, other) {
		t.Error("making use of a recipe changes it")
	}
}

func TestStepsBetweenStates(t *testing.T) {
	for _, each := range [][3]string{{stopped, running, "start"}, {running, stopped, "stop"}, {paused, stopped, "unpause stop"}, {stopped, paused, "start pause"},
		{running, paused, "pause"}, {paused, running, "unpause"}, {running, running, ""}} {
		if have := strings.Join(steps(each[0], each[1]), " "); have != each[2] {
			t.Errorf("%v: %s", each, have)
		}
	}
}

func TestThingsHaveNames(t *testing.T) {
	for text, want := range map[string]thing{"web": {"web", "/var/run/docker.sock"}, "web at unix:///run/other.sock": {"web", "/run/other.sock"}} {
		if thingNamed(text) != want || want.String() != text {
			t.Errorf("%s: %v %s", text, thingNamed(text), want)
		}
	}
}
