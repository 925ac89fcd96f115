"""The oracle's callback: writes what Ansible did as one JSON document to $TWIN_RECAP, and a readable log to standard
output."""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: twin
type: stdout
short_description: writes the recap and every result as JSON
description: the recap of every host, and every task's end with its name, host and status
"""


class CallbackModule(CallbackBase):
    """Collects results; writes them at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "twin"

    def __init__(self):
        super().__init__()
        self.ends = []

    def end(self, result, status, **more):
        """One host is done with one task."""
        told = result._result
        name = result._task.name or result._task.action
        entry = {"host": result._host.get_name(), "task": name, "status": status, **more}
        self.ends.append(entry)
        message = told.get("msg") or told.get("module_stderr") or ""
        print(f"{entry['host']:10} {status:12} {name}: {self._dump_results(told, indent=None)[:400]} {message}")

    def v2_runner_on_ok(self, result):
        """It went well."""
        self.end(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        """It failed."""
        self.end(result, "failed", ignored=bool(ignore_errors))

    def v2_runner_on_skipped(self, result):
        """Its condition did not hold."""
        self.end(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        """The host does not answer."""
        self.end(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        """The recap, last of all."""
        hosts = {host: stats.summarize(host) for host in stats.processed}
        with open(os.environ["TWIN_RECAP"], "w", encoding="utf-8") as file:
            json.dump({"hosts": hosts, "ends": self.ends}, file)
