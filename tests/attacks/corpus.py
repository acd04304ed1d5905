"""The corpus of attacks: a folder for each, with what is handed in and, in expect.toml, what may come of it.

submission.py       cells that are put behind the honest solution of the course in `course/`
make.py             instead: `content()` returns (filename, bytes, extra files) of what is handed in
expect.toml         tries = "one line"               what it attempts
                    row = "A1"                       its row in the list of attacks
                    held_by = "one line"             what stands against it
                    outcomes = ["failed"]            what the checks of the attacked question may end as
                    question = "q1"                  the attacked one ("" for the whole submission)
                    most_points = 0                  what the attacked question may earn at most
                    keeps = ["q2", "q3", "q4"]       questions that keep their full points
                    answers = "searched"             must be in what it answered: it did run
                    never_answers = ["FOUND"]        must not be in what it answered
                    never = "regular expression"     must not be in what a student may read
                    max_seconds = 5                  wall time of the attempt
and, where needed:  assignment, status, runs, levels, skipped (level: reason), gpu, open (what is not held),
                    needs_group (levels where it runs if candidates have a memory group there)
"""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from types import ModuleType

from grader.sandbox import memory_group
from grader.schema import Submission
from grader.submission.percent import percent_cells

HERE = Path(__file__).resolve().parent
COURSE = HERE / "course"
CLASSES = {"A": "Reading what is hidden", "B": "Forging a result", "C": "Using up the machine", "D": "Staying behind"}
LEVELS = ("zygote", "strict", "process", "zygote-caps")
Handed = tuple[str, bytes, tuple[tuple[str, bytes], ...]]


@dataclass(frozen=True)
class Attack:
    """One attack and what may come of it; the fields are the keys of expect.toml."""

    name: str  # "A/files"
    row: str
    tries: str
    held_by: str
    outcomes: tuple[str, ...]
    question: str = "q1"
    most_points: Decimal = Decimal(0)
    keeps: tuple[str, ...] = ("q2", "q3", "q4")
    answers: str = ""
    never_answers: tuple[str, ...] = ()
    never: str = ""
    max_seconds: float = 8.0
    assignment: str = "probe"
    status: str = "graded"
    runs: int = 1
    levels: tuple[str, ...] = ("zygote", "process")
    needs_group: tuple[str, ...] = ()  # levels in which nothing but a memory group holds it
    skipped: str = ""  # why a level is left out
    gpu: bool = False
    open: str = ""  # what is not held, in one line

    @property
    def folder(self) -> Path:
        return HERE / self.name

    @property
    def student(self) -> str:
        return self.name.replace("/", "-")

    def runs_in(self, level: str) -> bool:
        """Whether this machine can hold it at a level."""
        if level == "zygote-caps":  # where the zygote has privileges: what is tried at a jail's edges
            return {"zygote", "strict"} <= set(self.levels)
        return level in self.levels and (level not in self.needs_group or has_memory_groups())

    def handed_in(self) -> Submission:
        filename, content, extras = self._made() if (self.folder / "make.py").is_file() else self._written()
        return Submission(self.student, self.assignment, filename, content, extras)

    def _written(self) -> Handed:
        text = (self.folder / "submission.py").read_text(encoding="utf-8")
        return f"{self.assignment}.py", honest(self.assignment) + b"\n# %%\n" + text.encode(), ()

    def _made(self) -> Handed:
        module = ModuleType("make")
        source = (self.folder / "make.py").read_text(encoding="utf-8")
        exec(compile(source, f"{self.name}/make.py", "exec"), module.__dict__)
        made: Handed = module.content(honest(self.assignment))
        return made


@functools.cache
def has_memory_groups() -> bool:
    """Whether candidates without a container get a memory group here."""
    try:
        memory_group.below(os.getpid(), 64).remove()
    except OSError:
        return False
    return True


def honest(assignment: str) -> bytes:
    """The honest solution as a student would hand it in: without the reference's comments."""
    text = (COURSE / "solutions" / assignment / f"{assignment}.py").read_text(encoding="utf-8")
    cells = [cell.source for cell in percent_cells(text) if cell.kind == "code"]
    lines = "\n\n# %%\n".join(cells).splitlines()
    return "\n".join(["# %%", *(line for line in lines if "CANARY" not in line)]).encode()


def attacks() -> Iterator[Attack]:
    """Every attack, in the order of the table. Raises on an unknown or a missing key."""
    known = {field.name for field in fields(Attack)}
    for file in sorted(HERE.glob("[A-D]/*/expect.toml"), key=lambda file: (file.parts[-3], _row(file))):
        expected = tomllib.loads(file.read_text(encoding="utf-8"))
        unknown = set(expected) - known
        if unknown:
            raise ValueError(f"{file}: no key {', '.join(sorted(unknown))}; there is: {', '.join(sorted(known))}")
        plain = {key: tuple(value) if isinstance(value, list) else value for key, value in expected.items()}
        plain["most_points"] = Decimal(str(plain.get("most_points", 0)))
        yield Attack(name="/".join(file.parts[-3:-1]), **plain)


def _row(file: Path) -> tuple[int, str]:
    row = tomllib.loads(file.read_text(encoding="utf-8"))["row"]
    return int(row[1:]), file.parts[-2]


# ------------------------------------------------------------------------------------------------ docs/security.md


PAGE = HERE.parents[1] / "docs" / "security.md"
BEGIN, END = "<!-- attacks: made by tests/attacks/corpus.py -->", "<!-- end of attacks -->"


def tables() -> str:
    """The attacks as the page on security shows them: a table for each class, then what is not held."""
    corpus = list(attacks())
    parts = [BEGIN]
    for letter, title in CLASSES.items():
        parts += [
            "",
            f"### {letter}. {title}",
            "",
            "| row | what it tries | ends as | what holds |",
            "|---|---|---|---|",
        ]
        parts += [_line(attack) for attack in corpus if attack.name.startswith(letter)]
    parts += ["", "### Not held", ""]
    parts += [f"- **{attack.row}** ({attack.name}): {attack.open}." for attack in corpus if attack.open]
    parts += [
        f"- **{attack.row}** ({attack.name}): not run in {attack.skipped}." for attack in corpus if attack.skipped
    ]
    return "\n".join([*parts, "", END])


def _line(attack: Attack) -> str:
    ends = ", ".join(attack.outcomes) if attack.status == "graded" else attack.status
    earns = f"; up to {attack.most_points} points" if attack.most_points else ""
    where = " (needs a GPU)" if attack.gpu else ""
    return f"| {attack.row} | {attack.tries}{where} | {ends}{earns} | {attack.held_by} |".replace("\n", " ")


def page_with_tables(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + tables() + after


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
