"""What `collect` prints: a row for everybody, those that need a person at the end, and what to do about them."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.collect.collection import Row, Search, Source, State
from grader.collect.remarks import listed
from grader.collect.times import shown
from grader.marks.marksheet import clean
from grader.schema import Assignment
from grader.terminal.screen import table
from grader.terminal.tables import screen_width, width_of

HEAD = ("state", "student", "file", "handed in", "what to know")
LEAST_WIDTH = 40  # of the last column, on a screen however narrow
FILE_WIDTH = 32
MANY = 5  # unknown people, from which on the roster is more likely to be wrong than they


def as_text(
    assignment: Assignment, search: Search, sources: Sequence[Source], rows: Sequence[Row], counts: Mapping[str, int]
) -> str:
    """The table, then what is to do, then one line that sums up."""
    parts = [*map(_source_line, sources), "", _table(sorted(rows, key=_order), search)]
    parts += _to_do(assignment, search, sources, rows)
    parts.append(_in_short(rows, counts))
    return "".join(f"{part}\n" if not part.endswith("\n") else f"{part}\n" for part in parts)


def _order(row: Row) -> tuple[int, str]:
    return list(State).index(row.state), row.student


def _source_line(source: Source) -> str:
    what = "hand-in" if source.uploads == 1 else "hand-ins"
    whose = f", of one student, {source.of_one}" if source.of_one else ""
    return clean(f"{source.place}: read as {source.layout}{whose}, {source.uploads} {what}")


def _table(rows: Sequence[Row], search: Search) -> str:
    cells = [[row.state.value, row.student, _file(row), _time(row, search), ""] for row in rows]
    widths = [max(width_of(clean(line[place])) for line in (HEAD, *cells)) for place in range(len(HEAD) - 1)]
    room = max(screen_width() - sum(widths) - 2 * len(widths), LEAST_WIDTH)
    lines: list[list[str]] = []
    for row, line in zip(rows, cells, strict=True):
        first, *more = textwrap.wrap(clean(what(row, search)), room, break_on_hyphens=False) or [""]
        lines += [[*line[:-1], first], *(["", "", "", "", rest] for rest in more)]
    return table(HEAD, lines)


def _file(row: Row) -> str:
    return row.file if len(row.file) <= FILE_WIDTH else f"{row.file[: FILE_WIDTH - 12]}...{row.file[-9:]}"


def _time(row: Row, search: Search) -> str:
    if row.state in (State.MISSING, State.UNKNOWN):
        return ""
    return shown(row.time, search.timezone)


def what(row: Row, search: Search) -> str:
    """Everything there is to know about a row, in one sentence after the other."""
    said = [remark.text for remark in row.remarks]
    if row.state is State.MISSING:
        return search.roster.name(row.student)
    if row.state is State.UNKNOWN:
        near = [f"{student} {search.roster.name(student)}".strip() for student in row.near]
        closest = f"closest on the roster: {listed(near)}" if near else "nobody on the roster is like that"
        return "; ".join(["held, not graded", *said, closest])
    return "; ".join(said)


def _to_do(assignment: Assignment, search: Search, sources: Sequence[Source], rows: Sequence[Row]) -> Iterator[str]:
    """The commands and edits that settle what is open."""
    unknown = [row for row in rows if row.state is State.UNKNOWN]
    for row in sorted((row for row in unknown if row.named), key=lambda row: not row.near)[:1]:
        who = row.near[0] if row.near else "STUDENT"
        alias = f"grader roster alias {shlex.quote(clean(row.student))} {who}"
        yield f"If {clean(row.student)} is {who}: {alias}; several students are a group. Then collect again."
    if len(unknown) >= MANY and len(unknown) > len(rows) / 2:
        yield "Most are unknown: is roster.csv that of this class, with columns name, email and, for Canvas, lms_id?"
    for source in sources:
        if source.refused:
            yield clean(f"{source.place}: not read: {'; '.join(source.refused[:10])}{_more(source.refused)}")
        if source.left:
            yield clean(f"{source.place}: nobody's, left alone: {listed(source.left)}")
    yield from _about_times(assignment, search, rows)


def _more(names: Sequence[str]) -> str:
    return f"; and {len(names) - 10} more" if len(names) > 10 else ""


def _about_times(assignment: Assignment, search: Search, rows: Sequence[Row]) -> Iterator[str]:
    collected = [row for row in rows if row.state not in (State.MISSING, State.UNKNOWN)]
    untimed = sum(row.time is None for row in collected)
    if search.deadline is None and any(row.time is not None for row in collected):
        yield f"No deadline of {assignment.id} in course.toml: nobody is late."
    if search.deadline is not None and untimed:
        clock = "" if search.timezone else ", or is on a clock that course.toml does not name (timezone)"
        yield f"The time of {untimed} of {len(collected)} is not known{clock}: they count as in time."


def _in_short(rows: Sequence[Row], counts: Mapping[str, int]) -> str:
    states = Counter(row.state for row in rows)
    parts = [f"{states[state]} {_counted(state, states[state])}" for state in State if states[state]]
    recorded = ", ".join(f"{counts[kind]} {kind}" for kind in ("new", "changed", "as before") if counts.get(kind))
    return f"{', '.join(parts)}. On record: {recorded or 'nothing of this'}."


def _counted(state: State, number: int) -> str:
    return "need you" if state is State.NEEDS_YOU and number > 1 else state.value


def as_document(assignment: Assignment, search: Search, sources: Sequence[Source], rows: Sequence[Row]) -> Any:
    """The same as JSON."""
    states = Counter(row.state for row in rows)
    return {
        "assignment": assignment.id,
        "places": [
            {
                "place": source.place,
                "layout": source.layout,
                "uploads": source.uploads,
                "left_alone": list(source.left),
                "not_read": list(source.refused),
            }
            for source in sources
        ],
        "counts": {state.value.replace(" ", "_"): states[state] for state in State},
        "rows": [_entry(row, search) for row in sorted(rows, key=_order)],
    }


def _entry(row: Row, search: Search) -> dict[str, Any]:
    return {
        "state": row.state.value.replace(" ", "_"),
        "student": row.student,
        "name": row.name,
        "file": row.file,
        "place": row.place,
        "time": row.time.isoformat() if row.time else None,
        "late_minutes": int(row.late_minutes) if row.time and search.deadline else None,
        "marked_late": row.marked_late,
        "found_by": row.how,
        "what": [remark.text for remark in row.remarks],
        "closest": list(row.near),
    }
