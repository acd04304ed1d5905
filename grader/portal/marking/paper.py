"""One answer to one question, read for whoever marks it: what was handed in, what was given, what may be said of it."""

from __future__ import annotations

from dataclasses import dataclass

from grader.bookkeeping.judging import Rubric, answered, held, rubric_of, steps
from grader.bookkeeping.line_comments import on_lines
from grader.bookkeeping.marking import Marking
from grader.course.staff import Role
from grader.languages.translating import tr
from grader.portal.marking import papers
from grader.portal.marking.sheets import is_settled, question_of
from grader.portal.people import Person
from grader.portal.visit import NotThere, Visit
from grader.record.judgements import Answered, Judgement, Judgements, LineComment, Reading
from grader.record.store import Store
from grader.schema import Assignment, ManualMark, Question, Status, Submission
from grader.submission.answers import Answer


@dataclass(frozen=True)
class Paper:
    """reading: as what whoever looks marks it;  judgement: theirs that holds;  mark: as it counts now, from anywhere

    asked: the question as it was released, Markdown
    made: everything that was given for it, as far as whoever looks may see it: neither reader sees the other's
    """

    number: int
    assignment: Assignment
    question: Question
    person: Person
    asked: tuple[str, ...]
    submission: Submission
    about: Answered
    answer: Answer
    reading: Reading
    rubric: Rubric
    judgement: Judgement | None
    mark: ManualMark
    made: tuple[Judgement, ...]
    can_undo: bool
    comments: tuple[LineComment, ...]
    anonymous: bool

    @property
    def address(self) -> str:
        return f"/m/{self.assignment.id}/{self.question.id}/{self.number}"

    @property
    def called(self) -> str:
        """The paper as it is named on pages, with or without the student."""
        paper = tr("paper {number}", number=self.number)
        return paper if self.anonymous else f"{self.person.called}, {paper}"


def person_of(visit: Visit) -> Person:
    """Whose paper the address names. Raises NotThere."""
    number = visit.request.path_params["paper"]
    student = papers.student_of(visit.portal.database, visit.assignment.id, number)
    person = visit.portal.people.find("student", student) if student is not None else None
    if person is None:
        raise NotThere(tr("no paper {number}", number=number))
    return person


def paper_of(visit: Visit) -> Paper:
    """The paper that the address names, as it is now. Raises NotThere where nothing can be read."""
    assignment, question, person = visit.assignment, question_of(visit), person_of(visit)
    portal = visit.portal
    with Store.open(portal.paths.record, read_only=True) as store:
        stored = store.current_attempt(person.id, assignment.id)
        marking = Marking.read(portal.paths, store, assignment)
        attempt = marking.completed(stored.attempt) if stored else None
        if attempt is None or attempt.status is not Status.GRADED:
            raise NotThere(tr("what was handed in cannot be read, or is not graded yet"))
        submission = store.submission(attempt.evidence.submission, person.id, assignment.id)
        about = answered(assignment, marking.due(attempt, question.id))
        made = Judgements(store).history(assignment.id, question.id, person.id)
        second = papers.piles(portal.database, assignment.id).second.get((question.id, person.id)) == visit.me.id
        reading = Reading.SECOND if second and not is_settled(made) else Reading.FIRST
        there, comments = held(store, about, reading), on_lines(store, submission)
        if there is not None and there.reading is Reading.SETTLED and visit.me.role is Role.INSTRUCTOR:
            reading = Reading.SETTLED
        return Paper(
            number=visit.request.path_params["paper"],
            assignment=assignment,
            question=question,
            person=person,
            asked=marking.asked(question.id),
            submission=submission,
            about=about,
            answer=marking.answers(attempt).get(question.id) or Answer(question.id, False, ()),
            reading=reading,
            rubric=rubric_of(store, assignment, question.id),
            judgement=there,
            mark=attempt.mark_of(question.id) or ManualMark(question.id, None),
            made=_seen_by(visit.me, made, reading),
            can_undo=bool(steps(made, about, reading)),
            comments=tuple(each for each in comments if reading is not Reading.SECOND or each.who == visit.me.id),
            anonymous=papers.anonymous(portal.database, assignment.id),
        )


def _seen_by(person: Person, made: tuple[Judgement, ...], reading: Reading) -> tuple[Judgement, ...]:
    """What was given, without what the other reader gave; to instructors, and when it is settled, all of it."""
    if reading is Reading.SECOND:
        return ()
    whole = person.role is Role.INSTRUCTOR or is_settled(made)
    return tuple(each for each in made if whole or each.reading is not Reading.SECOND)
