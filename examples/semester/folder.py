"""Write the course folder of the synthetic semester: roster, assignments, tables of marks, decisions, the record."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from examples.semester.attempts import LABEL, attempt, submission
from examples.semester.checks import Planned, plan
from examples.semester.people import Person, cases, make_class
from grader.course.config import read_assignment, read_course
from grader.errors import UsageError
from grader.paths import PACKAGE, Paths
from grader.record.store import Store
from grader.schema import Assignment

CHECKOUT = Paths(PACKAGE.parent)
QUESTIONS = Path(__file__).parent / "questions"
FAULTS = ("the better fail", "", "", "nobody passes")  # what is planted in the checks of each assignment
MAXIMA = {"kaggle": 10, "end_semester": 60}
EXAM_MAXIMUM = 20
FEWEST, MOST = 30, 3000  # students: everything is to happen to somebody; and there are only so many names
STRANGER = Person("dl01O", "", 0.4)  # the letter O where a zero belongs
RULINGS = {
    "excused": "medical certificate seen",
    "integrity": "same file as another student; hearing on record",
}


@dataclass(frozen=True)
class Semester:
    """What is to be made, and where."""

    paths: Paths
    people: tuple[Person, ...]
    seed: int


def make(root: Path, students: int = 150, seed: int = 7) -> Paths:
    """Write everything below `root`, where no course may be yet; returns its paths."""
    paths = Paths(root)
    if paths.course_toml.exists() or paths.state.exists():
        raise UsageError(f"{root} holds a course already; name a new folder")
    if not FEWEST <= students <= MOST:
        raise UsageError(f"a semester has from {FEWEST} to {MOST} students, got {students}")
    semester = Semester(paths, make_class(students, seed), seed)
    root.mkdir(parents=True, exist_ok=True)
    text = CHECKOUT.course_toml.read_text(encoding="utf-8")
    named = re.sub(r'^name = "(.*)"$', r'name = "\1 (synthetic semester)"', text, count=1, flags=re.MULTILINE)
    paths.course_toml.write_text(named, encoding="utf-8")
    roster = [[person.id, person.name, person.email] for person in semester.people]
    _write_table(paths.roster_csv, ["student", "name", "email"], roster)
    for assignment_id in _names(CHECKOUT):
        _write_assignment(paths, assignment_id)
    _write_marks(semester)
    _write_record(semester)
    return paths


def _names(paths: Paths) -> tuple[str, ...]:
    return read_course(paths).assignments


def _write_assignment(paths: Paths, assignment_id: str) -> None:
    """A copy of the real assignment.toml where it has questions; else the example's own list."""
    own = QUESTIONS / f"{assignment_id}.toml"
    real = CHECKOUT.assignment_toml(assignment_id)
    source = real if read_assignment(CHECKOUT, assignment_id).questions or not own.exists() else own
    paths.assignment(assignment_id).mkdir(parents=True)
    paths.assignment_toml(assignment_id).write_bytes(source.read_bytes())


# ---------------------------------------------------------------------------------------------------- tables


def _write_marks(semester: Semester) -> None:
    """A table for each component with columns, and the decisions of the staff."""
    rulings: list[list[str]] = []
    for component in read_course(semester.paths).scheme.components:
        if component.columns:
            maxima = [str(MAXIMA.get(column, EXAM_MAXIMUM)) for column in component.columns]
            rows = [[person.id, *_cells(semester, person, component.columns)] for person in semester.people]
            file = semester.paths.marks_folder / f"{component.id}.csv"
            _write_table(file, ["student", *component.columns], [["max", *maxima], *rows])
    for assignment_id in _names(semester.paths):
        for student, case in sorted(cases(semester.people, assignment_id, semester.seed).items()):
            rulings += _ruling(student, assignment_id, case, semester.seed)
    _write_table(semester.paths.marks_folder / "status.csv", ["student", "item", "status", "reason"], rulings)


def _cells(semester: Semester, person: Person, columns: Sequence[str]) -> list[str]:
    return [_cell(semester, person, column) for column in columns]


def _cell(semester: Semester, person: Person, column: str) -> str:
    """A mark in steps of a half; now and then absent or excused."""
    draw = random.Random(f"{semester.seed}/{person.id}/{column}")
    chance = draw.random()
    if chance < 0.025:
        return ""
    if chance < 0.035:
        return "excused"
    percent = min(max(62 + 14 * person.level + draw.gauss(0, 9), 4), 100)
    return f"{round(MAXIMA.get(column, EXAM_MAXIMUM) * percent / 50) / 2:g}"


def _ruling(student: str, assignment_id: str, case: str, seed: int) -> list[list[str]]:
    if case == "late":
        hours = random.Random(f"{seed}/{assignment_id}/{student}/late").choice([0.2, 3, 20, 26.5, 40, 70, 90])
        return [[student, assignment_id, f"late_hours={hours:g}", "time of the upload"]]
    return [[student, assignment_id, case, RULINGS[case]]] if case in RULINGS else []


def _write_table(file: Path, header: list[str], rows: Sequence[Sequence[str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# {LABEL}\n")
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])


# ---------------------------------------------------------------------------------------------------- the record


def _write_record(semester: Semester) -> None:
    """Submissions, attempts and changes by hand, through the store as grading does it."""
    names = _names(semester.paths)
    with Store.open(semester.paths.record) as store:
        for place, assignment_id in enumerate(names):
            assignment = read_assignment(semester.paths, assignment_id)
            planned = plan(CHECKOUT, assignment, FAULTS[place % len(FAULTS)], semester.seed)
            run = store.begin_run(assignment_id, f"synthetic semester, seed {semester.seed}: nothing was run")
            _record(store, run, semester, assignment, planned, last=assignment_id == names[-1])
            store.end_run(run, "done")


def _record(
    store: Store, run: int, semester: Semester, assignment: Assignment, planned: Sequence[Planned], last: bool
) -> None:
    befallen = cases(semester.people, assignment.id, semester.seed)
    people = [*semester.people, STRANGER] if last else semester.people
    for person in people:
        case = befallen.get(person.id, "")
        if case in ("missing", "excused"):
            continue
        store.add_submission(submission(person, assignment.id, case))
        if last and person is semester.people[-1]:
            continue  # handed in, and not graded yet
        made = attempt(person, assignment, planned, case, semester.seed)
        store.add_attempt(run, made, {})
        if case == "points by hand":
            question = max(assignment.questions, key=lambda question: question.points).id
            reason = "the answer is right in another sign convention"
            store.add_override(person.id, assignment.id, question, Decimal("1.5"), reason, "ta1")
