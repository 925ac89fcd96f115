"""Two thirds of what a task of Ansible's costs a host is reading and compiling the module's Python: here it is spared.

What is sent stays Ansible's own, file for file. Each source has its bytecode beside it, which Pythons of another
version pass over. And Python reads a script on its standard input byte by byte; here it is told to read it whole.
"""

import functools
import importlib.util
import marshal
import shlex
import types
import zipfile

from ansible.executor import module_common
from ansible.plugins.shell import ShellBase

#: In the head of a .pyc: nobody needs to compare it with its source (PEP 552).
_UNCHECKED = (0b01).to_bytes(4, "little")
_READ_WHOLE = "import sys; exec(compile(sys.stdin.buffer.read(), '<stdin>', 'exec'))"


def spare() -> None:
    """From now on modules are sent this way."""
    module_common.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": _ZipFile})
    ShellBase.build_module_command = _read_whole(ShellBase.build_module_command)


class _ZipFile(zipfile.ZipFile):
    """A zip file in which every Python source has its bytecode beside it."""

    def writestr(self, zinfo_or_arcname, data, *more, **options):
        super().writestr(zinfo_or_arcname, data, *more, **options)
        name = getattr(zinfo_or_arcname, "filename", zinfo_or_arcname)
        if name.endswith(".py"):
            source = data if isinstance(data, bytes) else data.encode()
            super().writestr(f"{name}c", _compiled(source, name), zipfile.ZIP_DEFLATED)


@functools.cache
def _compiled(source: bytes, name: str) -> bytes:
    code = compile(source, name, "exec", dont_inherit=True)
    return importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)


def _read_whole(build):
    """The same method, but for modules on standard input, which it is asked for without a command."""

    @functools.wraps(build)
    def built(self, env_string, shebang, cmd, arg_path=None):
        told = build(self, env_string, shebang, cmd, arg_path)
        piped = not cmd and arg_path is None and "python" in (shebang or "")
        return f"{told} -c {shlex.quote(_READ_WHOLE)}" if piped else told

    return built
