"""Read teams.csv: who hands in together. One hand-in of a team is that of all its members."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from grader.course.close_words import did_you_mean
from grader.course.competition import competition_ids
from grader.course.sheets import student_of
from grader.course.tables import Row, rows
from grader.errors import AuthoringError
from grader.paths import Paths

TEAM_COLUMNS = ["team", "student", "assignments"]


@dataclass(frozen=True)
class Team:
    """Who hands in together, in the order of the table."""

    name: str
    students: tuple[str, ...]


Teams = Mapping[str, Mapping[str, Team]]  # assignment, or competition -> student -> the team


def read_teams(paths: Paths, assignments: Collection[str], roster: Collection[str]) -> Teams:
    """teams.csv, which may be absent. A student is in one team at most for an assignment, or a competition."""
    path = paths.teams_csv
    if not path.exists():
        return {}
    known = (*assignments, *competition_ids(paths))
    members: dict[str, dict[str, dict[str, str]]] = {name: {} for name in known}  # -> team -> student -> where
    for row in rows(path, path.name, TEAM_COLUMNS, needed=2):
        team, student, where = row.cells["team"], student_of(row, roster), f"line {row.line}"
        if not team:
            raise AuthoringError(f"{row.where('team')}: the cell is empty")
        if student not in roster:
            close = did_you_mean(student, roster)
            raise AuthoringError(f"{row.where('student')}: no student {student!r} in roster.csv{close}")
        for assignment in _assignments(row, known):
            for other, students in members[assignment].items():
                if student in students:
                    there = f"is in team {other} for {assignment} already ({students[student]})"
                    raise AuthoringError(f"{row.where('student')}: {student} {there}")
            members[assignment].setdefault(team, {})[student] = where
    return {
        assignment: {student: team for team in _made(teams) for student in team.students}
        for assignment, teams in members.items()
    }


def _assignments(row: Row, known: Collection[str]) -> Collection[str]:
    """What a line is about: the assignments that it names, or all."""
    named = row.cells.get("assignments", "").split()
    for name in named:
        if name not in known:
            close = did_you_mean(name, known)
            raise AuthoringError(f"{row.where('assignments')}: no assignment {name!r} of a component{close}")
    return dict.fromkeys(named) or known


def _made(teams: Mapping[str, Collection[str]]) -> Iterator[Team]:
    return (Team(name, tuple(students)) for name, students in teams.items())
