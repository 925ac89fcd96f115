"""Runs `ansible-playbook` many times from one process that has loaded Ansible once; loading is most of a short run.

Reads one JSON object a line, `{"cwd": …, "arguments": […], "environment": {…}, "log": PATH}`, and answers each with
`{"status": N}`. Every run is a fork: nothing of one run is left for the next.
"""

import gc
import json
import os
import sys

import cheaper
import resident
from ansible import context
from ansible.cli.playbook import PlaybookCLI
from ansible.executor import module_common, playbook_executor, task_queue_manager
from ansible.plugins import loader
from ansible.plugins.action import command, copy, debug, set_fact, template
from ansible.plugins.connection import ssh
from ansible.plugins.strategy import linear

#: Imported only so that every fork has it.
PRELOADED = (context, module_common, playbook_executor, task_queue_manager, loader, ssh, linear)
ACTIONS = (command, copy, debug, set_fact, template)


def run(request: dict) -> int:
    """One run, in a child of its own; returns its exit status."""
    pid = os.fork()
    if pid == 0:
        status = 250
        try:
            status = perform(request)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def perform(request: dict) -> int:
    """Be `ansible-playbook` with these arguments; output goes to the log."""
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.chdir(request["cwd"])
    os.environ.update(request["environment"])
    sys.argv = ["ansible-playbook", *request["arguments"]]
    try:
        PlaybookCLI.cli_executor(sys.argv)
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def main() -> None:
    """Answer requests until there are no more."""
    cheaper.spare()
    resident.use(json.loads(os.environ["TWIN_RESIDENTS"]))
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the forks
    for line in sys.stdin:
        print(json.dumps({"status": run(json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
