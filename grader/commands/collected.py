"""What `collect` prints: a row for everybody, those that need a person at the end, and what to do about them."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.collect.collection import Row, Search, Source, State
from grader.collect.remarks import MOST_LISTED
from grader.collect.times import shown
from grader.course.people import Person
from grader.languages.recorded import said
from grader.languages.translating import mark, tr, trn
from grader.marks.marksheet import clean
from grader.schema import Assignment
from grader.terminal.screen import table
from grader.terminal.tables import screen_width, width_of

HEAD = (mark("state"), mark("student"), mark("file"), mark("handed in"), mark("what to know"))
STATES = {
    State.READ: mark("read"),
    State.MENDED: mark("mended"),
    State.NEEDS_YOU: mark("needs you"),
    State.MISSING: mark("missing"),
    State.UNKNOWN: mark("unknown"),
}
LEAST_WIDTH = 40  # of the last column; where a screen has no room for it, it stands below
BELOW = "    "
FILE_WIDTH, LEAST_FILE = 32, 16  # a longer name is cut in the middle
KEPT = "\x00"  # a blank at which no line is broken
MANY = 5  # unknown people, from which on the roster is more likely to be wrong than they


def as_text(
    assignment: Assignment, search: Search, sources: Sequence[Source], rows: Sequence[Row], counts: Mapping[str, int]
) -> str:
    """The table, then what is to do, then one line that sums up."""
    parts = [*map(_source_line, sources), "", _table(sorted(rows, key=_order), search)]
    parts += map(_wrapped, _to_do(assignment, search, sources, rows))
    parts.append(_wrapped(_in_short(rows, counts)))
    return "".join(f"{part}\n" if not part.endswith("\n") else f"{part}\n" for part in parts)


def _wrapped(text: str) -> str:
    """A line as wide as the screen; a command in it is not broken, so that it can be copied."""
    lines = textwrap.wrap(text, screen_width(), break_on_hyphens=False, break_long_words=False)
    return "\n".join(lines).replace(KEPT, " ")


def _order(row: Row) -> tuple[int, str]:
    return list(State).index(row.state), row.student


def _source_line(source: Source) -> str:
    whose = tr(", of one student, {student}", student=source.of_one) if source.of_one else ""
    known = {"place": source.place, "layout": source.layout, "whose": whose}
    return clean(
        trn(
            "{place}: read as {layout}{whose}, {n} hand-in",
            "{place}: read as {layout}{whose}, {n} hand-ins",
            source.uploads,
            **known,
        )
    )


def _table(rows: Sequence[Row], search: Search) -> str:
    head = [tr(title) for title in HEAD]
    cells = [[tr(STATES[row.state]), row.student, _file(row.file), _time(row, search)] for row in rows]
    told = [clean(what(row, search)) for row in rows]
    widths = [max(width_of(clean(line[place])) for line in (head, *cells)) for place in range(len(head) - 1)]
    room = screen_width() - sum(widths) - 2 * len(widths)
    if room < LEAST_WIDTH:
        return _told_below(head[:-1], cells, told)
    lines: list[list[str]] = []
    for line, text in zip(cells, told, strict=True):
        first, *more = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
        lines += [[*line, first], *(["", "", "", "", rest] for rest in more)]
    return table(head, lines)


def _told_below(head: Sequence[str], cells: Sequence[Sequence[str]], told: Sequence[str]) -> str:
    """The same on a narrow screen: what there is to know of a row stands below it."""
    width = screen_width()
    others = sum(max(width_of(line[place]) for line in (head, *cells)) for place in (0, 1, 3)) + 2 * 3
    narrow = [
        [state, student, _file(file, max(width - others, LEAST_FILE)), time] for state, student, file, time in cells
    ]
    above, rule, *lines = table(head, narrow).splitlines()
    shown = [above, rule]
    for line, text in zip(lines, told, strict=True):
        wrapped = textwrap.wrap(text, width, initial_indent=BELOW, subsequent_indent=BELOW, break_on_hyphens=False)
        shown += [line, *wrapped]
    return "".join(f"{line}\n" for line in shown)


def _file(name: str, width: int = FILE_WIDTH) -> str:
    return name if len(name) <= width else f"{name[: width - 12]}...{name[-9:]}"


def _time(row: Row, search: Search) -> str:
    if row.state in (State.MISSING, State.UNKNOWN):
        return ""
    return shown(row.time, search.timezone) if row.time else tr("unknown")


def what(row: Row, search: Search) -> str:
    """Everything there is to know about a row, in one sentence after the other."""
    told = [said(remark.text) for remark in row.remarks]
    if row.state is State.MISSING:
        return "; ".join([search.roster.name(row.student), *told])
    if row.state is State.UNKNOWN:
        near = [f"{student} {search.roster.name(student)}".strip() for student in row.near]
        closest = tr("nobody on the roster is like that")
        if near:
            closest = tr("closest on the roster: {names}", names=some(near))
        return "; ".join([tr("held, not graded"), *told, closest])
    return "; ".join(told)


def some(names: Sequence[str], most: int = MOST_LISTED) -> str:
    """Names in a sentence, the first few of many."""
    more = len(names) - most
    shown = ", ".join(names[:most])
    return tr("{names} and {n} more", names=shown, n=more) if more > 0 else shown


def _to_do(assignment: Assignment, search: Search, sources: Sequence[Source], rows: Sequence[Row]) -> Iterator[str]:
    """The commands and edits that settle what is open."""
    unknown = [row for row in rows if row.state is State.UNKNOWN]
    for row in sorted((row for row in unknown if _alias_settles(row, search)), key=lambda row: not row.near)[:1]:
        name, who = clean(row.student), row.near[0] if len(row.near) == 1 else "STUDENT"
        alias = f"grader roster alias {shlex.quote(name)} {who}".replace(" ", KEPT)
        yield tr(
            "If {name} is {student}: {command}; several students are a group. Then collect again.",
            name=name,
            student=who,
            command=alias,
        )
    if len(unknown) >= MANY and len(unknown) > len(rows) / 2:
        yield tr(
            "Most are unknown: is roster.csv that of this class, with columns name, email and, for Canvas, lms_id?"
        )
    for source in sources:
        if source.refused:
            yield clean(tr("{place}: not read: {files}", place=source.place, files=_refused(source.refused)))
        if source.passed:
            yield under_other_titles(source)
        if source.left:
            left = some(source.left)
            yield clean(tr("{place}: nobody's, left alone: {files}", place=source.place, files=left))
    yield from _about_times(assignment, search, rows)


def _alias_settles(row: Row, search: Search) -> bool:
    """Whether what an unknown row is called may be an alias: not what is on the roster, which would be refused."""
    called = search.roster.match(Person(texts=(row.student,)), propose=False)
    return row.named and not called.students and not called.near


def under_other_titles(source: Source) -> str:
    """The titles that were passed over, and whose work lies there."""
    titles = "; ".join(f"{title} ({some(people)})" for title, people in source.passed)
    return clean(tr("{place}: not read, under other titles: {titles}", place=source.place, titles=titles))


def _refused(files: Sequence[str]) -> str:
    """Files that were not read, each with why, not too many."""
    more = [tr("and {n} more", n=len(files) - 10)] if len(files) > 10 else []
    return "; ".join([*map(said, files[:10]), *more])


def _about_times(assignment: Assignment, search: Search, rows: Sequence[Row]) -> Iterator[str]:
    collected = [row for row in rows if row.state not in (State.MISSING, State.UNKNOWN)]
    untimed = sum(row.time is None for row in collected)
    if search.deadline is None and any(row.time is not None for row in collected):
        yield tr("No deadline of {assignment} in course.toml: nobody is late.", assignment=assignment.id)
    if search.deadline is not None and untimed:
        clock = "" if search.timezone else tr(", or is on a clock that course.toml does not name (timezone)")
        counted = {"n": untimed, "all": len(collected), "clock": clock}
        yield tr("The time of {n} of {all} is not known{clock}: they count as in time.", **counted)


def _in_short(rows: Sequence[Row], counts: Mapping[str, int]) -> str:
    states = Counter(row.state for row in rows)
    parts = [f"{states[state]} {_counted(state, states[state])}" for state in State if states[state]]
    kinds = {"new": mark("new"), "changed": mark("changed"), "as before": mark("as before")}
    found = ", ".join(f"{counts[kind]} {tr(word)}" for kind, word in kinds.items() if counts.get(kind))
    states_words = ", ".join(parts)
    return tr("{states}. On record: {found}.", states=states_words, found=found or tr("nothing of this"))


def _counted(state: State, number: int) -> str:
    return tr("need you") if state is State.NEEDS_YOU and number > 1 else tr(STATES[state])


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
                "other_titles": {title: list(people) for title, people in source.passed},
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
