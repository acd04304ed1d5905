"""Everything on record about one assignment: who got how far, who got how many points. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from grader.dashboard.work import Work
from grader.languages.translating import tr
from grader.schema import Assignment, Attempt, Status, add_up
from grader.submission.answers import Answer


@dataclass(frozen=True)
class Stage:
    """One stage on the way to a mark. `lost`: the students who got no further than the stage before, and why.

    excused: who of them is
    """

    name: str
    students: int
    lost: tuple[str, ...] = ()
    why: str = ""
    excused: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cohort:
    """The attempts that count, one per student, in order of student. `published`: who has feedback on it.

    answers: student -> question -> what was written for a question that a person marks
    works: student -> what there is besides the attempt
    """

    assignment: Assignment
    roster: tuple[str, ...]
    handed_in: frozenset[str]
    attempts: tuple[Attempt, ...]
    published: frozenset[str] = frozenset()
    excused: frozenset[str] = frozenset()
    answers: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict, repr=False)
    works: Mapping[str, Work] = field(default_factory=dict, repr=False)

    @cached_property
    def graded(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.status is Status.GRADED)

    @cached_property
    def points(self) -> tuple[Fraction, ...]:
        """Of those of `graded` who have every mark: before lateness and changes by hand."""
        return tuple(attempt.points for attempt in self.graded if not attempt.waiting)

    @cached_property
    def compared(self) -> frozenset[str]:
        """The questions in which students can be compared: those for which nobody is to be marked by hand."""
        waiting = {question for attempt in self.graded for question in attempt.waiting}
        return frozenset(question.id for question in self.assignment.questions) - waiting

    @cached_property
    def compared_points(self) -> tuple[Fraction, ...]:
        """Of `graded`, in its order: the points of the questions that are `compared`."""
        return tuple(
            add_up(attempt.points_of(question) or Fraction(0) for question in self.compared) for attempt in self.graded
        )

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who handed in and has no attempt yet."""
        return tuple(sorted(self.handed_in - {attempt.student for attempt in self.attempts}))

    @property
    def to_be_marked(self) -> int:
        """How many answers a person has still to mark."""
        return sum(len(attempt.waiting) for attempt in self.graded)

    @property
    def without_hand_in(self) -> tuple[str, ...]:
        """Who of the roster handed in nothing."""
        return tuple(sorted(set(self.roster) - self.handed_in - {attempt.student for attempt in self.attempts}))

    @property
    def strangers(self) -> tuple[str, ...]:
        return tuple(sorted((self.handed_in | {each.student for each in self.attempts}) - set(self.roster)))

    def ended(self, status: Status) -> tuple[str, ...]:
        return tuple(attempt.student for attempt in self.attempts if attempt.status is status)

    def funnel(self) -> tuple[Stage, ...]:
        """Roster, handed in, readable, graded, feedback written: counted are those on the roster."""
        roster = set(self.roster)
        here = roster - set(self.without_hand_in)
        readable = here - set(self.ended(Status.UNREADABLE))
        graded = readable & set(self.ended(Status.GRADED))
        excused = (roster - here) & self.excused
        nothing = tr("nothing handed in, {n} of them excused", n=len(excused)) if excused else tr("nothing handed in")
        stages = [Stage(tr("on the roster"), len(roster))]
        for name, left, before, why in (
            (tr("handed in"), here, roster, nothing),
            (tr("readable"), readable, here, tr("no notebook could be read")),
            (tr("graded"), graded, readable, tr("not graded yet, spoilt by the machine, or to be graded again")),
            (tr("feedback written"), graded & self.published, graded, tr("no feedback on this attempt yet")),
        ):
            lost = before - left
            stages.append(Stage(name, len(left), tuple(sorted(lost)), why if lost else "", frozenset(lost & excused)))
        return tuple(stages)


@dataclass(frozen=True)
class Spread:
    """Where values lie: the least, the quartiles, the greatest, and the mean."""

    number: int
    least: float
    lower: float
    middle: float
    upper: float
    most: float
    mean: float


def spread(values: Iterable[Decimal | Fraction | float]) -> Spread | None:
    """None for no values. Between two values a quantile is interpolated linearly."""
    sorted_ = sorted(float(value) for value in values)
    if not sorted_:
        return None
    low, middle, high = (_quantile(sorted_, share) for share in (0.25, 0.5, 0.75))
    return Spread(len(sorted_), sorted_[0], low, middle, high, sorted_[-1], sum(sorted_) / len(sorted_))


def _quantile(sorted_: Sequence[float], share: float) -> float:
    place = share * (len(sorted_) - 1)
    below = int(place)
    above = min(below + 1, len(sorted_) - 1)
    return sorted_[below] + (sorted_[above] - sorted_[below]) * (place - below)


def bins(values: Iterable[float], top: float, number: int) -> list[int]:
    """How many values lie in each of `number` equal parts of 0..top; a value on a border is in the part above it.

    The last part has its upper border too.
    """
    counts = [0] * number
    for value in values:
        counts[min(max(int(value / top * number), 0), number - 1)] += 1
    return counts


@dataclass(frozen=True)
class Near:
    """A student's percentage that lies close to a boundary."""

    student: str
    percent: Fraction
    boundary: Decimal

    @property
    def distance(self) -> Fraction:
        """Below the boundary: negative."""
        return self.percent - Fraction(self.boundary)


def near(percents: Iterable[tuple[str, Fraction]], boundaries: Sequence[Decimal], within: Decimal) -> list[Near]:
    """Who is at most `within` points of percentage from a boundary; those just below one first, the nearest of them."""
    found = [
        Near(student, percent, boundary)
        for student, percent in percents
        for boundary in boundaries
        if abs(percent - Fraction(boundary)) <= Fraction(within)
    ]
    return sorted(found, key=lambda each: (each.distance >= 0, each.boundary, abs(each.distance), each.student))
