"""`feedback`: a private page for each student of an assignment, from what is on record; nothing is run."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping

from grader.bookkeeping.books import gradebook
from grader.bookkeeping.cohorts import feedback_command
from grader.bookkeeping.marking import Marking
from grader.bookkeeping.told import feedback_of, hints_of_known_mistakes
from grader.commands.handing_out import Targets, named
from grader.commands.writing import make_folder
from grader.course.config import read_assignment, read_course
from grader.errors import MachineryError, UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.feedback.markdown import feedback_markdown
from grader.feedback.page import feedback_page
from grader.feedback.parts import Feedback, Stage
from grader.languages.translating import tr, trn
from grader.marks.gradebook import Gradebook
from grader.paths import Paths, find_root
from grader.record.store import Store
from grader.schema import Status
from grader.terminal import screen
from grader.terminal.endings import ended, not_graded

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
    known = hints_of_known_mistakes(paths, assignment)
    course = read_course(paths)
    with Store.open(paths.record, read_only=True) as store:
        marking = Marking.read(paths, store, assignment)
        for page in feedback_of(store, assignment, course, book, chosen.student, marking, known):
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
        screen.say(
            "their pages have no marks, because they were graded for other points than assignment.toml gives now: "
            f"{named(outdated)}; run `grader regrade {assignment.id}`, then this again"
        )
    if to_mark:
        screen.say(f"without a total, because marks by hand are to come: {named(to_mark)}")
    return (
        NEEDS_A_PERSON if handed_out.left_out or strangers or to_mark or any(map(_is_open, stages.values())) else DONE
    )


def _note(paths: Paths, chosen: argparse.Namespace) -> None:
    """Put on record that pages were written, so that `report` can say who has feedback on the attempt that counts."""
    try:
        with Store.open(paths.record) as store:
            run = store.begin_run(chosen.assignment, feedback_command(chosen.assignment, chosen.student))
            store.end_run(run, "done")
    except MachineryError as error:  # the pages are there all the same
        screen.say(f"not noted on record: {error}")


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
    how = ", ".join(f"{counted[stage]} {_word(stage)}" for stage in Stage if counted[stage])
    print(trn("{folder}: {n} page: {how}", "{folder}: {n} pages: {how}", len(stages), folder=chosen.out, how=how))


def _not_on_roster(book: Gradebook | None, files: dict[str, bytes]) -> list[str]:
    if book is None:
        screen.say("there is no roster.csv: the pages say nothing of course marks")
        return []
    known = {line.student.id for line in book.lines}
    strangers = [student for student in files if student not in known]
    if strangers:
        screen.say(f"not on the roster: {named(strangers)}; their pages say so")
    return strangers


def _is_open(stage: Stage) -> bool:
    return stage in (Stage.DEFERRED, Stage.OUTDATED, Stage.WAITING)


def _word(stage: Stage) -> str:
    """How far a submission has come, in the staff's word for it."""
    if stage is Stage.WAITING:
        return not_graded()
    return tr("nothing handed in") if stage is Stage.NOTHING else ended(Status(stage.value))
