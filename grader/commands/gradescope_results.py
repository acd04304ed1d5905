"""What Gradescope takes back for a student: a results.json with every check, and the mark that the course gives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.commands.writing import make_folder, write
from grader.course.config import assignment_ids, read_assignment
from grader.course.entries import State
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.feedback.names import slug
from grader.feedback.plain_words import OUTCOMES
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.marks.explanation import computation
from grader.marks.export import NO_MARK, mark_of, without_mark
from grader.marks.gradebook import Gradebook
from grader.marks.policy import ItemMark, rounded
from grader.paths import Paths
from grader.schema import PASSES_WITH, Assignment, Attempt, CheckResult, ManualMark, Outcome, Status
from grader.terminal import screen
from grader.terminal.screen import counted_with, hint_for, words


def assignments(paths: Paths, book: Gradebook, asked: Sequence[str]) -> list[str]:
    """Which items to publish: those that were asked for, or all assignments. Raises UsageError for what is none."""
    there_are = [item for item in book.course.scheme.items if item in assignment_ids(paths)]
    if not there_are or not set(asked) <= set(there_are):
        named = f"--item {' or '.join(there_are)}" if there_are else "this course has none"
        raise UsageError(f"Gradescope's results are those of an assignment: {named}")
    return list(asked) or there_are


def publish_results(
    paths: Paths,
    book: Gradebook,
    items: Sequence[str],
    attempts: Mapping[tuple[str, str], Attempt],
    missing_as_zero: bool,
    out: Path,
) -> int:
    """Write out/ITEM/STUDENT/results.json for everybody on the roster who has a mark; who has none is named.

    items: as `assignments` answers
    """
    written = 0
    for item in items:
        assignment = read_assignment(paths, item)
        for line in book.lines:
            who, mark, attempt = line.student.id, line.item(item), attempts.get((line.student.id, item))
            state, percent = mark_of(line, item, missing_as_zero)
            why = _left_out(state, percent, attempt)
            if why or mark is None:
                screen.say(f"{who} ({item}): {why}; left out")
                continue
            folder = out / item / slug(who)
            make_folder(folder)
            page = _of_mark(assignment, mark, percent or Fraction(0), attempt)
            write(folder / "results.json", json.dumps(page, indent=1, ensure_ascii=False))
            written += 1
    on_roster = {line.student.id for line in book.lines}
    for who, item in sorted(attempts):
        if item in items and who not in on_roster:
            screen.say(f"{who} ({item}): not on the roster; left out")
    screen.tell(f"{out}: {written} results")
    return DONE if written else NEEDS_A_PERSON


def _left_out(state: State | None, percent: Fraction | None, attempt: Attempt | None) -> str:
    """Why a student gets no file; "" where there is a mark."""
    if state is None:
        return "not in the scheme of that group"
    if attempt is not None and attempt.waiting:
        return f"{', '.join(attempt.waiting)} to be marked by hand"
    if state is State.DEFERRED and attempt is not None and attempt.status is Status.OUTDATED:
        return attempt.notices[-1]
    return without_mark(state) if state in NO_MARK or percent is None else ""


def _of_mark(assignment: Assignment, mark: ItemMark, percent: Fraction, attempt: Attempt | None) -> dict[str, Any]:
    """The checks as they were graded, under the mark that counts; where these differ, how it came about."""
    points = rounded(percent * assignment.max_points / 100, 2)
    page = results_document(assignment, attempt) if attempt else _page(assignment, Fraction(0), "", [])
    if attempt is None or Fraction(points) != attempt.points:
        page["output"] = "\n".join(filter(None, (computation(mark), page["output"])))
    return page | {"score": float(points)}


def _page(assignment: Assignment, points: Fraction, output: str, tests: list[dict[str, Any]]) -> dict[str, Any]:
    worth = {"score": float(points), "max_score": float(assignment.max_points)}
    return {**worth, "output": output, "output_format": "text", "stdout_visibility": "hidden", "tests": tests}


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
    return _page(assignment, attempt.points, output, tests)


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
    beside = recorded(f"{PASSES_WITH}{result.passes_with}") + "; " if result.passes_with else ""
    return f"{beside}{_ended(result)}"


def _ended(result: CheckResult) -> str:
    """How it ended as a sentence: on Gradescope no page of feedback stands beside it."""
    if result.outcome is Outcome.FAILED:
        return recorded(result.by_itself)
    return tr("This is not written yet.") if result.unwritten else tr(OUTCOMES[result.outcome][1])
