"""The page of an import: of each thing of the source, what became of it and why."""

from __future__ import annotations

import re

from grader.importing.hidden_text import Test, worthless
from grader.importing.material import Case, Material

_OURS = re.compile(r"^the hidden test itself failed: \w+: | \(\w+\.py, line \d+\)$")
NOT_PASSED = "the source's own solution does not pass it"


def import_page(
    material: Material, assignment_id: str, tests: dict[str, list[Test]], free: set[str], source: str
) -> str:
    """Markdown, for the instructor alone: it names hidden tests."""
    lines = [
        f"# {assignment_id}: what became of {source}",
        "",
        f"Imported from {material.system}. *Moved*: judged outside of the sandbox. *Moved as a claim*: the test runs",
        "beside the student's code, and whoever tampers with the interpreter can make it say yes. *Left for you*: not",
        "in the hidden tests.",
        "",
        "| here | there | points | moved | moved as claims | left for you |",
        "|---|---|---|---|---|---|",
    ]
    for asked in material.questions:
        own = tests.get(asked.id, [])
        counts = [sum(test.left is False and test.claim is kind for test in own) for kind in (False, True)]
        left = sum(test.left for test in own)
        how = "a person marks it | |" if asked.manual else f"{counts[0]} | {counts[1]} | {left}"
        lines.append(f"| {asked.id} | {_cell(asked.name)} | {asked.decimal.normalize():f} | {how} |")
    lines += ["", "## Test by test", "", "| test | there | what became of it |", "|---|---|---|"]
    for own in tests.values():
        lines += [_row(test, free) for test in own]
    lines += [_without_points(case) for asked in material.questions for case in worthless(asked) if not case.excerpt]
    lines += _notes(material)
    return "\n".join(lines) + "\n"


def _row(test: Test, free: set[str]) -> str:
    if test.left:
        told = f"left for you: {test.why_left or NOT_PASSED + _said(test.told[-1:])}"
    elif test.claim:
        told = f"moved as a claim: {test.form.why}{_said(test.told[:1])}"
    elif test.form.kind == "outside":
        told = "moved"
    else:
        told = f"moved; what it sees is told by the sandbox: {test.form.why}{_said(test.told[:1])}"
    if test.name in free and not test.left:
        told += "; the untouched notebook passes it, so it counts with another test of its question, if there is one"
    return f"| {test.name} | {_cell(test.case.label)} | {_cell(told)} |"


def _without_points(case: Case) -> str:
    shown = "students have it as a public check" if not case.hidden else "nobody sees it"
    return f"| | {_cell(case.label)} | worth no points there: no hidden test; {shown} |"


def _said(told: list[str]) -> str:
    """What a form that did not do said of the source's own solution, where that says more than that it did not."""
    own = [_OURS.sub("", text) for text in told if not text.endswith(("does not hold.", "gives another value."))]
    return f" ({own[0][:200]})" if own and own[0] else ""


def _notes(material: Material) -> list[str]:
    words = {"left": "left for you", "changed": "changed", "moved": "moved", "claim": "moved as a claim"}
    if not material.notes:
        return []
    rows = [f"| {_cell(note.where)} | {words[note.kind]}: {_cell(note.says)} |" for note in material.notes]
    return ["", "## Other things", "", "| what | what became of it |", "|---|---|", *rows]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
