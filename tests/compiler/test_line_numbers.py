"""Go files are compiled without line numbers, and with nothing else changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy_tasks.compiler.cache import Cache
from deploy_tasks.compiler.gobuild import Builder
from deploy_tasks.compiler.line_numbers import one_line
from deploy_tasks.compiler.targets import this_machine
from tests.support.compiler import go_program, shared_cache

_PANIC = """package main

import "strings"

func main() {
	var b *strings.Builder
	b.WriteString("x")
}
"""


def test_only_the_starts_of_lines_with_code_change() -> None:
    source = 'package x\n\n//go:noinline\nfunc f() string {\n\t// why\n\treturn `a\n"b` + "c\\"\n'
    source = source.replace('"c\\"\n', '"c\\"" + string(\'"\')\n}\n')
    assert one_line(source) == (
        "package x\n\n//go:noinline\n/*line :1*/func f() string {\n\t// why\n\t/*line :1*/return `a\n"
        '"b` + "c\\"" + string(\'"\')\n/*line :1*/}\n'
    )


def test_a_panic_still_names_the_functions(tmp_path: Path) -> None:
    made = Builder(Cache(shared_cache()), go_program(tmp_path / "panics", _PANIC)).runner(this_machine())
    ended = subprocess.run([str(made.path)], capture_output=True, text=True, check=False)
    assert "strings.(*Builder).WriteString" in ended.stderr
    assert "main.main" in ended.stderr
    assert "main.go" not in ended.stderr
