// Command evaluate answers expressions on standard input for tests: it is no part of the runner.
//
// Each line is {"tree": NODE, "vars": {…}} and is answered by {"repr": …, "value": …} or {"error": …, "kind": …}.
// With "files" (contents by name), "templates" (NODEs) and "search" (folders) lookups find files.
// With --names it prints the filters, tests and functions there are, and which filters and lookups each optional part adds.
package main

import (
	"bufio"
	"errors"
	"os"
	"slices"
	"sort"
	"strings"

	"runner/expr"
	"runner/value"
)

type variables struct {
	dict  *value.Dict
	files *expr.Library
}

// Library is the files that lookups find.
func (v variables) Library() *expr.Library { return v.files }

// Lookup finds a variable and resolves the expressions in it.
func (v variables) Lookup(name string) (any, bool, error) {
	found, ok := v.dict.Get(name)
	if !ok {
		return nil, false, nil
	}
	resolved, err := expr.Resolve(found, v)
	return resolved, true, err
}

// parts are the optional parts of the language, by their folders in the runner.
var parts = []struct {
	name string
	use  func()
}{
	{"expr/addresses", expr.UseAddresses}, {"expr/documents", expr.UseYAML}, {"expr/lookups", expr.UseLookups}, {"expr/passwords", expr.UsePasswords},
	{"expr/queries", expr.UseQueries}, {"expr/rare", expr.UseRare}, {"expr/tables", expr.UseTables},
}

const lookup = "lookup "

// names are what parts may add to. A lookup and a filter may have one name.
func names() []string {
	all := expr.Filters()
	for _, name := range expr.Lookups() {
		all = append(all, lookup+name)
	}
	return all
}

// useAll adds every part, and tells which filters and lookups each of them brought.
func useAll() *value.Dict {
	brought := value.NewDict()
	for _, part := range parts {
		before := names()
		part.use()
		var added []any
		for _, name := range names() {
			if !slices.Contains(before, name) {
				added = append(added, strings.TrimPrefix(name, lookup))
			}
		}
		brought.Set(part.name, added)
	}
	return brought
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	brought := useAll()
	if len(os.Args) > 1 && os.Args[1] == "--names" {
		names := value.DictOf("filters", list(expr.Filters()), "tests", list(expr.Tests()), "functions", list(expr.Functions()),
			"parts", brought)
		_, _ = out.Write(value.Encode(names))
		return
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		_, _ = out.Write(append(value.Encode(answer(line)), '\n'))
		if out.Flush() != nil {
			return
		}
	}
}

// library is what a request says of files, nil if nothing.
func library(request *value.Dict) *expr.Library {
	found, _ := request.Get("files")
	files, ok := found.(*value.Dict)
	if !ok {
		return nil
	}
	search, _ := request.Get("search")
	folders, _ := value.Items(search)
	given, _ := request.Get("templates")
	templates, _ := given.(*value.Dict)
	l := &expr.Library{Names: append(files.Keys(), templates.Keys()...)}
	sort.Strings(l.Names)
	for _, folder := range folders {
		l.Search = append(l.Search, value.Str(folder))
	}
	l.Read = func(name string) (string, error) {
		content, _ := files.Get(name)
		return value.Str(content), nil
	}
	l.Template = func(name string) (any, bool) { return templates.Get(name) }
	return l
}

func list(names []string) []any {
	var out []any
	for _, name := range names {
		out = append(out, name)
	}
	return out
}

func answer(line []byte) *value.Dict {
	request, err := value.Decode(line)
	if err != nil {
		return value.DictOf("error", err.Error(), "kind", "request")
	}
	d, _ := request.(*value.Dict)
	tree, _ := d.Get("tree")
	vars, _ := d.Get("vars")
	dict, _ := vars.(*value.Dict)
	result, err := expr.Eval(tree, variables{dict, library(d)})
	if err != nil {
		kind := "other"
		var failed *expr.Error
		if errors.As(err, &failed) {
			kind = string(failed.Kind)
		}
		return value.DictOf("error", err.Error(), "kind", kind)
	}
	return value.DictOf("repr", value.Repr(result), "value", result)
}
