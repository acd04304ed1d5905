"""The table of attempts: a row per student, points by question, and the first thing to look at.

Where a screen is too narrow for points and words, a question shows what percentage of its points was reached, and the
words stand in a line below.
"""

from __future__ import annotations

import statistics
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.course.scheme import plain
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.changes import EARLIER, ByHand
from grader.marks.policy import rounded
from grader.schema import Assignment, Attempt, CheckResult, Status
from grader.submission.ipynb import DEFINED_TWICE, MADE_FROM
from grader.terminal.endings import ended
from grader.terminal.tables import aligned, cut, screen_width, signed, table, width_of

if TYPE_CHECKING:
    from grader.execution.batch import Graded

LAST_COLUMN = 30  # the least that is worth printing
LEAST_NAME = 10  # columns of a student's id, where ids are longer


def attempts_table(
    assignment: Assignment,
    rows: Sequence[Graded],
    width: int | None = None,
    changed: Mapping[str, Sequence[ByHand]] | None = None,
) -> str:
    """A row per student: points by question, and the first thing to know; then a line that sums up.

    changed: by student, what `override` made of the points, which are as graded; it stands in front of the first thing
    """
    width = width or screen_width()
    attempts = [row.attempt for row in rows]
    words = {attempt.student: _words(attempt, (changed or {}).get(attempt.student, ())) for attempt in attempts}
    end = in_short(assignment, attempts)
    for form in (_wide, _narrow, _without_questions):
        shown = form(assignment, attempts, words, width)
        if max(map(width_of, shown.splitlines())) <= width:
            break
    legend = {_wide: "", _narrow: SHARES, _without_questions: LEFT_OUT}[form]
    return f"{shown}\n{textwrap.fill(end + (tr(legend) if legend else legend), width)}\n"


SHARES = mark(". Of each question: what percentage of its points")
LEFT_OUT = mark(". Points by question need a wider screen; they are in --json and in grader report")


def _words(attempt: Attempt, changed: Sequence[ByHand]) -> str:
    made = [_by_hand(change) for change in changed if change.changes]
    return "; ".join(filter(None, [*made, first_thing(attempt)]))


def _wide(assignment: Assignment, attempts: Sequence[Attempt], words: Mapping[str, str], width: int) -> str:
    """Points, and the words at the end of the row; wider than the screen where too little would be left of these."""
    ids = [question.id for question in assignment.questions]
    worth = [figure(plain(question.points)) for question in assignment.questions]
    lines = [[tr("of"), figure(plain(assignment.max_points)), *worth, ""]]
    for attempt in attempts:
        points = [points_of(attempt, question) for question in ids]
        lines.append([attempt.student, total_of(attempt), *points, words[attempt.student]])
    head = [tr("student"), tr("points"), *ids, tr("what to look at first")]
    fixed = sum(max(width_of(line[place]) for line in (head, *lines)) + 2 for place in range(len(head) - 1))
    return table(head, lines, right=range(1, len(head) - 1), width=max(width, fixed + LAST_COLUMN))


def _narrow(assignment: Assignment, attempts: Sequence[Attempt], words: Mapping[str, str], width: int) -> str:
    """Percentages in columns as narrow as can be, and the words in a line below."""
    head = [tr("student"), tr("points"), *(question.id for question in assignment.questions)]
    lines = [head]
    for attempt in attempts:
        shares = [_share(attempt, question.id, question.points) for question in assignment.questions]
        lines.append([attempt.student, total_of(attempt), *shares])
    widths = [max(width_of(line[place]) for line in lines) for place in range(len(head))]
    widths[0] = min(widths[0], max(width - sum(widths[1:]) - len(widths) + 1, LEAST_NAME))
    lines = [[cut(line[0], widths[0]), *line[1:]] for line in lines]
    rows = [aligned(line, widths, range(1, len(head)), gap=" ") for line in lines]
    shown = [rows[0], " ".join("-" * columns for columns in widths)]
    for row, attempt in zip(rows[1:], attempts, strict=True):
        said = words[attempt.student]
        shown += [row, *([f"    {cut(said, width - 4)}"] if said else [])]
    return "".join(f"{line}\n" for line in shown)


