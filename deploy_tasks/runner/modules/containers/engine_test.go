//go:build linux

package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"runner/modules/kit"
	"runner/value"
)

// realEngine is a Docker Engine of the test's own, ended with it; without one on this machine the test is skipped.
func realEngine(t *testing.T) *engine {
	t.Helper()
	program, err := exec.LookPath("dockerd")
	if err != nil {
		t.Skip("there is no dockerd here (Debian: docker.io)")
	}
	if os.Geteuid() != 0 {
		t.Skip("dockerd needs root")
	}
	dir, err := os.MkdirTemp("", "dk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	said := &bytes.Buffer{}
	daemon := exec.Command(program, "--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--bridge=none",
		"-H", "unix://"+dir+"/sock", "--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid")
	daemon.Stdout, daemon.Stderr = said, said
	daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = daemon.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = daemon.Process.Kill()
			<-ended
		}
	})
	e := &engine{ctx: context.Background(), socket: dir + "/sock", idle: time.Minute}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err = e.greet("auto"); err == nil {
			return e
		}
		select {
		case <-ended:
			t.Skipf("dockerd does not run here:\n%s", said)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("dockerd does not answer: %v", err)
		}
	}
}

// registry serves images over HTTP on loopback, which engines take for trusted.
type registry struct {
	sync.Mutex
	blobs     map[string][]byte
	manifests map[string][]byte // by NAME:TAG
	server    *httptest.Server
}

func newRegistry(t *testing.T) *registry {
	r := &registry{blobs: map[string][]byte{}, manifests: map[string][]byte{}}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

// address is what stands before the names of its images.
func (r *registry) address() string { return strings.TrimPrefix(r.server.URL, "http://") }

func (r *registry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.Lock()
	defer r.Unlock()
	name, rest, _ := strings.Cut(strings.TrimPrefix(q.URL.Path, "/v2/"), "/")
	kind, ref, _ := strings.Cut(rest, "/")
	var content []byte
	switch kind {
	case "":
		return
	case "blobs":
		content = r.blobs[ref]
	case "manifests":
		if content = r.manifests[name+":"+ref]; content == nil {
			content = r.blobs[ref]
		}
		w.Header().Set("Content-Type", manifestType)
	}
	if content == nil {
		http.NotFound(w, q)
		return
	}
	w.Header().Set("Docker-Content-Digest", digest(content))
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	if q.Method != http.MethodHead {
		_, _ = w.Write(content)
	}
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// offer puts an image of one layer there: the program, and how it is configured.
func (r *registry) offer(name string, program []byte, config *value.Dict) {
	r.Lock()
	defer r.Unlock()
	layer := layerOf(program)
	whole := value.Encode(kit.Dict("architecture", "amd64", "os", "linux", "config", config, "created", "2026-01-01T00:00:00Z",
		"rootfs", kit.Dict("type", "layers", "diff_ids", []any{digest(layer)}),
		"history", []any{kit.Dict("created", "2026-01-01T00:00:00Z", "created_by", "test")}))
	r.blobs[digest(layer)], r.blobs[digest(whole)] = layer, whole
	manifest := value.Encode(kit.Dict("schemaVersion", int64(2), "mediaType", manifestType,
		"config", kit.Dict("mediaType", "application/vnd.docker.container.image.v1+json", "size", int64(len(whole)), "digest", digest(whole)),
		"layers", []any{kit.Dict("mediaType", "application/vnd.docker.image.rootfs.diff.tar", "size", int64(len(layer)), "digest", digest(layer))}))
	r.manifests[name] = manifest
	r.blobs[digest(manifest)] = manifest
}

func layerOf(program []byte) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, dir := range []string{"data/", "tmp/"} {
		_ = w.WriteHeader(&tar.Header{Name: dir, Mode: 0o755, Typeflag: tar.TypeDir})
	}
	_ = w.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(program)), Typeflag: tar.TypeReg})
	_, _ = w.Write(program)
	_ = w.Close()
	return out.Bytes()
}

// program is what runs in the containers, built once.
func program(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "./testdata/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("the program for the containers cannot be built here: %v\n%s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
