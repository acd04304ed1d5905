"""`marks --export`: fill the learning platform's own file, or write one; refuse while a mark is still to come."""

from __future__ import annotations

import argparse

from grader.commands import gradescope_results
from grader.commands.collected import some
from grader.commands.writing import write
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.languages.translating import tr
from grader.marks import export, marksheet
from grader.marks.gradebook import Gradebook
from grader.marks.platforms import PLATFORMS
from grader.marks.workbook import as_xlsx
from grader.paths import Paths
from grader.schema import Attempt
from grader.terminal import screen

FROM_SCRATCH = ("classroom", "teams")  # these take no file of their own; a table to copy from


def publish(paths: Paths, book: Gradebook, attempts: dict[tuple[str, str], Attempt], chosen: argparse.Namespace) -> int:
    """Write one export. Raises UsageError when something is missing or would publish what is not there yet."""
    items = chosen.item or list(book.course.scheme.items)
    if chosen.export == "gradescope":
        items = gradescope_results.assignments(paths, book, chosen.item or [])
    unknown = [item for item in items if item not in (*book.course.scheme.items, export.TOTAL)]
    if unknown:
        there_is = ", ".join((*book.course.scheme.items, export.TOTAL))
        raise UsageError(f"no item {unknown[0]!r} in course.toml; there is: {there_is}")
    fills = chosen.export in PLATFORMS
    if chosen.diff and not fills:
        raise UsageError(f"--diff compares with a platform's file: {', '.join(PLATFORMS)}")
    if chosen.out is None and not chosen.diff:
        raise UsageError("where to? add --out FILE")
    late = export.waiting(book, items)
    if late and not chosen.allow_deferred and not chosen.diff:
        shown = some(late)
        if len(late) == 1:
            raise UsageError(f"1 mark is not there yet: {late[0]}; give it, or add --allow-deferred")
        raise UsageError(f"{len(late)} marks are not there yet: {shown}; give them, or add --allow-deferred")
    if fills:
        return _fill(book, items, chosen)
    if chosen.export == "gradescope":
        return gradescope_results.publish_results(paths, book, items, attempts, chosen.missing_zero, chosen.out)
    if chosen.export in FROM_SCRATCH:
        rows = export.rows_of_points(book, items, chosen.missing_zero)
        write(chosen.out, marksheet.for_excel(marksheet.csv_of(rows)))
    elif chosen.export == "xlsx":
        write(chosen.out, as_xlsx(marksheet.as_csv(book)))
    else:
        write(chosen.out, marksheet.for_excel(marksheet.as_csv(book)))
    print(chosen.out)
    return DONE


def _fill(book: Gradebook, items: list[str], chosen: argparse.Namespace) -> int:
    """Fill a platform's own file, or show what would change in it."""
    platform = PLATFORMS[chosen.export]
    if chosen.into is None:
        raise UsageError(f"--export {chosen.export} fills a file of the platform: add --into FILE ({platform.file})")
    try:
        raw = chosen.into.read_bytes()
    except OSError as error:
        raise UsageError(f"{chosen.into} cannot be read: {error.strerror}") from None
    if chosen.export == "moodle" and len(items) != 1:
        raise UsageError(f"a Moodle worksheet belongs to one assignment: add --item {items[0]}")
    filled = export.fill(book, _columns(items, chosen.column), raw, platform, chosen.missing_zero)
    for note in filled.notes:
        screen.say(note)
    for name in filled.unmatched:
        screen.say(f"nobody's row, left as it is: {name}")
    if filled.unmatched and not filled.cells:
        screen.say(
            "no row is anybody's: are the ids of roster.csv those of this file? email and lms_id tell people, too"
        )
    if chosen.diff:
        rows = [[each.student, each.column, each.before or "-", each.after] for each in filled.changes]
        head = [tr("student"), tr("column"), tr("before"), tr("after")]
        print(screen.table(head, rows, right=(2, 3)) if rows else "", end="")
        screen.tell(f"{chosen.into}: {len(rows)} cells would change; nothing was written")
    else:
        write(chosen.out, filled.content)
        screen.tell(f"{chosen.out}: {filled.cells} marks filled in, {len(filled.changes)} cells changed")
    return NEEDS_A_PERSON if filled.unmatched else DONE


def _columns(items: list[str], given: list[str]) -> dict[str, str]:
    """Items of the export with the header each is to go into; only named ones where --column is used."""
    named = dict(text.partition("=")[::2] for text in given)
    wrong = [item for item in named if item not in items]
    if wrong:
        raise UsageError(f"--column {wrong[0]}=...: no such item; write --column '{items[0]}=HEADER (1234)'")
    return named or dict.fromkeys(items, "")
