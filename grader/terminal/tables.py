"""Text in columns that fits a screen: no line is wrapped, what is cut says so, and nothing is told by colour."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from grader.course.entries import State
from grader.course.scheme import Component, plain
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.changes import ByHand
from grader.marks.gradebook import Gradebook, Line
from grader.marks.marksheet import LATE, NOT_THEIRS, SO_FAR, SO_FAR_MEANS, as_table, clean, remarks
from grader.marks.policy import ComponentMark, ItemMark, Verdict, rounded

WIDTH = 120  # where nothing is known of the screen
SHORT = {
    State.MISSING: mark("miss"),
    State.EXCUSED: mark("exc"),
    State.INTEGRITY: mark("integ"),
    State.DEFERRED: mark("open"),
}
SHORT_LEGEND = mark(
    "Percentages after lateness, * where it took points off; = a component. (..) dropped; "
    "..? not decided before every mark is there. "
    "miss: nothing was handed in, 0; unrd: unreadable, 0; integ: a zero by decision, never dropped; "
    "exc: excused, out of the set; "
    "open: no mark yet, which is not a zero. Names and all digits: grader marks --csv. "
    "How a mark came about: grader marks --student ID."
)
COMPONENTS_LEGEND = mark(
    "Percentages of the components (=): the items have no room here. open: no mark yet, which is not a zero; "
    "exc: excused. Every item and all digits: a wider screen, or grader marks --csv. "
    "How a mark came about: grader marks --student ID."
)
HEADING = 8  # letters of a heading in a table that has to be narrow


def screen_width() -> int:
    """Columns of the terminal (COLUMNS overrides it); WIDTH where the output is no terminal."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if is_measured() else WIDTH


def is_measured() -> bool:
    """Whether the lines are for a screen of a known width; a file, or whatever reads a pipe, wraps nothing."""
    return sys.stdout.isatty() or "COLUMNS" in os.environ


def fitted(text: str, deeper: int = 2) -> str:
    """The lines of a text, those that are too wide for the screen wrapped, what follows indented deeper than they."""
    if not is_measured():
        return text
    width = screen_width()
    return "".join(f"{line}\n" for each in text.splitlines() for line in _wrapped(each, width, deeper))


def _wrapped(line: str, width: int, deeper: int) -> list[str]:
    if width_of(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + deeper)
    return textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False)


def that_fit(names: Sequence[str], width: int) -> str:
    """Names with commas between them, as many as have room, and how many more there are; one at least."""
    for number in range(len(names), 0, -1):
        text, more = ", ".join(names[:number]), len(names) - number
        text = tr("{names} and {n} more", names=text, n=more) if more else text
        if width_of(text) <= width:
            break
    return text


# ---------------------------------------------------------------------------------------------------- columns


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian letters two; marks and joiners of all scripts none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, unicodedata.normalize("NFC", text)))  # a Korean syllable may come in its parts


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, width: int, right: bool = False) -> str:
    """The text with blanks on its right, or on its left where it is to stand on the right."""
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def cut(text: str, width: int) -> str:
    """The text, or its beginning and " ..." where it is wider; cut between words where that costs little."""
    if width_of(text) <= width:
        return text
    kept = text
    while width_of(kept) > width - 4:
        kept = kept[:-1]
    words = kept.rpartition(" ")[0] if not text[len(kept)].isspace() else kept
    return f"{words if len(words) > len(kept) * 0.6 else kept} ...".lstrip()


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = (), width: int = 0, high: bool = False
) -> str:
    """Columns of text; those numbered in `right` are aligned to the right; with a width, the last one is cut to fit.

    high: heads have a line for each word where they would make the table wider than the screen
    """
    heads, lines = [list(head)], [[clean(cell) for cell in row] for row in rows]
    widths = _widths([*heads, *lines])
    if high and is_measured() and _taken(widths) > screen_width():
        heads = _word_by_word(head)
        widths = _widths([*heads, *lines])
    if width:
        widths[-1] = min(widths[-1], max(width - _taken(widths[:-1]) - 2, len(head[-1])))
    lines = [[*line[:-1], cut(line[-1], widths[-1])] for line in lines]
    ruled = [*heads, ["-" * columns for columns in widths], *lines]
    return "".join(f"{aligned(line, widths, right)}\n" for line in ruled)


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(width_of, column)) for column in zip(*lines, strict=True)]


