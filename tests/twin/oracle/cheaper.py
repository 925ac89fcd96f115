"""What costs Ansible most of the time of a short run is done once here, and shared by all runs of the tests.

What it does to hosts stays its own, file for file. Each Python source that is sent has its bytecode beside it, which
Pythons of another version pass over; Python reads a script on its standard input byte by byte, here it is told to read
it whole; modules of Ansible's own are packed once for all; and what it looks up in its own files is looked up already.
"""

import functools
import hashlib
import importlib.util
import marshal
import os
import pickle
import shlex
import sys
import types
import zipfile

import ansible
from ansible import constants
from ansible.executor import module_common
from ansible.plugins import loader
from ansible.plugins.shell import ShellBase
from ansible.utils.collection_loader import _collection_finder

#: In the head of a .pyc: nobody needs to compare it with its source (PEP 552).
_UNCHECKED = (0b01).to_bytes(4, "little")
#: How a module on standard input is run.
READ_WHOLE = "import sys; exec(compile(sys.stdin.buffer.read(), '<stdin>', 'exec'))"


def spare() -> None:
    """From now on runs do less."""
    module_common.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": _ZipFile})
    module_common._find_module_utils = _packed_once(module_common._find_module_utils, os.environ["TWIN_PACKED"])
    ShellBase.build_module_command = _read_whole(ShellBase.build_module_command)
    _collection_finder._meta_yml_to_dict = _read_once(_collection_finder._meta_yml_to_dict)
    for each in (loader.callback_loader, loader.shell_loader):
        list(each.all(class_only=True))


def pack(path: str) -> None:
    """Write what modules import of Ansible's own to this zip file, which imports as the one does that they bring."""
    root = os.path.dirname(os.path.dirname(ansible.__file__))
    made = f"{path}.{os.getpid()}"
    with _ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("ansible/__init__.py", f"__version__ = {ansible.__version__!r}\n")
        for folder, _, names in os.walk(os.path.join(root, "ansible", "module_utils")):
            for name in filter(_is_python, names):
                with open(os.path.join(folder, name), "rb") as file:
                    packed.writestr(os.path.relpath(file.name, root), file.read())
    os.replace(made, path)


def _is_python(name):
    return name.endswith(".py")


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
        return f"{told} -c {shlex.quote(READ_WHOLE)}" if piped else told

    return built


def _packed_once(find, folder):
    """The same function; it keeps packed modules of Ansible's own in `folder`, others apart by what they are."""
    own = os.path.join(os.path.dirname(ansible.__file__), "")
    temporary = constants.DEFAULT_LOCAL_TMP

    @functools.wraps(find)
    def found(module_name, b_module_data, module_path, *more, **options):
        apart = os.path.join(temporary, hashlib.sha256(b_module_data).hexdigest())
        constants.DEFAULT_LOCAL_TMP = folder if module_path.startswith(own) else apart
        try:
            return find(module_name, b_module_data, module_path, *more, **options)
        finally:
            constants.DEFAULT_LOCAL_TMP = temporary

    return found


def _read_once(read):
    """The same function; what it makes of Ansible's own list of names is made beforehand."""
    path = os.path.join(os.path.dirname(ansible.__file__), "config", "ansible_builtin_runtime.yml")
    with open(path, "rb") as file:
        text = file.read()
    known = pickle.dumps(dict(read(text, path)))
    return lambda data, name: pickle.loads(known) if data == text else read(data, name)


if __name__ == "__main__":
    pack(sys.argv[1])
