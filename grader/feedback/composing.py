"""From what is on record of a submission to what its student is told. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from grader.course.sheets import Student
from grader.feedback.notices import explanation, notices, receipt, tail
from grader.feedback.parts import Feedback, Finding, QuestionPart, Remark, Source, Stage, Thing
from grader.feedback.plain_words import OwnWords
from grader.feedback.questions import question_parts
from grader.feedback.standing import standing
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.changes import ByHand, Change, by_hand
from grader.schema import UNWRITTEN, WHOLE, Attempt, Outcome, add_up
from grader.submission.notebook import Notebook

HAS_POINTS = (Stage.GRADED, Stage.UNREADABLE, Stage.NOTHING)
FIRST = 2  # things to look at first
STRANGER = mark(
    "This id is not on the course's roster: until the staff has settled whose it is, the points count for nobody."
)


def compose(source: Source, hide: Callable[[str], str] = str) -> Feedback:
    """Everything that one student is told. `hide` takes other students' names out of what staff wrote."""
    stage = _stage(source)
    attempt = source.grading.attempt if source.grading else None
    notebook = source.handed_in.notebook or Notebook(())
    changed: dict[str, ByHand] = {}
    if stage in HAS_POINTS:
        changed = {made.question: made for made in by_hand(attempt, source.assignment, _own_changes(source))}
    parts = tuple(QuestionPart(question, None, 0, (), ()) for question in source.assignment.questions)
    told: tuple[str, ...] = ()
    if stage is Stage.GRADED and attempt is not None:
        asked = {question.id: question.names for question in source.assignment.questions}
        own = OwnWords(notebook, asked, attempt.notices, source.handed_in.files)
        parts = question_parts(source.assignment, attempt, own, changed, hide, source.known)
        parts = tuple(replace(part, remarks=_remarks(source, part.question.id, hide)) for part in parts)
        told = tuple(map(recorded, dict.fromkeys(notices(source, attempt, own))))
    things = _things(parts)
    stands = standing(source.assignment.id, source.line, hide) if source.line else None
    return Feedback(
        course=source.course.name,
        assignment=source.assignment,
        student=source.student,
        stage=stage,
        points=_points(stage, attempt, changed),
        remark=tr(STRANGER) if source.stranger else stands.remark if stands else "",
        explanation=tuple(explanation(stage, source)),
        first=tuple(things[:FIRST]),
        things=len(things),
        questions=parts,
        notices=told,
        printed=tail(source.handed_in.printed) if things else "",
        standing=stands,
        receipt=tuple(receipt(source)),
        changed=tuple(map(hide, _about_the_whole(stage, changed))),
        remarks=_remarks(source, WHOLE, hide) if stage is Stage.GRADED else (),
    )


def _remarks(source: Source, question: str, hide: Callable[[str], str]) -> tuple[Remark, ...]:
    """What was said of lines, about one question or the whole."""
    return tuple(replace(each, text=hide(each.text)) for each in source.remarks if each.question == question)


def _about_the_whole(stage: Stage, changed: Mapping[str, ByHand]) -> Iterator[str]:
    """What was changed by hand, and commented on, as far as no question's part says it."""
    for name, made in changed.items():
        if name == WHOLE or stage is not Stage.GRADED:
            what = "" if name == WHOLE else f"{name}: "
            yield from (f"{what}{text}" for text in (recorded(made.words), *made.comments) if text)


def without_others(roster: Sequence[Student]) -> Callable[[Student], Callable[[str], str]]:
    """For each student a function that takes the ids, names and addresses of all others out of a text."""
    known = {word for who in roster for word in (who.id, who.name, who.email) if len(word) >= 3}
    if not known:
        return lambda student: str
    longest_first = sorted(known, key=lambda word: (-len(word), word))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)

    def of(student: Student) -> Callable[[str], str]:
        own = {word.casefold() for word in (student.id, student.name, student.email)}
        return lambda text: pattern.sub(
            lambda found: found[0] if found[0].casefold() in own else tr("(somebody else)"), text
        )

    return of


def _stage(source: Source) -> Stage:
    grading = source.grading
    if not source.handed_in.digest:
        return Stage.NOTHING
    if grading is None:
        return Stage.WAITING
    if grading.deferred:
        return Stage.DEFERRED
    return Stage(grading.attempt.status.value)


def _points(stage: Stage, attempt: Attempt | None, changed: Mapping[str, ByHand]) -> Fraction | None:
    """The points after changes by hand; None where there is no mark yet."""
    if stage not in HAS_POINTS or attempt is not None and attempt.waiting:
        return None
    return sum((made.by for made in changed.values()), attempt.points if attempt else Fraction(0))


def _own_changes(source: Source) -> list[Change]:
    pair = (source.student.id, source.assignment.id)
    return [change for change in source.changes if (change.student, change.assignment) == pair]


# ---------------------------------------------------------------------------------------------------- first


def _things(parts: Sequence[QuestionPart]) -> list[Thing]:
    """Everything that went wrong and still costs points, by reason: what is known best, then what cost most."""
    reasons: dict[str, list[tuple[QuestionPart, Finding]]] = {}
    for part in parts:
        for finding in part.findings:
            cause = UNWRITTEN if finding.unwritten else finding.cause
            reasons.setdefault(cause, []).append((part, finding))
    open_ones = [found for found in reasons.values() if not all(part.full for part, _ in found)]
    ranked = [(min(finding.rank for _, finding in found), _thing(found)) for found in open_ones]
    ranked.sort(key=lambda each: (each[0], each[1].given_back - each[1].lost))  # stable: equal losses stay in order
    return [thing for _, thing in ranked]


def _thing(found: Sequence[tuple[QuestionPart, Finding]]) -> Thing:
    parts = list(dict.fromkeys(part.question for part, _ in found))
    worst = min((finding for _, finding in found), key=lambda finding: (finding.rank, -finding.lost))
    told = [hint for _, finding in found for hint in finding.told]
    back = {part.question.id: part.given_back for part, _ in found}
    return Thing(
        questions=tuple(parts),
        title=f"{', '.join(part.id for part in parts)}: {_what(worst)}",
        lost=add_up(finding.lost for _, finding in found),
        checks=tuple(check for _, finding in found for check in finding.checks),
        text=_not_written(found) if worst.unwritten and len(found) > 1 else worst.text,
        hint=(worst.told or tuple(told) or ("",))[0],
        given_back=add_up(back.values()),
        cell=worst.cell,
        line=worst.line,
    )


def _not_written(found: Sequence[tuple[QuestionPart, Finding]]) -> str:
    cells = sorted({finding.cell for _, finding in found if finding.cell})
    if not cells:
        return tr("Nothing is written there yet.")
    if len(cells) == 1:
        return tr("Not written yet: cell {cell} still raises NotImplementedError.", cell=cells[0])
    numbers = ", ".join(map(str, cells))
    return tr("Not written yet: cells {cells} still raise NotImplementedError.", cells=numbers)


def _what(finding: Finding) -> str:
    """A few words, with the name of the student's function where it is known."""
    if not finding.name:
        return finding.label
    if finding.outcome is Outcome.MISSING:
        return tr("{name} {what}", name=finding.name, what=finding.label)
    return tr("{what} in {name}", what=finding.label, name=finding.name)