def _taken(widths: Sequence[int]) -> int:
    """Columns of the screen that columns of these widths take, with the gaps between them."""
    return sum(widths) + 2 * (len(widths) - 1)


def _word_by_word(head: Sequence[str]) -> list[list[str]]:
    """Heads as lines of one word each; those of fewer words stand at the bottom."""
    words = [each.split() for each in head]
    high = max(map(len, words))
    return [list(line) for line in zip(*([""] * (high - len(each)) + each for each in words), strict=True)]


def aligned(line: Sequence[str], widths: Sequence[int], right: Sequence[int], gap: str = "  ") -> str:
    """One line of columns; those numbered in `right` are aligned to the right."""
    cells = enumerate(zip(line, widths, strict=True))
    return gap.join(padded(cell, width, place in right) for place, (cell, width) in cells).rstrip()


# ---------------------------------------------------------------------------------------------------- changes


@dataclass(frozen=True)
class Change:
    """What grading again made of one student's points; None while a question is to be marked by hand.

    kept: what people had changed in questions that now have another result, before and after
    """

    student: str
    before: Fraction | None
    after: Fraction | None
    kept: tuple[tuple[ByHand, ByHand], ...] = ()

    @property
    def is_one(self) -> bool:
        return self.before != self.after

    @property
    def by(self) -> str:
        if self.before is None or self.after is None:
            return ""
        return signed(self.after - self.before)

    @property
    def entry(self) -> dict[str, object]:
        """As --json has it."""
        before, after = (None if each is None else float(each) for each in (self.before, self.after))
        return {"student": self.student, "before": before, "after": after}

    @property
    def kept_entries(self) -> list[dict[str, str]]:
        """The same, of what people had changed."""
        return [
            {"student": self.student, "question": was.question, "was": was.words, "is": now.words}
            for was, now in self.kept
        ]


def signed(points: Fraction) -> str:
    return f"{'+' if points > 0 else ''}{plain(points)}"


def by_student(changed: Sequence[Change]) -> list[Change]:
    return sorted(changed, key=lambda change: change.student)


def or_waiting(points: Fraction | None) -> str:
    return "open" if points is None else plain(points)


def changes_table(changed: Sequence[Change]) -> str:
    """Whose marks changed, from what to what."""
    if not changed:
        return ""
    rows = [
        [each.student, *(_points(points) for points in (each.before, each.after)), figure(each.by)]
        for each in by_student(changed)
    ]
    return table([tr("student"), tr("before"), tr("after"), tr("change")], rows, right=(1, 2, 3)) + "\n"


def _points(points: Fraction | None) -> str:
    return tr("open") if points is None else figure(plain(points))


def kept_lines(moves: Sequence[Change]) -> str:
    """What people had changed in questions that have another result now: it stands, and should be looked at."""
    rows = [entry for move in by_student(moves) for entry in move.kept_entries]
    if not rows:
        return ""
    lines = [
        f"  {row['student']}  {row['question']}  "
        + tr("{now}; before: {was}", now=recorded(row["is"]), was=recorded(row["was"]))
        for row in rows
    ]
    head = tr(
        "changed by hand before, and kept; see whether it is still meant so (grader override ... --undo takes it back):"
    )
    return "".join(f"{clean(line)}\n" for line in (head, *lines)) + "\n"


# ---------------------------------------------------------------------------------------------------- gradebook


