package containers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"syscall"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

const defaultHost = "unix:///var/run/docker.sock"

// engine is a Docker Engine, or what speaks like one, behind a socket of this host.
type engine struct {
	ctx    context.Context
	socket string
	idle   time.Duration
	api    string // the version of its interface
}

// connectArgs are the arguments with which every module of this part reaches the engine.
var connectArgs = []kit.Arg{
	{Name: "docker_host", Kind: kit.Text, Aliases: []string{"docker_url"}},
	{Name: "api_version", Kind: kit.Text, Aliases: []string{"docker_api_version"}},
	{Name: "timeout", Kind: kit.Int},
	{Name: "debug", Kind: kit.Bool, Default: false},
	{Name: "tls", Kind: kit.Bool},
	{Name: "validate_certs", Kind: kit.Bool, Aliases: []string{"tls_verify"}},
	{Name: "use_ssh_client", Kind: kit.Bool},
}

// connect finds the engine that a task means and asks which version of the interface it speaks.
func connect(c *module.Call, p *kit.Params) (*engine, error) {
	host := settled(p.Str("docker_host"), c.Env, "DOCKER_HOST", defaultHost)
	socket, err := socketOf(host)
	if err != nil {
		return nil, err
	}
	e := &engine{ctx: c.Ctx, socket: socket, idle: time.Minute}
	seconds := p.Int("timeout")
	if text := kit.Environ(c.Env, "DOCKER_TIMEOUT"); text != "" && !p.Has("timeout") {
		if seconds, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, fmt.Errorf("DOCKER_TIMEOUT is no whole number: %s", text)
		}
	}
	if seconds > 0 {
		e.idle = time.Duration(seconds) * time.Second
	}
	return e, e.greet(settled(p.Str("api_version"), c.Env, "DOCKER_API_VERSION", "auto"))
}

// settled is an argument, else a variable of the environment, else a default.
func settled(given string, env []string, variable, other string) string {
	if given == "" {
		given = kit.Environ(env, variable)
	}
	if given == "" {
		given = other
	}
	return given
}

// socketOf is the path of the engine's socket.
func socketOf(host string) (string, error) {
	if host == "unix://" {
		host = defaultHost
	}
	path, ok := strings.CutPrefix(host, "unix://")
	if !ok {
		return "", fmt.Errorf("docker_host is %s: only the engine of the host itself is spoken to, through its socket; "+
			"write unix:///PATH, and run the task on the host that has the engine", host)
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path, nil
}

// older is the lowest version of the interface that is spoken.
const older = "1.25"

func (e *engine) greet(version string) error {
	if version != "auto" {
		e.api = version
	} else {
		v, err := e.get("/version")
		if err != nil {
			return fmt.Errorf("Error connecting: Error while fetching server API version: %s", connectReason(err))
		}
		e.api = record.Of(v).Text("ApiVersion")
	}
	if strings.Trim(e.api, "0123456789.") != "" {
		return fmt.Errorf("api_version is %s: write a version as 1.41, or auto", value.Repr(e.api))
	}
	if e.less(older) {
		return fmt.Errorf("Docker API version is %s. Minimum version required is %s.", e.api, older)
	}
	return nil
}

// connectReason words why nobody answers, in Python's words.
func connectReason(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		name := map[syscall.Errno]string{syscall.ENOENT: "FileNotFoundError", syscall.EACCES: "PermissionError",
			syscall.ECONNREFUSED: "ConnectionRefusedError"}[no]
		if name != "" {
			return fmt.Sprintf("('Connection aborted.', %s(%d, '%s'))", name, int(no), kit.Sentence(no.Error()))
		}
	}
	return err.Error()
}

// less tells whether the engine's interface is older than a version.
func (e *engine) less(version string) bool { return compareVersions(e.api, version) < 0 }

// needs is an error when the engine's interface is too old for an option.
func (e *engine) needs(version, option string) error {
	if e.less(version) {
		return fmt.Errorf("Docker API version is %s. Minimum version required is %s to set %s option.", e.api, version, option)
	}
	return nil
}

func compareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if d := part(x, i) - part(y, i); d != 0 {
			return d
		}
	}
	return 0
}

func part(version []string, i int) int {
	if i >= len(version) {
		return 0
	}
	n, _ := strconv.Atoi(version[i])
	return n
}

