package packages

import (
	"errors"
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("apt_key", aptKey) }

var keySpec = kit.Spec{
	Args: []kit.Arg{
		{Name: "id", Kind: kit.Text},
		{Name: "url", Kind: kit.Text},
		{Name: "data", Kind: kit.Text},
		{Name: "file", Kind: kit.Path},
		{Name: "keyring", Kind: kit.Path},
		{Name: "validate_certs", Kind: kit.Bool, Default: true},
		{Name: "keyserver", Kind: kit.Text},
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
	},
	Exclusive: [][]string{{"data", "file", "keyserver", "url"}},
}

// trusted are the files of keys that apt trusts for every repository.
var trusted = []string{"/etc/apt/trusted.gpg", "/etc/apt/trusted.gpg~", "/etc/apt/trusted.gpg.d"}

// keyTask is a call of apt_key whose arguments passed the checks.
type keyTask struct {
	c      *module.Call
	p      *kit.Params
	t      callTools
	id     keyID
	aptKey []string // the command, with the keyring
	file   string   // where the key is; "" is in data
	data   string
}

// keyID is a key's number in the lengths that are compared.
type keyID struct{ short, fingerprint, whole string }

// aptKey adds a key to those that apt trusts, or removes it.
func aptKey(c *module.Call) module.Result {
	p, err := keySpec.Parse("apt_key", c)
	if err != nil {
		return kit.Failure(err)
	}
	k := &keyTask{c: c, p: p, t: callTools{c, ""}}
	for _, program := range []string{"apt-key", "gpg"} {
		if c.Program(program) == "" {
			return module.Failure("Failed to find required executable \"" + program + "\" in paths")
		}
	}
	k.aptKey = []string{"apt-key"}
	if p.Has("keyring") {
		k.aptKey = append(k.aptKey, "--keyring", p.Str("keyring"))
	}
	k.file, k.data = p.Str("file"), p.Str("data")
	if p.Has("url") && p.Str("id") == "" {
		if err := k.fetch(); err != nil {
			return kit.Failure(err)
		}
	}
	id, err := k.identify()
	if err != nil {
		return kit.Failure(err)
	}
	data := kit.Dict("id", nil)
	if id != "" {
		data.Set("id", id)
	}
	if k.id, err = parseKeyID(id); err != nil {
		return module.Result{Failed: true, Msg: "Invalid key_id", Data: data}
	}
	data.Set("short_id", k.id.short)
	data.Set("fp", k.id.fingerprint)
	data.Set("key_id", k.id.whole)
	return k.run(data)
}

// fetch reads the key at the address.
func (k *keyTask) fetch() error {
	url := k.p.Str("url")
	path, err := kit.Fetch(k.c, url, k.p.Flag("validate_certs"))
	if err == nil {
		k.data, err = readBounded(path)
	}
	if err != nil {
		return fmt.Errorf("Failed to download key at %s: %s", kit.ShownURL(url), kit.Reason(err))
	}
	return nil
}

// identify is the number of the key that the task is about.
func (k *keyTask) identify() (string, error) {
	if id := k.p.Str("id"); id != "" {
		return id, nil
	}
	if k.p.Has("keyserver") {
		return "", errors.New("Missing key_id, required with keyserver.")
	}
	file := k.file
	if file == "" {
		file = "-"
	}
	if file == "-" && k.data == "" {
		return "", nil
	}
	// A folder of its own: gpg would make one in the user's home.
	out, err := k.t.Run([]string{"gpg", "--homedir", k.c.TempDir(), "--with-colons", file}, k.data)
	if err != nil {
		return "", err
	}
	if out.Code != 0 {
		what := file
		if file == "-" {
			what = "inline data"
		}
		return "", fmt.Errorf("Unable to extract key from '%s'", what)
	}
	if found := parseKeys(out.Stdout, false); len(found) > 0 {
		return found[0], nil
	}
	return "", nil
}

// parseKeyID checks a number of hexadecimal digits and cuts it to the lengths that apt-key lists and takes.
func parseKeyID(id string) (keyID, error) {
	id = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(id)), "0X")
	if strings.Trim(id, "0123456789ABCDEF") != "" || len(id) != 8 && len(id) < 16 {
		return keyID{}, errors.New("key_id must be 8, 16, or 16+ hexadecimal characters in length")
	}
	return keyID{id[len(id)-8:], id[max(0, len(id)-16):], id}, nil
}

