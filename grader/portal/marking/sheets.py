"""Who has which mark of one question, as somebody of the staff may see it; what is next; how far everybody is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from grader.bookkeeping.marking import source_of
from grader.course.staff import Role
from grader.errors import UsageError
from grader.languages.translating import tr
from grader.marks.manual import submission_key
from grader.marks.two_readers import Pair
from grader.portal.marking import papers
from grader.portal.visit import NotThere, Visit
from grader.record.judgements import Judgement, Judgements, Reading, same_answer, standing
from grader.record.store import Store
from grader.schema import Assignment, Attempt, ManualMark, Question, Status

NOT_SHOWN = "not shown to you, who read it as the second"
Blind = frozenset[tuple[str, str]]  # (question, student) whose mark somebody may not see


@dataclass(frozen=True)
class Sheet:
    """One answer to one question, as whoever looks at it has to do with it.

    marker: whose pile it is in, "" for nobody's;  reading: whether the one who looks is a second reader
    points: of that reading, None while it is to be given;  by: who gave them
    """

    paper: int
    student: str
    marker: str
    reading: Reading
    points: Fraction | None
    by: str


def question_of(visit: Visit) -> Question:
    """The question that the address names. Raises NotThere unless a person marks it."""
    name = visit.request.path_params["question"]
    found = next((each for each in visit.assignment.manual if each.id == name), None)
    if found is None:
        raise NotThere(
            tr(
                "no question {name} of {assignment} that a person marks",
                name=repr(name),
                assignment=visit.assignment.id,
            )
        )
    return found


def history(visit: Visit, assignment: Assignment, question: str = "") -> tuple[Judgement, ...]:
    """Everything that was given."""
    if not visit.portal.paths.record.exists():
        return ()
    with Store.open(visit.portal.paths.record, read_only=True) as store:
        return Judgements(store).history(assignment.id, question)


def attempts(visit: Visit, assignment: Assignment) -> dict[str, Attempt]:
    """Student -> the attempt that counts, of those on the roster whose file can be read; in the roster's order."""
    there = visit.portal.now.state.record.attempts
    found = ((person.id, there.get((person.id, assignment.id))) for person in visit.portal.people.of(Role.STUDENT))
    return {student: attempt for student, attempt in found if attempt and attempt.status is Status.GRADED}


def sheets(visit: Visit, assignment: Assignment, question: str) -> list[Sheet]:
    """A sheet for every answer, in the order of their numbers, which is one of chance."""
    database, me = visit.portal.database, visit.me.id
    there = attempts(visit, assignment)
    numbers, dealt = papers.numbers(database, assignment.id, there), papers.piles(database, assignment.id)
    made, found = _by_student(history(visit, assignment, question)), []
    for student, attempt in there.items():
        given, pair = made.get(student, []), (question, student)
        second = dealt.second.get(pair) == me and not is_settled(given)
        points, by = _second_mark(attempt, given) if second else _first_mark(attempt, question, given)
        marker = me if second else dealt.first.get(pair, "")
        reading = Reading.SECOND if second else Reading.FIRST
        found.append(Sheet(numbers[student], student, marker, reading, points, by))
    return sorted(found, key=lambda sheet: sheet.paper)


def marked_students(visit: Visit, assignment: Assignment, question: str) -> set[str]:
    """Whose answers have a mark, from anywhere: how many these are, everybody may know."""
    made = _by_student(history(visit, assignment, question))
    there = attempts(visit, assignment).items()
    return {who for who, attempt in there if _first_mark(attempt, question, made.get(who, []))[0] is not None}


def _by_student(made: Iterable[Judgement]) -> dict[str, list[Judgement]]:
    found: dict[str, list[Judgement]] = {}
    for each in made:
        found.setdefault(each.about.student, []).append(each)
    return found


def _first_mark(attempt: Attempt, question: str, given: Sequence[Judgement]) -> tuple[Fraction | None, str]:
    """The points of an answer and who gave them; the attempt may be a little older than what was given."""
    there = standing(given)
    key = submission_key(attempt.evidence.submission)
    mark = attempt.mark_of(question)
    for each in there:
        if each.about.submission == key or mark is not None and mark.source == source_of(each):
            return each.points, each.who
    if mark is None or mark.by:  # it was given on the portal, and taken back meanwhile
        return None, ""
    return mark.points, mark.source


