"""One hand-in of a team is that of all its members; the last (or first) of several counts for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.collect.remarks import Remark, Weight, listed
from grader.collect.uploads import Upload
from grader.course.people import Match, Person
from grader.course.teams import Team


@dataclass(frozen=True)
class Theirs:
    """One upload of a student: as whom the platform named them, and by what they were found."""

    upload: Upload
    person: Person
    match: Match


def with_teammates(
    found: Mapping[str, Sequence[Theirs]], teams: Mapping[str, Team]
) -> Iterator[tuple[str, list[Theirs]]]:
    """The uploads of each student: their own, and those of whoever is in one team with them. teams: by student."""
    for student in dict.fromkeys((*found, *teams)):
        members = teams[student].students if student in teams else (student,)
        uploads = {id(each.upload): each for member in members for each in found.get(member, ())}
        if uploads:
            yield student, list(uploads.values())


def about_team(team: Team | None, student: str, theirs: Sequence[Theirs], taken: Upload) -> Iterator[Remark]:
    """Who handed in for a team. Whose own hand-in is not the one that counts is told."""
    if team is None or len(team.students) == 1:
        return
    owners = [each.match.students for each in theirs if _same(each.upload, taken)]
    if not owners or any(student in students for students in owners):
        yield Remark(f"for team {team.name}")
        return
    who = listed(list(dict.fromkeys(name for students in owners for name in students)))
    own = any(student in each.match.students for each in theirs)
    what = "their own hand-in is not used: " if own else ""
    yield Remark(f"{what}handed in by {who} for team {team.name}", Weight.MENDED if own else Weight.NOTE)


def _same(upload: Upload, taken: Upload) -> bool:
    """Whether an upload is the one that was taken, which has no refused files any more."""
    return upload.place == taken.place and {*taken.files} <= {*upload.files}
