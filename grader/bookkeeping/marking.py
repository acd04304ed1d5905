"""What people gave for questions that no test can judge, joined to what was graded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.course import releases
from grader.course.config import assignment_ids, read_assignment
from grader.course.sheets import GivenMark, read_manual, read_roster
from grader.errors import SubmissionError
from grader.marks.changes import ByHand, Change, by_hand
from grader.marks.manual import Due, answer_key, settle, submission_key
from grader.marks.outdated import as_asked
from grader.paths import Paths
from grader.record.judgements import Judgement, Judgements, standing
from grader.record.store import Store
from grader.schema import Assignment, Attempt, ManualMark, Status, add_up
from grader.submission.answers import Answer, released_texts
from grader.submission.answers import answers as answers_in

if TYPE_CHECKING:
    from grader.execution.batch import Graded


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
    unused: tuple[GivenMark, ...] = ()  # rows of the table in whose place something was given on the portal

    @classmethod
    def read(cls, paths: Paths, store: Store, assignment: Assignment) -> Marking:
        """Nothing is read where no question is marked by a person. Raises AuthoringError for a wrong table."""
        release = releases.current(paths, assignment.id)
        if not assignment.manual:
            return cls(assignment, store, release=release)
        handed_in = store.current_digests(assignment.id)
        students = {each.id for each in read_roster(paths)} if paths.roster_csv.exists() else {*handed_in}
        starter = paths.starter(assignment.id)
        table = read_manual(paths, assignment, students, refuse_too_many=False)
        recorded = [given_mark(each) for each in standing(Judgements(store).history(assignment.id))]
        answered = {key for each in recorded for key in _keys(each)}
        given: dict[tuple[str, str], list[GivenMark]] = {}
        unused = []
        for row in table:
            if row.points is not None and answered.intersection(_keys(row)):
                unused.append(row)
            else:
                given.setdefault((row.student, row.question), []).append(row)
        for mark in recorded:
            given.setdefault((mark.student, mark.question), []).append(mark)
        page = starter.read_bytes() if starter.is_file() else b""
        return cls(assignment, store, given, page, students, release=release, unused=tuple(unused))

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

    def asked(self, question: str) -> tuple[str, ...]:
        """What the released notebook asks in a question, as Markdown; empty where there is no release."""
        return released_texts(self.starter, [each.id for each in self.assignment.questions], question)

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


def given_mark(made: Judgement) -> GivenMark:
    """What somebody gave on the portal, as if it were a row of the table."""
    about = made.about
    by = f"{made.who}, {made.made[:16].replace('T', ' ')} UTC"
    keys = about.submission, about.answer
    return GivenMark(about.student, about.question, made.points, made.told, *keys, source_of(made), by)


def source_of(made: Judgement) -> str:
    """Where a mark stands, in words that the student may read."""
    return f"mark {made.id} of the record"


def _keys(mark: GivenMark) -> list[tuple[str, str, str]]:
    """What a mark is for: this submission, and this answer."""
    return [(mark.student, mark.question, key) for key in (mark.submission, mark.answer)]


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
