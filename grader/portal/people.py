"""Who may come in: students of the roster, staff of staff.csv. A role is looked up at every request."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass

from grader.course.sheets import read_roster
from grader.course.staff import Member, Role, read_staff
from grader.paths import Paths

STUDENT, STAFF = "student", "staff"  # kinds of ids: a student and an assistant may be called alike


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, or may sign in."""

    id: str
    role: Role
    name: str = ""
    email: str = ""

    @property
    def kind(self) -> str:
        return STAFF if self.role.is_staff else STUDENT

    @property
    def called(self) -> str:
        return self.name or self.id


class People:
    """Everybody of the course, as the two tables say now."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._stamp: object = None
        self._known: dict[tuple[str, str], Person] = {}

    def find(self, kind: str, person: str) -> Person | None:
        return self._all().get((kind, person))

    def named(self, text: str) -> Person | None:
        """Whom a proxy names, by id or address; nobody where two are called so."""
        word = text.strip().casefold()
        found = [
            person
            for person in self._all().values()
            if word and word in (person.id.casefold(), person.email.casefold())
        ]
        return found[0] if len(found) == 1 else None

    def with_email(self, text: str) -> Person | None:
        """Whose address this is; nobody's where two have it."""
        return self._only(text, lambda person: person.email)

    def with_id(self, text: str) -> Person | None:
        """Whose id this is; nobody's where a student and one of the staff have it."""
        return self._only(text, lambda person: person.id)

    def _only(self, text: str, of: Callable[[Person], str]) -> Person | None:
        found = [person for person in self._all().values() if _same(text.strip(), of(person))]
        return found[0] if len(found) == 1 else None

    def of(self, *roles: Role) -> list[Person]:
        """Those with one of the roles, in the order of the tables."""
        return [person for person in self._all().values() if person.role in roles]

    def _all(self) -> dict[tuple[str, str], Person]:
        files = (self._paths.roster_csv, self._paths.staff_csv)
        stamp = [(file.stat().st_mtime_ns, file.stat().st_size) if file.exists() else None for file in files]
        if stamp != self._stamp:
            self._known, self._stamp = self._read(), stamp
        return self._known

    def _read(self) -> dict[tuple[str, str], Person]:
        students = read_roster(self._paths) if self._paths.roster_csv.exists() else ()
        people = [Person(each.id, Role.STUDENT, each.name, each.email) for each in students]
        people += [Person(each.id, each.role, each.name, each.email) for each in staff_of(self._paths)]
        return {(person.kind, person.id): person for person in people}


def _same(said: str, known: str) -> bool:
    """Whether two names are one. Case is no difference in ASCII alone: elsewhere other letters may fold to the same."""
    if said.isascii() and known.isascii():
        return bool(said) and said.lower() == known.lower()
    return said == known


def staff_of(paths: Paths) -> tuple[Member, ...]:
    """The staff; without staff.csv, whoever has this account is the instructor: all files of the course are theirs."""
    return read_staff(paths) or (Member(getpass.getuser(), Role.INSTRUCTOR),)
