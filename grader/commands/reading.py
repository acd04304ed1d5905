"""`marks`, `show`: what the record says; nothing is run and nothing changes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from grader.bookkeeping.books import gradebook
from grader.bookkeeping.marking import Marking, with_manual_marks
from grader.bookkeeping.timing import Timing, timings
from grader.course.close_words import as_known
from grader.course.config import asked_question, did_you_mean, read_assignment
from grader.course.scheme import TOTAL
from grader.course.sheets import read_roster, require_id
from grader.course.tables import number
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.languages.formats import figure
from grader.languages.translating import tr
from grader.marks import marksheet
from grader.marks.changes import by_hand
from grader.marks.policy import CourseMark
from grader.paths import Paths, find_root
from grader.record.overrides import notes
from grader.record.store import Store, StoredAttempt
from grader.schema import WHOLE, Assignment, Attempt, Submission, add_up
from grader.terminal import attempt_json, colour, screen


def marks(chosen: argparse.Namespace) -> int:
    """Print the gradebook, or one student's computation."""
    if chosen.student and (chosen.csv or chosen.export):
        raise UsageError("--student explains one mark: as text, or with --json")
    paths = Paths(find_root())
    book = gradebook(paths)
    if chosen.export:
        items = (*book.course.scheme.items, TOTAL)
        chosen.item = chosen.item and [as_known(item, items) for item in chosen.item]
        named = [text.partition("=") for text in chosen.column]
        chosen.column = [as_known(item, items) + equals + header for item, equals, header in named]
        from grader.commands.publishing import publish

        return publish(paths, book, _current(paths), chosen)
    if chosen.student:
        asked = (chosen.student, _need(chosen.need), _supposed(book.line(chosen.student).mark, chosen.suppose))
        if chosen.json:
            print(marksheet.student_json(book, *asked), end="")
        else:
            colour.show(screen.fitted(marksheet.explain_student(book, *asked)))
        return DONE
    if chosen.need is not None:
        raise UsageError("--need is asked for one student: add --student ID")
    if chosen.suppose:
        raise UsageError("--if is asked for one student: add --student ID")
    if chosen.json or chosen.csv:
        print((marksheet.as_json if chosen.json else marksheet.as_csv)(book), end="")
    else:
        colour.show(screen.gradebook_table(book))
    return NEEDS_A_PERSON if book.strangers or book.notices else DONE


def _need(text: str | None) -> Decimal | None:
    """The total that is asked for. Raises UsageError where it is no number."""
    if text is None:
        return None
    if not number(text):
        raise UsageError(f"--need takes a total like 80 or 79.5, got {text!r}")
    return Decimal(number(text))


def _supposed(mark: CourseMark, texts: Sequence[str]) -> dict[str, Fraction]:
    """The percentages that are supposed, by item; the beginning of an item's name will do. Raises UsageError."""
    found = {}
    for text in texts:
        named, _, percent = text.partition("=")
        if not number(percent):
            raise UsageError(f"--if takes an item and a percentage like {mark.items[0].item}=50, got {text!r}")
        items = [each.item for each in mark.items]
        named = as_known(named, items)
        meant = [named] if named in items else [item for item in items if named and item.startswith(named)]
        if len(meant) != 1:
            raise UsageError(f"no item {named!r} here{did_you_mean(named, items)}; there is: {', '.join(items)}")
        found[meant[0]] = Fraction(number(percent))
    return found


def _current(paths: Paths) -> dict[tuple[str, str], Attempt]:
    if not paths.record.exists():
        return {}
    with Store.open(paths.record, read_only=True) as store:
        return with_manual_marks(paths, store, store.all_current())


