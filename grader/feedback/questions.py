"""One student's questions: what each check found, in groups, and the code that it is about."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from grader.feedback.excerpts import Excerpt, excerpt
from grader.feedback.origins import with_origins
from grader.feedback.parts import TO_COME, Finding, QuestionPart
from grader.feedback.plain_words import OwnWords, Said, said
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.marks.changes import ByHand
from grader.marks.marksheet import clean
from grader.schema import Assignment, Attempt, CheckResult, Outcome, Question, add_up
from grader.terminal.screen import counted_with, hints, words

CODE_BYTES = 100_000  # of a page, escaped, for the student's code
LINE_BYTES = 60  # what a line of code costs besides its text
_KIND = re.compile(r"\bhas (?:dtype|shape) |\bis .{1,200}, expected |\bhas \d+ (?:entry|entries), expected ")


def question_parts(
    assignment: Assignment,
    attempt: Attempt,
    own: OwnWords,
    changed: Mapping[str, ByHand],
    hide: Callable[[str], str],
    known: Collection[str] = (),
) -> tuple[QuestionPart, ...]:
    """Every question of the assignment.

    changed: by hand, by question;  hide: for what staff wrote;  known: hints that are about a recognised mistake
    """
    parts = []
    for question in assignment.questions:
        results = attempt.of_question(question.id)
        made, mark = changed.get(question.id), attempt.mark_of(question.id)
        parts.append(
            QuestionPart(
                question=question,
                points=made.after if made else attempt.points_of(question.id),
                checks=len(results),
                passed=tuple(words(result.name) for result in results if result.outcome.earns),
                counted=recorded(counted_with(results)),
                findings=tuple(_findings(question, results, own, known)),
                changed=recorded(hide(made.words)) if made else "",
                comment=hide("\n".join([*([mark.comment] if mark else []), *(made.comments if made else ())])),
                to_come=TO_COME if mark and mark.points is None else "",
                given_back=max(made.by, Fraction(0)) if made else Fraction(0),
            )
        )
    return with_origins(tuple(_with_code(parts, own)), own)


def _findings(
    question: Question, results: Sequence[CheckResult], own: OwnWords, known: Collection[str]
) -> Iterator[Finding]:
    """The checks that did not pass, those with one reason together, in order."""
    groups: dict[tuple[Outcome, str, str], list[tuple[CheckResult, Said]]] = {}
    for result in results:
        if not result.outcome.earns:
            what = said(result, own)
            key = what.cause if what.cause.startswith(("unwritten/", "raised/", "experiment/")) else what.text
            groups.setdefault((result.outcome, key, result.passes_with), []).append((result, what))
    for (outcome, _, beside), group in groups.items():
        of_group, first = [result for result, _ in group], group[0][1]
        told = sorted(hints(of_group), key=lambda hint: hint not in known)
        if outcome is Outcome.ERROR and len(told) > 1:  # each is about its check, and none about the one exception
            told = [hint for hint in told if hint in known]
        still = _unwritten(question, group, own) if first.cause.startswith("unwritten/") else ""
        yield Finding(
            outcome=outcome,
            checks=tuple(words(result.name) for result in of_group),
            lost=add_up(result.max_points for result in of_group),
            text=tr("Not written yet: {what}", what=still) if still else recorded(first.text),
            still=still,
            of_kind=bool(_KIND.search(first.text)),
            hints=tuple(told),
            known=any(hint in known for hint in told),
            cause=first.cause,
            name="" if first.cause.startswith("unwritten/") else (*first.names, "")[0],
            cell=first.cell,
            line=first.line,
            origin=_with_reference(beside) if beside else "",
        )


def _unwritten(question: Question, group: Sequence[tuple[CheckResult, Said]], own: OwnWords) -> str:
    """What is not written yet, and where."""
    cell = group[0][1].cell
    named = list(dict.fromkeys(name for _, told in group for name in told.names))
    named = named or [name for name in question.names if cell in own.defined.get(name, ())]
    if not named:
        return tr("cell {cell} still raises NotImplementedError.", cell=cell)
    return tr("{names} (cell {cell} still raises NotImplementedError).", names=", ".join(named), cell=cell)


def _with_reference(question: str) -> str:
    return tr("With the reference's {question} in place of yours this passes: begin there.", question=question)


# ---------------------------------------------------------------------------------------------------- code


def _with_code(parts: list[QuestionPart], own: OwnWords) -> Iterator[QuestionPart]:
    """Give each question the cells it is about, each cell once; where room is short, to questions that lost points."""
    cells = {cell.number: cell for cell in own.notebook.cells}
    marked: dict[int, set[int]] = {}
    for part in parts:
        for finding in part.findings:
            marked.setdefault(finding.cell, set()).update([finding.line] if finding.line else [])
    blank = [part for part in parts if part.blank]
    told_together = blank if len(blank) > 1 else []  # without their code, which is the starter's
    wanted = {
        part.question.id: [cell for cell in _cells_of(part, own) if cell in cells and part not in told_together]
        for part in parts
    }
    names = {name for part in parts for name in _names_of(part.question, own)}
    home: dict[int, str] = {}
    for part in parts:
        for cell in wanted[part.question.id]:
            home.setdefault(cell, part.question.id)
    chosen = {cell: excerpt(cells[cell], names, marked.get(cell, ())) for cell in home}
    fits = _fitting(parts, wanted, chosen)
    for part in parts:
        mine = wanted[part.question.id]
        here = [cell for cell in mine if home[cell] == part.question.id]
        yield replace(
            part,
            code=tuple(chosen[cell] for cell in here if cell in fits),
            shown_at=tuple((cell, home[cell]) for cell in mine if cell not in here and cell in fits),
            left_out=tuple(cell for cell in mine if cell not in fits),
        )


def _fitting(
    parts: Sequence[QuestionPart], wanted: Mapping[str, Sequence[int]], chosen: Mapping[int, Excerpt]
) -> set[int]:
    left, fits = CODE_BYTES, set()
    for part in sorted(parts, key=lambda part: part.full):
        for cell in wanted[part.question.id]:
            cost = 0 if cell in fits else sum(map(_cost, chosen[cell].lines))
            if cost <= left:
                fits.add(cell)
                left -= cost
    return fits


def _cost(line: tuple[int, str]) -> int:
    return LINE_BYTES + len(html.escape(clean(line[1])).encode("utf-8", "replace"))


def _cells_of(part: QuestionPart, own: OwnWords) -> list[int]:
    """The cells that count for a question's names, and those that its findings are about; in order."""
    found = {finding.cell for finding in part.findings if finding.cell}
    for name in _names_of(part.question, own):
        run = [cell for cell in own.defined.get(name, ()) if cell not in own.experiments]
        found.update((run or own.defined.get(name, ()))[-1:])
    return sorted(found)


def _names_of(question: Question, own: OwnWords) -> Iterator[str]:
    """The question's names; for one that is not there, the one that was probably meant."""
    for name in question.names:
        close = name if name in own.defined else own.near(name)
        if close:
            yield close