// apiError is a request that the engine refused.
type apiError struct {
	status      int
	url, reason string
	explanation string
}

// Error words it as the Docker library for Python does.
func (e *apiError) Error() string {
	side := "Client"
	if e.status >= 500 {
		side = "Server"
	}
	text := fmt.Sprintf("%d %s Error for %s: %s", e.status, side, e.url, e.reason)
	if e.explanation != "" {
		text += fmt.Sprintf(" (\"%s\")", e.explanation)
	}
	return text
}

func missing(err error) bool {
	var refused *apiError
	return errors.As(err, &refused) && refused.status == 404
}

// target is a path of the interface with a query of name, value, …
func (e *engine) target(path string, query ...string) string {
	if e.api != "" {
		path = "/v" + e.api + path
	}
	for i := 0; i+1 < len(query); i += 2 {
		sign := "&"
		if i == 0 {
			sign = "?"
		}
		path += sign + escaped(query[i], "") + "=" + escaped(query[i+1], "")
	}
	return path
}

// escaped writes a text for an address; besides letters, digits and -._~ only the bytes of also stay as they are.
func escaped(s, also string) string {
	var out strings.Builder
	for i := range len(s) {
		b := s[i]
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-._~"+also, b) >= 0 {
			out.WriteByte(b)
		} else {
			out.WriteString(fmt.Sprintf("%%%02X", int64(b)))
		}
	}
	return out.String()
}

// named is a thing's name as a part of a path.
func named(name string) string { return escaped(name, "/:") }

// told is the address of a request as an error may show it: without the values that a build is given, which may be secret.
func told(target string) string {
	const values = "buildargs="
	i := strings.Index(target, values)
	if i < 0 {
		return target
	}
	_, rest, more := strings.Cut(target[i:], "&")
	if target = target[:i+len(values)] + "…"; more {
		target += "&" + rest
	}
	return target
}

// perform sends a request; an answer that refuses it is an error.
func (e *engine) perform(x exchange) (*reply, error) {
	answer, err := perform(e.ctx, e.socket, x, e.idle)
	if err != nil {
		return nil, err
	}
	if answer.status < 400 {
		return answer, nil
	}
	defer answer.Close()
	refused := &apiError{status: answer.status, url: "http+docker://localhost" + told(x.target), reason: answer.reason}
	body, err := io.ReadAll(io.LimitReader(answer, maxLine))
	if v, decoded := value.Decode(body); decoded == nil && err == nil {
		refused.explanation = record.Of(v).Text("message")
	} else {
		refused.explanation = strings.TrimSpace(string(body))
	}
	return nil, refused
}

// ask sends a request and reads its answer as a value, nil for an empty one.
func (e *engine) ask(x exchange) (any, error) {
	answer, err := e.perform(x)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	body, err := whole(answer)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return nil, err
	}
	return value.Decode(body)
}

func (e *engine) get(path string, query ...string) (any, error) {
	return e.ask(exchange{method: "GET", target: e.target(path, query...)})
}

func (e *engine) post(path string, query ...string) (any, error) {
	return e.ask(exchange{method: "POST", target: e.target(path, query...)})
}

func (e *engine) postJSON(path string, body any, query ...string) (any, error) {
	return e.ask(exchange{method: "POST", target: e.target(path, query...), body: value.Encode(body),
		header: []string{"Content-Type", "application/json"}})
}

func (e *engine) remove(path string, query ...string) (any, error) {
	return e.ask(exchange{method: "DELETE", target: e.target(path, query...)})
}

// inspect is what the engine tells of a thing, nil when it has none.
func (e *engine) inspect(path string) (*value.Dict, error) {
	v, err := e.get(path)
	if missing(err) {
		return nil, nil
	}
	d, _ := v.(*value.Dict)
	if err == nil && d == nil {
		err = errors.New("the engine's answer is no object")
	}
	return d, err
}

// messages reads a stream of JSON messages, one a line, up to the first that a function refuses.
func messages(r io.Reader, each func(*value.Dict) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		v, err := value.Decode(lines.Bytes())
		if err != nil {
			return fmt.Errorf("the engine's answer cannot be read: %w", err)
		}
		d, ok := v.(*value.Dict)
		if !ok {
			return errors.New("the engine's answer is no stream of messages")
		}
		if err := each(d); err != nil {
			return err
		}
	}
	return lines.Err()
}
