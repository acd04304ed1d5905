"""What went wrong most, in one assignment or in all: the checks that most got wrong, and who lost most by one of them.

What is not written is counted apart, and is in neither list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from grader.course.scheme import plain
from grader.dashboard.findings import Findings
from grader.dashboard.links import Links
from grader.dashboard.parts import named_students, section, to_section
from grader.dashboard.statistics import CheckNumbers
from grader.languages.formats import figure
from grader.languages.translating import mark, tr
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table
from grader.terminal.screen import words

Named = tuple[Findings, CheckNumbers]  # a check, and the assignment that it is of
FEW = 8  # rows of either list
WRONG = mark(
    "Wrong: something was written, and it earned nothing, nor would it with the reference's answers to earlier "
    "questions. Not written: the notebook has the stub as it was handed out, or no such name. Counted are the "
    "graded attempts that count."
)
ONE_EACH = mark(
    "The first list has of each question the check that most got wrong, by their number; the second the checks that "
    "cost most. Either has the first {n}."
)


def wrong_section(found: Sequence[Findings], links: Links, here: bool = False) -> Html:
    """Both lists. here: on the page of the one assignment that there is, where its checks stand."""
    title = tr("What went wrong most")
    if not any(check.wrong for each in found for check in each.checks):
        return section("wrong", title, el("p", tr("Nothing: no check was answered wrongly.")))
    about = el("p", f"{tr(WRONG)} {tr(ONE_EACH, n=FEW)}", class_="lead dim small")
    return section("wrong", title, about, el("div", *_lists(found, links, here), class_="two"))


def _lists(found: Sequence[Findings], links: Links, here: bool) -> Iterator[Html]:
    wrong = [(each, check) for each in found for check in each.checks if check.wrong]
    most_wrong = sorted(_of_each_question(wrong), key=lambda pair: -pair[1].wrong)[:FEW]
    dearest = sorted(wrong, key=lambda pair: (-pair[1].max_points, -pair[1].wrong))[:FEW]
    head = el("tr", heading(tr("check")), heading(tr("wrong"), "n"), heading(tr("not written"), "n"))
    rows = [
        [_named(each, check, links, here), number(how_many_wrong(check), "sum"), number(check.not_there)]
        for each, check in most_wrong
    ]
    yield _list(tr("What the class got wrong most"), head, rows)
    head = el("tr", heading(tr("points"), "n"), heading(tr("who")), heading(tr("check")))
    rows = [
        [number(figure(plain(check.max_points)), "sum"), cell(named_students(links, _who(each, check)), "small"),
         _named(each, check, links, here)]
        for each, check in dearest
    ]  # fmt: skip
    yield _list(tr("Lost most by one check"), head, rows)


def _of_each_question(wrong: Iterable[Named]) -> Iterable[Named]:
    """The check that most got wrong: those of one question are mostly failed together."""
    most: dict[tuple[str, str], Named] = {}
    for each, check in wrong:
        question = (each.cohort.assignment.id, check.question)
        most[question] = max(most.get(question, (each, check)), (each, check), key=lambda pair: pair[1].wrong)
    return most.values()


def _list(title: str, head: Html, rows: Iterable[Iterable[Html]]) -> Html:
    return el("div", el("h3", title), table([head], rows, label=title))


def how_many_wrong(check: CheckNumbers) -> str:
    """How many got a check wrong, of those who were asked."""
    return tr("{n} of {asked}", n=check.wrong, asked=check.asked)


def _named(each: Findings, check: CheckNumbers, links: Links, here: bool) -> Html:
    """The check, which leads to its row, and the question; elsewhere than `here` with its assignment."""
    name, place, text = each.cohort.assignment.id, each.known[check.name].anchor, words(check.name)
    question = check.question if here else f"{name} {check.question}"
    to_row = to_section(place, text) if here else links.to_assignment(name, text, f"#{place}")
    flag = [" ", badge(tr("look at the test"), "warn")] if check.name in each.in_doubt else []
    return cell(joined([to_row, " ", el("span", question, class_="dim small"), *flag]))


def _who(each: Findings, check: CheckNumbers) -> tuple[str, ...]:
    """Who got a check wrong, in order."""
    return tuple(
        sorted(
            attempt.student
            for attempt in each.cohort.graded
            for result in attempt.results
            if result.name == check.name and result.wrong
        )
    )
