"""What staff see of a student's work at one assignment besides the attempt that counts: the file, the code, what came
before and what people changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from grader.course.scheme import plain
from grader.feedback.excerpts import Excerpt
from grader.feedback.page import listing
from grader.feedback.parts import QuestionPart
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.marks.changes import ByHand
from grader.pages.markup import Html, badge, cell, el, heading, table, within
from grader.schema import Attempt, Status
from grader.terminal.endings import ended


def signed_points(points: Fraction) -> str:
    """Points with a sign: +1.5, −2."""
    return f"{'−' if points < 0 else '+'}{figure(plain(abs(points)))}"


@dataclass(frozen=True)
class Graded:
    """An attempt and when its run began."""

    attempt: Attempt
    when: str


@dataclass(frozen=True)
class Entered:
    """One change by hand as it was entered: what, why (which the student reads, unless it is a note), by whom, when."""

    question: str
    what: str
    reason: str
    who: str
    when: str


@dataclass(frozen=True)
class Work:
    """One student's work at one assignment. `attempts`: all of them, the oldest first.

    timing: when it was handed in, in words;  parts: its questions, with their code;  changed: what the changes come to
    """

    filename: str = ""
    timing: str = ""
    parts: tuple[QuestionPart, ...] = ()
    attempts: tuple[Graded, ...] = ()
    changed: tuple[ByHand, ...] = ()
    entered: tuple[Entered, ...] = ()

    def code_of(self, question: str) -> Iterator[Excerpt]:
        """The cells that a question's checks are about, with those that are shown at another one."""
        known = {shown.cell: shown for part in self.parts for shown in part.code}
        for part in self.parts:
            if part.question.id == question:
                yield from part.code
                yield from (known[number] for number, _ in part.shown_at if number in known)


def code(found: Sequence[Excerpt], where: str, there: set[int]) -> Iterator[Html]:
    """The code of a question, folded; a cell that is `there` already is named. where: begins the ids."""
    for shown in found:
        place = f"{where}-cell-{shown.cell}"
        if shown.cell in there:
            link = el("a", tr("cell {cell}", cell=shown.cell), href=f"#{place}")
            yield el("p", within(tr("Also its code: {cell}."), cell=link), class_="small")
            continue
        there.add(shown.cell)
        told = {"cell": shown.cell, "n": shown.of}
        lines = ", ".join(map(str, sorted(shown.marked)))
        plainly = tr("code: cell {cell}, {n} lines", **told)
        summary = el(
            "summary",
            tr("code: cell {cell}, {n} lines, line {lines} marked", lines=lines, **told) if lines else plainly,
        )
        yield el("details", summary, el("div", listing(shown), class_="inside"), id=place, open=bool(shown.marked))


def by_hand(work: Work) -> Iterator[Html]:
    """What people changed and said, entry by entry."""
    if not work.entered:
        return
    yield el("h3", tr("Changed by hand"))
    yield from (el("p", el("b", each.question), f" {recorded(each.told)}") for each in work.changed)
    head = el(
        "tr", *map(heading, (tr("question"), tr("entered"), tr("reason, comment or note"), tr("by"), tr("when (UTC)")))
    )
    rows = (
        [el("th", each.question, scope="row"), cell(recorded(each.what)), cell(each.reason, "words"), cell(each.who),
         cell(each.when, "name")]
        for each in work.entered
    )  # fmt: skip
    yield table([head], rows, class_="stack changed", label=tr("Changed by hand"))


def earlier(work: Work) -> Iterator[Html]:
    """The attempts before the one that counts, and what changed from each to the next."""
    if len(work.attempts) < 2:
        return
    lines = [el("li", _attempt(work.attempts[0]))]
    for before, after in zip(work.attempts, work.attempts[1:], strict=False):
        lines.append(el("li", _attempt(after), "; ", "; ".join(changes(before.attempt, after.attempt))))
    summary = el("summary", tr("{n} attempts, and what changed between them", n=len(work.attempts)))
    yield el("details", summary, el("div", el("ol", *lines), class_="inside"))


def _attempt(graded: Graded) -> Html:
    attempt = graded.attempt
    if attempt.status is not Status.GRADED:
        return el("span", f"{graded.when}: ", badge(ended(attempt.status), "bad"))
    return el("span", tr("{when}: {points} points by checks", when=graded.when, points=figure(plain(attempt.points))))


def changes(before: Attempt, after: Attempt) -> list[str]:
    """What differs between two attempts: the file, the hidden tests, the points of questions."""
    old, new = dict(before.evidence.tests), dict(after.evidence.tests)
    tests = [name for name in new if name in old and old[name] != new[name]]
    found = []
    if before.evidence.submission != after.evidence.submission:
        found.append(tr("another file"))
    if tests:
        found.append(tr("other hidden tests of {questions}", questions=", ".join(tests)))
    if before.evidence.image != after.evidence.image:
        found.append(tr("another image"))
    for name in dict.fromkeys([*old, *new]):
        was, now = before.points_of(name), after.points_of(name)
        if was is not None and now is not None and was != now:
            found.append(f"{name} {figure(plain(was))} \u2192 {figure(plain(now))} ({signed_points(now - was)})")
    return found or [tr("nothing else differs")]
