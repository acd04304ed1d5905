"""The page of an import: of each thing of the source, what became of it and why."""

from __future__ import annotations

from grader.importing.hidden_text import Test
from grader.importing.material import Material

WORDS = {"outside": "moved", "seen": "moved", "claim": "moved as a claim"}


def import_page(material: Material, assignment_id: str, tests: dict[str, list[Test]], source: str) -> str:
    """Markdown, for the instructor alone: it names hidden tests."""
    lines = [
        f"# {assignment_id}: what became of {source}",
        "",
        f"Imported from {material.system}. *Moved*: judged outside of the sandbox. *Moved as a claim*: the test runs beside the",
        "student's code, and whoever tampers with the interpreter can make it say yes. *Left for you*: not in the tests.",
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
        lines += [_row(test) for test in own]
    lines += _notes(material)
    return "\n".join(lines) + "\n"


def _row(test: Test) -> str:
    there = ", ".join(case.label for case in test.cases)
    if test.left:
        return f"| {test.name} | {_cell(there)} | left for you: {_cell(why_left(test))} |"
    kinds = {WORDS[form.kind]: form for form in test.chosen}
    told = [word if word == "moved" else f"{word}: {form.why}" for word, form in kinds.items()]
    return f"| {test.name} | {_cell(there)} | {_cell('; '.join(told))} |"


def why_left(test: Test) -> str:
    """Why no form of a test does."""
    if any(case.prints for case in test.cases):
        return "it is compared with what it prints, which the source does not say: run the master, save it, import again"
    if any(not forms for forms in test.forms):
        return "it is no plain Python"
    return "the source's own solution does not pass it"


def _notes(material: Material) -> list[str]:
    words = {"left": "left for you", "changed": "changed", "moved": "moved", "claim": "moved as a claim"}
    if not material.notes:
        return []
    rows = [f"| {_cell(note.where)} | {words[note.kind]}: {_cell(note.says)} |" for note in material.notes]
    return ["", "## Other things", "", "| what | what became of it |", "|---|---|", *rows]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
