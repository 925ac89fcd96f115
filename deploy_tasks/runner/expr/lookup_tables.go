package expr

import (
	"strconv"
	"strings"

	"runner/expr/regex"
	"runner/value"
)

// lookupINI gives values of a file that Python's configparser reads: those of the keys that are asked for, or with `re`
// of all whose names match.
func lookupINI(c *call) ([]any, error) {
	out := []any{}
	for _, term := range c.args {
		options, err := c.inline(term, iniOptions)
		if err != nil {
			return nil, err
		}
		text, name, err := c.table(options)
		if err != nil {
			return nil, err
		}
		section := options.text("section")
		if options.text("type") == "properties" {
			section, text = "java_properties", "[java_properties]\n"+text
		}
		file, err := readINI(text, value.Truthy(options.get("case_sensitive")), value.Truthy(options.get("allow_no_value")) || value.Truthy(options.get("allow_none")))
		if err != nil {
			return nil, valueError("%s: %s", name, err)
		}
		file.interpolates = value.Truthy(options.get("interpolation"))
		found, err := file.lookup(section, options.key, name, options)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (f *iniFile) lookup(section, key, name string, options *tableOptions) ([]any, error) {
	inside, ok := f.sections[section]
	if !ok {
		return nil, valueError("No section '%s' in %s", section, options.text("file"))
	}
	var names []string
	if value.Truthy(options.get("re")) {
		pattern, err := regex.Compile(key, 0)
		if err != nil {
			return nil, valueError("'%s' is no regular expression: %s", key, err)
		}
		for _, each := range f.names(inside) {
			if found, err := pattern.Match(each); err != nil {
				return nil, valueError("%s", err)
			} else if found != nil {
				names = append(names, each)
			}
		}
	} else if key = f.form(key); !f.has(inside, key) {
		if v := options.get("default"); v != nil {
			return asItems(v), nil
		}
		return nil, nil
	} else {
		names = []string{key}
	}
	var out []any
	for _, each := range names {
		v, err := f.value(inside, each, 0)
		if err != nil {
			return nil, valueError("%s: %s", name, err)
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}

func asItems(v any) []any {
	if items, ok := v.([]any); ok {
		return items
	}
	return []any{v}
}

// lookupCSV gives from each first row whose key column holds the term the value of another column.
func lookupCSV(c *call) ([]any, error) {
	if len(c.args) == 0 {
		return nil, valueError("Search key is required but was not found")
	}
	out := []any{}
	for _, term := range c.args {
		options, err := c.inline(term, csvOptions)
		if err != nil {
			return nil, err
		}
		if options.key == "" {
			return nil, valueError("Search key is required but was not found")
		}
		text, _, err := c.table(options)
		if err != nil {
			return nil, err
		}
		delimiter := options.text("delimiter")
		if delimiter == "TAB" {
			delimiter = "\t"
		}
		if len(delimiter) != 1 {
			return nil, valueError(`csvfile: "delimiter" must be a 1-character string`)
		}
		col, err := strconv.Atoi(options.text("col"))
		keycol, wrong := strconv.Atoi(options.text("keycol"))
		if err != nil || wrong != nil {
			return nil, valueError("csvfile: a column is a number, not '%s'", options.text("col"))
		}
		v, err := inTable(readCSV(text, delimiter[0]), options.key, keycol, col, options.get("default"))
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, asItems(v)...)
		}
	}
	return out, nil
}

func inTable(rows [][]string, key string, keycol, col int, otherwise any) (any, error) {
	for _, row := range rows {
		if len(row) == 0 {
			continue
		}
		from, to := column(keycol, row), column(col, row)
		if from < 0 || row[from] == key && to < 0 {
			return nil, valueError("csvfile: list index out of range")
		}
		if row[from] == key {
			return row[to], nil
		}
	}
	return otherwise, nil
}

// column is Python's index: negative ones count from the end. -1 is none.
func column(i int, row []string) int {
	if i < 0 {
		i += len(row)
	}
	if i < 0 || i >= len(row) {
		return -1
	}
	return i
}

// readCSV takes a text apart as Python's csv module does by default: a field may stand in quotes, which are doubled in it.
func readCSV(text string, delimiter byte) [][]string {
	var rows [][]string
	var row []string
	field, quoted, any := []byte{}, false, false
	end := func() { row, field = append(row, string(field)), field[:0] }
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '"' && i+1 < len(text) && text[i+1] == '"':
			field = append(field, b)
			i++
		case quoted && b == '"':
			quoted = false
		case quoted:
			field = append(field, b)
		case b == '"' && len(field) == 0:
			quoted, any = true, true
		case b == delimiter:
			end()
			any = true
		case b == '\n' || b == '\r':
			if any || len(field) > 0 {
				end()
			}
			rows, row, any = append(rows, row), nil, false
		default:
			field, any = append(field, b), true
		}
	}
	if any || len(field) > 0 {
		end()
		rows = append(rows, row)
	}
	return rows
}

// tableOptions are those of one term: of the call, and written into the term itself.
type tableOptions struct {
	key    string
	values map[string]any
}

func (o *tableOptions) get(name string) any     { return o.values[name] }
func (o *tableOptions) text(name string) string { return value.Str(o.values[name]) }

var (
	iniOptions = map[string]any{"type": "ini", "file": "ansible.ini", "section": "global", "re": false, "encoding": "utf-8", "default": "",
		"case_sensitive": false, "allow_no_value": false, "allow_none": false, "interpolation": true}
	csvOptions = map[string]any{"file": "ansible.csv", "col": "1", "keycol": int64(0), "default": "", "delimiter": "TAB", "encoding": "utf-8"}
)

// inline are the options of a term: `key section=a file=b`, over those of the call, over the defaults.
func (c *call) inline(term any, defaults map[string]any) (*tableOptions, error) {
	o := &tableOptions{values: map[string]any{}}
	for name, v := range defaults {
		o.values[name] = option(c.kwargs, name, v)
	}
	var words []string
	for _, word := range strings.Fields(value.Str(term)) {
		name, v, pair := strings.Cut(word, "=")
		if _, known := defaults[name]; pair && !known {
			return nil, valueError("%s is not a valid option", name)
		} else if pair {
			o.values[name] = textOrTruth(v)
			continue
		}
		words = append(words, word)
	}
	o.key = strings.Join(words, " ")
	return o, nil
}

func textOrTruth(text string) any {
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return true
	case "false", "no", "off":
		return false
	}
	return text
}

// table is the text of the file that the options name, and its name.
func (c *call) table(o *tableOptions) (string, string, error) {
	l, err := c.library()
	if err != nil {
		return "", "", err
	}
	name, err := l.needed(o.text("file"), "files")
	if err != nil {
		return "", "", err
	}
	text, err := c.content(l, name)
	return text, name, err
}
