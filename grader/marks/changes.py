"""What people changed in the points of an attempt, and what that comes to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from grader.course.scheme import plain
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.schema import WHOLE, Assignment, Attempt, Kind

EARLIER = "given before the file that counts was handed in"


class Change(Protocol):
    """A change of points made by hand that is in force, of a question or the WHOLE, as the store keeps it."""

    @property
    def student(self) -> str: ...
    @property
    def assignment(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def delta(self) -> Decimal: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def earlier(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def who(self) -> str: ...
    @property
    def made(self) -> str: ...


@dataclass(frozen=True)
class ByHand:
    """What people did to the points of one question, or of the WHOLE; `words` say it with the reasons.

    comments: for the student;  changes: whether points were changed, and not only commented on
    held: whether they would be more or less than there is;  whom: who changed or commented, and when, for the staff
    """

    question: str
    before: Fraction
    after: Fraction
    words: str
    comments: tuple[str, ...] = ()
    changes: bool = True
    held: bool = False
    whom: tuple[str, ...] = ()

    @property
    def by(self) -> Fraction:
        return self.after - self.before

    @property
    def told(self) -> str:
        """The words and the comments."""
        return "; ".join([*([self.words] if self.words else []), *(f"comment: {text}" for text in self.comments)])


def in_words(change: ByHand) -> str:
    """What `told` says, in the language that is spoken."""
    comments = (tr("comment: {text}", text=text) for text in change.comments)
    return "; ".join([*([recorded(change.words)] if change.words else []), *comments])


def by_hand(attempt: Attempt | None, assignment: Assignment, changes: Sequence[Change]) -> list[ByHand]:
    """What the changes of one attempt come to, by question in their order, the WHOLE last.

    A question stays between 0 and its points, the whole between 0 and all points. attempt: None where nothing was
    handed in, which is worth 0
    """
    made = []
    for question in assignment.questions:
        before = (attempt.points_of(question.id) if attempt else None) or Fraction(0)
        made += _by_hand(question.id, before, question.points, changes)
    points = sum((change.by for change in made), attempt.points if attempt else Fraction(0))
    return [*made, *_by_hand(WHOLE, points, assignment.max_points, changes)]


def _by_hand(question: str, before: Fraction, worth: Fraction, changes: Sequence[Change]) -> list[ByHand]:
    """What the changes of one question come to, as a list of one; nothing where there are none."""
    mine = [change for change in changes if change.question == question]
    changing = [change for change in mine if change.kind is not Kind.COMMENT]
    wanted = before
    for change in changing:
        wanted = Fraction(change.delta) + (0 if change.kind is Kind.SET else wanted)
    after = min(max(wanted, Fraction(0)), worth) if changing else before
    words = []
    if changing:
        bound = "" if after == wanted else f", held at {plain(after)}"
        words.append(f"{plain(before)} -> {plain(after)} points by hand{bound} ({_reasons(changing)})")
    comments = [change for change in mine if change.kind is Kind.COMMENT]
    told = tuple(change.reason for change in comments)
    held = bool(changing) and after != wanted
    whom = tuple(by_whom(change) for change in mine)
    return [ByHand(question, before, after, "; ".join(words), told, bool(changing), held, whom)] if mine else []


def by_whom(change: Change) -> str:
    """Who made a change, and the minute, in UTC."""
    when = f", {change.made[:16].replace('T', ' ')} UTC" if change.made else ""
    return f"by {change.who}{when}"


def _reasons(changes: Sequence[Change]) -> str:
    """Why points were changed, one after the other; and which were changed for a file that was replaced since."""
    return "; ".join(change.reason + (f" [{EARLIER}]" if change.earlier else "") for change in changes)