def _second_mark(attempt: Attempt, given: Sequence[Judgement]) -> tuple[Fraction | None, str]:
    key = submission_key(attempt.evidence.submission)
    keys = {key, *(each.about.answer for each in given if each.about.submission == key)}
    for each in standing(given, second=True):
        if keys & {each.about.submission, each.about.answer}:
            return each.points, each.who
    return None, ""


def is_settled(given: Iterable[Judgement]) -> bool:
    """Whether an instructor decided between two readers."""
    return any(each.reading is Reading.SETTLED for each in standing(given))


# ---------------------------------------------------------------------------------------------------- next


def neighbours(there: Sequence[Sheet], paper: int, marker: str) -> tuple[Sheet | None, Sheet | None]:
    """The sheets before and after one, of the marker's own pile where it is in it."""
    mine = [sheet for sheet in there if sheet.marker == marker]
    row = mine if any(sheet.paper == paper for sheet in mine) else list(there)
    before = [sheet for sheet in row if sheet.paper < paper]
    after = [sheet for sheet in row if sheet.paper > paper]
    return (before[-1] if before else None), (after[0] if after else None)


def next_unmarked(there: Sequence[Sheet], paper: int, marker: str) -> Sheet | None:
    """What waits for a marker behind a paper, else from the beginning: in their own pile, then in nobody's."""
    waiting = [sheet for sheet in there if sheet.points is None and sheet.paper != paper]
    for whose in (marker, ""):
        row = [sheet for sheet in waiting if sheet.marker == whose]
        if row:
            return next((sheet for sheet in row if sheet.paper > paper), row[0])
    return None


# ---------------------------------------------------------------------------------------------------- two readers


def blind(visit: Visit, assignment: Assignment) -> Blind:
    """What whoever looks reads as the second, and is not to know the mark of: until it is settled, or published."""
    mine = papers.piles(visit.portal.database, assignment.id).second_of(visit.me.id)
    publication = visit.portal.access.publication(assignment.id)
    if not mine or publication is not None and publication.published:
        return frozenset()
    made: dict[tuple[str, str], list[Judgement]] = {}
    for each in history(visit, assignment):
        made.setdefault((each.about.question, each.about.student), []).append(each)
    return frozenset(pair for pair in mine if not is_settled(made.get(pair, ())))


def masked(attempt: Attempt, hidden: Blind) -> Attempt:
    """The attempt without the marks that whoever looks is not to know."""
    unknown = [
        ManualMark(mark.question, None, NOT_SHOWN) if (mark.question, attempt.student) in hidden else mark
        for mark in attempt.manual
    ]
    return replace(attempt, manual=tuple(unknown))


def refuse_blind(visit: Visit, assignment: Assignment) -> None:
    """Raise UsageError where a page would show a second reader what the first gave."""
    hidden = blind(visit, assignment)
    if hidden:
        raise UsageError(
            tr(
                "you read {n} answers of {assignment} as the second, and this page has what the first gave;"
                " it is yours again when they are settled or published",
                n=len(hidden),
                assignment=assignment.id,
            )
        )


@dataclass(frozen=True)
class Compared:
    """Two marks of one answer. settled: what an instructor decided, None while nothing was"""

    student: str
    first: Judgement
    second: Judgement
    settled: Judgement | None

    @property
    def differs(self) -> bool:
        return self.first.points != self.second.points

    @property
    def points(self) -> Pair:
        return self.first.points or Fraction(0), self.second.points or Fraction(0)


def compared(made: Sequence[Judgement]) -> list[Compared]:
    """All answers to one question that two people have marked, as they marked them; in order of student."""
    firsts = standing(each for each in made if each.reading is Reading.FIRST)
    settled = [each for each in standing(made) if each.reading is Reading.SETTLED]
    found = []
    for second in standing(made, second=True):
        about = second.about
        first = _about(firsts, second)
        if first is not None:
            found.append(Compared(about.student, first, second, _about(settled, second)))
    return sorted(found, key=lambda each: each.student)


def _about(row: Iterable[Judgement], other: Judgement) -> Judgement | None:
    mine = (each for each in row if each.about.student == other.about.student)
    return next((each for each in mine if same_answer(each.about, other.about)), None)
