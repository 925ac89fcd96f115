package rpm

import (
	"errors"
	"os"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/modules/kit"
	"runner/value"
)

func init() { change.RegisterKind(keyringKind, keyring{}) }

const keyringKind = "rpm key"

// rpmKey is a key that rpm trusts. Up to rpm 5 its version is the last 8 digits of its number, from rpm 6 on its whole
// fingerprint.
type rpmKey struct {
	version, release, armour string
	keys                     []pgpKey
}

// primary is the fingerprint of the key itself.
func (k rpmKey) primary() string {
	if len(k.keys) == 0 {
		return ""
	}
	return k.keys[0].fingerprint
}

// full is the key as rpm names it.
func (k rpmKey) full() string { return keys + "-" + k.version + "-" + k.release }

// trustedKeys asks rpm for its keys. What is in none that can be read here (of a version long gone) is passed over.
func trustedKeys(t change.Tools) ([]rpmKey, error) {
	out, err := t.Run([]string{"rpm", "-q", keys, "--qf", `\n` + keys + ` %{VERSION} %{RELEASE}\n%{DESCRIPTION}\n`}, "")
	switch {
	case err != nil:
		return nil, err
	case out.Code != 0 && strings.Contains(out.Stdout+out.Stderr, "is not installed"):
		return nil, nil
	case out.Code != 0:
		return nil, fmt.Errorf("rpm -q %s: exit status %d: %s", keys, out.Code, kit.Said(out))
	}
	return parseTrusted(out.Stdout), nil
}

func parseTrusted(text string) []rpmKey {
	var out []rpmKey
	for _, part := range strings.Split("\n"+text, "\n"+keys+" ")[1:] {
		head, body, _ := strings.Cut(part, "\n")
		k := rpmKey{}
		k.version, k.release, _ = strings.Cut(head, " ")
		for _, block := range keyBlocks(body) {
			found, _ := readBlock(block)
			k.armour, k.keys = k.armour+block, append(k.keys, found...)
		}
		out = append(out, k)
	}
	return out
}

// keyring is the kind of keys that one step imports or removes. Its name lists their fingerprints.
type keyring struct{}

// Inspect implements change.Kind: what rpm holds of these keys, by their names.
func (keyring) Inspect(t change.Tools, name string) (any, error) {
	held, err := heldOf(t, name)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	out := value.NewDict()
	for _, k := range held {
		out.Set(k.full(), k.armour)
	}
	return out, nil
}

func heldOf(t change.Tools, name string) ([]rpmKey, error) {
	all, err := trustedKeys(t)
	prints := strings.Fields(name)
	held := slices.DeleteFunc(all, func(k rpmKey) bool { return !slices.Contains(prints, k.primary()) })
	slices.SortFunc(held, func(a, b rpmKey) int { return strings.Compare(a.full(), b.full()) })
	return held, err
}

// Restore implements change.Kind: keys that were not there go, those that went are imported again.
func (keyring) Restore(t change.Tools, name string, before, _ any) error {
	was, ok := before.(*value.Dict)
	if !ok {
		was = value.NewDict()
	}
	held, err := heldOf(t, name)
	if err != nil {
		return err
	}
	here := map[string]bool{}
	for _, k := range held {
		if armour, _ := was.Get(k.full()); armour == k.armour {
			here[k.full()] = true
		} else if err := dropKey(t, k); err != nil {
			return err
		}
	}
	for _, full := range kit.KeysOf(was) {
		if armour, _ := was.Get(full); !here[full] {
			if err := importKey(t, "", value.Str(armour)); err != nil {
				return err
			}
		}
	}
	return nil
}

func dropKey(t change.Tools, k rpmKey) error {
	argv := []string{"rpm", "-e", "--", k.full()}
	if len(k.version) > 8 {
		argv = []string{"rpmkeys", "--delete", k.version}
	}
	_, err := change.Demand(t, argv...)
	return err
}

// importKey imports keys by a file in the folder, "" for that of the system: rpm takes none from a pipe.
func importKey(t change.Tools, folder, armour string) error {
	file, err := os.CreateTemp(folder, "key-*.asc")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(armour)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	out, err := t.Run([]string{"rpm", "--import", file.Name()}, "")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("rpm --import: exit status %d: %s", out.Code, kit.Said(out))
	}
	return err
}
