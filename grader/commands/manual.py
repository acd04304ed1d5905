"""`manual`: the table of marks that people give; and the marks in it, joined to what was graded."""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.course import releases
from grader.course.config import assignment_ids, read_assignment
from grader.course.sheets import GivenMark, read_manual, read_roster
from grader.course.tables import Encoded, decoded
from grader.errors import SubmissionError, UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.marks.changes import ByHand, Change, by_hand
from grader.marks.manual import Due, answer_key, settle, submission_key, to_fill_in
from grader.marks.outdated import as_asked
from grader.paths import Paths, find_root
from grader.record.store import Store
from grader.schema import Assignment, Attempt, ManualMark, Status, add_up
from grader.submission.answers import Answer
from grader.submission.answers import answers as answers_in
from grader.terminal import screen

if TYPE_CHECKING:
    from grader.execution.batch import Graded

NAMED = 10  # students in a message


@dataclass
class Marking:
    """What people gave in one assignment, held against what each student handed in."""

    assignment: Assignment
    store: Store
    given: Mapping[tuple[str, str], Sequence[GivenMark]] = field(default_factory=dict)  # by student and question
    starter: bytes = b""
    students: Collection[str] = ()  # those who may have a row: who is on the roster, or, without one, handed in
    known: dict[tuple[str, str], dict[str, Answer]] = field(default_factory=dict)
    release: str = ""  # the current one

    @classmethod
    def read(cls, paths: Paths, store: Store, assignment: Assignment) -> Marking:
        """Nothing is read where no question is marked by a person. Raises AuthoringError for a wrong table."""
        release = releases.current(paths, assignment.id)
        if not assignment.manual:
            return cls(assignment, store, release=release)
        handed_in = store.current_digests(assignment.id)
        students = {each.id for each in read_roster(paths)} if paths.roster_csv.exists() else {*handed_in}
        starter = paths.starter(assignment.id)
        given: dict[tuple[str, str], list[GivenMark]] = {}
        for mark in read_manual(paths, assignment, students, refuse_too_many=False):
            given.setdefault((mark.student, mark.question), []).append(mark)
        page = starter.read_bytes() if starter.is_file() else b""
        return cls(assignment, store, given, page, students, release=release)

    def answers(self, attempt: Attempt) -> dict[str, Answer]:
        """What the student wrote for each question that a person marks; nothing where no notebook can be read."""
        wanted = [question.id for question in self.assignment.manual]
        if not wanted or attempt.status is Status.UNREADABLE:
            return {}
        key = (attempt.student, attempt.evidence.submission)
        if key not in self.known:
            handed_in = self.store.submission(attempt.evidence.submission, attempt.student, attempt.assignment)
            questions = [question.id for question in self.assignment.questions]
            try:
                found = answers_in(handed_in.content, handed_in.filename, questions, wanted, self.starter)
            except SubmissionError:
                found = {}
            self.known[key] = found
        return self.known[key]

    def answer_key(self, attempt: Attempt, question: str) -> str:
        found = self.answers(attempt).get(question)
        return answer_key(found.text) if found else ""

    def completed(self, attempt: Attempt) -> Attempt:
        """The attempt with the marks that people gave for this very submission, or for the same answer before.

        One that was graded for other points than assignment.toml gives now is outdated.
        """
        attempt = replace(attempt, notices=tuple(releases.told(attempt.notices, self.release)))
        if attempt.status is Status.UNREADABLE:
            return attempt
        marks = (self._settled(attempt, question.id) for question in self.assignment.manual)
        return as_asked(replace(attempt, manual=tuple(marks)), self.assignment)

    def _settled(self, attempt: Attempt, question: str) -> ManualMark:
        rows = self.given.get((attempt.student, question), ())
        submission = submission_key(attempt.evidence.submission)
        worth = self.assignment.question(question).points
        return settle(question, submission, rows, lambda: self.answer_key(attempt, question), worth)

    def changed(self, attempt: Attempt) -> list[ByHand]:
        """What `override` made of the attempt's questions."""
        if attempt.status not in (Status.GRADED, Status.UNREADABLE):
            return []
        return by_hand(attempt, self.assignment, self.store.overrides(self.assignment.id, attempt.student))

    def total(self, attempt: Attempt, changes: Sequence[Change] | None = None) -> Fraction | None:
        """The points with what `override` made of them (of these changes alone, if given); None while one waits."""
        if attempt.waiting:
            return None
        if changes is None:
            changes = self.store.overrides(self.assignment.id, attempt.student)
        return add_up((attempt.points, *(each.by for each in by_hand(attempt, self.assignment, changes))))

    def kept(self, before: Attempt, after: Attempt) -> list[tuple[ByHand, ByHand]]:
        """What `override` made of questions before and after they were judged again with another result."""
        was = {each.question: each for each in self.changed(before)}
        return [
            (was[each.question], each)
            for each in self.changed(after)
            if each.changes and each.question in was and was[each.question].before != each.before
        ]

    def due(self, attempt: Attempt, question: str) -> Due:
        """The row that waits for a mark."""
        submission = submission_key(attempt.evidence.submission)
        return Due(attempt.student, question, submission, self.answer_key(attempt, question))

    def pairs(self, regraded: Iterator[tuple[Attempt, Graded]]) -> Iterator[tuple[Attempt, Graded]]:
        """What `regrade` yields, both with the marks that people gave."""
        for before, after in regraded:
            yield self.completed(before), replace(after, attempt=self.completed(after.attempt))


