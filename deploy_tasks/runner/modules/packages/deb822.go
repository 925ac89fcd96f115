package packages

import (
	"slices"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

func init() { module.Register("deb822_repository", deb822Repository) }

// fieldArgs become fields of the file, in the order of their names.
var fieldArgs = []kit.Arg{
	{Name: "allow_downgrade_to_insecure", Kind: kit.Bool},
	{Name: "allow_insecure", Kind: kit.Bool},
	{Name: "allow_weak", Kind: kit.Bool},
	{Name: "architectures", Kind: kit.List},
	{Name: "by_hash", Kind: kit.Bool},
	{Name: "check_date", Kind: kit.Bool},
	{Name: "check_valid_until", Kind: kit.Bool},
	{Name: "components", Kind: kit.List},
	{Name: "date_max_future", Kind: kit.Int},
	{Name: "enabled", Kind: kit.Bool},
	{Name: "inrelease_path", Kind: kit.Text},
	{Name: "languages", Kind: kit.List},
	{Name: "name", Kind: kit.Text, Required: true},
	{Name: "pdiffs", Kind: kit.Bool},
	{Name: "signed_by", Kind: kit.Text},
	{Name: "suites", Kind: kit.List},
	{Name: "targets", Kind: kit.List},
	{Name: "trusted", Kind: kit.Bool},
	{Name: "types", Kind: kit.List, Default: []string{"deb"}},
	{Name: "uris", Kind: kit.List},
}

var deb822Spec = kit.Spec{
	Shared: [][]kit.Arg{fieldArgs},
	Args: []kit.Arg{
		{Name: "mode", Kind: kit.Raw, Default: "0644"},
		{Name: "state", Kind: kit.Text, Default: "present", Choices: []string{"absent", "present"}},
	},
}

// keyringsFolder is where keys of single repositories lie.
var keyringsFolder = "/etc/apt/keyrings"

// deb822Repository writes a file of repositories in apt's newer format, or removes it.
func deb822Repository(c *module.Call) module.Result {
	p, err := deb822Spec.Parse("deb822_repository", c)
	if err != nil {
		return kit.Failure(err)
	}
	if i := slices.IndexFunc(p.List("types"), func(word string) bool { return !isType(word) }); i >= 0 {
		return module.Failure("value of types must be one or more of: deb, deb-src. Got no match for: " + p.List("types")[i])
	}
	slug := slugOf(p.Str("name"))
	if slug == "" {
		return module.Failure("name has no letter and no digit, of which the file could be named")
	}
	dest := sourcesFolder + "/" + slug + ".sources"
	if p.Str("state") == "absent" {
		return withoutRepository(c, slug, dest)
	}
	key, fetched, err := signedBy(c, p, slug)
	if err != nil {
		return kit.Failure(err)
	}
	r := writeDeb822(c, p, dest, deb822Text(p, key), key)
	r.Changed = r.Changed || fetched && !r.Failed
	return r
}

// slugOf is a name as part of a file's name.
func slugOf(name string) string {
	var out strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		switch {
		case r == '_' || r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f':
			gap = true
			continue
		case gap:
			out.WriteByte('-')
			gap = false
		}
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' {
			out.WriteRune(r)
		}
	}
	if gap {
		out.WriteByte('-')
	}
	return out.String()
}

// deb822Text is the file; key is the file of the key that signs what the repository has, "" where none is known.
func deb822Text(p *kit.Params, key string) string {
	var out strings.Builder
	for _, arg := range fieldArgs {
		if !p.Has(arg.Name) {
			continue
		}
		text := fieldText(p.Raw(arg.Name))
		if arg.Name == "signed_by" && key != "" {
			text = key
		}
		if strings.Contains(text, "\n") {
			text = folded(text)
		}
		if text != "" && text[0] != '\n' {
			text = " " + text
		}
		out.WriteString(fieldName(arg.Name) + ":" + text + "\n")
	}
	return out.String()
}

func fieldText(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []string:
		return strings.Join(v, " ")
	}
	return value.Str(v)
}

// folded is a text of several lines as a field holds it: indented, with a dot in place of nothing.
func folded(text string) string {
	var out strings.Builder
	for _, line := range kit.SplitLines(strings.TrimSpace(text)) {
		if line = strings.TrimSpace(line); line == "" {
			line = "."
		}
		out.WriteString("\n    " + line)
	}
	return out.String()
}

// fieldName: signed_by is Signed-By.
func fieldName(arg string) string {
	switch arg {
	case "name":
		return "X-Repolib-Name"
	case "uris":
		return "URIs"
	}
	words := strings.Split(arg, "_")
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "-")
}

func writeDeb822(c *module.Call, p *kit.Params, dest, text, key string) module.Result {
	is, err := readBounded(dest)
	if err != nil {
		return kit.Failure(err)
	}
	data := kit.Dict("repo", text, "dest", dest, "key_filename", nil)
	if key != "" {
		data.Set("key_filename", key)
	}
	attrs := kit.Attributes{Mode: p.Raw("mode")}
	r := module.Result{Changed: is != text, Data: data}
	if c.Diff && r.Changed {
		r.Diff = []module.Diff{{Before: is, After: text, BeforeHeader: dest, AfterHeader: dest}}
	}
	if r.Changed && !c.Check {
		meta, err := attrs.Meta(dest, nil)
		if err == nil {
			err = c.Log.WriteFile(dest, strings.NewReader(text), change.Meta{Mode: meta.Mode})
		}
		if err != nil {
			return kit.Failure(err)
		}
	}
	if !kit.Exists(dest) {
		return r
	}
	moded, err := attrs.Apply(c, dest, nil)
	if err != nil {
		return kit.Failure(err)
	}
	r.Changed = r.Changed || moded
	return r
}

// withoutRepository removes the file, and the key that was put beside it for it.
func withoutRepository(c *module.Call, slug, dest string) module.Result {
	key := fmt.Sprintf("%s/%s.gpg", keyringsFolder, slug)
	r := module.Result{Data: kit.Dict("repo", nil, "dest", dest, "key_filename", key)}
	for _, path := range []string{dest, keyringsFolder + "/" + slug + ".asc", key} {
		if !kit.Exists(path) {
			continue
		}
		r.Changed = true
		if c.Check {
			continue
		}
		if err := c.Log.Remove(path); err != nil {
			return kit.Failure(err)
		}
	}
	return r
}
