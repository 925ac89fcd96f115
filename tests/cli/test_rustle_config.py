from __future__ import annotations

from pathlib import Path

import pytest

from deploy_tasks.cli.rustle_config import ENVIRONMENT, FILE_KEYS, Config, load, megabytes
from deploy_tasks.cli.rustle_options import ACTIONS, parser
from deploy_tasks.errors import BadInput

PROMISED = [
    *(
        "-i",
        "-c",
        "-o",
        "-t",
        "-v",
        "--inventory",
        "--config",
        "--output-dir",
        "--target",
        "--cache-dir",
        "--incremental",
    ),
    *("--rebuild", "--deploy-only", "--compile-only", "--cleanup", "--parallel", "--timeout", "--binary-suffix"),
    *("--strip-symbols", "--compress", "--verify", "--rollback", "--list-deployments", "--check-capabilities"),
    *("--setup", "--localhost-test", "--verbose", "--dry-run"),
]
FILE = """
[deployment]
cache_dir = "~/kept"
output_dir = "./out"
parallel_jobs = 8
default_timeout_secs = 90
verify_deployments = true

[compilation]
optimization_level = "release"
strip_symbols = true
static_linking = true
compression = true
binary_size_limit_mb = 20

[targets]
default_arch = "aarch64-unknown-linux-gnu"
supported_targets = ["aarch64-unknown-linux-gnu"]

[cross_compilation]
use_docker = false
someone_elses = 1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def test_options_beat_environment_beats_file_beats_defaults(file: Path) -> None:
    environment = {"RUSTLE_PARALLEL_JOBS": "4", "RUSTLE_DEPLOYMENT_TIMEOUT": "60"}
    config = load({"timeout": 30.0}, environment, file)
    assert (config.timeout, config.parallel, config.size_limit_mb, config.rebuild) == (30.0, 4, 20.0, False)


def test_every_table_of_the_file_counts(file: Path) -> None:
    config = load({}, {}, file)
    assert config == Config(
        cache_dir=Path("~/kept").expanduser(),
        output_dir=Path("out"),
        parallel=8,
        timeout=90,
        verify=True,
        compress=True,
        size_limit_mb=20,
        default_target="aarch64-unknown-linux-gnu",
        supported_targets=("aarch64-unknown-linux-gnu",),
    )


def test_every_environment_variable_counts(tmp_path: Path) -> None:
    environment = {
        "RUSTLE_DEPLOY_CACHE_DIR": str(tmp_path),
        "RUSTLE_BINARY_SIZE_LIMIT": "30MB",
        "RUSTLE_DEPLOYMENT_TIMEOUT": "45",
        "RUSTLE_PARALLEL_JOBS": "3",
        "RUSTLE_VERIFY_DEPLOYMENTS": "true",
    }
    assert set(environment) == set(ENVIRONMENT)
    config = load({}, environment)
    assert (config.cache_dir, config.size_limit_mb, config.timeout, config.parallel, config.verify) == (
        tmp_path,
        30.0,
        45.0,
        3,
        True,
    )


def test_the_file_in_the_home_folder_is_read_when_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load({}, {}).parallel is None
    (tmp_path / ".rustle").mkdir()
    (tmp_path / ".rustle/config.toml").write_text("[deployment]\nparallel_jobs = 7\n")
    assert load({}, {}).parallel == 7


@pytest.mark.parametrize(
    ("text", "value"), [("50MB", 50), ("1.5 GB", 1500), ("512kb", 0.512), ("1MiB", 1.048576), ("7", 7), (9, 9)]
)
def test_sizes(text: object, value: float) -> None:
    assert megabytes(text) == pytest.approx(value)


def test_every_wrong_value_is_named_with_its_source(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[deployment]\nparallel_jobs = "many"\n')
    with pytest.raises(BadInput) as caught:
        load({"timeout": -1.0}, {"RUSTLE_BINARY_SIZE_LIMIT": "large"}, path)
    text = str(caught.value)
    assert f"{path}: deployment.parallel_jobs: " in text
    assert 'RUSTLE_BINARY_SIZE_LIMIT: is not a size like "50MB"' in text
    assert "--timeout: input should be greater than 0" in text


@pytest.mark.parametrize(
    ("content", "part"),
    [(None, "no such file"), ("[deployment", "config.toml: "), ("deployment = 1", "must be a table")],
)
def test_a_broken_file_is_refused(tmp_path: Path, content: str | None, part: str) -> None:
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadInput, match=part):
        load({}, {}, path)


def test_every_promised_option_is_there() -> None:
    text = parser().format_help()
    assert [option for option in PROMISED if option not in text] == []
    assert all(name in text for name in ENVIRONMENT)
    assert all(key in text for _, key in FILE_KEYS)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--rollback"], {"rollback": ""}),
        (["--rollback", "7c2e"], {"rollback": "7c2e"}),
        (["-", "-i", "h"], {"plan": "-", "inventory": "h"}),
        (["p.json", "-t", "a", "-t", "b", "-vv"], {"plan": "p.json", "target": ["a", "b"], "verbose": 2}),
    ],
)
def test_options_that_are_not_given_are_absent(arguments: list[str], expected: dict[str, object]) -> None:
    assert vars(parser().parse_args(arguments)) == expected


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--setup", "--cleanup"], ["--parallel", "x"]])
def test_a_wrong_option_is_bad_input(arguments: list[str]) -> None:
    with pytest.raises(BadInput):
        parser().parse_args(arguments)


def test_actions_exclude_each_other() -> None:
    for action in ACTIONS:
        flag = "--" + action.replace("_", "-")
        assert action in vars(parser().parse_args([flag]))
