"""What a person sees in a terminal besides tables and progress: one attempt in full, what doctor found."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.course.scheme import plain
from grader.languages.formats import figure, listed
from grader.languages.recorded import recorded, said
from grader.languages.translating import mark, tr, trn
from grader.marks.changes import ByHand, in_words
from grader.marks.marksheet import clean
from grader.schema import UNWRITTEN, Assignment, Attempt, CheckResult, ManualMark, Outcome, Question, Status, add_up
from grader.submission.answers import Answer
from grader.terminal.attempts import attempts_table, points_of, total_of
from grader.terminal.endings import ended
from grader.terminal.progress import Progress, progress
from grader.terminal.tables import (
    Change,
    by_student,
    changes_table,
    fitted,
    gradebook_table,
    kept_lines,
    or_waiting,
    screen_width,
    signed,
    table,
)
from grader.terminal.telling import say, tell

if TYPE_CHECKING:
    from grader.sandbox.finding import Finding

__all__ = [
    "Change",
    "Progress",
    "attempt_page",
    "attempts_table",
    "by_student",
    "changed_lines",
    "changes_table",
    "findings_table",
    "fitted",
    "gradebook_table",
    "kept_lines",
    "or_waiting",
    "plain",
    "progress",
    "say",
    "table",
    "tell",
    "total_of",
]  # what the commands use

TEXT = 110  # columns of running text; longer lines are hard to read
INDENT = " " * 6
MOST_LINES = 500  # of one cell of an answer
NO_OUTPUTS = mark(
    "(outputs, such as plots, are not shown here: grader show --save FILE writes the file that was handed in)"
)
PICTURES = mark("(a picture is attached to this cell; it is part of the answer: grader show --save FILE shows it)")
NOT_ABOUT_THE_TASK = (Outcome.MISSING, Outcome.CRASHED, Outcome.PROTOCOL, Outcome.DEFERRED)


# ---------------------------------------------------------------------------------------------------- one attempt


def attempt_page(
    assignment: Assignment,
    attempt: Attempt,
    filename: str,
    answers: Mapping[str, Answer] | None = None,
    changed: Sequence[ByHand] = (),
    when: str = "",
    noted: Sequence[Mapping[str, str]] = (),
) -> str:
    """One attempt in full, as text. Where every check of a question passed, or nothing is written, one line says so.

    answers: what the student wrote for the questions that a person marks;  changed: what `override` made of points
    when: it was handed in, and how late that is;  noted: for the staff alone
    """
    head = f"{attempt.student}  {assignment.id}  {filename}  {ended(attempt.status)}"
    if attempt.status is Status.GRADED or attempt.status is Status.UNREADABLE and changed:
        head += f"  {_points(assignment, attempt, changed)}"
    lines = [
        fitted(clean(head)).rstrip(),
        *(_wrapped(recorded(when), "  ") if when else ()),
        *(_wrapped(recorded(attempt.notices[-1]), "  ") if attempt.status is Status.OUTDATED else ()),
        "",
    ]
    said_in: dict[str, str] = {}  # what was said -> the question it was said in
    for question in assignment.questions:
        results = attempt.of_question(question.id)
        mark = attempt.mark_of(question.id)
        if mark is not None:
            lines += [*_manual(question, mark, (answers or {}).get(question.id)), ""]
        elif results:
            worth = add_up(result.max_points for result in results)  # not the question's where it is outdated
            points = f"{points_of(attempt, question.id)}/{figure(plain(worth))}"
            short = _in_short(results)
            line = f"{question.id:4} {points:>9}  {question.title}{f'   {short}' if short else ''}"
            lines.append(fitted(clean(line), deeper=len(INDENT) + 10).rstrip())
            lines += [] if short else [*_checks(results, said_in), ""]
    if changed or noted:
        lines += ["", *changed_lines(changed, noted)]
    if attempt.notices:
        lines += ["", tr("notices")]
        lines += [line for notice in attempt.notices for line in _wrapped(f"- {recorded(notice)}", "  ")]
    evidence = attempt.evidence
    made_of = {"submission": evidence.submission[:16], "image": evidence.image[:16]}
    usage = f"{figure(f'{attempt.usage.cpu_s:.2f}')} CPU s  {attempt.usage.peak_mib:.0f} MiB"
    run = f"{evidence.isolation}  {evidence.device}  {usage}"
    made_by = f"{tr('submission {submission}  image {image}', **made_of)}  {run}"
    lines += ["", fitted(clean(made_by)).rstrip()]
    return "".join(f"{clean(line)}\n" for text in lines for line in text.split("\n"))


def _in_short(results: Sequence[CheckResult]) -> str:
    """What one line says of a question whose checks all ended alike; "" where there is more to say."""
    if all(result.outcome.earns for result in results):
        with_reference = f"; {recorded(counted_with(results))}" if counted_with(results) else ""
        return trn("the only check passed", "all {n} checks passed", len(results)) + with_reference
    if all(result.unwritten for result in results):
        cells = sorted({int(number) for result in results for number in re.findall(r"\bcell (\d+)", result.message)})
        where = tr(" (cell {numbers})", numbers=", ".join(map(str, cells))) if cells else ""
        return f"{recorded(UNWRITTEN)}{where}"
    return ""


def _points(assignment: Assignment, attempt: Attempt, changed: Sequence[ByHand]) -> str:
    """The points of the questions that are shown, with and without what was changed by hand."""
    shown = [question.id for question in assignment.questions]
    earned = add_up(attempt.points_of(name) or Fraction(0) for name in shown)
    by = add_up(change.by for change in changed)
    worth = figure(plain(assignment.max_points))
    text = tr("{points} of {worth} points", points=figure(plain(earned + by)), worth=worth)
    if any(change.changes for change in changed):
        parts = {"graded": figure(plain(earned)), "by": figure(signed(by)) if by else "0"}
        text += tr(" ({graded} as graded, {by} by hand)", **parts)
    due = ", ".join(name for name in attempt.waiting if name in shown)
    return text + (tr(" so far, no total: {questions} to be marked by hand", questions=due) if due else "")


def changed_lines(changed: Sequence[ByHand], noted: Sequence[Mapping[str, str]] = ()) -> list[str]:
    """What people changed in each question, and who did; and what they noted for the staff alone."""
    lines = [tr("changed by hand")] if changed else []
    for change in changed:
        whom = listed(recorded(each) for each in change.whom)
        lines += [f"  {change.question}  {in_words(change)}", f"      {whom}"]
    if noted:
        lines.append(tr("noted, for the staff alone"))
        lines += [f"  {each['question']}  {each['note']} ({each['by']}, {each['when']})" for each in noted]
    return lines


def _manual(question: Question, mark: ManualMark, answer: Answer | None) -> Iterator[str]:
    """A question that a person marks: the points or why there are none, the comment, and what the student wrote."""
    points = "-" if mark.points is None else figure(plain(mark.points))
    worth, stands = figure(plain(question.points)), recorded(mark.why or mark.stands)
    line = f"{question.id:4} {f'{points}/{worth}':>9}  {question.title}   {stands}"
    yield fitted(clean(line), deeper=len(INDENT) + 10).rstrip()
    for line in mark.comment.splitlines():
        yield from _wrapped(tr("comment: {text}", text=line), INDENT)
    if answer is None:
        return
    if answer.remark:
        yield from _wrapped(tr("note: {text}", text=recorded(answer.remark)), INDENT)
    for cell in answer.cells or answer.everything:
        yield "  " + (tr("cell {n}, code", n=cell.number) if cell.code else tr("cell {n}, text", n=cell.number))
        yield from (f"{INDENT}{line.expandtabs(4)}" for line in cell.source.rstrip().split("\n")[:MOST_LINES])
        more = cell.source.rstrip().count("\n") + 1 - MOST_LINES
        yield from [INDENT + tr("... and {n} more lines", n=more)] if more > 0 else []
        yield from [INDENT + tr(PICTURES)] if cell.pictures else []
    yield INDENT + tr(NO_OUTPUTS)


def _checks(results: Sequence[CheckResult], said_in: dict[str, str]) -> Iterator[str]:
    """What failed, each thing said once, with its hints; then what passed, in one line.

    said_in: what was said in the questions before -> where; what is said here is added
    """
    failed = failures(results)
    wide = max([9, *(len(ended(group[0].outcome)) for group in failed)])  # their words stand in a column
    for group in failed:
        yield from _failed(group, len(group) == len(results) > 1, wide)
        message, here = group[0].message, group[0].question
        if message and said_in.setdefault(message, here) != here:
            yield INDENT + tr("the same as in {question}", question=said_in[message])
        elif message:
            yield from _wrapped(recorded(message), INDENT)
        yield from (line for hint in hints(group) for line in _wrapped(tr("hint: {text}", text=hint), INDENT))
    passed = [words(result.name) for result in results if result.outcome.earns]
    if passed:
        counted = f" ({recorded(counted_with(results))})" if counted_with(results) else ""
        known = {"n": len(passed), "counted": counted, "checks": "; ".join(passed)}
        yield from _wrapped("ok  " + tr("{n} passed{counted}: {checks}", **known), "  ")


def _failed(group: Sequence[CheckResult], whole: bool, wide: int) -> Iterator[str]:
    """A line for each check, or one for all where the whole question failed for one reason."""
    if whole:
        worth = add_up(result.max_points for result in group)
        yield _no(worth, group[0].outcome, wide, tr("all {n} checks", n=len(group)))
        return
    for result in group:
        yield _no(result.max_points, result.outcome, wide, words(result.name))


def _no(worth: Fraction, outcome: Outcome, wide: int, what: str) -> str:
    line = f"  no  {f'0/{figure(plain(worth))}':>9}  {ended(outcome):{wide}} {what}"
    return fitted(clean(line), deeper=16 + wide).rstrip()


def failures(results: Sequence[CheckResult]) -> list[list[CheckResult]]:
    """The checks that did not pass, those with the same thing to say together, in order."""
    groups: dict[str, list[CheckResult]] = {}
    for result in results:
        if not result.outcome.earns:
            groups.setdefault(result.message or result.name, []).append(result)
    return list(groups.values())


def counted_with(results: Sequence[CheckResult]) -> str:
    """Which checks count although the student's code alone does not pass them: "3 counted with the reference's q1"."""
    found = Counter(result.passes_with for result in results if result.outcome.earns and result.passes_with)
    return ", ".join(f"{times} counted with the reference's {beside}" for beside, times in found.items())


def hints(group: Sequence[CheckResult]) -> list[str]:
    """The different hints of a group."""
    return [hint for hint in dict.fromkeys(hint_for(result) for result in group) if hint]


def words(name: str) -> str:
    """A test's name as the sentence it is."""
    return name.removeprefix("test_").replace("_", " ")


def hint_for(result: CheckResult) -> str:
    """The author's hint where it helps: not for what passed, is not there yet, or ended before it could answer."""
    silent = result.outcome.earns or result.outcome in NOT_ABOUT_THE_TASK or result.unwritten
    return "" if silent else result.hint


def _wrapped(text: str, indent: str) -> list[str]:
    width = min(TEXT, screen_width())
    return textwrap.wrap(clean(text), width, initial_indent=indent, subsequent_indent=indent + "  ")


# ---------------------------------------------------------------------------------------------------- machine


def findings_table(findings: Sequence[Finding]) -> str:
    """What doctor found, and what to do about what is not well."""
    lines = []
    for finding in findings:
        lines.append(f"{'ok ' if finding.ok else 'no '} {finding.about:24} {said(finding.says)}")
        if finding.advice:
            lines.append(f"    {'':24} -> {said(finding.advice)}")
    return "".join(f"{clean(line)}\n" for line in lines)
