"""Points changed by hand: what a change is, how the record keeps it, and which changes are in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from grader.errors import UsageError
from grader.schema import Kind


@dataclass(frozen=True)
class Override:
    """A change of points made by hand, of a question or the WHOLE; never edited, taken back by one of kind UNDO only.

    delta: what is added, or the points themselves (SET); 0 for a comment.  reason: or the comment, or the note
    made: UTC, ISO 8601; set by the store;  earlier: before what is now the student's submission was handed in
    """

    student: str
    assignment: str
    question: str
    delta: Decimal
    reason: str
    who: str
    made: str = ""
    kind: Kind = Kind.ADD
    earlier: bool = False

    def __post_init__(self) -> None:
        where = f"override of {self.student} {self.assignment} {self.question}"
        if not self.delta.is_finite():
            raise UsageError(f"{where}: the change must be a finite number of points, got {self.delta}")
        if not self.reason.strip() or not self.who.strip():
            raise UsageError(f"{where}: say why (a reason) and who changes it")

    @property
    def recorded(self) -> str:
        """The change as the record keeps it."""
        return self.kind.value + (str(self.delta) if self.kind in (Kind.ADD, Kind.SET) else "")


def kind_of(recorded: str) -> tuple[Kind, Decimal]:
    """Undo `Override.recorded`."""
    if recorded in (Kind.UNDO.value, Kind.COMMENT.value, Kind.NOTE.value):
        return Kind(recorded), Decimal(0)
    if recorded.startswith(Kind.SET.value):
        return Kind.SET, Decimal(recorded.removeprefix(Kind.SET.value))
    return Kind.ADD, Decimal(recorded)


def notes(made: Iterable[Override]) -> tuple[Override, ...]:
    """What was written for the staff alone."""
    return tuple(each for each in made if each.kind is Kind.NOTE)


def in_force(made: Iterable[Override]) -> tuple[Override, ...]:
    """Overrides without those that were taken back, in the order they were made.

    Notes are not among them: whoever asks what changes come to, or what students read, never meets one.
    """
    kept: list[Override] = []
    for each in made:
        if each.kind is Kind.NOTE:
            continue
        if each.kind is not Kind.UNDO:
            kept.append(each)
            continue
        what = (each.student, each.assignment, each.question)
        same = [n for n, other in enumerate(kept) if (other.student, other.assignment, other.question) == what]
        if same:
            del kept[same[-1]]
    return tuple(kept)
