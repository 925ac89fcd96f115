"""Any plan of the normalised model, for property tests: every field of every kind of step may be set."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st

from deploy_tasks.plan.model import Block, Include, Plan, Play, StaticFile, Step, Task, VarsFile

WORD = st.from_regex(r"[a-z][a-z0-9_]{0,7}", fullmatch=True)
LINE = st.text(alphabet="abc xyz{}'\"%/é:", min_size=1, max_size=20).filter(lambda text: text.strip() != "")
SCALAR = st.none() | st.booleans() | st.integers(-5, 1000) | st.sampled_from([0.5, 2.25]) | LINE | st.just("{{ x }}")
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3), max_leaves=5
)
VARS = st.dictionaries(WORD, VALUE, max_size=3)
EXPRESSIONS = st.lists(st.sampled_from(["x is defined", "y > 1", "{{ z }}", " not tidy ", "true"]), max_size=3).map(
    tuple
)
WORDS = st.lists(WORD, max_size=3, unique=True).map(tuple)
SWITCH = st.none() | st.booleans() | st.just("{{ flag }}")
NUMBER = st.none() | st.integers(0, 9) | st.sampled_from([0.5, "{{ n }}", "5"])
WHERE = st.sampled_from(["", "site.yml[0].tasks[3]", "roles/web/tasks/main.yml[1].block[0]"])
FOLDERS = st.lists(st.sampled_from(["roles/web/files", "files", "."]), max_size=2, unique=True).map(tuple)


def fields(given: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these fields; the others keep their defaults."""
    return st.fixed_dictionaries({}, optional=given)


