"""Students by questions: a table that sorts, is searched and walked through by keyboard, and works without a script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import urlencode

from starlette.responses import Response

from grader.course.scheme import plain
from grader.course.staff import Role
from grader.languages.formats import figure
from grader.languages.translating import tr
from grader.marks.changes import ByHand, by_hand
from grader.pages.markup import Html, cell, el, heading, joined
from grader.portal.frame import page
from grader.portal.marking.sheets import Blind, blind, masked
from grader.portal.people import Person
from grader.portal.visit import Visit
from grader.schema import Assignment, Attempt, Status, add_up
from grader.terminal.endings import ended, not_graded


@dataclass(frozen=True)
class Row:
    """One student in the table. points: by question, None where there are none; total: with changes by hand

    state: in English, as programs read it
    """

    person: Person
    state: str
    points: tuple[Fraction | None, ...]
    total: Fraction | None

    @property
    def told(self) -> str:
        """The state in the language that is spoken."""
        if self.state == "nothing":
            return tr("nothing")
        return not_graded() if self.state == "waiting" else ended(Status(self.state))

    def key(self, column: str, questions: list[str]) -> tuple[bool, object]:
        """What the table is sorted by: nothing comes last."""
        if column in questions:
            value = self.points[questions.index(column)]
        elif column == "total":
            value = self.total
        else:
            return (False, self.person.called.casefold() if column == "name" else self.person.id)
        return (value is None, value)


def rows_of(visit: Visit, assignment: Assignment) -> list[Row]:
    """A row for everybody on the roster, in its order."""
    hidden = blind(visit, assignment)
    return [row_of(visit, assignment, person, hidden) for person in visit.portal.people.of(Role.STUDENT)]


def row_of(visit: Visit, assignment: Assignment, person: Person, hidden: Blind) -> Row:
    record = visit.portal.now.state.record
    pair = (person.id, assignment.id)
    attempt = record.attempts.get(pair)
    changes = [change for change in record.changes if (change.student, change.assignment) == pair]
    questions = [question.id for question in assignment.questions]
    if attempt is None:
        handed_in = person.id in visit.portal.now.state.handed_in.get(assignment.id, {})
        return Row(person, "waiting" if handed_in else "nothing", (None,) * len(questions), None)
    if attempt.status is not Status.GRADED:
        return Row(person, attempt.status.value, (None,) * len(questions), None)
    attempt = masked(attempt, hidden)
    changed = {made.question: made for made in by_hand(attempt, assignment, changes)}
    points = tuple(changed[name].after if name in changed else attempt.points_of(name) for name in questions)
    return Row(person, attempt.status.value, points, _total(attempt, list(changed.values())))


def _total(attempt: Attempt, changed: list[ByHand]) -> Fraction | None:
    return None if attempt.waiting else add_up((attempt.points, *(made.by for made in changed)))


def chosen_rows(visit: Visit, assignment: Assignment) -> list[Row]:
    """The rows as the address asks for them: `?find=` and `?sort=`."""
    asked = visit.request.query_params
    questions = [question.id for question in assignment.questions]
    word = asked.get("find", "").casefold().strip()
    rows = [row for row in rows_of(visit, assignment) if not word or word in _searched(row)]
    column = asked.get("sort", "").removeprefix("-")
    if column in (*questions, "total", "name", "student"):
        there = [row for row in rows if not row.key(column, questions)[0]]
        gone = [row for row in rows if row.key(column, questions)[0]]
        there.sort(key=lambda row: row.key(column, questions)[1], reverse=asked["sort"].startswith("-"))  # type: ignore[arg-type,return-value]
        rows = there + gone
    return rows


def _searched(row: Row) -> str:
    return f"{row.person.id} {row.person.name} {row.told}".casefold()


def table_page(visit: Visit) -> Response:
    """The table of one assignment."""
    assignment = visit.assignment
    asked = visit.request.query_params
    rows = chosen_rows(visit, assignment)
    find = el("input", type="search", name="find", id="f-find", value=asked.get("find", ""), autocomplete="off")
    search = el(
        "form",
        el("p", el("label", tr("Find"), for_="f-find"), find, class_="field"),
        el("button", tr("Find"), type="submit", class_="quiet"),
        el(
            "p",
            tr("{n} students. Keys: / finds, j and k go down and up, Enter opens.", n=len(rows)),
            class_="dim small",
        ),
        method="get",
        class_="inline",
    )
    body = joined((_line(assignment, row) for row in rows), "\n")
    head = el("thead", el("tr", *_headings(assignment)))
    table = el("table", head, el("tbody", body), id="students", data_sorts="yes")
    box = el("div", table, class_="wide", role="region", aria_label=tr("students by questions"), tabindex="0")
    return page(visit, f"{assignment.id}: {assignment.title}", search, box, wide=True)


def _headings(assignment: Assignment) -> Iterator[Html]:
    columns = [("student", tr("student"), ""), ("name", tr("name"), ""), ("state", tr("state"), "")]
    columns += [("total", tr("total"), figure(plain(assignment.max_points)))]
    columns += [(question.id, question.id, figure(plain(question.points))) for question in assignment.questions]
    for name, text, worth in columns:
        link = el("a", text, href=f"?{urlencode({'sort': name})}", class_="sort")
        small = el("div", worth, class_="dim small") if worth else None
        yield heading(joined([link, small]), "n" if worth else "")


def _line(assignment: Assignment, row: Row) -> Html:
    there = attempt_address(assignment.id, row.person.id)
    link = el("a", row.person.id, href=there)
    worth = [question.points for question in assignment.questions]
    cells = [
        el("th", link, scope="row"),
        cell(el("bdi", row.person.name), "name"),
        cell(row.told),
        _points(row.total, assignment.max_points),
        *(_points(points, most) for points, most in zip(row.points, worth, strict=True)),
    ]
    return el("tr", *cells)


def _points(points: Fraction | None, worth: Fraction) -> Html:
    if points is None:
        return cell("", "n")
    kind = "full" if points >= worth else "zero" if not points else ""
    return cell(figure(plain(points)), f"n {kind}".strip(), data_v=f"{float(points):g}")


def attempt_address(assignment: str, student: str) -> str:
    return f"/s/{assignment}/attempt?{urlencode({'student': student})}"
