"""Competitions for programs, in JSON. Each docstring is its help."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from grader.competition.standings import Entry
from grader.portal.competitions.competing import is_over
from grader.portal.competitions.entry_pages import enter_file, members, own_side
from grader.portal.visit import Visit


def own(visit: Visit) -> Response:
    """A competition, and your entries in it; their scores on the private part once it is over."""
    competition = visit.competition
    side, over = own_side(visit, competition), is_over(competition)
    made = visit.portal.competing.entries.times_of_day(competition, members(visit, competition))
    final = {each.number for each in visit.portal.competing.finals(competition, side)} if side else set()
    told = {
        "id": competition.id,
        "title": competition.title,
        "metric": competition.metric,
        "higher_is_better": competition.higher,
        "columns": list(competition.columns),
        "deadline": competition.deadline.isoformat(),
        "over": over,
        "left_today": max(0, competition.entries_a_day - len(made)),
        "name": side.name if side else "",
        "entries": [_entry(each, over, each.number in final) for each in side.entries] if side else [],
    }
    return JSONResponse(told)


def _entry(entry: Entry, over: bool, final: bool) -> dict[str, Any]:
    told = {
        "entry": entry.number,
        "file": entry.filename,
        "sha256": entry.sha256,
        "received": entry.received.isoformat(timespec="seconds"),
        "public_score": entry.public,
        "final": final,
    }
    return told | ({"final_score": entry.private} if over else {})


def enter(visit: Visit) -> Response:
    """Enter predictions (multipart, field `file`); the answer has the score on the public part."""
    number = enter_file(visit)
    side = own_side(visit, visit.competition)
    made = next(each for each in side.entries if each.number == number) if side else None
    told = {} if made is None else _entry(made, False, False)
    return JSONResponse({name: told[name] for name in told if name != "final"}, 201)
