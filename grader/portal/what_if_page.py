"""What if: what a total needs in the marks still to come, and what the total is with marks that one supposes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from starlette.responses import Response

from grader.course.tables import number
from grader.errors import UsageError
from grader.languages.translating import tr
from grader.marks.gradebook import Line
from grader.marks.policy import CourseMark
from grader.marks.what_if import explain_need, explain_supposed, rest_of
from grader.pages.markup import Html, el
from grader.portal.frame import box, button, field, page
from grader.portal.visit import Visit

MOST_PERCENT = 1000
ASKED = "80"


def what_if(visit: Visit) -> Response:
    """By the rule of the course, from the marks that the student sees; nothing is kept."""
    line = _own_line(visit)
    if line is None:
        return page(visit, tr("What if"), box(el("p", tr("There are no marks here yet."))))
    asked = visit.request.query_params
    rest = rest_of(line.mark)
    return page(
        visit,
        tr("What if"),
        el(
            "p",
            tr("By the rule of the course and the marks that you see now. Nothing of this is kept or seen by others."),
        ),
        *_need(line.mark, asked.get("need", ASKED)),
        *(_suppose(line.mark, rest, asked) if rest else ()),
        el("p", el("a", tr("To the assignments"), href="/")),
    )


def _own_line(visit: Visit) -> Line | None:
    book = visit.portal.now.book(visit.portal.access.visible(visit.me.id))
    return next((line for line in book.lines if line.student.id == visit.me.id), None) if book else None


def _need(mark: CourseMark, asked: str) -> Iterator[Html]:
    yield el("h2", tr("What is needed"))
    given = field(tr("For a total of"), "need", asked[:12], inputmode="decimal", autocomplete="off")
    yield el("form", given, button(tr("Tell me")), method="get", action="/what-if")
    if not number(asked.strip()):
        yield box(el("p", tr("A total is a number like 80 or 79.5.")), kind="warn")
        return
    try:
        lines = explain_need(mark, Decimal(number(asked.strip())))
    except UsageError as why:
        lines = [str(why)]
    yield box(*(el("p", text) for text in lines))


def _suppose(mark: CourseMark, rest: Sequence[str], asked: Mapping[str, str]) -> Iterator[Html]:
    yield el("h2", tr("What the total would be"))
    fields = [
        field(
            tr("{item} (percent)", item=item),
            f"i_{item}",
            asked.get(f"i_{item}", "")[:12],
            inputmode="decimal",
            autocomplete="off",
        )
        for item in rest
    ]
    yield el("form", *fields, button(tr("Calculate")), method="get", action="/what-if")
    percents: dict[str, Fraction] = {}
    for item in rest:
        text = asked.get(f"i_{item}", "").strip()
        if text and (not number(text) or Decimal(number(text)) > MOST_PERCENT):
            yield box(el("p", tr("{item}: a percentage is a number like 70 or 62.5.", item=item)), kind="warn")
        elif text:
            percents[item] = Fraction(number(text))
    if percents:
        yield box(*(el("p", text) for text in explain_supposed(mark, percents)))
