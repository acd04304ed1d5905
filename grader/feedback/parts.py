"""The nouns of feedback: what it is made of, and what one student is told."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from grader.course.config import Course
from grader.course.scheme import plain
from grader.course.sheets import Student
from grader.feedback.excerpts import Excerpt
from grader.feedback.plain_words import OUTCOMES
from grader.feedback.standing import Standing
from grader.languages.formats import figure
from grader.languages.translating import mark, tr
from grader.marks.changes import Change
from grader.marks.gradebook import Line
from grader.schema import Assignment, Attempt, Outcome, Question, add_up
from grader.submission.notebook import Notebook

TO_COME = mark("to be marked by the staff")
NOT_WRITTEN = mark("not written yet")  # schema.UNWRITTEN
NAMED_CHECKS = 2  # of a thing to look at first
NO_POINTS_YET = "\u2013"


class Stage(enum.Enum):
    """How far the grading of a submission has come."""

    GRADED = "graded"
    UNREADABLE = "unreadable"
    DEFERRED = "deferred"  # the machine failed
    OUTDATED = "outdated"  # graded for other points than the assignment has now
    WAITING = "waiting"  # handed in, and not graded yet
    NOTHING = "nothing handed in"  # and points, or a comment, were given by hand


@dataclass(frozen=True)
class HandedIn:
    """What one student handed in. `notebook` is None where the file is none; without a digest there is no file.

    files: names of what came with it;  came: when, as recorded;  printed: by its cells when they were run
    """

    filename: str
    size_bytes: int
    digest: str
    sha256: str
    notebook: Notebook | None = None
    files: tuple[str, ...] = ()
    came: str = ""
    printed: str = field(default="", repr=False)


@dataclass(frozen=True)
class Grading:
    """The attempt that counts, when it was made, and whether the machine spoilt it."""

    attempt: Attempt
    at: str = ""
    deferred: bool = False


@dataclass(frozen=True)
class Remark:
    """What a person says of one line. question: which it is about, or the WHOLE;  code: the line"""

    question: str
    cell: int
    line: int
    code: str
    text: str


@dataclass(frozen=True)
class Source:
    """Everything that one student's feedback is made of.

    line: of the gradebook, None where there is none;  stranger: there is a roster, and the student is not on it
    known: the hints that are about a recognised mistake, and not about the check;  remarks: on lines of the file
    """

    course: Course
    assignment: Assignment
    student: Student
    handed_in: HandedIn
    grading: Grading | None
    line: Line | None = None
    changes: Sequence[Change] = ()
    stranger: bool = False
    known: frozenset[str] = frozenset()
    remarks: Sequence[Remark] = ()


@dataclass(frozen=True)
class Finding:
    """Checks of one question that ended alike: how, which, what it cost, what is known, what the author hints at.

    cause: what else fails for the same reason, also in other questions;  name: of the student's code, "" if not known
    known: a wrong solution of the author's answers alike, and the hint is about that mistake
    origin: which failure of another question it may follow from, in a sentence
    of_kind: it is about an answer of the wrong kind, dtype or shape;  still: of what is not written yet, what
    """

    outcome: Outcome
    checks: tuple[str, ...]
    lost: Fraction
    text: str
    hints: tuple[str, ...]
    cause: str
    name: str = ""
    cell: int = 0
    line: int = 0
    known: bool = False
    origin: str = ""
    of_kind: bool = False
    still: str = ""

    @property
    def rank(self) -> int:
        """What to look at first: a mistake that is known, then an answer of the wrong kind, then all else.

        Last comes what is not written yet, which its author knows, and what may follow from another failure.
        """
        if self.origin or self.unwritten:
            return 3
        if self.known or self.cause.startswith(("loading/", "raised/", "experiment/", "misspelt/", "gone/")):
            return 0
        return 1 if self.outcome is Outcome.FAILED and self.of_kind else 2

    @property
    def told(self) -> tuple[str, ...]:
        """Where to begin, and what the author hints at."""
        return (self.origin, *self.hints) if self.origin else self.hints

    @property
    def unwritten(self) -> bool:
        return self.cause.startswith("unwritten/")

    @property
    def label(self) -> str:
        return tr(NOT_WRITTEN) if self.unwritten else tr(OUTCOMES[self.outcome][0])


@dataclass(frozen=True)
class QuestionPart:
    """One question of one student. `points` after changes by hand, None where it was not examined, or is to be marked.

    changed: by hand, in words;  given_back: points that were added by hand
    counted: which of the passed checks count although the student's code alone does not pass them, in words
    comment: of the person who marked it;  to_come: why a question that a person marks has no points yet
    code: cells shown here;  shown_at: (cell, question) of cells that are shown at another question
    left_out: cells for which the page has no room;  remarks: of people, on lines
    """

    question: Question
    points: Fraction | None
    checks: int
    passed: tuple[str, ...]
    findings: tuple[Finding, ...]
    changed: str = ""
    code: tuple[Excerpt, ...] = ()
    shown_at: tuple[tuple[int, str], ...] = ()
    left_out: tuple[int, ...] = ()
    comment: str = ""
    to_come: str = ""
    given_back: Fraction = Fraction(0)
    remarks: tuple[Remark, ...] = ()
    counted: str = ""

    @property
    def full(self) -> bool:
        return self.points is not None and self.points >= self.question.points

    @property
    def blank(self) -> bool:
        """Whether nothing of it is written yet, and nobody changed or said anything."""
        unwritten = bool(self.findings) and all(finding.unwritten for finding in self.findings)
        return unwritten and not (self.passed or self.changed or self.comment)

    @property
    def nothing_to_say(self) -> bool:
        """Whether there is nothing to repair, and nobody has written anything."""
        return self.full and not self.findings and not self.comment and not self.remarks

    @property
    def score(self) -> str:
        """The points, a dash where there are none yet, and what there was to get."""
        points, worth = self._figures
        return tr("{points} of {worth}", points=points, worth=worth)

    @property
    def scored(self) -> str:
        """The same as points."""
        points, worth = self._figures
        return tr("{points} of {worth} points", points=points, worth=worth)

    @property
    def _figures(self) -> tuple[str, str]:
        points = NO_POINTS_YET if self.points is None else figure(plain(self.points))
        return points, figure(plain(self.question.points))

    @property
    def in_short(self) -> str:
        """What happened, in a few words."""
        if self.points is None:
            return tr(self.to_come) if self.to_come else tr("not graded")
        if self.question.manual:
            return tr("marked by the staff")
        if not self.findings:
            passed = tr("all {n} passed", n=self.checks) if self.checks > 1 else tr("passed")
            return f"{passed}; {self.counted}" if self.counted else passed
        labels = dict.fromkeys(finding.label for finding in self.findings)
        failed = sum(len(finding.checks) for finding in self.findings)
        some = failed < self.checks
        how = tr("{n} of {checks} checks failed", n=failed, checks=self.checks) if some else tr("no check passed")
        return f"{how}: {', '.join(labels)}"


@dataclass(frozen=True)
class Thing:
    """Something to look at first: everything that fails for one reason, with what it cost as graded.

    given_back: by hand, in these questions
    """

    questions: tuple[Question, ...]
    title: str
    lost: Fraction
    checks: tuple[str, ...]
    text: str
    hint: str
    cell: int = 0
    line: int = 0
    given_back: Fraction = Fraction(0)

    @property
    def cost(self) -> str:
        """What it cost, in words."""
        lost = f"\u2212{figure(plain(self.lost))}"
        lost = tr("{points} point", points=lost) if self.lost == 1 else tr("{points} points", points=lost)
        if not self.given_back:
            return lost
        ids, back = ", ".join(question.id for question in self.questions), figure(plain(self.given_back))
        return tr("{lost} as graded; +{points} by hand in {questions}", lost=lost, points=back, questions=ids)

    @property
    def which(self) -> str:
        """The checks: two of them in words, the others counted."""
        more = len(self.checks) - NAMED_CHECKS
        named = "; ".join(self.checks[:NAMED_CHECKS])
        return tr("{checks}; and {n} more", checks=named, n=more) if more > 0 else named


@dataclass(frozen=True)
class Feedback:
    """One student's page, in words. `points` is None where there is no mark yet; `remark`: what else decides them.

    things: what went wrong and still costs points;  settled: something went wrong, and all of it was given back by hand
    changed: what was changed by hand in no single question, and comments on the whole;  remarks: on lines, likewise
    """

    course: str
    assignment: Assignment
    student: Student
    stage: Stage
    points: Fraction | None
    remark: str
    explanation: tuple[str, ...]
    first: tuple[Thing, ...]
    things: int
    questions: tuple[QuestionPart, ...]
    notices: tuple[str, ...]
    printed: str
    standing: Standing | None
    receipt: tuple[tuple[str, str], ...]
    changed: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def settled(self) -> bool:
        return not self.things and any(part.findings for part in self.questions)

    @property
    def blank(self) -> tuple[QuestionPart, ...]:
        """The questions of which nothing is written yet, where they are several: these are told together."""
        blank = tuple(part for part in self.questions if part.blank)
        return blank if len(blank) > 1 else ()

    @property
    def so_far(self) -> str:
        """What there is while questions are still to be marked."""
        points = add_up(part.points for part in self.questions if part.points is not None)
        due = ", ".join(part.question.id for part in self.questions if part.to_come)
        return tr(
            "{points} of {worth} points so far; {questions} to be marked by the staff",
            points=figure(plain(points)),
            worth=figure(plain(self.assignment.max_points)),
            questions=due,
        )
