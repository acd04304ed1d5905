"""marks/<competition>.csv: what a competition is worth for everybody, as the course's scheme reads it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from grader.course.competition import Competition
from grader.course.config import Course
from grader.course.scheme import plain
from grader.course.tables import decoded, lines
from grader.errors import AuthoringError, UsageError
from grader.paths import Paths


def made_by(competition: Competition) -> str:
    """The first line: by it a table is known that may be written again."""
    return f"# made by: grader competition marks {competition.id}; exceptions belong into marks/status.csv"


def table(competition: Competition, students: Sequence[str], points: Mapping[str, Fraction]) -> str:
    """A row for everybody; an empty cell for whoever entered nothing."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["student", competition.column])
    rows.writerow(["max", plain(Fraction(competition.out_of))])
    for student in students:
        rows.writerow([student, plain(points[student]) if student in points else ""])
    return f"{made_by(competition)}\n{text.getvalue()}"


def write(
    paths: Paths, course: Course, competition: Competition, students: Sequence[str], points: Mapping[str, Fraction]
) -> Path:
    """Write the table, whole or not at all; returns where. Raises as `require_place` does."""
    require_place(paths, course, competition)
    paths.marks_folder.mkdir(exist_ok=True)
    file = paths.marks_folder / f"{competition.id}.csv"
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(table(competition, students, points), encoding="utf-8")
    os.replace(draft, file)
    return file


def require_place(paths: Paths, course: Course, competition: Competition) -> None:
    """Raise where the marks have no place: no such item in the course, or a table there that somebody wrote by hand."""
    if competition.column not in course.columns:
        there_is = ", ".join(course.columns) or "none"
        raise AuthoringError(
            f"competitions/{competition.id}/competition.toml: column {competition.column!r} is none of the columns of "
            f"course.toml; there is: {there_is}"
        )
    others = [file for file in sorted(paths.marks_folder.glob("*.csv")) if file.stem not in (competition.id, "status")]
    for file in others:
        if competition.column in _header(file):
            raise UsageError(f"marks/{file.name} has a column {competition.column} already; take it out there first")
    path = paths.marks_folder / f"{competition.id}.csv"
    if path.exists() and not path.read_bytes().startswith(made_by(competition).encode()):
        raise UsageError(f"{path} was written by hand, and is left as it is; move it away to have it made")


def _header(file: Path) -> list[str]:
    """The columns of a table; none where it is no table, which `marks` says."""
    try:
        found = lines(decoded(file.read_bytes(), file.name), file.name, ("student",))
    except AuthoringError:
        return []
    return found[0][1] if found else []
