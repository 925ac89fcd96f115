//go:build linux

package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"runner/modules/kit"
	"runner/value"
)

// realEngine is a Docker Engine of the test's own, ended with it; without one on this machine the test is skipped.
func realEngine(t *testing.T) (e *engine, pid int) {
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
	// A network and mounts of its own: no bridge, port or parameter of this machine is touched, and nothing is left.
	daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	if err := daemon.Start(); err != nil {
		t.Skipf("dockerd cannot be started here: %v", err)
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
	e = &engine{ctx: context.Background(), socket: dir + "/sock", idle: time.Minute}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err = e.greet("auto"); err == nil {
			return e, daemon.Process.Pid
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

// newRegistry starts one in the network of the process.
func newRegistry(t *testing.T, pid int) *registry {
	r := &registry{blobs: map[string][]byte{}, manifests: map[string][]byte{}}
	listeners, failures := make(chan net.Listener, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its network
		listener, err := listenWithin(pid)
		listeners <- listener
		failures <- err
	}()
	listener := <-listeners
	if err := <-failures; err != nil {
		t.Fatal(err)
	}
	r.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}}
	r.server.Start()
	t.Cleanup(r.server.Close)
	return r
}

// listenWithin takes this thread into the network of a process, whose loopback it switches on, and listens there.
func listenWithin(pid int) (net.Listener, error) {
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return nil, err
	}
	defer namespace.Close()
	if _, _, no := syscall.RawSyscall(sysSetns, namespace.Fd(), syscall.CLONE_NEWNET, 0); no != 0 {
		return nil, os.NewSyscallError("setns", no)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	request := struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	if _, _, no := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); no != 0 {
		return nil, os.NewSyscallError("ioctl", no)
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// sysSetns is the system call's number, which Go's own table has for some machines only.
var sysSetns = map[string]uintptr{"amd64": 308, "arm64": 268, "386": 346}[runtime.GOARCH]

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
