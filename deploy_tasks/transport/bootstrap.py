"""The constant command that a session starts with: a POSIX shell text that installs the runner, and becomes it.

The text is the same for every host and holds no value, so nothing needs quoting. It is one line without single
quotes, exclamation marks and double backslashes: the login shell that starts it may be csh or fish. What differs comes
on standard input: state folder, digest, sizes and platform, manifest. When the runner is there already, the shell
starts no other process.
"""

from __future__ import annotations

from deploy_tasks.errors import BadInput

# Where the runner keeps its state for root. The shell asks `id` only when the caller does not know the user.
ROOT_STATE_DIR = "/var/lib/deploy-tasks"

_LINES = (
    "umask 077; t=; q=;",
    # refuse REASON MESSAGE; the temporary file goes first, since who is refused may look at once
    r'r() { [ -z "$t" ] || rm -f "$t"; printf "{\"event\":\"refused\",\"reason\":\"%s\",\"message\":\"%s\"}\n" "$1"'
    r' "$(printf %s "$2" | tr "\042\134\011\012" "    " | tr -dc "[:print:]")"; exit 75; };',
    # sha256 of a file; openssl uses the processor's own instructions, which halves the time for a runner
    "c() { if command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r;"
    " elif command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi "
    '<"$1"; };',
    # what is free by df, KiB or inodes: the number before the percentage
    'v() { a=; for x in $(LC_ALL=C df "$1" "$b" 2>/dev/null); do case $x in *[0-9]%) break;; esac; a=$x; done;'
    ' case $a in ""|*[a-zA-Z/-]*) a=;; esac; };',
    # mkdir or write failed with this text
    'w() { case $1 in *[Nn]o?space*|*[Qq]uota*) v -Pi; [ "${a:-8}" -ge 8 ] ||'
    ' r no_space "no space on $b: need 8 inodes, have $a";'
    ' v -Pk; r no_space "no space on $b: need $k KiB, have ${a:-0} KiB";;'
    ' *) r read_only "cannot write to $b: $1";; esac; };',
    'IFS= read -r d; read -r h i; read -r p n s m; IFS= read -r j || r bad_request "the request ends too early";',
    'if [ -z "$d" ]; then if [ "$(id -u)" = 0 ]; then d=' + ROOT_STATE_DIR + ";"
    " else d=${XDG_STATE_HOME:-$HOME/.local/state}/deploy-tasks; fi; fi;",
    # an artifact begins with its runner, so either can answer
    "b=$d/blobs; f=$b/$h; o=$d/artifacts/$i; k=$((n / 1024 + 64));",
    'if [ -x "$o" ]; then f=$o; elif [ -x "$f" ]; then :; else',
    'u=$(uname -sm); [ "$u" = "$s $m" ] || r wrong_target "the runner is for $s $m, this host is $u";',
    'for x in head gzip df mv rm tr; do command -v $x >/dev/null 2>&1 || r unsupported "the host has no $x"; done;',
    '[ -d "$b" ] && [ -d "$d/artifacts" ] || e=$(mkdir -p "$b" "$d/artifacts" 2>&1) || w "$e";',
    'v -Pk; [ -z "$a" ] || [ "$a" -ge "$k" ] || r no_space "no space on $b: need $k KiB, have $a KiB";',
    # temporary files of shells that are no more
    'for x in "$b"/.[0-9a-f]*.[0-9]*; do [ -f "$x" ] && { kill -0 "${x##*.}" 2>/dev/null || rm -f "$x"; }; done;',
    't=$b/.$h.$$; trap "rm -f \\"\\$t\\"" EXIT; trap "exit 1" HUP INT TERM PIPE;',
    r'printf "{\"event\":\"need_runner\"}\n";',
    # exactly p bytes; head takes them in small bites, so dd is asked first where it knows how to stop at a byte
    'y() { dd bs=65536 count="$p" iflag=fullblock,count_bytes status=none 2>/dev/null || head -c "$p"; };',
    # what arrives is as large as what it becomes when it was not packed
    'g() { if [ "$p" = "$n" ]; then y; else y | gzip -dc; fi; };',
    'e=$({ g >"$t"; } 2>&1) || case $e in'
    ' *[Ss]pace*|*[Qq]uota*|*annot*|*enied*|*ead-only*) w "$e";;'
    ' *) r digest "the runner arrived damaged: $e";; esac;',
    'x=$i; [ "$i" = - ] && x=$h; e=$(c "$t"); e=${e%% *};',
    '[ "$e" = "$x" ] || r digest "the runner arrived damaged: its digest is $e";',
    'chmod 700 "$t"; sync "$t" 2>/dev/null;',
    '[ -x "$t" ] || r noexec "programs cannot be run in $b: it is mounted noexec";',
    'x=$f; [ "$i" = - ] || x=$o;',
    'e=$(mv -f "$t" "$x" 2>&1) || w "$e"; t=; trap - EXIT HUP INT TERM PIPE;',
    '[ "$i" = - ] || { ln "$o" "$f" 2>/dev/null || cp -p "$o" "$f" 2>/dev/null; f=$o; q=checked; }; fi;',
    'exec "$f" receive "$d" "$j" $q',
)

BOOTSTRAP = " ".join(_LINES)


def command(*, become: bool) -> str:
    """What to ask the SSH server to run; with `become` as root, never prompting for a password."""
    return f"exec {'sudo -n ' if become else ''}sh -c '{BOOTSTRAP}'"


def arguments(*, become: bool) -> list[str]:
    """The same as an argument list, for a host that is this machine."""
    return [*(["sudo", "-n"] if become else []), "sh", "-c", BOOTSTRAP]


def hello(
    *,
    state_dir: str,
    digest: str,
    artifact: str | None,
    packed: int,
    size: int,
    platform: tuple[str, str],
    manifest: str,
) -> bytes:
    """The four lines the shell reads. `digest` is the runner's; with `artifact` a host that has neither is sent that
    whole artifact instead of the runner alone. `packed` and `size` are of what is sent then: its bytes on the way and
    unpacked, equal when it is not packed. `platform` is `uname -s` and `uname -m`.

    Raises BadInput for a value that would end its line or its word early.
    """
    words = (state_dir, digest, artifact or "-", *platform, manifest)
    if any("\n" in word or "\0" in word for word in words) or any(
        " " in word for word in (digest, artifact or "-", *platform)
    ):
        raise BadInput("a line of the request holds a line break or blank where it must not")
    return (
        f"{state_dir}\n{digest} {artifact or '-'}\n{packed} {size} {platform[0]} {platform[1]}\n{manifest}\n".encode()
    )
