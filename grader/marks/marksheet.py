"""Show a gradebook: columns for the terminal, CSV, JSON, and one student's computation. Same evidence, same bytes.

Everywhere a zero, missing, excused, an integrity zero and "no mark yet" (open; in CSV and JSON deferred) are
told apart.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from grader.course.entries import State
from grader.course.scheme import COMPONENT_PREFIX, plain
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.explanation import explain, state_of
from grader.marks.gradebook import Gradebook, Line, Stranger
from grader.marks.policy import ComponentMark, CourseMark, ItemMark, Step, Verdict, shown
from grader.marks.what_if import explain_need, explain_supposed, need_page, supposed_page, supposing
from grader.submission.text import clean

BOM = "\ufeff"
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # ASCII and full width
NOT_THEIRS = "-"  # an item of another group's scheme
LATE = "*"  # behind a percentage that lateness took points off
SO_FAR, SO_FAR_MEANS = mark("so far"), mark("the total over what has a mark already; no course mark")
LEGEND = (
    mark(
        "Percentages after lateness (*: it took points off). (..) dropped; ..? not decided before every mark is there;"
    ),
    mark("missing, unreadable, integrity count 0; excused is out of the set; open: no mark yet, which is not a zero."),
)


def as_table(gradebook: Gradebook) -> str:
    """Plain text in columns: items, components, total. Names stand last: their width on a screen is not known."""
    scheme = gradebook.course.scheme
    header = [tr("student"), *scheme.items, *(component.id for component in scheme.components), tr("total")]
    header += [tr("name")] if gradebook.is_final else [tr(SO_FAR), tr("name")]
    rows = [header, *([clean(cell) for cell in _table_row(line, gradebook)] for line in gradebook.lines)]
    title = tr("{course}: {n} students", course=gradebook.course.name, n=len(gradebook.lines))
    lines = [title, "", *_aligned(rows), "", *legend(gradebook)]
    return "\n".join([*lines, *remarks(gradebook)]) + "\n"


def legend(gradebook: Gradebook) -> list[str]:
    """What the cells mean."""
    return [*map(tr, LEGEND), *([] if gradebook.is_final else [f"{tr(SO_FAR)}: {tr(SO_FAR_MEANS)}."])]


def remarks(gradebook: Gradebook) -> list[str]:
    """The lines below a table of marks: who is not on the roster, and what was not used."""
    lines: list[str] = []
    if gradebook.strangers:
        lines += ["", tr("Not on the roster, not counted:")]
        lines += [f"  {_stranger(person)}" for person in gradebook.strangers]
    if gradebook.notices:
        lines += ["", *map(recorded, gradebook.notices)]
    return lines


def as_csv(gradebook: Gradebook) -> str:
    """A row per student. Each item: percentage, state, verdict; each component: percentage; total; what is open.

    so_far: the total over what is there, while marks are to come;  cells of what is not in a student's scheme are empty
    """
    scheme = gradebook.course.scheme
    header = ["student", "name", "email"]
    header += [f"{item}_{what}" for item in scheme.items for what in ("percent", "state", "verdict")]
    header += [f"{COMPONENT_PREFIX}{component.id}_percent" for component in scheme.components]
    rows = (_csv_row(line, gradebook) for line in gradebook.lines)
    totals = ["total"] if gradebook.is_final else ["total", "so_far"]
    return csv_of([[*header, *totals, "incomplete"], *rows])


def csv_of(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV, the first one the header; no cell is one that a spreadsheet takes for a formula."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([guarded(cell) for cell in row] for row in rows)
    return stream.getvalue()


def for_excel(table: str) -> bytes:
    """A table in UTF-8 that Excel opens as such: it needs the mark in front as soon as a letter is not ASCII."""
    return (table if table.isascii() else BOM + table).encode("utf-8")


def as_json(gradebook: Gradebook) -> str:
    """Everything, keys sorted; percentages as strings with two digits, `exact` as a fraction."""
    course = gradebook.course
    page = {
        "course": course.name,
        "components": [
            {
                "id": part.id,
                "title": part.title,
                "weight": plain(part.weight),
                "items": part.items,
                "best": part.best,
                "rule": part.rule,
                "bonus": part.bonus,
                "groups": part.groups,
            }
            for part in course.scheme.components
        ],
        "students": [_student_page(line) for line in gradebook.lines],
        "not_on_the_roster": [
            {"student": clean(person.id), "found": [clean(place) for place in person.found]}
            for person in gradebook.strangers
        ],
        "notices": gradebook.notices,
    }
    return json.dumps(page, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def explain_student(
    gradebook: Gradebook, student: str, need: Decimal | None = None, suppose: Mapping[str, Fraction] | None = None
) -> str:
    """How one student's mark comes about; UsageError when the roster has no such student.

    suppose: say instead what the total is with these percentages;  need: what this total needs in what has no mark
    then
    """
    line = gradebook.line(student)
    scheme = gradebook.course.scheme
    group = f", {scheme.group_of(student, line.student.groups)}" if scheme.groups else ""
    head = f"{line.student.id} {line.student.name}".strip() + f", {gradebook.course.name}{group}"
    supposed = supposing(line.mark, suppose or {})
    lines = explain_supposed(line.mark, suppose) if suppose else []
    if need is not None:
        lines += explain_need(supposed, need)
    lines = lines or explain(line.mark)
    return "\n".join(clean(text) for text in (head, "", *lines)) + "\n"


def student_json(
    gradebook: Gradebook, student: str, need: Decimal | None = None, suppose: Mapping[str, Fraction] | None = None
) -> str:
    """One student as `as_json` has them, with `if` and `need` for what is supposed and needed; UsageError as above."""
    line = gradebook.line(student)
    page = _student_page(line) | ({"if": supposed_page(line.mark, suppose)} if suppose else {})
    page |= {} if need is None else {"need": need_page(supposing(line.mark, suppose or {}), need)}
    return json.dumps(page, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe in front."""
    text = clean(cell)
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) else text


