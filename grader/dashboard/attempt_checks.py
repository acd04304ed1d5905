"""The checks of one attempt for the staff: what failed, what was said, and the code of questions that lost points.

Where the report has the assignment's page, the names of those that passed stand there, and a check that failed leads to
its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from grader.course.scheme import plain
from grader.dashboard.by_hand import manual_question
from grader.dashboard.links import Links
from grader.dashboard.parts import to_section
from grader.dashboard.work import Work, code, signed_points
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.pages.markup import Html, badge, bar, el, joined, share_of
from grader.schema import Assignment, Attempt, CheckResult, Outcome, Question, add_up
from grader.submission.answers import Answer
from grader.terminal.endings import ended
from grader.terminal.screen import counted_with, failures, hints, words

OUTCOMES = {Outcome.FAILED: "bad", Outcome.ERROR: "bad", Outcome.MISSING: "bad"}  # the others are odd: warn


def questions(
    assignment: Assignment, attempt: Attempt, links: Links, answers: Mapping[str, Answer], work: Work
) -> Iterator[Html]:
    """Question by question; those of which nothing is written yet, and those that are all right, in one line."""
    there: set[int] = set()
    telling = _Telling(links, assignment.id, {each.question: each.by for each in work.changed if each.changes})
    results = {question: attempt.of_question(question.id) for question in assignment.questions}
    asked = {question: found for question, found in results.items() if found and not attempt.mark_of(question.id)}
    empty = [question for question, found in asked.items() if all(result.unwritten for result in found)]
    right = [question for question, found in asked.items() if all(result.outcome.earns for result in found)]
    if empty:
        worth = figure(plain(add_up(question.points for question in empty)))
        names = ", ".join(each.id for each in empty)
        told = tr("{questions}: 0 of {worth} points", questions=names, worth=worth)
        yield el("p", badge(tr("not written yet"), "bad"), f" {told}")
    if right:
        names = "; ".join(f"{_right(each)} {recorded(counted_with(asked[each]))}".strip() for each in right)
        yield el("p", badge(tr("all checks passed"), "good"), f" {names}")
    lost = {each: found for each, found in asked.items() if each not in (*empty, *right)}
    if lost:
        ways = (_way(assignment.id, each, found) for each, found in lost.items())
        yield el("p", badge(tr("points lost"), "bad"), " ", joined(ways, ", "))
    for question in assignment.questions:
        mark = attempt.mark_of(question.id)
        if mark is not None:
            yield from manual_question(question, mark, answers.get(question.id))
        elif question in lost:
            yield from telling.question(question, asked[question])
            yield from code(tuple(work.code_of(question.id)), assignment.id, there)


def _way(assignment: str, question: Question, found: Sequence[CheckResult]) -> Html:
    """From a question's name to where it stands, and what its checks took off."""
    off = add_up(result.max_points - result.points for result in found)
    return el(
        "span",
        to_section(f"{assignment}-{question.id}", question.id),
        f" \u2212{figure(plain(off))}",
        class_="unbroken",
    )


def _right(question: Question) -> str:
    return f"{question.id} {question.title}, {figure(plain(question.points))}"


@dataclass
class _Telling:
    """What a page says of the checks of one assignment.

    by_hand: question -> what people added to its points;  told: the hints that were given above
    """

    links: Links
    assignment: str
    by_hand: Mapping[str, Fraction] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def question(self, question: Question, results: Sequence[CheckResult]) -> Iterator[Html]:
        """A question that lost points."""
        points = add_up(result.points for result in results)
        worth = add_up(result.max_points for result in results)  # not the question's where the attempt is outdated
        passed = [result for result in results if result.outcome.earns]
        score = tr(
            "{points} of {worth}; {n} of {checks} checks",
            points=figure(plain(points)),
            worth=figure(plain(worth)),
            n=len(passed),
            checks=len(results),
        )
        by = self.by_hand.get(question.id)
        changed = "" if by is None else tr("{points} by hand", points=signed_points(by))
        score = "; ".join(filter(None, (score, changed, recorded(counted_with(results)))))
        share = bar(share_of(points, worth), "")
        place = f"{self.assignment}-{question.id}"
        yield el("h3", f"{question.id} {question.title} ", share, " ", el("span", score, class_="dim"), id=place)
        yield el("ul", *map(self._failure, failures(results)), class_="checks")
        if passed and not self.links.check(self.assignment, results[0].name):
            names = "; ".join(words(result.name) for result in passed)
            yield el("p", badge(tr("{n} passed", n=len(passed)), "good"), f" {names}", class_="dim small")

    def _failure(self, group: Sequence[CheckResult]) -> Html:
        """Checks that failed alike: how they ended, which, what was said, what the author hints at."""
        outcome = group[0].outcome
        lost = plain(add_up(result.max_points for result in group))
        names = joined((self.links.to_check(self.assignment, each.name, words(each.name)) for each in group), "; ")
        said = el("p", recorded(group[0].message)) if group[0].message else None
        end = [badge(ended(outcome), OUTCOMES.get(outcome, "warn")), " "] if outcome is not Outcome.FAILED else []
        new = [el("p", hint, class_="hint") for hint in self._new_hints(group)]
        return el("li", *end, names, f" \u2212{figure(lost)}", said, *new)

    def _new_hints(self, group: Sequence[CheckResult]) -> list[str]:
        """Those that were not given above."""
        new = [hint for hint in hints(group) if hint not in self.told]
        self.told.update(new)
        return new
