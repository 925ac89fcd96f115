package cmd

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	var name string
	var list []string
	var on, off bool
	var n int
	var d time.Duration
	flags := func() flagSet {
		f := flagSet{}
		f.text(&name, "name", "id", "a name")
		f.texts(&list, "e", "name=value", "a pair")
		f.flag(&on, "on", "on")
		f.flag(&off, "off", "off")
		f.number(&n, "n", "a number", 5)
		f.duration(&d, "d", "how long")
		return f
	}
	rest, err := flags().parse(strings.Fields("a --name x -e p=1 b -e=q=2 --on -off=false -n 7 --d 1m30s - -- --c"))
	if err != nil || !reflect.DeepEqual(rest, strings.Fields("a b - --c")) {
		t.Errorf("%v %v", rest, err)
	}
	if name != "x" || !reflect.DeepEqual(list, []string{"p=1", "q=2"}) || !on || off || n != 7 || d != 90*time.Second {
		t.Errorf("%q %v %v %v %d %s", name, list, on, off, n, d)
	}
	for _, bad := range []string{"--name", "--nothing", "--on=perhaps", "-n x", "--d 5"} {
		var mistake usageError
		if _, err := flags().parse(strings.Fields(bad)); !errors.As(err, &mistake) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := flags().parse([]string{"--help"}); !errors.Is(err, errHelp) {
		t.Error(err)
	}
	var out strings.Builder
	flags().help(&out)
	for _, want := range []string{"  --name id\n        a name\n", "  -e name=value\n", "  --on\n", "  -n int\n        a number (default 5)\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s lacks %q", out.String(), want)
		}
	}
}
