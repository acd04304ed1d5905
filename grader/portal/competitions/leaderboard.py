"""The leaderboard of a competition, by chosen names: of public scores while it runs, of final ones at the end."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from grader.competition.standings import Row
from grader.languages.translating import tr
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table
from grader.portal.competitions.competing import is_over
from grader.portal.competitions.entry_pages import OUT_OF_TURN, all_sides, is_settled, not_for_students, shown_score
from grader.portal.frame import box, moment, page
from grader.portal.visit import Visit


def board(visit: Visit) -> Response:
    """Who is where; by chosen names."""
    competition = visit.competition
    sides, settled = all_sides(visit, competition), is_settled(visit, competition)
    competing = visit.portal.competing
    with not_for_students(visit):
        rows = competing.final_board(competition, sides) if settled else competing.board(competition, sides)
    what = (
        tr("By final scores.")
        if settled
        else tr("By public scores, which are of a part of the rows; the end may differ.")
    )
    return page(
        visit,
        tr("Leaderboard of {competition}", competition=competition.id),
        el("p", what),
        box(el("p", tr(OUT_OF_TURN))) if is_over(competition) and not settled else None,
        board_table(visit, rows, settled) if rows else el("p", tr("Nobody has entered anything yet.")),
        el("p", el("a", tr("To {page}", page=competition.id), href=f"/c/{competition.id}")),
    )


def board_table(visit: Visit, rows: Sequence[Row], final: bool) -> Html:
    timezone = visit.portal.now.state.course.timezone
    head = [heading(tr("place"), "n"), heading(tr("name")), heading(tr("score"), "n")]
    head += [heading(tr("on the public part"), "n")] if final else []
    body = []
    for row in rows:
        mark = badge(tr("you"), "good") if visit.me.id in row.students and not visit.me.role.is_staff else ""
        name = joined([el("bdi", row.name), " ", mark if row.students else badge(tr("baseline"))])
        cells = [number(row.place or ""), el("th", name, scope="row"), number(shown_score(row.score))]
        cells += [number(row.public_place or "")] if final else []
        cells += [number(row.entries or ""), cell(moment(row.last, timezone) if row.last else "")]
        body.append(cells)
    return table([el("tr", *head, heading(tr("entries"), "n"), heading(tr("when")))], body)
