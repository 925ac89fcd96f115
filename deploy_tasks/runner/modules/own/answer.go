package own

import (
	"errors"
	"strings"
	"unicode/utf8"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

// answer is the object in what a module has printed. As with Ansible, lines before the first that begins with a brace and
// after the last that ends with one are not part of it.
func answer(stdout string) (*value.Dict, error) {
	if len(stdout) > module.MaxOutput {
		return nil, fmt.Errorf("it printed more than %d MiB", module.MaxOutput>>20)
	}
	if !utf8.ValidString(stdout) {
		return nil, errors.New("it returned non UTF-8 data in the JSON response.")
	}
	lines := kit.SplitLines(stdout)
	for len(lines) > 0 && !strings.HasPrefix(strings.TrimSpace(lines[0]), "{") {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return nil, errors.New("No start of json char found")
	}
	for len(lines) > 0 && !strings.HasSuffix(strings.TrimSpace(lines[len(lines)-1]), "}") {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return nil, errors.New("No end of json char found")
	}
	v, err := value.Decode([]byte(strings.Join(lines, "\n")))
	if err != nil {
		return nil, err
	}
	return v.(*value.Dict), nil // it begins with a brace
}

// unreadable is the result of a module whose output is none.
func unreadable(msg string, f module.Finished) module.Result {
	data := kit.Dict("module_stdout", valid(f.Stdout), "module_stderr", valid(f.Stderr), "rc", int64(f.Code))
	for _, said := range []string{f.Stdout, f.Stderr} {
		if strings.HasPrefix(said, "Traceback") {
			data.Set("exception", valid(said))
		}
	}
	return kit.Failed(msg+"\nSee stdout/stderr for the exact error", data)
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// judged reads the result of a module. Its exit status says nothing, as with Ansible; the key rc does.
func (m *own) judged(f module.Finished) module.Result {
	said, err := answer(f.Stdout)
	if err != nil {
		return unreadable("MODULE FAILURE: "+err.Error(), f)
	}
	data := value.NewDict()
	for _, key := range said.Keys() {
		v, _ := said.Get(key)
		switch {
		case strings.HasPrefix(key, "_ansible_") || strings.HasPrefix(key, "_deploy_tasks_") || key == "add_host" || key == "add_group":
			continue
		case (key == "warnings" || key == "deprecations") && !value.Truthy(v):
			continue
		case key == "results" && !listOrObject(v):
			key = "ansible_module_results"
		}
		data.Set(key, v)
	}
	result := module.Result{Changed: flag(data, "changed"), Skipped: flag(data, "skipped"), Failed: failed(data), Data: data}
	if facts, ok := take(data, "ansible_facts").(*value.Dict); ok {
		result.Facts = harmless(facts)
	}
	if diff, _ := data.Get("diff"); diff != nil {
		result.Diff = diffOf(diff)
	}
	if msg := take(data, "msg"); msg != nil {
		result = kit.Worded(result, msg)
	}
	return result
}

func listOrObject(v any) bool {
	_, list := v.([]any)
	_, object := v.(*value.Dict)
	return list || object
}

// take removes a key; its value is nil when it was not there.
func take(d *value.Dict, key string) any {
	v, _ := d.Get(key)
	d.Delete(key)
	return v
}

func flag(d *value.Dict, key string) bool { return value.Truthy(take(d, key)) }

// failed is what the module says of it, or else its rc.
func failed(d *value.Dict) bool {
	if _, said := d.Get("failed"); said {
		return flag(d, "failed")
	}
	rc, has := d.Get("rc")
	return has && !value.Equal(rc, int64(0)) && rc != "0"
}

// harmless leaves out facts that would decide how a host is reached and who acts there.
func harmless(facts *value.Dict) *value.Dict {
	out := value.NewDict()
	for _, key := range facts.Keys() {
		if !decides(key) {
			v, _ := facts.Get(key)
			out.Set(key, v)
		}
	}
	return out
}

func decides(key string) bool {
	name, ours := strings.CutPrefix(key, "ansible_")
	if !ours || strings.HasPrefix(name, "ssh_host_key_") {
		return strings.HasPrefix(key, "_ansible_") || strings.HasPrefix(key, "discovered_interpreter_")
	}
	switch name {
	case "connection", "host", "port", "user", "password", "pass", "private_key_file", "shell_type", "shell_executable":
		return true
	}
	device := strings.HasSuffix(name, "_bridge") || strings.HasSuffix(name, "_gwbridge")
	for _, prefix := range []string{"become", "ssh_", "local_", "paramiko_", "winrm_", "docker_", "discovered_interpreter_"} {
		if strings.HasPrefix(name, prefix) && !device {
			return true
		}
	}
	return strings.HasSuffix(name, "_interpreter")
}

// diffOf are the texts of what the module shows; it stays in the result as it is.
func diffOf(v any) (out []module.Diff) {
	for _, item := range kit.ListOf(v) {
		part, ok := item.(*value.Dict)
		if !ok {
			continue
		}
		d := module.Diff{Before: shown(part, "before"), After: shown(part, "after"),
			BeforeHeader: shown(part, "before_header"), AfterHeader: shown(part, "after_header")}
		if d != (module.Diff{}) {
			out = append(out, d)
		}
	}
	return out
}

// pretty is how Ansible writes what is no text in a diff.
var pretty = value.Style{ItemSep: ",", KeySep: ": ", Indent: "    ", Pretty: true, SortKeys: true}

// shown is one side of a diff: text as it is, anything else as JSON.
func shown(part *value.Dict, key string) string {
	switch v, _ := part.Get(key); v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return string(value.EncodeStyle(v, pretty)) + "\n"
	}
}
