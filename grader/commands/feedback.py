"""`feedback`: a private page for each student of an assignment, from what is on record; nothing is run."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from grader.commands.manual import Marking
from grader.commands.reading import gradebook
from grader.commands.writing import make_folder, write
from grader.course import known_solutions
from grader.course.config import Course, did_you_mean, read_assignment, read_course
from grader.course.sheets import Student
from grader.errors import AuthoringError, MachineryError, SubmissionError, UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.feedback.composing import compose, without_others
from grader.feedback.markdown import feedback_markdown
from grader.feedback.moodle import feedback_zip
from grader.feedback.names import slug
from grader.feedback.page import feedback_page
from grader.feedback.parts import Feedback, Grading, HandedIn, Source, Stage
from grader.marks import export
from grader.marks.gradebook import Gradebook
from grader.paths import Paths, find_root
from grader.record.store import Store, StoredAttempt
from grader.schema import Assignment, Submission
from grader.submission import notebook
from grader.terminal import screen

RENDERERS: dict[str, tuple[str, Callable[[Feedback], str]]] = {
    "html": (".html", feedback_page),
    "md": (".md", feedback_markdown),
    "moodle": (".html", feedback_page),
}
NAMED = 10  # students in a message


def feedback(chosen: argparse.Namespace) -> int:
    """Write one file for each student, or the zip that Moodle takes; say how many and what is still open."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    book = gradebook(paths) if paths.roster_csv.exists() else None
    participants = _participants(chosen, book)
    suffix, render = RENDERERS[chosen.format]
    files: dict[str, bytes] = {}  # by student
    stages: dict[str, Stage] = {}
    to_mark: list[str] = []
    known = _hints_of_known_mistakes(paths, assignment)
    with Store.open(paths.record, read_only=True) as store:
        marking = Marking.read(paths, store, assignment)
        for page in feedback_of(store, assignment, read_course(paths), book, chosen.student, marking, known):
            files[page.student.id] = render(page).encode("utf-8", "backslashreplace")
            stages[page.student.id] = page.stage
            to_mark += [page.student.id] if page.stage is Stage.GRADED and page.points is None else []
    if not files:
        raise UsageError(f"nothing is on record for {assignment.id}; grade it first")
    make_folder(chosen.out, 0o700)
    if participants is None:
        written = {student: f"{slug(student)}{suffix}" for student in files}
        for student, content in files.items():
            write(chosen.out / written[student], content)
        unknown: list[str] = []
    else:
        unknown = _write_zip(chosen.out / f"{assignment.id}_feedback_moodle.zip", assignment, files, participants)
        written = {student: f"{assignment.id}_feedback_moodle.zip" for student in files if student in participants}
    _note(paths, chosen)
    _tell(chosen, stages, written)
    strangers = _not_on_roster(book, files)
    outdated = [student for student, stage in stages.items() if stage is Stage.OUTDATED]
    if outdated:
        why = "their pages have no marks, because they were graded for other points than assignment.toml gives now"
        screen.say(f"{why}: {_named(outdated)}; run `grader regrade {assignment.id}`, then this again")
    if to_mark:
        screen.say(f"without a total, because marks by hand are to come: {_named(to_mark)}")
    return NEEDS_A_PERSON if unknown or strangers or to_mark or any(map(_is_open, stages.values())) else DONE


def _hints_of_known_mistakes(paths: Paths, assignment: Assignment) -> frozenset[str]:
    try:
        solutions = [known_solutions.wrong(paths, assignment.id, question.id) for question in assignment.questions]
    except AuthoringError:  # `audit` says it; a page can do without
        return frozenset()
    return frozenset(solution.text for of_question in solutions for solution in of_question)


def _named(students: list[str]) -> str:
    more = f" and {len(students) - NAMED} more" if len(students) > NAMED else ""
    return ", ".join(students[:NAMED]) + more