// parseKeys reads "pub   rsa4096/0123456789ABCDEF 2020-01-01 …", or the same with colons.
func parseKeys(listed string, short bool) []string {
	var found []string
	for line := range strings.Lines(listed) {
		if !strings.HasPrefix(line, "pub") && !strings.HasPrefix(line, "sub") || strings.Contains(line, "expired") {
			continue
		}
		id := ""
		words, fields := strings.Fields(line), strings.Split(line, ":")
		if len(words) > 1 && strings.Count(words[1], "/") == 1 {
			_, id, _ = strings.Cut(words[1], "/")
		} else if len(fields) > 4 {
			id = fields[4]
		} else {
			continue
		}
		if short {
			id = id[max(0, len(id)-8):]
		}
		found = append(found, id)
	}
	return found
}

// keys are those that are there. A keyring that is not there is not looked at: gpg would make it.
func (k *keyTask) keys() ([]string, error) {
	if k.p.Has("keyring") && !kit.Exists(k.p.Str("keyring")) {
		return nil, nil
	}
	out, err := k.t.Run(append(slices.Clone(k.aptKey), "adv", "--list-public-keys", "--keyid-format=long"), "")
	if err == nil && out.Code != 0 {
		err = errors.New("Unable to list public keys")
	}
	return parseKeys(out.Stdout, len(k.id.whole) == 8), err
}

// has tells whether the key is among those. A short number is looked for in full when it goes, as apt-key names it so.
func (k *keyTask) has(keys []string) bool {
	if len(k.id.whole) == 8 && k.p.Str("state") == "present" {
		return slices.Contains(keys, k.id.short)
	}
	return slices.Contains(keys, k.id.fingerprint)
}

func (k *keyTask) run(data *value.Dict) module.Result {
	before, err := k.keys()
	if err != nil {
		return kit.Failure(err)
	}
	data.Set("before", kit.Items(before))
	present := k.p.Str("state") == "present"
	if k.has(before) == present {
		return module.Result{Data: data}
	}
	if k.c.Check {
		return module.Result{Changed: true, Data: data}
	}
	act, words := k.add, "failed to add the key"
	if !present {
		act, words = k.remove, "the key was not removed"
	}
	watched := trusted
	if k.p.Has("keyring") {
		watched = []string{k.p.Str("keyring"), k.p.Str("keyring") + "~"}
	}
	if err := k.c.Log.Around(watched, "apt-key", act); err != nil {
		return kit.Failed(kit.Reason(err), data)
	}
	after, err := k.keys()
	if err != nil {
		return kit.Failure(err)
	}
	data.Set("after", kit.Items(after))
	if k.has(after) != present {
		return kit.Failed("apt-key did not return an error, but "+words+" (check that the id is correct and *not* a subkey)", data)
	}
	return module.Result{Changed: true, Data: data}
}

func (k *keyTask) add() error {
	argv, failure := append(slices.Clone(k.aptKey), "add", "-"), "Unable to add a key from binary data"
	if k.p.Has("url") && k.data == "" {
		if err := k.fetch(); err != nil {
			return err
		}
	}
	input := k.data
	switch {
	case k.file != "":
		argv[len(argv)-1], input = k.file, ""
		failure = "Unable to add a key from file " + k.file
	case k.p.Has("keyserver"):
		return k.receive()
	case input == "":
		return errors.New("No key to add: data, file, url or keyserver says where it comes from")
	}
	out, err := k.t.Run(argv, input)
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("%s: %s", failure, strings.TrimSpace(out.Stderr))
	}
	return err
}

// receive asks a server of keys, up to five times.
func (k *keyTask) receive() error {
	argv := append(slices.Clone(k.aptKey), "adv", "--no-tty", "--keyserver", k.p.Str("keyserver"))
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if proxy := kit.Environ(k.c.Env, name); proxy != "" {
			argv = append(argv, "--keyserver-options", "http-proxy="+proxy)
			break
		}
	}
	var out change.Output
	var err error
	for range 5 {
		if out, err = k.t.Run(append(argv, "--recv", k.id.whole), ""); err != nil || out.Code == 0 {
			return err
		}
	}
	return fmt.Errorf("Error fetching key %s from keyserver: %s", k.id.whole, k.p.Str("keyserver"))
}

func (k *keyTask) remove() error {
	out, err := k.t.Run(append(slices.Clone(k.aptKey), "del", k.id.short), "")
	if err == nil && out.Code != 0 {
		err = fmt.Errorf("Unable to remove a key with id %s: %s", k.id.short, strings.TrimSpace(out.Stderr))
	}
	return err
}
