"""Ranges in inventories and host patterns, as Ansible reads them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deploy_tasks.errors import InventoryError
from deploy_tasks.plan.hosts import Host, Inventory
from deploy_tasks.plan.patterns import union
from deploy_tasks.plan.ranges import BadRange, expand


@pytest.mark.parametrize(
    ("pattern", "names", "port"),
    [
        ("web1", ["web1"], None),
        ("web1:2222", ["web1"], 2222),
        ("web[1:3]", ["web1", "web2", "web3"], None),
        ("web[:2]", ["web0", "web1", "web2"], None),
        ("web[01:20:6]", ["web01", "web07", "web13", "web19"], None),
        ("web[08:10].example.com:22", ["web08.example.com", "web09.example.com", "web10.example.com"], 22),
        ("db[a:c]", ["dba", "dbb", "dbc"], None),
        ("db[a:e:2]", ["dba", "dbc", "dbe"], None),
        ("x[1:2]-[a:b]", ["x1-a", "x1-b", "x2-a", "x2-b"], None),
        ("10.0.[0:1].[1:2]", ["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2"], None),
        ("::1", ["::1"], None),
        ("[::1]:2022", ["::1"], 2022),
        ("2001:db8::5", ["2001:db8::5"], None),
    ],
)
def test_ranges(pattern: str, names: list[str], port: int | None) -> None:
    assert expand(pattern) == (names, port)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("web:", "ends with a colon"),
        ("web:99999", "is not a port"),
        ("web[1]", r"must be \[first:last\]"),
        ("web[1:2:3:4]", r"must be \[first:last\]"),
        ("web[1:]", "has no end"),
        ("web[3:1]", "ends before it begins"),
        ("web[c:a]", "ends before it begins"),
        ("web[01:100]", "as many digits"),
        ("web[a:9]", "from number to number"),
        ("web[1:5:0]", "is not a step"),
        ("web[1:999999999999]", "more than 100000"),
        ("a[1:400]b[1:400]", "more than 100000"),
        ("web[1:2", "not closed"),
    ],
)
def test_bad_ranges(pattern: str, reason: str) -> None:
    with pytest.raises(BadRange, match=reason):
        expand(pattern)


@given(
    st.integers(0, 500),
    st.integers(0, 300),
    st.integers(1, 9),
    st.integers(0, 3),
    st.sampled_from(["", "-x", ".example.com"]),
)
def test_a_range_gives_back_its_numbers(first: int, more: int, step: int, zeros: int, tail: str) -> None:
    width = len(str(first + more)) + zeros if zeros else 0
    begin, end = str(first).zfill(width), str(first + more).zfill(width)
    names, port = expand(f"web[{begin}:{end}:{step}]{tail}:22")
    assert port == 22
    assert [name.removeprefix("web").removesuffix(tail) for name in names] == [
        str(number).zfill(width) for number in range(first, first + more + 1, step)
    ]


def test_a_long_name_is_no_riddle() -> None:
    assert expand("a" * 50_000) == (["a" * 50_000], None)


HOSTS = ["web1", "web2", "web3", "db1", "db2", "lone"]
GROUPS = {
    "all": tuple(HOSTS),
    "web": ("web1", "web2", "web3"),
    "db-servers": ("db1", "db2"),
    "prod": ("web3", "db1"),
    "nobody": (),
}
INVENTORY = Inventory(hosts={name: Host(name=name) for name in HOSTS}, groups=GROUPS)


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        ([], HOSTS),
        (["all"], HOSTS),
        (["*"], HOSTS),
        (["web"], ["web1", "web2", "web3"]),
        (["db-servers,web1"], ["db1", "db2", "web1"]),
        (["db-servers:web1"], ["db1", "db2", "web1"]),
        (["web", "web1", "lone"], ["web1", "web2", "web3", "lone"]),
        (["web:!prod"], ["web1", "web2"]),
        (["web:&prod"], ["web3"]),
        (["web:db-servers:&prod:!db*"], ["web3"]),
        (["!web"], ["db1", "db2", "lone"]),
        (["&prod"], ["web3", "db1"]),
        (["w*"], ["web1", "web2", "web3"]),
        (["web?"], ["web1", "web2", "web3"]),
        (["web[13]"], []),
        (["web[0]"], ["web1"]),
        (["web[-1]"], ["web3"]),
        (["web[0:1]"], ["web1", "web2"]),
        (["web[1:]"], ["web2", "web3"]),
        (["~(web|db)[12]$"], ["web1", "web2", "db1", "db2"]),
        (["all:!~.*1"], ["web2", "web3", "db2", "lone"]),
        (["nobody"], []),
        (["gone*"], []),
        (["web:!gone"], ["web1", "web2", "web3"]),
    ],
)
def test_patterns(patterns: list[str], chosen: list[str]) -> None:
    assert INVENTORY.select(patterns) == tuple(chosen)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("wbe", "did you mean web?"),
        ("web1,lonely", "did you mean lone?"),
        ("web[0", "unmatched bracket"),
        ("~web(", "not a regular expression"),
        ("@/nowhere/at/all", "cannot read"),
        ("x" * 2000, "longer than 1000"),
    ],
)
def test_bad_patterns(pattern: str, told: str) -> None:
    with pytest.raises(InventoryError) as caught:
        INVENTORY.select([pattern])
    assert told in str(caught.value)


def test_a_file_of_host_names(tmp_path: object) -> None:
    path = f"{tmp_path}/failed"
    with open(path, "w") as stream:
        stream.write("web2\n# comment\n\ndb1 # why\n")
    assert INVENTORY.select([f"@{path}"]) == ("web2", "db1")
    assert INVENTORY.select([f"@{path}", "!db1"]) == ("web2",)


NAMES = st.sampled_from([*HOSTS, "web", "prod", "db-servers"])


@example(["db1", "db1", "db1"], [], [])  # looks like a part of an IPv6 address
@given(st.lists(NAMES, min_size=1, max_size=4), st.lists(NAMES, max_size=2), st.lists(NAMES, max_size=2))
def test_patterns_are_set_algebra(plain: list[str], both: list[str], without: list[str]) -> None:
    def hosts(name: str) -> set[str]:
        return set(GROUPS.get(name, (name,)))

    wanted = set().union(*(hosts(name) for name in plain))
    for name in both:
        wanted &= hosts(name)
    for name in without:
        wanted -= hosts(name)
    marked = [*plain, *(f"&{name}" for name in both), *(f"!{name}" for name in without)]
    for text in (":".join(marked), ",".join(marked), ", ".join(reversed(marked))):
        assert set(INVENTORY.select([text])) == wanted


@given(st.lists(NAMES | st.sampled_from(["w*", "db?"]), min_size=1, max_size=3))
def test_a_union_is_one_pattern(plain: list[str]) -> None:
    assert set(INVENTORY.select([union(plain)])) == set(INVENTORY.select(plain))


def test_a_subset_keeps_the_order_and_the_groups() -> None:
    few = INVENTORY.subset(["db1", "web1"])
    assert list(few.hosts) == ["web1", "db1"]
    assert few.groups["prod"] == ("db1",)
    assert few.groups["nobody"] == ()
