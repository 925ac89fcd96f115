package facts

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/value"
)

func TestSubsets(t *testing.T) {
	for _, c := range []struct {
		ask       []string
		has, lack string
	}{
		{nil, "platform network hardware virtual", ""},
		{[]string{"all"}, "platform network hardware virtual", ""},
		{[]string{"min"}, "platform distribution date_time env", "network hardware virtual"},
		{[]string{"!all"}, "platform", "network hardware"},
		{[]string{"!all", "!min"}, "", "platform network date_time"},
		{[]string{"!all", "!min", "date_time"}, "date_time", "platform env"},
		{[]string{"network"}, "network platform", "hardware"},
		{[]string{"!network"}, "platform", "network hardware"},
		{[]string{"all", "!network"}, "hardware", "network"},
		{[]string{"mounts"}, "hardware platform", "network"},
		{[]string{"!all", "!min", "service_mgr"}, "service_mgr platform distribution", "env"},
		{[]string{"virtualization_type"}, "virtual", "network"},
		{[]string{"network", "!network"}, "network", ""},
	} {
		chosen := choose(c.ask)
		for _, name := range strings.Fields(c.has) {
			if !chosen[name] {
				t.Errorf("%v lacks %s", c.ask, name)
			}
		}
		for _, name := range strings.Fields(c.lack) {
			if chosen[name] {
				t.Errorf("%v has %s", c.ask, name)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	if err := Check([]string{"all", "!hardware", "network", "mounts", "!bogus", "min"}); err != nil {
		t.Error(err)
	}
	err := Check([]string{"bogus"})
	if err == nil || !strings.HasPrefix(err.Error(), "Bad subset 'bogus' given to Ansible. gather_subset options allowed: all, all_ipv4") {
		t.Error(err)
	}
}

func TestGatherGivesWhatPlansUse(t *testing.T) {
	all := Gather(nil, []string{"PATH=" + os.Getenv("PATH"), "DT_TEST=x", "LOGNAME=somebody"})
	names := "ansible_system ansible_hostname ansible_fqdn ansible_nodename ansible_domain ansible_kernel ansible_architecture " +
		"ansible_machine ansible_distribution ansible_os_family ansible_date_time ansible_env ansible_user_id ansible_interfaces " +
		"ansible_all_ipv4_addresses ansible_processor_count ansible_processor_vcpus ansible_virtualization_type ansible_service_mgr ansible_pkg_mgr"
	if runtime.GOOS == "linux" {
		names += " ansible_memtotal_mb ansible_memfree_mb ansible_swaptotal_mb ansible_memory_mb ansible_mounts ansible_uptime_seconds " +
			"ansible_default_ipv4 ansible_lo ansible_processor ansible_product_name ansible_selinux ansible_apparmor ansible_cmdline ansible_dns " +
			"ansible_lsb ansible_is_chroot ansible_loadavg ansible_distribution_major_version"
	}
	for _, name := range strings.Fields(names) {
		if v, ok := all.Get(name); !ok || v == nil {
			t.Errorf("no %s", name)
		}
	}
	env, _ := all.Get("ansible_env")
	if v, _ := env.(*value.Dict).Get("DT_TEST"); v != "x" {
		t.Error("the environment is not that of the call")
	}
	if v, _ := all.Get("ansible_user_id"); v != "somebody" {
		t.Errorf("user %v", v)
	}
	for _, name := range all.Keys() {
		if !strings.HasPrefix(name, "ansible_") || strings.Contains(name, "-") {
			t.Errorf("%s", name)
		}
	}
}

func TestDateTime(t *testing.T) {
	g := &gathering{out: dict()}
	dateTime(g)
	v, _ := g.out.Get("ansible_date_time")
	d := v.(*value.Dict)
	text := func(name string) string { v, _ := d.Get(name); return v.(string) }
	at, err := time.Parse("2006-01-02T15:04:05Z", text("iso8601"))
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("%s %v", text("iso8601"), err)
	}
	if !strings.HasPrefix(text("iso8601_micro"), strings.TrimSuffix(text("iso8601"), "Z")+".") || len(text("iso8601_basic")) != 21 {
		t.Errorf("%s %s", text("iso8601_micro"), text("iso8601_basic"))
	}
	if text("date")+"T"+text("time") != text("year")+"-"+text("month")+"-"+text("day")+"T"+text("hour")+":"+text("minute")+":"+text("second") {
		t.Error("date and time do not agree")
	}
}

func TestWeekNumber(t *testing.T) {
	for day, want := range map[string]int{"2026-11-20": 46, "2026-01-01": 0, "2026-01-05": 1, "2024-01-01": 1, "2023-12-31": 52} {
		at, err := time.Parse("2006-01-02", day)
		if got := weekNumber(at); err != nil || got != want {
			t.Errorf("%s is in week %d, wanted %d", day, got, want)
		}
	}
}

func TestSummerZone(t *testing.T) {
	zone := time.FixedZone("XST", 3600)
	if got := summerZone(time.Date(2026, 1, 1, 0, 0, 0, 0, zone)); got != "XST" {
		t.Error(got)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	if got := summerZone(time.Date(2026, 1, 1, 0, 0, 0, 0, berlin)); got != "CEST" {
		t.Error(got)
	}
}

func TestKernelWords(t *testing.T) {
	got := kernelWords("ro  root=/dev/sda1 dyndbg=\"file a +p\" quiet\n")
	if want := []string{"ro", "root=/dev/sda1", `dyndbg="file a +p"`, "quiet"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestIni(t *testing.T) {
	got := string(value.Encode(ini("# remark\n[one]\nA = 1\nb: x = y\n\n[two]\n")))
	if got != `{"one":{"a":"1","b":"x = y"},"two":{}}` {
		t.Error(got)
	}
	got = string(value.Encode(ini("[DEFAULT]\na = 0\nz = 9\n[one] ; remark\n  a = 1\n   more\nb =\n[two]\n")))
	if got != `{"one":{"a":"1\nmore","b":"","z":"9"},"two":{"a":"0","z":"9"}}` {
		t.Error(got)
	}
	for _, wrong := range []string{"no section = here", "[a]\nx = 1\nX = 2", "[a]\n[b]\n[a]\n", "[a]\nword", "[]\na = 1"} {
		if v := ini(wrong); v != nil {
			t.Errorf("%q is %s", wrong, value.Encode(v))
		}
	}
}

func TestVersionIn(t *testing.T) {
	path := t.TempDir() + "/python3.11"
	if err := os.WriteFile(path, []byte("\x7fELF 3.11.x\x003.11.beta\x00x3.11.9\x00pad\x003.11.2+\x00"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := versionIn(path, "3.11"); got != "3.11.2" {
		t.Errorf("%q", got)
	}
	if got := versionIn(path, "3.12"); got != "" {
		t.Errorf("%q", got)
	}
}

func BenchmarkMin(b *testing.B) {
	for range b.N {
		Gather([]string{"min"}, nil)
	}
}

func BenchmarkAll(b *testing.B) {
	for range b.N {
		Gather(nil, nil)
	}
}

func TestFactsOfTheHostsOwn(t *testing.T) {
	folder := t.TempDir()
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"json.fact":    {`{"a": [1, null]}`, 0o644},
		"ini.fact":     {"[One]\nKey = v: w\n; no\n[two]\nb: 2\n", 0o644},
		"run.fact":     {"#!/bin/sh\necho '{\"ran\": true}'\n", 0o755},
		"fails.fact":   {"#!/bin/sh\nexit 3\n", 0o755},
		"endless.fact": {"#!/bin/sh\nhead -c 20000000 /dev/zero\n", 0o755},
		"wrong.fact":   {"neither = one", 0o644},
		"other.txt":    {"{}", 0o644},
	} {
		if err := os.WriteFile(folder+"/"+name, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
	}
	found := Local(folder, os.Environ())
	for name, want := range map[string]string{"json": `{"a":[1,null]}`, "ini": `{"One":{"key":"v: w"},"two":{"b":"2"}}`, "run": `{"ran":true}`} {
		if v, _ := found.Get(name); string(value.Encode(v)) != want {
			t.Errorf("%s is %s", name, value.Encode(v))
		}
	}
	for name, want := range map[string]string{"fails": "Failure executing", "endless": "error loading facts", "wrong": "error loading facts"} {
		if v, _ := found.Get(name); !strings.HasPrefix(value.Str(v), want) {
			t.Errorf("%s is %.80s", name, value.Str(v))
		}
	}
	if found.Len() != 6 {
		t.Errorf("%v", found.Keys())
	}
}
