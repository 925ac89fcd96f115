#!/usr/bin/python
# WANT_JSON
# A Python module of its own: nothing of Ansible's is needed. It knows _ansible_check_mode, as it changes nothing.
import json
import sys

facts = {"tool_version": "1.2", "ansible_become_user": "nobody"}
print(json.dumps({"ansible_facts": facts, "python": sys.version_info[0]}))