def gradebook_table(book: Gradebook, width: int | None = None) -> str:
    """The gradebook for a screen: in full where that fits, else in short words, else without some columns."""
    full = as_table(book)
    if width is None and not is_measured():
        return full  # a file wraps nothing
    width = width or screen_width()
    if max(map(width_of, full.splitlines())) <= width:
        return full
    for with_items, with_so_far in ((True, not book.is_final), (True, False), (False, not book.is_final)):
        narrow = list(_narrow(book, with_items, with_so_far))
        if max(map(width_of, narrow)) <= width:
            break
    named = list(_narrow(book, with_items, with_so_far, with_names=True))
    if max(map(width_of, named)) <= width:
        narrow = named
    title = cut(tr("{course}: {n} students", course=clean(book.course.name), n=len(book.lines)), width)
    legend = tr(SHORT_LEGEND if with_items else COMPONENTS_LEGEND)
    legend += f" {tr(SO_FAR)}: {tr(SO_FAR_MEANS)}." if with_so_far else ""
    rest = [*textwrap.wrap(legend, width), *(cut(line, width) for line in remarks(book))]
    return "\n".join([title, "", *narrow, "", *rest]) + "\n"


def _narrow(book: Gradebook, with_items: bool, with_so_far: bool, with_names: bool = False) -> Iterator[str]:
    """Lines of a table with headings in two rows and one digit; a component of one item is that item; names last."""
    heads: list[str] = []
    for part in book.course.scheme.components:
        heads += part.items if with_items else []
        heads += [f"={part.id}"] if not with_items or len(part.items) > 1 else []
    totals = [tr("total"), tr(SO_FAR)] if with_so_far else [tr("total")]
    split = [_heading(name) for name in (tr("student"), *heads, *totals)]
    parts = book.course.scheme.components
    rows = [
        [line.student.id, *_short_cells(line, parts, with_items), *_totals(line)[: len(totals)]] for line in book.lines
    ]
    if with_names:
        split.append(("", tr("name")))
        rows = [[*row, line.student.name] for row, line in zip(rows, book.lines, strict=True)]
    lines = [
        [above for above, _ in split],
        [below for _, below in split],
        *[[clean(cell) for cell in row] for row in rows],
    ]
    widths = [max(width_of(line[place]) for line in lines) for place in range(len(split))]
    for line in lines if any(lines[0]) else lines[1:]:
        yield aligned(line, widths, range(1, len(split) - with_names))


def _heading(name: str) -> tuple[str, str]:
    """A name in two short rows: a2_cnn, a3_ / sequenc., end_ / semester."""
    before, mark, after = name.partition("_")
    if len(name) <= HEADING or not mark:
        return "", _letters(name)
    return _letters(before + mark), _letters(after)


def _letters(name: str) -> str:
    return name if len(name) <= HEADING else f"{name[: HEADING - 1]}."


def _short_cells(line: Line, parts: Sequence[Component], with_items: bool) -> Iterator[str]:
    for component in parts:
        part = line.part(component.id)
        if with_items:
            yield from map(_short_item, part.items) if part else [NOT_THEIRS] * len(component.items)
        if not with_items or len(component.items) > 1:
            yield _short_part(part) if part else NOT_THEIRS


def _short_item(item: ItemMark) -> str:
    text = tr(SHORT[item.entry.state]) if item.entry.state in SHORT else ""
    if item.unreadable:
        text = tr("unrd")
    elif not text and item.percent is not None:
        text = figure(f"{rounded(item.percent, 1):f}") + (LATE if item.deduction else "")
    if item.verdict is Verdict.DROPPED:
        return f"({text})"
    return f"{text}?" if item.verdict is Verdict.UNDECIDED else text


def _short_part(part: ComponentMark) -> str:
    if part.percent is not None:
        return figure(f"{rounded(part.percent, 1):f}")
    return tr("open") if part.places else tr("exc")


def _totals(line: Line) -> list[str]:
    """The total, and the total so far."""
    so_far = NOT_THEIRS if line.so_far is None else figure(f"{line.so_far:f}")
    return [tr("open") if line.mark.total is None else figure(f"{line.mark.total:f}"), so_far]
