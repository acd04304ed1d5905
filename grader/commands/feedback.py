"""`feedback`: a private page for each student of an assignment, from what is on record; nothing is run."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from grader.commands.handing_out import NAMED, Targets, named
from grader.commands.manual import Marking
from grader.commands.reading import gradebook
from grader.commands.writing import make_folder
from grader.course import known_solutions
from grader.course.config import Course, did_you_mean, read_assignment, read_course
from grader.course.sheets import Student
from grader.errors import AuthoringError, MachineryError, SubmissionError, UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.feedback.composing import compose, without_others
from grader.feedback.markdown import feedback_markdown
from grader.feedback.page import feedback_page
from grader.feedback.parts import Feedback, Grading, HandedIn, Source, Stage
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
    "canvas": (".html", feedback_page),
    "mail": (".html", feedback_page),
}


def feedback(chosen: argparse.Namespace) -> int:
    """Write one file for each student, or the zip that a platform takes; say how many and what is still open."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    book = gradebook(paths) if paths.roster_csv.exists() else None
    targets = Targets(paths, chosen, assignment, book)
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
    handed_out = targets.hand_out(files, suffix)
    _note(paths, chosen)
    _tell(chosen, stages, handed_out.written)
    strangers = _not_on_roster(book, files)
    outdated = [student for student, stage in stages.items() if stage is Stage.OUTDATED]
    if outdated:
        why = "their pages have no marks, because they were graded for other points than assignment.toml gives now"
        screen.say(f"{why}: {named(outdated)}; run `grader regrade {assignment.id}`, then this again")
    if to_mark:
        screen.say(f"without a total, because marks by hand are to come: {named(to_mark)}")
    return (
        NEEDS_A_PERSON if handed_out.left_out or strangers or to_mark or any(map(_is_open, stages.values())) else DONE
    )


def _hints_of_known_mistakes(paths: Paths, assignment: Assignment) -> frozenset[str]:
    try:
        solutions = [known_solutions.wrong(paths, assignment.id, question.id) for question in assignment.questions]
    except AuthoringError:  # `audit` says it; a page can do without
        return frozenset()
    return frozenset(solution.text for of_question in solutions for solution in of_question)


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


# ---------------------------------------------------------------------------------------------------- telling


def _tell(chosen: argparse.Namespace, stages: dict[str, Stage], written: Mapping[str, str]) -> None:
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
