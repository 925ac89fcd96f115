"""A site as people write them, whose tasks ansible-playbook --list-tasks has listed (listed.txt)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from deploy_tasks.plan.model import Block, Include, Step
from deploy_tasks.plan.playbook import load_playbook

SHOP = Path(__file__).parent / "sites" / "shop"


def listed(steps: Iterable[Step], role: str = "", tags: frozenset[str] = frozenset()) -> Iterator[str]:
    """The steps with names as Ansible lists them: neither rescue nor always, nor what dynamic includes bring."""
    for step in steps:
        own = tags | set(step.tags)
        shown = f"TAGS: [{', '.join(sorted(own))}]"
        if isinstance(step, Block):
            yield from listed(step.block, step.role or role, own)
        elif isinstance(step, Include):
            yield f"{step.name}\t{shown}"
        elif ".flush" not in step.id and step.name != step.module:
            yield f"{role + ' : ' if role else ''}{step.name}\t{shown}"


def test_the_tasks_come_in_the_order_and_with_the_tags_that_ansible_lists() -> None:
    expected = [line for line in (SHOP / "listed.txt").read_text().splitlines() if "include_vars\t" not in line]
    plan = load_playbook(SHOP / "site.yml").plan
    assert [line for play in plan.plays for line in listed(play.tasks)] == expected


def test_what_the_site_includes_and_looks_for_is_found() -> None:
    loaded = load_playbook(SHOP / "site.yml")
    assert loaded.base == SHOP
    includes = {step.where: sorted(step.choices) for play in loaded.plan.plays for step in found(play.tasks)}
    assert includes == {
        "roles/common/tasks/main.yml[1]": ["roles/common/tasks/debian.yml", "roles/common/tasks/redhat.yml"],
        "roles/nginx/tasks/main.yml[2]": ["roles/nginx/tasks/setup-RedHat.yml"],
        "roles/nginx/tasks/main.yml[3]": ["roles/nginx/tasks/setup-Debian.yml"],
        "web.yml[0].post_tasks[0]": ["tasks/smoke.yml"],
        "playbooks/roles/postgresql/tasks/main.yml[1]": ["playbooks/roles/postgresql/tasks/setup-Debian.yml"],
        "playbooks/db.yml[0].tasks[1]": ["common", "users"],
    }
    sources = {
        task.where: task.args["src"] for task in loaded.plan.walk() if "src" in task.args and task.module != "uri"
    }
    assert sources == {
        "roles/common/tasks/main.yml[2].block[0]": "roles/common/templates/motd.j2",
        "roles/nginx/tasks/main.yml[5]": "roles/nginx/templates/{{ nginx_conf_template | default('nginx.conf.j2') }}",
        "roles/nginx/tasks/main.yml[6]": "{{ item }}",
        "roles/nginx/tasks/vhosts.yml[0]": "roles/nginx/templates/{{ item.template | default('vhost.j2') }}",
    }


def found(steps: Iterable[Step]) -> Iterator[Include]:
    """The includes among steps, at every depth."""
    for step in steps:
        if isinstance(step, Include):
            yield step
            for choice in step.choices.values():
                yield from found(choice)
        elif isinstance(step, Block):
            yield from found((*step.block, *step.rescue, *step.always))
