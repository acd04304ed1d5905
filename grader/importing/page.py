"""The page of an import: of each thing of the source, what became of it and why."""

from __future__ import annotations

from grader.importing.hidden_text import Test
from grader.importing.material import Material

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
        "| here | there | points | tests moved | as claims | left for you |",
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
    lines += _notes(material)
    return "\n".join(lines) + "\n"


def _row(test: Test, free: set[str]) -> str:
    if test.left:
        told = f"left for you: {test.why_left or NOT_PASSED}"
    elif test.claim:
        told = f"moved as a claim: {test.form.why}"
    else:
        told = "moved" if test.form.kind == "outside" else f"moved; what it sees is printed inside: {test.form.why}"
    if test.name in free and not test.left:
        told += "; the untouched notebook passes it, so it counts with another test of its question, if there is one"
    return f"| {test.name} | {_cell(test.case.label)} | {_cell(told)} |"


def _notes(material: Material) -> list[str]:
    words = {"left": "left for you", "changed": "changed", "moved": "moved", "claim": "moved as a claim"}
    if not material.notes:
        return []
    rows = [f"| {_cell(note.where)} | {words[note.kind]}: {_cell(note.says)} |" for note in material.notes]
    return ["", "## Other things", "", "| what | what became of it |", "|---|---|", *rows]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
