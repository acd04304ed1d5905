"""What students see of an assignment on the portal, and when: the table `portal` of course.toml."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime

from grader.course import toml_values as toml
from grader.errors import AuthoringError


class Shown(enum.IntEnum):
    """How much a student sees of what grading found; each shows what those before it show."""

    NOTHING = 0
    ACCEPTED = 1  # that it was handed in, whether it can be graded, and how far grading is
    CHECKS = 2  # what the public checks said, which are run for it by themselves
    POINTS = 3  # by question
    FEEDBACK = 4  # the whole page

    @property
    def words(self) -> str:
        """What a student sees, as staff read it."""
        return SHOWN_IN_WORDS[self]


SHOWN_IN_WORDS = {
    Shown.NOTHING: "nothing",
    Shown.ACCEPTED: "whether it was accepted",
    Shown.CHECKS: "the public checks",
    Shown.POINTS: "the points by question",
    Shown.FEEDBACK: "the whole feedback",
}


class When(enum.Enum):
    """From when on a student sees `after` instead of `before`."""

    AT_ONCE = "at once"
    DEADLINE = "deadline"
    PUBLISHED = "published"


class Start(enum.Enum):
    """When grading of what was handed in on the portal begins."""

    AT_ONCE = "at once"
    DEADLINE = "deadline"
    COMMAND = "command"  # nothing that was handed in is run until somebody runs `grader grade`


@dataclass(frozen=True)
class Showing:
    """What holds for one assignment. The defaults show nothing of hidden tests before an instructor publishes.

    graded_a_day: hand-ins of one student that are graded in 24 hours before the deadline; later ones wait
    most_mib: of one upload;  requests: open ones of one student
    choose: a student may say that an earlier hand-in counts, as long as no points of the assignment are shown
    """

    before: Shown = Shown.CHECKS
    after: Shown = Shown.FEEDBACK
    when: When = When.PUBLISHED
    grade: Start = Start.AT_ONCE
    graded_a_day: int = 3
    most_mib: int = 100
    requests: int = 3
    choose: bool = False

    @property
    def runs_public_checks(self) -> bool:
        """Whether what is handed in is run with the public checks: some time students see them, and it may be run."""
        seen = self.before >= Shown.CHECKS or self.after is Shown.CHECKS
        return seen and self.grade is not Start.COMMAND

    def now(self, time: datetime, deadline: datetime | None, published: bool | None) -> Shown:
        """What is shown at a time. published: None where nobody decided, False where it was taken back."""
        if published is not None:
            return self.after if published else min(self.before, Shown.CHECKS)
        passed = self.when is When.DEADLINE and deadline is not None and time > deadline
        return self.after if passed or self.when is When.AT_ONCE else self.before


def showings(value: object, where: str) -> dict[str, Showing]:
    """Assignment -> what holds for it; under "" what holds for all others. Raises AuthoringError."""
    if not isinstance(value, dict):
        raise AuthoringError(f"{where}: expected a table, got {value!r}")
    tables = {name: item for name, item in value.items() if isinstance(item, dict)}
    rest = {name: item for name, item in value.items() if name not in tables}
    base = _showing(Showing(), rest, where)
    return {"": base} | {name: _showing(base, table, f"{where}.{name}") for name, table in tables.items()}


def _showing(base: Showing, table: Mapping[str, object], where: str) -> Showing:
    known = [item.name for item in fields(Showing)]
    for key in table:
        if key not in known:
            raise AuthoringError(f"{where}: unknown key {key!r}; known: {', '.join(known)}")
    read = {key: _value(getattr(base, key), item, f"{where}: {key}") for key, item in table.items()}
    return replace(base, **read)  # type: ignore[arg-type]


def _value(default: object, value: object, where: str) -> object:
    """A value of the same kind as the default."""
    if isinstance(default, enum.Enum):
        choices = {item.name.lower() if isinstance(item, Shown) else str(item.value): item for item in type(default)}
        if not isinstance(value, str) or value not in choices:
            raise AuthoringError(f"{where}: expected one of {', '.join(choices)}, got {value!r}")
        return choices[value]
    if isinstance(default, bool):
        return toml.yes_or_no(value, where)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise AuthoringError(f"{where}: expected a whole number above 0, got {value!r}")
    return value
