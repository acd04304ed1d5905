"""Comments on lines of what a student handed in: of that file alone, for whoever hands in again has other lines."""

from __future__ import annotations

from grader.errors import UsageError
from grader.record.judgements import Judgements, LineComment
from grader.record.store import Store
from grader.schema import WHOLE, Assignment, Submission
from grader.submission import notebook

MOST_CODE, MOST_TEXT = 300, 2000  # characters of the line that is kept, and of a comment
MOST_COMMENTS = 200  # on one file


def on_lines(store: Store, submission: Submission) -> tuple[LineComment, ...]:
    """The comments on a submission, by cell and line."""
    return Judgements(store).line_comments(submission.assignment, submission.student, submission.digest)


def comment_on(
    store: Store,
    assignment: Assignment,
    submission: Submission,
    place: tuple[int, int],
    question: str,
    said: str,
    who: str,
) -> None:
    """Record a comment on (cell, line), both from 1. question: or WHOLE

    Raises UsageError for a line that there is not, SubmissionError where the file is no notebook.
    """
    cell, line = place
    text = "\n".join(each.rstrip() for each in said.strip().splitlines())
    if question not in (WHOLE, *(each.id for each in assignment.questions)):
        raise UsageError(f"{assignment.id} has no question {question!r}")
    if not text:
        raise UsageError("write a comment: the student reads it")
    if len(text) > MOST_TEXT:
        raise UsageError(f"a comment on a line has {MOST_TEXT} characters at most, this one has {len(text)}")
    cells = notebook.read_cells(submission.content, submission.filename)
    lines = cells[cell - 1].source.rstrip().split("\n") if 1 <= cell <= len(cells) else []
    if not 1 <= line <= len(lines):
        has = f"cell {cell} has lines 1 to {len(lines)}" if lines else f"there are cells 1 to {len(cells)}"
        raise UsageError(f"there is no line {line} of cell {cell} in this file: {has}")
    code = lines[line - 1][:MOST_CODE]
    with store.at_once():
        if len(on_lines(store, submission)) >= MOST_COMMENTS:
            raise UsageError(f"this file has {MOST_COMMENTS} comments already; that is all that a page holds")
        of = (submission.student, assignment.id, submission.digest, question)
        made = LineComment(*of, cell, line, code, text, who)
        Judgements(store).add_line_comment(made)


def take_back(store: Store, submission: Submission, comment: int, who: str) -> LineComment:
    """Take a comment back; it stays on record. Returns it; raises UsageError where it is not there."""
    with store.at_once():
        there = next((each for each in on_lines(store, submission) if each.id == comment), None)
        if there is None:
            raise UsageError("this comment was taken back already")
        place = (there.question, there.cell, there.line, there.code)
        gone = LineComment(submission.student, submission.assignment, submission.digest, *place, "", who, there.id)
        Judgements(store).add_line_comment(gone)
        return there
