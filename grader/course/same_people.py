"""Who is on the roster twice: in a competition, one person takes part once, under however many ids."""

from __future__ import annotations

from collections.abc import Iterable

from grader.course.sheets import Student
from grader.course.teams import Team, Teams
from grader.errors import AuthoringError


def mailbox(address: str) -> str:
    """The mailbox behind an address: case and what follows a `+` make no other one; "" without an address."""
    name, _, host = address.strip().casefold().rpartition("@")
    return f"{name.partition('+')[0]}@{host}" if name else ""


def one_person_once(teams: Teams, competitions: Iterable[str], roster: Iterable[Student]) -> Teams:
    """The teams, in competitions with everybody's other ids beside theirs: ids of one mailbox are one entrant.

    Raises AuthoringError where two ids of one mailbox are in two teams.
    """
    ids: dict[str, list[str]] = {}
    for student in roster:
        if mailbox(student.email):
            ids.setdefault(mailbox(student.email), []).append(student.id)
    found = {name: dict(there) for name, there in teams.items()}
    for competition in competitions:
        members = found.setdefault(competition, {})
        for same in (each for each in ids.values() if len(each) > 1):
            joined = list(dict.fromkeys(team for one in same if (team := members.get(one))))
            if len(joined) > 1:
                raise AuthoringError(
                    f"teams.csv: {' and '.join(same)} have one mailbox in roster.csv, and are in the teams "
                    f"{' and '.join(team.name for team in joined)} of {competition}; one person is in one team"
                )
            others = joined[0].students if joined else ()
            team = Team(joined[0].name if joined else same[0], tuple(dict.fromkeys((*others, *same))))
            members |= dict.fromkeys(team.students, team)
    return found
