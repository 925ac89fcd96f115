package system

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// hostnameKind is the kind of the name that the kernel has for the host.
const hostnameKind = "name of the host"

var hostnameSpec = kit.Spec{Args: []kit.Arg{
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "use", Kind: kit.Text, Choices: []string{"alpine", "debian", "freebsd", "generic", "macos", "macosx", "darwin", "openbsd", "openrc",
		"redhat", "sles", "solaris", "systemd"}},
}}

// naming is one call of the module hostname.
type naming struct {
	c     *module.Call
	tools kit.Tools
	name  string
	way   way
}

// way is how a host keeps its name.
type way interface {
	// current and permanent are the name now, and from the next start on.
	current() (string, error)
	permanent() (string, error)
	setCurrent() error
	setPermanent() error
}

// hostname names the host. What /etc/hosts says stays as it is.
func hostname(c *module.Call) module.Result {
	p, err := hostnameSpec.Parse("hostname", c)
	if err == nil {
		err = kit.LinuxOnly("hostname", runtime.GOOS)
	}
	if err != nil {
		return kit.Failure(err)
	}
	n := &naming{c: c, tools: kit.Tools{Call: c}, name: p.Str("name")}
	r, err := n.manage(p.Str("use"))
	if err != nil {
		return kit.Failure(err)
	}
	return r
}

func (n *naming) manage(use string) (module.Result, error) {
	if strings.HasPrefix(n.name, "-") || strings.ContainsAny(n.name, "\n\x00") || n.name == "" {
		return module.Result{}, fmt.Errorf("%s is no name for a host", value.Repr(n.name))
	}
	if err := n.find(use); err != nil {
		return module.Result{}, err
	}
	current, err := n.way.current()
	if err != nil {
		return module.Result{}, err
	}
	permanent, err := n.way.permanent()
	if err != nil {
		return module.Result{}, err
	}
	if !n.c.Check && permanent != n.name {
		err = n.way.setPermanent()
	}
	if err == nil && !n.c.Check && current != n.name {
		err = n.way.setCurrent()
	}
	if err != nil {
		return module.Result{}, err
	}
	return n.result(current, permanent), nil
}

func (n *naming) result(current, permanent string) module.Result {
	r := module.Result{Changed: current != n.name || permanent != n.name, Data: kit.Dict("name", n.name)}
	before := current
	if current == n.name {
		before = permanent
	}
	if r.Changed {
		r.Diff = []module.Diff{{Before: "hostname = " + before + "\n", After: "hostname = " + n.name + "\n"}}
	}
	short, _, _ := strings.Cut(n.name, ".")
	r.Facts = kit.Dict("ansible_hostname", short, "ansible_nodename", n.name)
	found := n.c.Facts([]string{"!all", "!min", "platform"})
	for _, name := range []string{"ansible_fqdn", "ansible_domain"} {
		if v, ok := found.Get(name); ok {
			r.Facts.Set(name, v)
		}
	}
	return r
}

// find finds out how this host keeps its name.
func (n *naming) find(use string) error {
	if use == "" {
		use = n.detect()
	}
	switch use {
	case "systemd":
		command, err := n.tools.Require("hostnamectl")
		n.way = byHostnamectl{n, command}
		return err
	case "debian":
		n.way = inFile{n, "/etc/hostname"}
	case "sles":
		n.way = inFile{n, "/etc/HOSTNAME"}
	case "alpine":
		command, err := n.tools.Require("hostname")
		n.way = byAlpine{inFile{n, "/etc/hostname"}, command}
		return err
	case "redhat":
		n.way = byLine{n, "/etc/sysconfig/network", "HOSTNAME", "", true}
	case "openrc":
		n.way = byLine{n, "/etc/conf.d/hostname", "hostname=", `"`, false}
	default:
		return fmt.Errorf("hostname module cannot be used on platform Linux (%s)", use)
	}
	return nil
}

// families are the ways of distributions without systemd, by the names that /etc/os-release has for them.
var families = map[string]string{
	"alpine": "alpine", "gentoo": "openrc", "sles": "sles",
	"rhel": "redhat", "centos": "redhat", "almalinux": "redhat", "amzn": "redhat", "ol": "redhat", "scientific": "redhat", "altlinux": "redhat",
	"anolis": "redhat", "cloudlinux": "redhat", "virtuozzo": "redhat", "eurolinux": "redhat",
	"debian": "debian", "ubuntu": "debian", "linuxmint": "debian", "kali": "debian", "raspbian": "debian", "devuan": "debian", "pop": "debian",
	"neon": "debian", "void": "debian", "deepin": "debian", "kylin": "debian", "parrot": "debian", "uos": "debian", "linaro": "debian",
}

func (n *naming) detect() string {
	if n.tools.Find("systemctl") != "" && bySystemd() {
		return "systemd"
	}
	id := distribution()
	if way, ok := families[id]; ok {
		return way
	}
	return id
}

// distribution is the ID of /etc/os-release.
func distribution() string {
	text, _ := os.ReadFile("/etc/os-release") // without one nothing is known
	for _, line := range strings.Split(string(text), "\n") {
		if id, ok := strings.CutPrefix(line, "ID="); ok {
			return strings.Trim(strings.TrimSpace(id), `"'`)
		}
	}
	return "unknown"
}

// bySystemd tells whether systemd is the service manager.
func bySystemd() bool {
	for _, dir := range []string{"/run/systemd/system", "/dev/.run/systemd", "/dev/.systemd"} {
		if kit.Exists(dir) {
			return true
		}
	}
	return false
}

// runningName journals what changes the name that the kernel has.
func (n *naming) runningName(act func() error) error { return n.c.Log.Set(hostnameKind, "now", act) }

// command runs a command that has to end well.
func (n *naming) command(argv ...string) (string, error) {
	out, err := n.tools.Run(argv, "")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("Command failed rc=%d, out=%s, err=%s", out.Code, out.Stdout, out.Stderr)
	}
	return strings.TrimSpace(out.Stdout), err
}

// names is the kind of the name that the kernel has.
type names struct{}

// Inspect implements change.Kind.
func (names) Inspect(change.Tools, string) (any, error) { return os.Hostname() }

// Restore implements change.Kind.
func (names) Restore(t change.Tools, _ string, before, _ any) error {
	program := kit.FindTool(t.Find, "hostname")
	if program == "" {
		return setHostname(value.Str(before))
	}
	_, err := change.Demand(t, program, value.Str(before))
	return err
}

// write puts a text into a file; a new one gets no folders.
func (n *naming) write(path, text string) error {
	if dir := filepath.Dir(path); !kit.IsDir(dir) {
		return fmt.Errorf("failed to update hostname: [Errno 2] No such file or directory: '%s'", path)
	}
	edit := &kit.Edit{Call: n.c, Path: path}
	if _, err := edit.Read(); err != nil {
		return err
	}
	_, err := edit.Write([]byte(text))
	return err
}
