"""Competitions for the staff: who is where by their ids, names that do not do, marks when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from grader.competition import marks_table
from grader.competition.standings import best, final_score
from grader.course.competition import Competition
from grader.course.scheme import plain
from grader.course.staff import Role
from grader.errors import UsageError
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.pages.markup import Html, cell, el, heading, number, table
from grader.portal.competitions.competing import is_over
from grader.portal.competitions.entries import LONGEST_NAME
from grader.portal.competitions.entry_pages import (
    OUT_OF_TURN,
    all_sides,
    checked_name,
    facts,
    is_settled,
    shown_score,
    student_page,
)
from grader.portal.frame import box, button, choice, field, form, page
from grader.portal.visit import Visit


def competition_page(visit: Visit) -> Response:
    """A student's own page; for the staff everybody's."""
    return student_page(visit) if visit.me.role is Role.STUDENT else staff_page(visit)


def staff_page(visit: Visit) -> Response:
    """Everybody by id, with chosen names and scores: those of the private part when it is over."""
    competition, portal = visit.competition, visit.portal
    trouble = portal.settling.troubles.get(competition.id)
    return page(
        visit,
        f"{competition.id}: {competition.title}",
        box(el("p", tr("Not everything can be scored: {why}", why=recorded(trouble))), kind="bad") if trouble else None,
        el("p", el("a", tr("Leaderboard"), href=f"/c/{competition.id}/board")),
        *facts(visit, competition),
        *_everybody(visit, competition),
        *_same_files(visit, competition),
        *_marks(visit, competition),
        *_rename(visit, competition),
        wide=True,
    )


def _everybody(visit: Visit, competition: Competition) -> Iterator[Html]:
    sides = all_sides(visit, competition)
    settled = is_settled(visit, competition)
    points = visit.portal.competing.points(competition, sides) if settled else {}
    names = [
        heading(tr("students")),
        heading(tr("name")),
        heading(tr("entries"), "n"),
        heading(tr("public score"), "n"),
    ]
    names += [heading(tr("final score"), "n"), heading(tr("points"), "n")] if settled else []
    rows = []
    for side in sides:
        found = best(side.entries, competition.higher)
        cells = [el("th", ", ".join(side.students), scope="row"), cell(el("bdi", side.name))]
        cells += [number(len(side.entries)), number(shown_score(found.public if found else None))]
        if settled:
            cells.append(number(shown_score(final_score(side, competition.choose, competition.higher))))
            cells.append(number(figure(plain(points[side.students[0]])) if side.students[0] in points else ""))
        rows.append(cells)
    yield el("h2", tr("Who entered"))
    yield table([el("tr", *names)], rows) if rows else el("p", tr("Nobody has entered anything yet."))
    entered = sum(len(side.students) for side in sides)
    everybody = len(visit.portal.people.of(Role.STUDENT))
    yield el("p", tr("{n} of {students} students have entered something.", n=entered, students=everybody))


def _same_files(visit: Visit, competition: Competition) -> Iterator[Html]:
    """Which entrants sent the very same file: one may have it from the other, or two accounts may be one person's."""
    who: dict[str, dict[tuple[str, ...], int]] = {}
    for side in all_sides(visit, competition):
        for entry in side.entries:
            who.setdefault(entry.sha256, {}).setdefault(side.students, entry.number)
    lines = [
        el(
            "li",
            tr(" and ").join(
                tr("{students} (entry {number})", students=", ".join(students), number=first)
                for students, first in there.items()
            ),
        )
        for there in who.values()
        if len(there) > 1
    ]
    if lines:
        yield el("h2", tr("The same file from several"))
        yield el(
            "p",
            tr(
                "Who is one person under two ids belongs into one team of teams.csv: "
                "then limits hold for both together."
            ),
        )
        yield el("ul", *lines)


def _marks(visit: Visit, competition: Competition) -> Iterator[Html]:
    yield el("h2", tr("Marks"))
    if not is_over(competition):
        yield el(
            "p",
            tr("The private part is scored when the competition is over; until then nobody sees those scores here."),
        )
    elif not is_settled(visit, competition):
        yield el("p", tr(OUT_OF_TURN))
    elif visit.me.role is Role.INSTRUCTOR:
        file = f"marks/{competition.id}.csv"
        yield el("p", tr("Points of everybody go into {file}, from where the course takes them.", file=file))
        yield form(visit, f"/c/{competition.id}/marks", button(tr("Write the marks")))


def _rename(visit: Visit, competition: Competition) -> Iterator[Html]:
    sides = all_sides(visit, competition)
    if not sides:
        return
    options = [(side.students[0], f"{', '.join(side.students)}: {side.name}") for side in sides]
    yield el("h2", tr("A name that does not do"))
    yield form(
        visit,
        f"/c/{competition.id}/rename",
        choice(tr("Whose"), "student", options),
        field(tr("The name instead"), "name", required="required", maxlength=LONGEST_NAME, autocomplete="off"),
        button(tr("Change the name"), class_="quiet"),
    )


def rename(visit: Visit) -> Response:
    """Give somebody another name on the leaderboard; the log keeps it."""
    competition = visit.competition
    side = next((each for each in all_sides(visit, competition) if each.students[0] == visit.given("student")), None)
    if side is None:
        raise UsageError(tr("whose name? Choose one of the list"))
    name = checked_name(visit, competition, visit.needed("name", tr("which name instead?")))
    visit.portal.competing.entries.rename(competition.id, side.students[0], name, visit.me.id)
    about = f"{urlencode({'was': side.name})} {urlencode({'is': name})}"
    visit.portal.database.note(visit.me.id, f"renamed {side.students[0]} in {competition.id}", about)
    return RedirectResponse(f"/c/{competition.id}", 303)


def write_marks(visit: Visit) -> Response:
    """Write marks/<competition>.csv. Raises UsageError before the end."""
    competition, portal = visit.competition, visit.portal
    if not is_settled(visit, competition):
        raise UsageError(tr("marks are written when the competition is over and every entry has its final score"))
    points = portal.competing.points(competition, all_sides(visit, competition))
    students = [person.id for person in portal.people.of(Role.STUDENT)]
    marks_table.write(portal.paths, portal.now.state.course, competition, students, points)
    portal.database.note(visit.me.id, f"wrote marks/{competition.id}.csv", f"{len(points)} students have points")
    portal.now.hurry()
    return RedirectResponse(f"/c/{competition.id}", 303)
