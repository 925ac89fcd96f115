"""A playbook of 100 file, template and command tasks, to compare peers with and to tell what the journal costs."""

from __future__ import annotations

from pathlib import Path

COUNT = 100
_TEMPLATE = "# {{ name }} on {{ inventory_hostname }}\n{% for port in ports %}\nlisten = {{ port }}\n{% endfor %}\n"
_HEAD = """\
- hosts: all
  gather_facts: false
  vars: {ports: [80, 443, 8080]}
  tasks:
    - name: The folder
      file: {path: "{{ root }}", state: directory, mode: "0755"}
"""
_TASKS = (
    """\
    - name: Folder NUMBER
      file: {path: "{{ root }}/d-NUMBER", state: directory, mode: "0750"}
""",
    """\
    - name: Configuration NUMBER
      template: {src: conf.j2, dest: "{{ root }}/conf-NUMBER", mode: "0644"}
      vars: {name: "{{ 'piece-NUMBER' | upper }}"}
""",
    """\
    - name: Command NUMBER
      command: cat {{ root }}/conf-BEFORE
""",
)


def playbook(folder: Path) -> Path:
    """Writes the playbook and its template; the variable `root` is the folder on the host where all of it happens."""
    (folder / "conf.j2").write_text(_TEMPLATE)
    tasks = (_TASKS[n % 3].replace("NUMBER", str(n)).replace("BEFORE", str(n - 1)) for n in range(COUNT - 1))
    path = folder / "hundred.yml"
    path.write_text(_HEAD + "".join(tasks))
    return path
