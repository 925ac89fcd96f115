"""The names of the filters, tests and functions that expressions may use: what the runner implements."""

from __future__ import annotations

import difflib


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILTERS = _words(
    """
    abs attr b64decode b64encode basename batch bool capitalize center checksum combinations combine comment
    commonpath count d default dict2items dictsort difference dirname e escape expanduser expandvars extract
    filesizeformat first flatten float forceescape format from_json from_yaml from_yaml_all groupby hash
    human_readable human_to_bytes hwaddr indent int intersect ip4_hex ipaddr ipmath ipsubnet ipv4 ipv6 ipwrap items
    items2dict join json_query last length list log lower macaddr mandatory map max md5 min network_in_network
    network_in_usable next_nth_usable normpath nthhost password_hash path_join permutations pow pprint
    previous_nth_usable product quote random realpath reduce_on_network regex_escape regex_findall regex_replace
    regex_search reject rejectattr rekey_on_member relpath replace reverse root round safe select selectattr sha1
    shuffle slice sort split splitext strftime string striptags subelements sum symmetric_difference ternary title
    to_datetime to_json to_nice_json to_nice_yaml to_uuid to_yaml tojson trim truncate type_debug undef union unique
    upper urldecode urlencode urlsplit win_basename win_dirname win_splitdrive wordcount wordwrap xmlattr zip
    zip_longest
    """
)

TESTS = _words(
    """
    != < <= == > >= abs all any boolean callable change changed contains defined directory divisibleby eq equalto
    escaped even exists failed failure false file filter finished float ge greaterthan gt in integer is_abs is_dir
    is_file is_link is_mount is_same_file isnan issubset issuperset iterable le lessthan link link_exists lower lt
    mapping match mount nan ne none number odd reachable regex sameas same_file search sequence skip skipped started
    string subset succeeded success successful superset test timedout true truthy falsy undefined unreachable upper
    uri url urn version version_compare
    """
)

FUNCTIONS = _words("cycler dict joiner lookup namespace now q query range undef")

# Lookups that look at variables only, and so need nothing of the machine that made the plan.
_VALUE_LOOKUPS = _words(
    "dict flattened indexed_items inventory_hostnames items list nested random_choice sequence subelements together "
    "varnames vars"
)
# Those that look at the files that travel with the plan.
FILE_LOOKUPS = _words("csvfile file fileglob first_found ini template unvault")
# Those that the worker performs, once for a deployment; their arguments are written out in the plan.
WORKER_LOOKUPS = _words("env lines password pipe url")
# Its answers are part of the program.
_SETTING_LOOKUPS = _words("config")
LOOKUPS = _VALUE_LOOKUPS | FILE_LOOKUPS | WORKER_LOOKUPS | _SETTING_LOOKUPS

# What Jinja2 or Ansible has and a program does not, with what to do instead.
REFUSED = {
    "lipsum": "lipsum makes random text; write the text itself",
    "vault": "secrets come in as variables when the deployment starts",
    "fileglob": "write query('fileglob', …): the files are those that travel with the plan",
    "filetree": "it is for loops: with_filetree, with folders that the playbook names; copy takes a whole folder along",
}

_PREFIXES = ("ansible.builtin.", "ansible.legacy.", "ansible.utils.", "ansible.netcommon.", "community.general.")


def short_name(name: str) -> str:
    """The name without its collection: `ansible.builtin.combine` is `combine`."""
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def hint_for(name: str, known: frozenset[str]) -> str | None:
    """What to write instead of an unknown name, if anything comes near."""
    if name in REFUSED:
        return REFUSED[name]
    nearest = difflib.get_close_matches(name, sorted(known), n=1)
    return f"did you mean '{nearest[0]}'?" if nearest else None