def show(chosen: argparse.Namespace) -> int:
    """Print one attempt in full."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    whole = assignment
    if chosen.question:
        chosen.question = asked_question(assignment, chosen.question).id
        assignment = replace(assignment, questions=(assignment.question(chosen.question),))
    with Store.open(paths.record, read_only=True) as store:
        stored = store.current_attempt(chosen.student, assignment.id)
        known = list(store.current_digests(assignment.id))
        if stored is None:
            if chosen.student not in known and paths.roster_csv.exists():
                require_id(chosen.student, read_roster(paths))
            return _without_attempt(store, whole, chosen, known)
        submission = store.submission(stored.attempt.evidence.submission, chosen.student, assignment.id)
        transcripts = store.transcripts(stored.id) if chosen.transcript else {}
        marking = Marking.read(paths, store, whole)
        attempt, answers = marking.completed(stored.attempt), marking.answers(stored.attempt)
        shown = [question.id for question in assignment.questions] + ([] if chosen.question else [WHOLE])
        changed = [each for each in marking.changed(attempt) if each.question in shown]
        noted = [each for each in _noted(store, assignment.id, chosen.student) if each["question"] in shown]
        timing = timings(paths, store, assignment.id).get(chosen.student)
    if chosen.shell:
        _shell(paths, assignment, submission, chosen)
        return DONE
    if chosen.save:
        return _save(submission, chosen.save)
    if chosen.transcript:
        from grader.commands.arguments import asked
        from grader.commands.shell import transcript_lines

        wanted = {name: part for name, part in transcripts.items() if chosen.question in (None, name)}
        requests = asked(paths, whole, stored.attempt, submission, wanted)
        for line in transcript_lines(wanted, chosen.question, requests):
            print(line)
    elif chosen.json:
        print(
            json.dumps(
                _document(stored, timing, noted, attempt_json.attempt_entry(assignment, attempt, answers, changed)),
                indent=1,
                ensure_ascii=False,
            )
        )
    else:
        when = timing.words if timing else ""
        page = screen.attempt_page(assignment, attempt, stored.filename, answers, changed, when, noted)
        colour.show(page)
    return DONE


def _noted(store: Store, assignment: str, student: str) -> list[dict[str, str]]:
    """What staff noted beside somebody's changes, for the staff alone."""
    made = notes(store.all_overrides(assignment, student))
    return [{"question": each.question, "note": each.reason, "by": each.who, "when": each.made} for each in made]


def _without_attempt(store: Store, assignment: Assignment, chosen: argparse.Namespace, known: Collection[str]) -> int:
    """What there is to show of somebody who has no attempt: changes made by hand. Raises UsageError for nothing."""
    if chosen.student in known:
        raise UsageError(f"{chosen.student} has handed in and is not graded yet; run `grader grade {assignment.id}`")
    changed = by_hand(None, assignment, store.overrides(assignment.id, chosen.student))
    noted = _noted(store, assignment.id, chosen.student)
    if not (changed or noted) or chosen.save or chosen.shell or chosen.transcript:
        close = did_you_mean(chosen.student, known)
        raise UsageError(f"no attempt of {chosen.student!r} at {assignment.id}{close}")
    points = add_up(change.by for change in changed)
    if chosen.json:
        changes = [attempt_json.change_entry(change) for change in changed]
        page = {"assignment": assignment.id, "student": chosen.student, "status": "nothing handed in"}
        worth = {"points_now": float(points), "max_points": float(assignment.max_points)}
        told = {"changed_by_hand": changes, "notes_for_staff": noted}
        print(json.dumps({**page, **worth, **told}, indent=1, ensure_ascii=False))
        return DONE
    shown, worth_all = figure(screen.plain(points)), figure(screen.plain(assignment.max_points))
    worth_of = tr("{points} of {worth} points", points=shown, worth=worth_all)
    head = f"{chosen.student}  {assignment.id}  {tr('nothing handed in')}  {worth_of}"
    for line in [head, "", *screen.changed_lines(changed, noted)]:
        print(screen.fitted(marksheet.clean(line)).rstrip("\n"))
    return DONE


def _save(submission: Submission, file: Path) -> int:
    """Write what was handed in, byte for byte, to a new file."""
    try:
        with file.open("xb") as stream:
            stream.write(submission.content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
    screen.tell(f"{file}: {submission.filename} as {submission.student} handed it in")
    return DONE


def _shell(paths: Paths, assignment: Assignment, submission: Submission, chosen: argparse.Namespace) -> None:
    """A prompt in the same kind of sandbox, with the submission loaded."""
    from grader.commands.shell import prompt
    from grader.sandbox.choose import opener

    sandbox = opener(assignment, chosen.sandbox, chosen.isolation, chosen.image, runtime=chosen.runtime)()
    try:
        prompt(paths, assignment, submission, sandbox, "cpu")
    finally:
        sandbox.close()


def _document(
    stored: StoredAttempt, timing: Timing | None, noted: list[dict[str, str]], entry: dict[str, object]
) -> dict[str, object]:
    came = timing.entry if timing else None
    where = {"assignment": stored.attempt.assignment, "attempt": stored.id, "file": stored.filename}
    return {**where, "handed_in": came, **entry, "notes_for_staff": noted}
