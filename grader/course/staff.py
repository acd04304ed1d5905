"""Who works for the course: staff.csv, with the columns staff, name, email, role."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from grader.course.tables import rows
from grader.errors import AuthoringError
from grader.paths import Paths

COLUMNS = ["staff", "role", "name", "email"]


class Role(enum.Enum):
    """What somebody is to the course."""

    STUDENT = "student"
    ASSISTANT = "assistant"
    INSTRUCTOR = "instructor"

    @property
    def is_staff(self) -> bool:
        return self is not Role.STUDENT


@dataclass(frozen=True)
class Member:
    """One line of staff.csv."""

    id: str
    role: Role
    name: str = ""
    email: str = ""


def read_staff(paths: Paths) -> tuple[Member, ...]:
    """Everybody in staff.csv, nobody where there is no such file. Raises AuthoringError."""
    path = paths.staff_csv
    if not path.exists():
        return ()
    members: dict[str, Member] = {}
    for row in rows(path, path.name, COLUMNS, needed=2):
        name, role = row.cells["staff"], row.cells["role"].casefold()
        if not name:
            raise AuthoringError(f"{row.where('staff')}: the cell is empty")
        if role not in (Role.ASSISTANT.value, Role.INSTRUCTOR.value):
            raise AuthoringError(f"{row.where('role')}: expected assistant or instructor, got {row.cells['role']!r}")
        if name.casefold() in map(str.casefold, members):
            raise AuthoringError(f"{row.where('staff')}: {name!r} is there already")
        members[name] = Member(name, Role(role), row.cells.get("name", ""), row.cells.get("email", ""))
    return tuple(members.values())
