package fmt

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// known are the types that Sprintf writes, besides errors and Stringers.
const known = " string []byte []uint8 bool int int64 int32 rune uint8 byte uint32 uint64 float64 any interface{} "

// Every argument of every format in the runner is one that this package can write: types of their own, which need
// reflection, are converted where they are used.
func TestUses(t *testing.T) {
	files := token.NewFileSet()
	imports := importer.ForCompiler(files, "gc", compiled(t))
	var folders []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() != "fmt" && d.Name() != "testkit" && d.Name() != "evaluate" {
			folders = append(folders, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	formats := 0
	for _, folder := range folders {
		parsed := parse(t, files, folder)
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		conf := types.Config{Importer: imports, Error: func(error) {}}
		_, _ = conf.Check(folder, files, parsed, info) // other systems' files are not all there
		for _, file := range parsed {
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					formats += checkCall(t, files, info, call)
				}
				return true
			})
		}
	}
	t.Logf("%d formats", formats)
	if formats < 300 {
		t.Errorf("only %d formats were found", formats)
	}
}

// compiled finds what Go's own cache has of a package's types: to read them from source takes half a minute.
func compiled(t *testing.T) importer.Lookup {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}={{.Export}}{{end}}", "runner/...")
	list.Stderr = os.Stderr
	told, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for _, line := range strings.Fields(string(told)) {
		name, path, _ := strings.Cut(line, "=")
		paths[name] = path
	}
	return func(name string) (io.ReadCloser, error) {
		path, ok := paths[name]
		if !ok {
			t.Errorf("%s is imported, but go list does not know it", name)
			return nil, fs.ErrNotExist
		}
		return os.Open(path)
	}
}

func parse(t *testing.T, files *token.FileSet, folder string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_windows.go") || strings.HasSuffix(name, "_darwin.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, file)
	}
	return out
}

// checkCall looks at a call with a format: a constant text with a verb, followed by the last, variadic arguments.
func checkCall(t *testing.T, files *token.FileSet, info *types.Info, call *ast.CallExpr) int {
	signature, ok := info.Types[call.Fun].Type.(*types.Signature)
	if !ok || !signature.Variadic() || signature.Params().Len() > len(call.Args) {
		return 0
	}
	at := signature.Params().Len() - 2
	if at < 0 {
		return 0
	}
	format := info.Types[call.Args[at]].Value
	rest, ok := signature.Params().At(at + 1).Type().(*types.Slice)
	if !ok || rest.Elem().String() != "any" || format == nil || format.Kind() != constant.String ||
		!strings.Contains(constant.StringVal(format), "%") {
		return 0
	}
	for i, arg := range call.Args[at+1:] {
		kind := info.Types[arg].Type
		if kind == nil { // in a file of another system
			continue
		}
		kind = types.Default(kind)
		if !strings.Contains(known, " "+kind.String()+" ") && !writesItself(kind) {
			t.Errorf("%s: argument %d of %s is a %s", files.Position(arg.Pos()), i+1, format, kind)
		}
	}
	return 1
}

func writesItself(kind types.Type) bool {
	methods := types.NewMethodSet(kind)
	return methods.Lookup(nil, "Error") != nil || methods.Lookup(nil, "String") != nil
}
