"""Which facts a program gathers."""

from __future__ import annotations

import pytest

from deploy_tasks.compiler.expressions import lower_condition, lower_template
from deploy_tasks.compiler.facts import subsets, within


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("x == 1", []),
        ("ansible_os_family == 'Debian'", ["distribution"]),
        ("ansible_facts.os_family == 'Debian'", ["distribution"]),
        ("ansible_facts['os_family'] == 'Debian'", ["distribution"]),
        ("ansible_facts['ansible_os_family'] is defined", ["distribution"]),
        ("hostvars[inventory_hostname].ansible_default_ipv4.address", ["network"]),
        ("hostvars[inventory_hostname]['ansible_facts']['memtotal_mb'] > 1024", ["hardware"]),
        ("hostvars[inventory_hostname].port", []),
        ("ansible_processor_vcpus > 1 and ansible_distribution == 'Debian'", ["distribution", "hardware"]),
        ("lookup('vars', 'ansible_kernel')", ["platform"]),
        ("lookup('ansible.builtin.vars', 'port')", []),
        ("vars['ansible_kernel']", ["platform"]),
        ("ansible_env.HOME ~ ansible_user_id ~ ansible_date_time.iso8601", ["date_time", "env", "user"]),
        ("ansible_eth0.ipv4.address", ["network"]),
        ("ansible_check_mode or ansible_host == 'x' or ansible_ssh_port == 22 or ansible_become", []),
        ("ansible_facts", ["all"]),
        ("ansible_facts | to_json", ["all"]),
        ("ansible_facts[name]", ["all"]),
        ("hostvars", ["all"]),
        ("hostvars[other]", ["all"]),
        ("hostvars[inventory_hostname][name]", ["all"]),
        ("hostvars[inventory_hostname].ansible_facts", ["all"]),
        ("lookup('vars', 'ansible_' ~ name)", ["all"]),
        ("vars['ansible_' ~ name]", ["all"]),
        ("ansible_something_of_a_custom_module", ["all"]),
    ],
)
def test_facts_are_those_an_expression_names(expression: str, found: list[str]) -> None:
    assert subsets([lower_condition(expression, where="when")]) == found


def test_facts_in_templates_and_nested_values_count() -> None:
    template = lower_template("{% for i in ansible_interfaces %}{{ i }}{% endfor %}\n", where="x.j2")
    assert subsets([{"vars": {"a": [{"$": lower_condition("ansible_fips", where="a")}]}}, template]) == [
        "fips",
        "network",
    ]


def test_a_text_that_looks_like_a_name_is_none() -> None:
    assert subsets([{"args": {"msg": "ansible_distribution"}}, lower_condition("'ansible_kernel'", where="w")]) == []


def test_a_plays_subset_limits_what_is_gathered() -> None:
    used = ["distribution", "hardware", "network"]
    assert within(used, []) == used
    assert within(used, ["!all"]) == ["distribution"]
    assert within(used, ["!all", "!min", "memtotal_mb"]) == ["hardware"]
    assert within(used, ["all", "!network"]) == ["distribution", "hardware"]
    assert within(["all"], ["!all", "network"]) == ["!all", "network"]


def test_what_says_whose_facts_are_meant_is_a_use_too() -> None:
    assert subsets([lower_condition("hostvars[ansible_hostname].ansible_distribution == 'x'", where="x")]) == [
        "distribution",
        "platform",
    ]
