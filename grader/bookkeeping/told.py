"""What each student is told of one assignment: from the record to `feedback`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from grader.bookkeeping.marking import Marking
from grader.course import known_solutions
from grader.course.config import Course, did_you_mean
from grader.course.sheets import Student, require_id
from grader.errors import AuthoringError, MachineryError, SubmissionError, UsageError
from grader.feedback.composing import compose, without_others
from grader.feedback.parts import Feedback, Grading, HandedIn, Remark, Source
from grader.marks.gradebook import Gradebook
from grader.paths import Paths
from grader.record.judgements import Judgements
from grader.record.store import Store, StoredAttempt
from grader.schema import Assignment, Submission
from grader.submission import notebook


def feedback_of(
    store: Store,
    assignment: Assignment,
    course: Course,
    book: Gradebook | None,
    student: str | None = None,
    marking: Marking | None = None,
    known: frozenset[str] = frozenset(),
) -> Iterator[Feedback]:
    """The feedback of everybody who handed something in, or was given points by hand, or of one student; sorted.

    known: the hints that are about a recognised mistake
    """
    handed_in = store.current_digests(assignment.id)
    by_hand = {change.student for change in store.overrides(assignment.id)}
    given = sorted({*handed_in, *(by_hand if book is None else by_hand & {line.student.id for line in book.lines})})
    if student is not None and student not in given:
        require_id(student, [line.student for line in book.lines] if book else ())
        raise UsageError(
            f"{student!r} has handed in nothing for {assignment.id}{did_you_mean(student, list(handed_in))}"
        )
    if student is None:
        attempts = store.current_attempts(assignment.id)
    else:
        one = store.current_attempt(student, assignment.id)
        attempts = {student: one} if one else {}
    runs = {run.id: run.started for run in store.runs(assignment.id)}
    came = {who: told.time.isoformat() for who, told in store.hand_ins(assignment.id).items() if told.time}
    lines = {line.student.id: line for line in book.lines} if book else {}
    roster = [line.student for line in lines.values()]
    others = without_others(roster or [Student(who) for who in given])
    for who in given if student is None else [student]:
        stored = attempts.get(who)
        line = lines.get(who)
        source = Source(
            course=course,
            assignment=assignment,
            student=line.student if line else Student(who),
            handed_in=_handed_in(store, store.submission(handed_in[who], who, assignment.id), came.get(who, ""), stored)
            if who in handed_in
            else HandedIn("", 0, "", ""),
            grading=_grading(stored, runs, marking) if stored else None,
            line=line,
            changes=store.overrides(assignment.id, who),
            stranger=book is not None and line is None,
            known=known,
            remarks=_remarks(store, assignment, who, handed_in.get(who, "")),
        )
        yield compose(source, others(source.student))


def _remarks(store: Store, assignment: Assignment, student: str, digest: str) -> tuple[Remark, ...]:
    """What people said of lines of the file that counts."""
    made = Judgements(store).line_comments(assignment.id, student, digest)
    return tuple(Remark(each.question, each.cell, each.line, each.code, each.text) for each in made)


def _grading(stored: StoredAttempt, runs: Mapping[int, str], marking: Marking | None) -> Grading:
    attempt = marking.completed(stored.attempt) if marking else stored.attempt
    return Grading(attempt, runs.get(stored.run, ""), stored.deferred)


def _handed_in(store: Store, submission: Submission, came: str, stored: StoredAttempt | None) -> HandedIn:
    try:
        book = notebook.read(submission.content, submission.filename)
    except SubmissionError:
        book = None
    return HandedIn(
        filename=submission.filename,
        size_bytes=len(submission.content),
        digest=submission.digest,
        sha256=hashlib.sha256(submission.content).hexdigest(),
        notebook=book,
        files=tuple(name for name, _ in submission.extras),
        came=came,
        printed=_printed(store.smallest_transcript(stored.id)) if stored else "",
    )


def _printed(part: bytes) -> str:
    """What the cells printed when they were run, before any hidden input was there; "" where nothing is on record."""
    if not part:
        return ""
    from grader import wire
    from grader.examination.transcript import Transcript

    transcript = Transcript()
    try:
        transcript.read(part)
        replies = [said.reply for said in transcript.checks.get("load", {}).values() if said.reply]
        output = wire.decode(replies[0]).get("output", "") if replies else ""
    except (MachineryError, wire.WireError, AttributeError):
        return ""  # a candidate may answer anything
    return output if type(output) is str else ""


def hints_of_known_mistakes(paths: Paths, assignment: Assignment) -> frozenset[str]:
    """The hints that are about a recognised mistake."""
    try:
        solutions = [known_solutions.wrong(paths, assignment.id, question.id) for question in assignment.questions]
    except AuthoringError:  # `audit` says it; a page can do without
        return frozenset()
    return frozenset(solution.text for of_question in solutions for solution in of_question)
