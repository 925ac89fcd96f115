"""`script` names a file and the words for it in one text."""

from __future__ import annotations

import pytest

from deploy_tasks.plan.playbook.script_words import script_words


@pytest.mark.parametrize(
    ("text", "src", "rest"),
    [
        ("run.sh", "run.sh", None),
        ("  files/run.sh  --all 'a b' > /x ", "files/run.sh", "--all 'a b' > /x"),
        ("'my file.sh' x", "my file.sh", "x"),
        ('my\\ "file".sh\nx', "my file.sh", "x"),
        ("{{ folder + '/x' }}/run.sh {{ word }}", "{{ folder + '/x' }}/run.sh", "{{ word }}"),
        ("{% if a %}b c{% endif %}.sh", "{% if a %}b", "c{% endif %}.sh"),
        ("", "", None),
    ],
)
def test_the_first_word_is_the_file(text: str, src: str, rest: str | None) -> None:
    assert script_words(text) == {"src": src, **({"_raw_params": rest} if rest else {})}
