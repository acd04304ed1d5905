"""What is not done yet of an assignment: what an instructor is told before its marks are published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from grader.course.staff import Role
from grader.languages.translating import tr, trn
from grader.portal.database import now
from grader.portal.marking import papers
from grader.portal.marking.sheets import attempts, compared, history, marked_students
from grader.portal.requests_box import open_requests
from grader.portal.visit import Visit
from grader.record.judgements import standing
from grader.schema import Assignment, Question, Status

Open = tuple[str, str]  # (what is open, where it is done)


def still_open(visit: Visit, assignment: Assignment) -> list[Open]:
    """Everything that will change marks after they are published; empty where nothing will."""
    return [*_hand_ins(visit, assignment), *_by_people(visit, assignment), *_requests(visit, assignment)]


def _hand_ins(visit: Visit, assignment: Assignment) -> Iterator[Open]:
    state, to = visit.portal.now.state, f"/s/{assignment.id}"
    roster = [person.id for person in visit.portal.people.of(Role.STUDENT)]
    deadlines = [visit.portal.access.deadline(student, assignment.id) for student in roster]
    early = sum(deadline is not None and deadline > now() for deadline in deadlines)
    if early:
        yield (
            trn(
                "{n} student may still hand in before the deadline",
                "{n} students may still hand in before the deadline",
                early,
            ),
            to,
        )
    there = {who: attempt for who in roster if (attempt := state.record.attempts.get((who, assignment.id)))}
    waiting = [who for who in roster if who in state.handed_in.get(assignment.id, {}) and who not in there]
    if waiting:
        yield (
            trn(
                "{n} student handed in and is not graded yet",
                "{n} students handed in and are not graded yet",
                len(waiting),
            ),
            to,
        )
    deferred = sum(attempt.status is Status.DEFERRED for attempt in there.values())
    if deferred:
        yield (
            trn(
                "{n} student is deferred: the machine failed, and no mark is there",
                "{n} students are deferred: the machine failed, and no mark is there",
                deferred,
            ),
            to,
        )


def _by_people(visit: Visit, assignment: Assignment) -> Iterator[Open]:
    """Questions that a person marks: answers without a mark, by pile; second readers who are not done, or differ."""
    there = attempts(visit, assignment)
    dealt = papers.piles(visit.portal.database, assignment.id)
    for question in assignment.manual:
        to = f"/m/{assignment.id}/{question.id}"
        marked = marked_students(visit, assignment, question.id)
        left = [student for student in there if student not in marked]
        piles = Counter(dealt.first.get((question.id, student), "") for student in left)
        if left:
            whose = ", ".join(
                tr("{n} in the pile of {who}", n=count, who=who) if who else tr("{n} in no pile", n=count)
                for who, count in piles.items()
            )
            told = {"question": question.id, "answers": _answers(len(there)), "whose": whose}
            yield (
                trn(
                    "{question}: {n} of {answers} is not marked: {whose}",
                    "{question}: {n} of {answers} are not marked: {whose}",
                    len(left),
                    **told,
                ),
                to,
            )
        yield from _second_readers(visit, assignment, question, dealt, set(there))


def _second_readers(
    visit: Visit, assignment: Assignment, question: Question, dealt: papers.Piles, there: set[str]
) -> Iterator[Open]:
    made, to = history(visit, assignment, question.id), f"/m/{assignment.id}/{question.id}/agreement"
    read = {each.about.student for each in standing(made, second=True)}
    unread = [who for asked, who in dealt.second if asked == question.id and who in there - read]
    if unread:
        yield (
            trn(
                "{question}: the second reader has not read {n} answer",
                "{question}: the second reader has not read {n} answers",
                len(unread),
                question=question.id,
            ),
            to,
        )
    differ = sum(each.differs and each.settled is None for each in compared(made))
    if differ:
        yield (
            trn(
                "{question}: two readers differ in {n} answer, and nobody has settled it",
                "{question}: two readers differ in {n} answers, and nobody has settled it",
                differ,
                question=question.id,
            ),
            to,
        )


def _requests(visit: Visit, assignment: Assignment) -> Iterator[Open]:
    waiting = sum(each.assignment == assignment.id for each in open_requests(visit.portal.database))
    if waiting:
        yield trn("{n} request is open", "{n} requests are open", waiting), "/requests"


def _answers(count: int) -> str:
    return trn("{n} answer", "{n} answers", count)