LOOP = {
    "loop": st.none() | st.lists(VALUE, max_size=3) | st.just("{{ items }}"),
    "loop_var": WORD,
    "index_var": st.none() | WORD,
}
TASK: dict[str, st.SearchStrategy[Any]] = dict(
    **LOOP,
    args=VARS,
    when=EXPRESSIONS,
    only=st.lists(st.sampled_from(["web1", "web2", "&prod", "!old", "db*"]), max_size=3, unique=True).map(tuple),
    check_mode_only=st.none() | st.booleans(),
    tags=WORDS,
    skip_tags=WORDS,
    register=st.none() | WORD,
    notify=WORDS,
    listen=WORDS,
    vars=VARS,
    environment=VARS | st.just("{{ env }}"),
    changed_when=st.none() | EXPRESSIONS,
    failed_when=st.none() | EXPRESSIONS,
    ignore_errors=st.booleans() | st.sampled_from(["x", "{{ x }}"]),
    until=EXPRESSIONS,
    retries=NUMBER.filter(lambda value: value != 0.5),
    delay=NUMBER,
    no_log=st.booleans() | st.just("{{ hide }}"),
    check_mode=SWITCH,
    diff=SWITCH,
    timeout_s=st.none() | st.sampled_from([1.0, 30.5, "{{ patience }}"]),
    become=SWITCH,
    become_user=st.none() | WORD,
    loop_label=st.none() | VALUE,
    loop_pause=NUMBER,
    loop_extended=st.booleans(),
    loop_allitems=st.booleans(),
    break_when=EXPRESSIONS,
    async_s=NUMBER,
    poll_s=NUMBER,
    delegate_to=st.none() | WORD,
    delegate_facts=st.booleans(),
    run_once=st.booleans(),
    throttle=st.none() | st.integers(1, 9) | st.just("{{ seats }}"),
    serial=st.none() | st.sampled_from([1, "25%"]),
    any_errors_fatal=st.booleans(),
    ignore_unreachable=st.booleans(),
    var_files=st.dictionaries(st.just("vars/a.yml"), VARS, max_size=1),
    search=FOLDERS,
    on_failure=st.sampled_from(["abort", "continue", "rollback"]),
    where=WHERE,
    origins=st.dictionaries(st.sampled_from(["loop", "when[0]"]), WORD, max_size=1),
)
BLOCK: dict[str, st.SearchStrategy[Any]] = dict(
    **LOOP,
    name=LINE,
    when=EXPRESSIONS,
    tags=WORDS,
    vars=VARS,
    role=st.none() | WORD,
    role_path=st.sampled_from(["", "roles/web"]),
    once=st.sampled_from(["", "roles/web|1"]),
    defaults=VARS,
    role_vars=VARS,
    params=VARS,
    where=WHERE,
)
INCLUDE: dict[str, st.SearchStrategy[Any]] = dict(
    **LOOP,
    name=LINE,
    kind=st.sampled_from(["tasks", "role"]),
    search=FOLDERS,
    when=EXPRESSIONS,
    loop_label=st.none() | VALUE,
    loop_extended=st.booleans(),
    loop_allitems=st.booleans(),
    tags=WORDS,
    vars=VARS,
    ignore_errors=st.booleans() | st.just("x"),
    run_once=st.booleans(),
    where=WHERE,
)
PLAY: dict[str, st.SearchStrategy[Any]] = dict(  # noqa: C408  (field names read best as keywords)
    name=LINE,
    hosts=st.lists(st.sampled_from(["all", "web1", "web:&prod", "web2"]), max_size=2, unique=True).map(tuple),
    strategy=st.sampled_from(["linear", "free", "host_pinned", "rolling"]),
    serial=st.lists(st.sampled_from([1, 5, "30%"]), max_size=2).map(tuple),
    defaults=VARS,
    vars=VARS,
    vars_files=st.lists(
        st.builds(
            VarsFile,
            names=st.just(("a.yml", "b.yml")),
            choices=st.dictionaries(st.sampled_from(["a.yml", "b.yml"]), VARS, max_size=2),
            where=WHERE,
        ),
        max_size=2,
    ).map(tuple),
    role_vars=VARS,
    gather_facts=st.none() | st.booleans(),
    max_fail_percentage=st.none() | st.sampled_from([0.0, 25.0]),
    any_errors_fatal=st.booleans(),
    force_handlers=st.booleans(),
    continued=st.booleans(),
    playbook_dir=st.none() | st.just("plays"),
    where=WHERE,
)
PLAN: dict[str, st.SearchStrategy[Any]] = dict(  # noqa: C408  (field names read best as keywords)
    hosts=WORDS,
    limit=st.none() | st.just("web1,!old"),
    tags=WORDS,
    skip_tags=WORDS,
    check=st.booleans(),
    diff=st.booleans(),
    forks=st.none() | st.integers(1, 50),
    deployment_timeout_s=st.none() | st.just(60.0),
    verify=st.none() | st.booleans(),
    targets=st.dictionaries(
        st.sampled_from(["web1", "web2"]), st.sampled_from(["x86_64-unknown-linux-musl", "aarch64-apple-darwin"])
    ),
    static_files=st.lists(
        st.builds(StaticFile, src=st.just("files/a"), dest=WORD, checksum=WORD, size=st.integers(0, 9), where=WHERE),
        max_size=2,
    ).map(tuple),
    playbook_dir=st.sampled_from(["", "playbooks"]),
    remote_user=st.none() | WORD,
    format=st.sampled_from(["playbook", "rustle-plan", "rustle-deploy"]),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan whose ids are unique; names and expressions may be as untidy as people write them."""
    numbers = count(1)

    def task() -> Task:
        return Task(id=f"t{next(numbers)}", name=draw(LINE), module=draw(WORD), **draw(fields(TASK)))

    def steps(depth: int, most: int = 3) -> tuple[Step, ...]:
        return tuple(step(depth) for _ in range(draw(st.integers(0, most))))

    def step(depth: int) -> Step:
        sort = draw(st.sampled_from(["task", "task", "block", "include"])) if depth < 3 else "task"
        if sort == "block":
            inner = {"block": steps(depth + 1), "rescue": steps(depth + 1, 1), "always": steps(depth + 1, 1)}
            return Block(**inner, **draw(fields(BLOCK)))
        if sort == "include":
            names = draw(st.lists(st.sampled_from(["a.yml", "b.yml", "roles/x"]), max_size=2, unique=True))
            choices = {name: steps(depth + 1) for name in names}
            return Include(id=f"i{next(numbers)}", target=draw(LINE), choices=choices, **draw(fields(INCLUDE)))
        return task()

    def handler() -> Task | Block:
        return task() if draw(st.booleans()) else Block(block=(task(),), role=draw(WORD))

    def play(number: int) -> Play:
        handlers = tuple(handler() for _ in range(draw(st.integers(0, 2))))
        return Play(id=f"p{number}", tasks=steps(0, 4), handlers=handlers, **draw(fields(PLAY)))

    return Plan(
        name=draw(WORD),
        plays=tuple(play(n) for n in range(draw(st.integers(0, 2)))),
        **{"format": "playbook", **draw(fields(PLAN))},
    )
