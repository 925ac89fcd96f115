"""The shared cases of tests/cases/expr.json: what a text lowers to, and what the tree then gives.

Python checks the lowering, Go (deploy_tasks/runner/expr/cases_test.go) the evaluation. After a change of the lowering,
`python -m tests.support.expression_cases` writes the trees anew; what the trees give is never written by it: it was
recorded from ansible-core 2.18 and Jinja2 3.1, or is ours where a case has a `why`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy_tasks.compiler.expressions import lower_condition, lower_template, lower_value

CASES = Path(__file__).parents[1] / "cases" / "expr.json"


def load() -> dict[str, Any]:
    """`vars`, and `cases` with one of `expression`, `template` or `value`, then `tree` and `repr` or `error`."""
    loaded: dict[str, Any] = json.loads(CASES.read_text(encoding="utf-8"))
    return loaded


def lowered(case: dict[str, Any]) -> Any:
    """The tree of a case's text."""
    if "expression" in case:
        return lower_condition(case["expression"], where="case")
    if "template" in case:
        return lower_template(case["template"], where="case")
    return ["value", lower_value(case["value"], where="case")]


def save(document: dict[str, Any]) -> None:
    """Writes the cases, one on each line."""
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in document["cases"])
    variables = json.dumps(document["vars"], ensure_ascii=False)
    CASES.write_text(f'{{"vars": {variables},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8")


def main() -> None:
    """Writes the trees anew."""
    document = load()
    for case in document["cases"]:
        case["tree"] = lowered(case)
    save(document)


if __name__ == "__main__":
    main()