def _table_row(line: Line, book: Gradebook) -> list[str]:
    scheme = book.course.scheme
    items = [_cell(line.item(name)) for name in scheme.items]
    parts = [_part(line.part(part.id)) for part in scheme.components]
    so_far = [] if book.is_final else [NOT_THEIRS if line.so_far is None else figure(f"{line.so_far:f}")]
    return [line.student.id, *items, *parts, _total(line.mark), *so_far, line.student.name]


def _cell(item: ItemMark | None) -> str:
    if item is None:
        return NOT_THEIRS
    percent = item.in_tables
    text = state_of(item) if percent is None else figure(shown(percent)) + (LATE if item.deduction else "")
    if item.verdict is Verdict.DROPPED:
        return f"({text})"
    return f"{text}?" if item.verdict is Verdict.UNDECIDED else text


def _part(part: ComponentMark | None) -> str:
    if part is None:
        return NOT_THEIRS
    if part.percent is not None:
        return figure(shown(part.percent))
    return tr("incomplete") if part.places else tr("excused")


def _total(mark: CourseMark) -> str:
    return tr("incomplete") if mark.total is None else figure(f"{mark.total:f}")


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns two blanks apart: first and last to the left, the numbers between to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        numbers = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        yield "  ".join([row[0].ljust(widths[0]), *numbers, row[-1]]).rstrip()


def _stranger(person: Stranger) -> str:
    return clean(f"{person.id}{person.hint}: {'; '.join(map(recorded, person.found))}")


def _csv_row(line: Line, book: Gradebook) -> list[str]:
    row = [line.student.id, line.student.name, line.student.email]
    for name in book.course.scheme.items:
        item = line.item(name)
        state, verdict = (item.entry.state.value, item.verdict.value) if item else ("", "")
        row += ["" if item is None or item.percent is None else shown(item.percent), state, verdict]
    parts = [line.part(part.id) for part in book.course.scheme.components]
    row += ["" if part is None or part.percent is None else shown(part.percent) for part in parts]
    found = [line.mark.total] if book.is_final else [line.mark.total, line.so_far]
    totals = ["" if total is None else f"{total:f}" for total in found]
    return [*row, *totals, "; ".join(line.mark.incomplete)]


def _student_page(line: Line) -> dict[str, object]:
    mark = line.mark
    return {
        "student": line.student.id,
        "name": line.student.name,
        "email": line.student.email,
        "components": {part.component.id: _component_page(part) for part in mark.components},
        "total": None if mark.total is None else f"{mark.total:f}",
        "exact": None if mark.exact is None else str(mark.exact),
        "so_far": None if line.so_far is None else f"{line.so_far:f}",
        "free_days_left": mark.free_days_left,
        "curve": _steps(mark.steps),
        "incomplete": mark.incomplete,
    }


def _component_page(part: ComponentMark) -> dict[str, object]:
    return {
        "percent": None if part.percent is None else shown(part.percent),
        "curve": _steps(part.steps),
        "places": part.places,
        "weight": shown(part.weight),
        "items": {item.item: _item_page(item) for item in part.items},
    }


def _steps(steps: Sequence[Step]) -> list[list[str]]:
    return [[words, shown(percent)] for words, percent in steps]


def _item_page(item: ItemMark) -> dict[str, object]:
    graded = item.entry.state is State.GRADED
    return {
        "state": item.entry.state.value,
        "points": plain(item.entry.points) if graded else None,
        "max_points": plain(item.entry.max_points) if graded else None,
        "percent_before_lateness": None if item.raw is None else shown(item.steps[-1][1] if item.steps else item.raw),
        "percent_earned": None if item.raw is None else shown(item.raw),
        "curve": _steps(item.steps),
        "percent": None if item.percent is None else shown(item.percent),
        "days_late": item.days_late,
        "free_days": item.free_days,
        "verdict": item.verdict.value,
        "why": item.why,
        "reason": clean(item.entry.reason),
        "source": clean(item.entry.source),
    }
