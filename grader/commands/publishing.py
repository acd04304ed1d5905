"""`marks --export`: fill the learning platform's own file, or write one; refuse while a mark is still to come."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from grader.commands.collected import some
from grader.commands.writing import make_folder, write
from grader.course.config import read_assignment
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.feedback.names import slug
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.marks import export, marksheet
from grader.marks.gradebook import Gradebook
from grader.marks.platforms import PLATFORMS
from grader.marks.workbook import as_xlsx
from grader.paths import Paths
from grader.schema import PASSES_WITH, Assignment, Attempt, CheckResult, ManualMark, Outcome, Status
from grader.terminal import screen
from grader.terminal.screen import counted_with, hint_for, words

FROM_SCRATCH = ("classroom", "teams")  # these take no file of their own; a table to copy from


def publish(paths: Paths, book: Gradebook, attempts: dict[tuple[str, str], Attempt], chosen: argparse.Namespace) -> int:
    """Write one export. Raises UsageError when something is missing or would publish what is not there yet."""
    items = chosen.item or list(book.course.scheme.items)
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
        return publish_results(paths, items, attempts, chosen.out)
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


# ---------------------------------------------------------------------------------------------------- Gradescope


def publish_results(paths: Paths, items: list[str], attempts: dict[tuple[str, str], Attempt], out: Path) -> int:
    """A results.json for each student and assignment, in the form that Gradescope's autograder hands over."""
    written = 0
    for (student, item), attempt in sorted(attempts.items()):
        if item in items and attempt.waiting:
            screen.say(f"{student} ({item}): {', '.join(attempt.waiting)} to be marked by hand; left out")
        elif item in items and attempt.status is Status.OUTDATED:
            screen.say(f"{student} ({item}): {attempt.notices[-1]}; left out")
        elif item in items:
            folder = out / item / slug(student)
            make_folder(folder)
            page = results_document(read_assignment(paths, item), attempt)
            write(folder / "results.json", json.dumps(page, indent=1, ensure_ascii=False))
            written += 1
    screen.tell(f"{out}: {written} results")
    return DONE


def results_document(assignment: Assignment, attempt: Attempt) -> dict[str, Any]:
    """Gradescope's results.json: a test for each check, visible once the marks are published."""
    tests = [
        {
            "name": f"{result.question}: {words(result.name)}",
            "number": result.question,
            "score": float(result.points),
            "max_score": float(result.max_points),
            "status": "passed" if result.outcome.earns else "failed",
            "output": "\n".join(part for part in (_told(result), hint_for(result)) if part),
            "output_format": "text",
            "visibility": "after_published",
        }
        for result in attempt.results
    ]
    tests += [_by_hand(assignment, mark) for mark in attempt.manual]
    output = "\n".join(map(recorded, attempt.notices))
    worth = {"score": float(attempt.points), "max_score": float(assignment.max_points)}
    return {**worth, "output": output, "output_format": "text", "stdout_visibility": "hidden", "tests": tests}


def _by_hand(assignment: Assignment, mark: ManualMark) -> dict[str, Any]:
    """A question that a person has marked. It is neither passed nor failed."""
    question = assignment.question(mark.question)
    return {
        "name": f"{question.id}: {question.title}",
        "number": question.id,
        "score": float(mark.points or 0),
        "max_score": float(question.points),
        "output": mark.comment,
        "output_format": "text",
        "visibility": "after_published",
    }


def _told(result: CheckResult) -> str:
    """What may be told away from the student's page: our own words, never those of an exception of theirs."""
    if result.outcome.earns:
        return recorded(counted_with([result]))
    beside = f"{PASSES_WITH}{result.passes_with}; " if result.passes_with else ""
    ended = result.by_itself if result.outcome is Outcome.FAILED else f"ended: {result.outcome.value}"
    return recorded(f"{beside}{ended}")
