package firewall

import (
	"errors"
	"os"
	"slices"
	"strings"

	"runner/change"
	"runner/hashing"
	"runner/hex"
	"runner/modules/kit"
	"runner/record"
	"runner/value"
)

// ufwKind is the kind of what ufw has loaded into the kernel.
const ufwKind = "packet filter"

// families are the commands of IPv4 and IPv6.
var families = []string{"iptables", "ip6tables"}

const ufwConf = "/etc/ufw/ufw.conf"

// loaded is the kind: whether the filter is on, its chains and rules, and the parameters that it sets with them.
type loaded struct{}

// Inspect implements change.Kind.
func (loaded) Inspect(t change.Tools, _ string) (any, error) {
	out := value.DictOf("active", false)
	for _, command := range families {
		rules, err := ownRules(t, command)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(rules, isLoaded) {
			out.Set("active", true)
		}
		sum := hashing.Named("sha256")
		sum.Write([]byte(strings.Join(rules, "\n")))
		out.Set(command, value.DictOf("lines", int64(len(rules)), "sha256", hex.EncodeToString(sum.Sum(nil))))
	}
	parameters, err := ownParameters(t)
	out.Set("parameters", parameters)
	return out, err
}

// isLoaded tells whether a rule is one of those that are there while the filter is on; switched off it has empty chains.
func isLoaded(rule string) bool {
	return strings.HasPrefix(rule, "-A ufw-before-input ") || strings.HasPrefix(rule, "-A ufw6-before-input ")
}

// ownRules are ufw's lines among all rules: its chains, what is in them, and what leads to them. Other tools have theirs.
func ownRules(t change.Tools, command string) ([]string, error) {
	program := kit.FindTool(t.Find, command)
	if program == "" {
		return nil, nil
	}
	text, err := change.Demand(t, program, "-S")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "-P ") || strings.Contains(line, " ufw") {
			out = append(out, line)
		}
	}
	return out, nil
}

// ownParameters are those of the kernel that ufw sets when it starts.
func ownParameters(t change.Tools) (*value.Dict, error) {
	text, err := os.ReadFile("/etc/ufw/sysctl.conf")
	out, program := value.NewDict(), kit.FindTool(t.Find, "sysctl")
	if errors.Is(err, os.ErrNotExist) || program == "" {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	argv := []string{program, "-e"}
	for _, line := range strings.Split(string(text), "\n") {
		key, _, ok := strings.Cut(strings.TrimSpace(line), "=")
		if key = strings.TrimSpace(key); ok && key != "" && key[0] != '#' && key[0] != ';' && key[0] != '-' {
			argv = append(argv, key)
		}
	}
	if len(argv) == 2 {
		return out, nil
	}
	said, err := t.Run(argv, "")
	for _, line := range strings.Split(said.Stdout, "\n") {
		if key, now, ok := strings.Cut(line, " = "); ok {
			out.Set(key, now)
		}
	}
	return out, err
}

// Restore implements change.Kind: by now the files are as they were, and ufw loads them, or stops.
func (l loaded) Restore(t change.Tools, _ string, before, now any) error {
	program := kit.FindTool(t.Find, "ufw")
	if program == "" {
		return errors.New("there is no ufw any more")
	}
	was := record.Of(before)
	verb := "disable"
	switch {
	case was.Flag("active") && record.Of(now).Flag("active"):
		verb = "reload"
	case was.Flag("active"):
		verb = "enable"
	}
	err := keepingConf(func() error {
		_, err := change.Demand(t, program, "--force", verb)
		return err
	})
	if err != nil {
		return err
	}
	for _, command := range families {
		if was.Record(command).Int("lines") <= builtinChains {
			if err := dropChains(t, command); err != nil {
				return err
			}
		}
	}
	return setBack(t, was.Dict("parameters"))
}

// builtinChains are the lines that tell the policies of INPUT, FORWARD and OUTPUT: no more is there before ufw ran at all.
const builtinChains = 3

// keepingConf keeps the file that says whether ufw is on at the next start, which the journal has restored.
func keepingConf(act func() error) error {
	text, err := os.ReadFile(ufwConf)
	if err != nil {
		return errors.Join(act(), ignoreMissing(err))
	}
	info, err := os.Stat(ufwConf)
	if err != nil {
		return err
	}
	if err := act(); err != nil {
		return err
	}
	now, err := os.ReadFile(ufwConf)
	if err != nil || string(now) == string(text) {
		return err
	}
	if err := os.WriteFile(ufwConf, text, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Chtimes(ufwConf, info.ModTime(), info.ModTime())
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// dropChains removes the chains of ufw where there were none.
func dropChains(t change.Tools, command string) error {
	rules, err := ownRules(t, command)
	steps := dropping(rules)
	if err != nil || steps == "" {
		return err
	}
	out, err := t.Run([]string{kit.FindTool(t.Find, command+"-restore"), "--noflush"}, steps)
	if err == nil && out.Code != 0 {
		err = errors.New(command + "-restore: " + kit.Said(out))
	}
	return err
}

// dropping are the steps that remove the chains of these rules, for iptables-restore: what leads to them, what is in
// them, and then they themselves.
func dropping(rules []string) string {
	var leads, empties, drops []string
	for _, line := range rules {
		words := strings.Fields(line)
		switch {
		case words[0] == "-N":
			empties, drops = append(empties, "-F "+words[1]), append(drops, "-X "+words[1])
		case words[0] == "-A" && !strings.HasPrefix(words[1], "ufw"):
			leads = append(leads, "-D "+strings.TrimPrefix(line, "-A "))
		}
	}
	if len(leads)+len(drops) == 0 {
		return ""
	}
	steps := append(append(leads, empties...), drops...)
	return "*filter\n" + strings.Join(steps, "\n") + "\nCOMMIT\n"
}

// setBack sets parameters of the kernel that are others now.
func setBack(t change.Tools, was *value.Dict) error {
	now, err := ownParameters(t)
	if err != nil {
		return err
	}
	argv := []string{kit.FindTool(t.Find, "sysctl"), "-q", "-w"}
	for _, key := range kit.KeysOf(was) {
		before, _ := was.Get(key)
		if is, ok := now.Get(key); ok && !value.Equal(is, before) {
			argv = append(argv, key+"="+value.Str(before))
		}
	}
	if len(argv) == 3 {
		return nil
	}
	_, err = change.Demand(t, argv...)
	return err
}