def with_manual_marks(
    paths: Paths, store: Store, attempts: Mapping[tuple[str, str], Attempt]
) -> dict[tuple[str, str], Attempt]:
    """All attempts, by student and assignment, with what people gave."""
    there_is = assignment_ids(paths)
    begun = {assignment for _, assignment in attempts if assignment in there_is}
    markings = {name: Marking.read(paths, store, read_assignment(paths, name)) for name in sorted(begun)}
    return {
        pair: markings[pair[1]].completed(attempt) if pair[1] in markings else attempt
        for pair, attempt in attempts.items()
    }


# ---------------------------------------------------------------------------------------------------- the command


def manual(chosen: argparse.Namespace) -> int:
    """Write the rows that are to be filled in; marks that stand are never touched. 1 while something waits."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    if not assignment.manual:
        raise UsageError(f"{assignment.id} has no question that a person marks; write manual = true in assignment.toml")
    with Store.open(paths.record, read_only=True) as store:
        marking = Marking.read(paths, store, assignment)
        read_manual(paths, assignment, marking.students)  # here a mark above what a question is worth is an error
        attempts = [marking.completed(stored.attempt) for stored in store.current_attempts(assignment.id).values()]
        waiting = [each for each in attempts if each.waiting and each.status is Status.GRADED]
        strangers = [each.student for each in waiting if each.student not in marking.students]
        due = [
            marking.due(each, question.id)
            for question in assignment.manual  # all answers to one question in a row: they are marked together
            for each in waiting
            if question.id in each.waiting and each.student not in strangers
        ]
    if strangers:
        screen.say(f"not on the roster, and so without a row: {', '.join(strangers[:NAMED])}")
    file = f"manual/{assignment.id}.csv"
    if chosen.json:
        rows = [{"student": row.student, "question": row.question} for row in due]
        print(json.dumps({"assignment": assignment.id, "file": file, "waiting": rows}, indent=1, ensure_ascii=False))
    else:
        _write(paths, assignment, due)
        counts = Counter(row.question for row in due)
        words = ", ".join(f"{counts[question.id]} for {question.id}" for question in assignment.manual)
        stand = sum(mark.points is not None for each in attempts for mark in each.manual)
        print(f"{file}: to be given: {len(due)} ({words}); given: {stand}")
    return NEEDS_A_PERSON if due or strangers else DONE


def _write(paths: Paths, assignment: Assignment, due: list[Due]) -> None:
    """Put the rows into the table; what was there is there until the new file is whole."""
    path = paths.manual_csv(assignment.id)
    there = decoded(path.read_bytes(), f"manual/{path.name}") if path.exists() else Encoded("")
    filled = to_fill_in(there.text, due)
    if filled == there.text:
        return
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".csv.new")
    new.write_bytes(there.bytes_of(filled))
    os.replace(new, path)