def _without_questions(
    assignment: Assignment, attempts: Sequence[Attempt], words: Mapping[str, str], width: int
) -> str:
    lines = [[tr("of"), figure(plain(assignment.max_points)), ""]]
    lines += [[attempt.student, total_of(attempt), words[attempt.student]] for attempt in attempts]
    return table([tr("student"), tr("points"), tr("what to look at first")], lines, right=[1], width=width)


def _share(attempt: Attempt, question: str, worth: Fraction) -> str:
    """The percentage of a question's points, rounded down: 100 is all of them; a dash where there are none."""
    points = attempt.points_of(question)
    if points is None or not worth:
        return tr("open") if question in attempt.waiting else "-"
    return str(100 * points // worth)


def _by_hand(change: ByHand) -> str:
    """What was changed, in few words; a change for a file that was replaced since is said so."""
    points = figure(signed(change.by)) if change.by else "+0"
    if EARLIER in change.words:
        return tr(
            "{question} {points} by hand, given before this file was handed in", question=change.question, points=points
        )
    return tr("{question} {points} by hand", question=change.question, points=points)


def points_of(attempt: Attempt, question: str) -> str:
    """The points of one question; a dash where it was not examined, "open" where it is to be marked by hand."""
    points = attempt.points_of(question)
    nothing = tr("open") if question in attempt.waiting else "-"
    return nothing if points is None else figure(plain(points))


def total_of(attempt: Attempt) -> str:
    """The points, or the state of an attempt that has none; "open" where a person is to mark some of it."""
    if attempt.status is not Status.GRADED:
        return ended(attempt.status)
    return tr("open") if attempt.waiting else figure(plain(attempt.points))


def first_thing(attempt: Attempt) -> str:
    """The one thing to know about an attempt: why there are no points, the first check that failed, or a notice."""
    if attempt.status is not Status.GRADED:
        return recorded(attempt.notices[-1]) if attempt.notices else ""
    for result in attempt.results:
        if not result.outcome.earns:
            return f"{result.question} {ended(result.outcome)}: {_reason(result)}"
    if attempt.waiting:
        return tr("to be marked by hand: {questions}", questions=", ".join(attempt.waiting))
    told = [notice for notice in attempt.notices if not notice.startswith(MADE_FROM)]
    return recorded(min(told, key=lambda notice: notice.startswith(DEFINED_TWICE), default=""))


def _reason(result: CheckResult) -> str:
    return recorded(result.message) or result.hint or result.name


def in_short(assignment: Assignment, attempts: Sequence[Attempt]) -> str:
    """One line: how many, how they ended, and the middle of the points."""
    counts = Counter(attempt.status for attempt in attempts)
    words = ", ".join(f"{counts[status]} {ended(status)}" for status in Status if counts[status])
    text = tr("{n} submissions: {words}", n=len(attempts), words=words) if attempts else tr("no submissions")
    waiting = sum(bool(attempt.waiting) for attempt in attempts)
    if waiting:
        text += "; " + tr("{n} to be marked by hand (grader manual {assignment})", n=waiting, assignment=assignment.id)
    middle = middle_of(attempts)
    if middle is not None:
        known = {"points": figure(plain(middle)), "worth": figure(plain(assignment.max_points))}
        text += "; "
        text += (
            tr("half of those with all marks have {points} of {worth} points or more", **known)
            if waiting
            else tr("half of the graded have {points} of {worth} points or more", **known)
        )
    return text


def middle_of(attempts: Sequence[Attempt]) -> Decimal | None:
    """The median of the points of what was graded and waits for nothing, with two digits; None where nothing was."""
    points = [each.points for each in attempts if each.status is Status.GRADED and not each.waiting]
    return rounded(statistics.median(points), 2) if points else None