def _note(paths: Paths, chosen: argparse.Namespace) -> None:
    """Put on record that pages were written, so that `report` can say who has feedback on the attempt that counts."""
    try:
        with Store.open(paths.record) as store:
            run = store.begin_run(chosen.assignment, feedback_command(chosen.assignment, chosen.student))
            store.end_run(run, "done")
    except MachineryError as error:  # the pages are there all the same
        screen.say(f"not noted on record: {error}")


def feedback_command(assignment_id: str, student: str | None = None) -> str:
    """What stands on record for pages that were written: everybody's, or one student's."""
    return f"feedback {assignment_id}" + (f" --student {student}" if student else "")


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
        raise UsageError(
            f"{student!r} has handed in nothing for {assignment.id}{did_you_mean(student, list(handed_in))}"
        )
    attempts = store.current_attempts(assignment.id)
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
        )
        yield compose(source, others(source.student))


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


# ---------------------------------------------------------------------------------------------------- Moodle


def _participants(chosen: argparse.Namespace, book: Gradebook | None) -> dict[str, str] | None:
    """Student -> participant number; None where the format needs none. Raises UsageError where none are to be had."""
    if chosen.format != "moodle":
        if chosen.worksheet is not None:
            raise UsageError("--worksheet goes with --format moodle")
        return None
    if chosen.worksheet is None:
        raise UsageError(
            "--format moodle needs participant numbers, which belong to one Moodle assignment and are in no roster: "
            "choose Download grading worksheet there and add --worksheet FILE"
        )
    if book is None:
        raise UsageError("--format moodle needs roster.csv, to tell whose participant number is whose")
    try:
        return export.moodle_participants(book, chosen.worksheet.read_bytes())
    except OSError as error:
        raise UsageError(f"{chosen.worksheet}: {error.strerror}") from None


def _write_zip(path: Path, assignment: Assignment, files: dict[str, bytes], participants: dict[str, str]) -> list[str]:
    """Write the zip; return who is left out because the worksheet does not have them."""
    unknown = [student for student in files if student not in participants]
    if unknown:
        shown = _named(unknown)
        where = "the worksheet has no row (or two) with the id number, the address or the name on the roster of"
        if len(unknown) == len(files):
            raise UsageError(f"{where} {shown}; is it the worksheet of {assignment.id}?")
        screen.say(f"left out of the zip: {where} {shown}")
    pages = {participants[student]: content for student, content in files.items() if student in participants}
    write(path, feedback_zip(pages, f"feedback_{assignment.id}.html"))
    return unknown


# ---------------------------------------------------------------------------------------------------- telling


def _tell(chosen: argparse.Namespace, stages: dict[str, Stage], written: dict[str, str]) -> None:
    if chosen.json:
        pages = [
            {"student": student, "stage": stage.value, "file": written.get(student)}
            for student, stage in stages.items()
        ]
        print(json.dumps({"assignment": chosen.assignment, "pages": pages}, indent=1, ensure_ascii=False))
        return
    for file in sorted(set(written.values())) if len(set(written.values())) == 1 else []:
        print(chosen.out / file)
    counted = Counter(stages.values())
    how = ", ".join(f"{counted[stage]} {stage.value}" for stage in Stage if counted[stage])
    print(f"{chosen.out}: {len(stages)} {'page' if len(stages) == 1 else 'pages'}: {how}")


def _not_on_roster(book: Gradebook | None, files: dict[str, bytes]) -> list[str]:
    if book is None:
        screen.say("there is no roster.csv: the pages say nothing of course marks")
        return []
    known = {line.student.id for line in book.lines}
    strangers = [student for student in files if student not in known]
    if strangers:
        screen.say(f"not on the roster: {', '.join(strangers[:NAMED])}; their pages say so")
    return strangers


def _is_open(stage: Stage) -> bool:
    return stage in (Stage.DEFERRED, Stage.OUTDATED, Stage.WAITING)
