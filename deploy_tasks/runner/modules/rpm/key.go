package rpm

import (
	"errors"
	"os"
	"slices"
	"strings"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

func init() { module.Register("rpm_key", rpmKeyModule) }

var keySpec = kit.Spec{
	Args: []kit.Arg{
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
		{Name: "key", Kind: kit.Text, Required: true},
		{Name: "fingerprint", Kind: kit.List},
		{Name: "validate_certs", Kind: kit.Bool, Default: true},
	},
}

// largestKey bounds a file of keys.
const largestKey = 4 << 20

// keyTask is a call of rpm_key.
type keyTask struct {
	c      *module.Call
	p      *kit.Params
	t      callTools
	id     string // of the key that the task is about: its number, the end of it, or its fingerprint
	blocks []string
	held   []rpmKey
}

// rpmKeyModule has rpm trust a key, or no longer.
func rpmKeyModule(c *module.Call) module.Result {
	p, err := keySpec.Parse("rpm_key", c)
	if err != nil {
		return kit.Failure(err)
	}
	k := &keyTask{c: c, p: p, t: callTools{c}}
	if err := k.identify(); err != nil {
		return kit.Failure(err)
	}
	if c.Program("rpm") == "" {
		return module.Failure("Failed to find required executable \"rpm\" in paths: " + kit.Environ(c.Env, "PATH"))
	}
	if k.held, err = trustedKeys(k.t); err != nil {
		return kit.Failure(err)
	}
	present := p.Str("state") == "present"
	if slices.ContainsFunc(k.held, k.isMeant) == present {
		return module.Result{}
	}
	act := k.remove
	if present {
		act = k.add
	}
	if err := act(); err != nil {
		return kit.Failure(err)
	}
	return module.Result{Changed: true}
}

// identify reads the key that is named by an address or a path; a number stands for itself.
func (k *keyTask) identify() error {
	named := k.p.Str("key")
	path := kit.Absolute(k.c, named)
	switch {
	case kit.IsURL(named):
		fetched, err := kit.Fetch(k.c, named, k.p.Flag("validate_certs"))
		if err != nil {
			return fmt.Errorf("failed to fetch key at %s , error was: %s", kit.ShownURL(named), kit.Reason(err))
		}
		if err := k.read(fetched); err != nil {
			return fmt.Errorf("Not a public key: %s (%w)", kit.ShownURL(named), err)
		}
	case isKeyID(named):
		named = strings.ToUpper(strings.TrimSpace(named))
		k.id = strings.TrimPrefix(named, "0X")
	case named != "" && kit.IsRegular(path):
		if err := k.read(path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	default:
		return errors.New("Not a valid key " + named)
	}
	return nil
}

// isKeyID tells whether a text begins with 8 digits of a number.
func isKeyID(text string) bool {
	text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
	text = strings.TrimPrefix(text, "0x")
	return len(text) >= 8 && strings.Trim(text[:8], "0123456789abcdef") == ""
}

func (k *keyTask) read(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() > largestKey {
		err = fmt.Errorf("it has more than %d bytes", largestKey)
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if k.blocks = keyBlocks(string(text)); len(k.blocks) == 0 {
		return errNoKey
	}
	found, err := readBlock(k.blocks[0])
	if err == nil {
		k.id = found[0].id
	}
	return err
}

// isMeant tells whether a key is the one that the task is about, or has it as a subkey.
func (k *keyTask) isMeant(held rpmKey) bool { return slices.ContainsFunc(held.keys, k.isNamed) }

func (k *keyTask) isNamed(key pgpKey) bool {
	return strings.HasSuffix(key.id, k.id) || key.fingerprint == k.id
}

// add imports the file of the key, with all keys in it.
func (k *keyTask) add() error {
	if len(k.blocks) == 0 {
		return errors.New("When importing a key, a valid file must be given")
	}
	var all []pgpKey
	for _, block := range k.blocks {
		found, err := readBlock(block)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	if err := k.compare(all); err != nil || k.c.Check {
		return err
	}
	var prints []string
	for _, key := range all {
		if key.primary {
			prints = append(prints, key.fingerprint)
		}
	}
	return k.c.Log.Set(keyringKind, strings.Join(prints, " "), func() error {
		return importKey(k.t, k.c.TempDir(), strings.Join(k.blocks, ""))
	})
}

// compare checks that the fingerprints that the task demands are among those of the keys and subkeys, and that no other
// key would come with them: Ansible lets these pass, but rpm trusts each key that it imports.
func (k *keyTask) compare(found []pgpKey) error {
	var is, wanted []string
	for _, key := range found {
		is = append(is, key.fingerprint)
	}
	ok := true
	for _, print := range k.p.List("fingerprint") {
		print = strings.ToUpper(strings.ReplaceAll(print, " ", ""))
		wanted = append(wanted, print)
		ok = ok && slices.Contains(is, print)
	}
	if len(wanted) == 0 {
		return nil
	}
	if ok {
		return onlyNamed(found, wanted)
	}
	return fmt.Errorf("The specified fingerprint, '{'%s'}', does not match any key fingerprints in 'frozenset({'%s'})'",
		strings.Join(wanted, "', '"), strings.Join(is, "', '"))
}

// onlyNamed is an error when one of the keys is named neither by its own fingerprint nor by that of a subkey.
func onlyNamed(found []pgpKey, wanted []string) error {
	for len(found) > 0 {
		end := 1
		for end < len(found) && !found[end].primary {
			end++
		}
		named := func(key pgpKey) bool { return slices.Contains(wanted, key.fingerprint) }
		if !slices.ContainsFunc(found[:end], named) {
			return fmt.Errorf("key also holds %s, which fingerprint does not name: take that key out of the file, or name it too", found[0].fingerprint)
		}
		found = found[end:]
	}
	return nil
}

// remove has rpm forget the key. One that has the number as that of a subkey stays: rpm takes keys by their own.
func (k *keyTask) remove() error {
	var gone []rpmKey
	var prints []string
	for _, held := range k.held {
		if len(held.keys) > 0 && k.isNamed(held.keys[0]) {
			gone, prints = append(gone, held), append(prints, held.primary())
		}
	}
	switch {
	case len(gone) == 0:
		return fmt.Errorf("error: package %s-%s is not installed: the number is that of a subkey", keys, strings.ToLower(k.id[max(0, len(k.id)-8):]))
	case len(gone) > 1 && len(gone[0].version) > 8:
		return fmt.Errorf("Supplied key ID %s matches more than one fingerprint. Try using the fingerprint instead.", k.id)
	case k.c.Check:
		return nil
	}
	return k.c.Log.Set(keyringKind, strings.Join(prints, " "), func() error {
		for _, held := range gone {
			if err := dropKey(k.t, held); err != nil {
				return err
			}
		}
		return nil
	})
}
