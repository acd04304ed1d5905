"""What a person sees in a terminal besides tables and progress: one attempt in full, what doctor found."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from grader.course.scheme import plain
from grader.marks.marksheet import clean
from grader.schema import Assignment, Attempt, CheckResult, Outcome, Status
from grader.terminal.progress import Progress, progress, say
from grader.terminal.tables import (
    attempts_table,
    changes_table,
    gradebook_table,
    points_of,
    screen_width,
    table,
    total_of,
)

if TYPE_CHECKING:
    from grader.sandbox.doctor import Finding

__all__ = [
    "Progress",
    "attempt_page",
    "attempts_table",
    "changes_table",
    "findings_table",
    "gradebook_table",
    "plain",
    "progress",
    "say",
    "table",
    "total_of",
]  # what the commands use

TEXT = 110  # columns of running text; longer lines are hard to read
INDENT = " " * 6
NOT_ABOUT_THE_TASK = (Outcome.MISSING, Outcome.CRASHED, Outcome.PROTOCOL, Outcome.DEFERRED)


# ---------------------------------------------------------------------------------------------------- one attempt


def attempt_page(assignment: Assignment, attempt: Attempt, filename: str) -> str:
    """One attempt in full, as text. Where every check of a question passed, one line says so."""
    head = f"{attempt.student}  {assignment.id}  {filename}  {attempt.status.value}"
    if attempt.status is Status.GRADED:
        head += f"  {plain(attempt.points)} of {plain(assignment.max_points)} points"
    lines = [head, ""]
    for question in assignment.questions:
        results = attempt.of_question(question.id)
        if results:
            points = f"{points_of(attempt, question.id)}/{plain(question.points)}"
            passed = all(result.outcome.earns for result in results)
            rest = f"   all {len(results)} checks passed" if passed else ""
            lines.append(f"{question.id:4} {points:>9}  {question.title}{rest}")
            lines += [] if passed else [*_checks(results), ""]
    if attempt.notices:
        lines += ["", "notices", *(line for notice in attempt.notices for line in _wrapped(f"- {notice}", "  "))]
    evidence = attempt.evidence
    lines += ["", f"submission {evidence.submission[:16]}  image {evidence.image[:16]}  {evidence.isolation}"]
    lines[-1] += f"  {evidence.device}  {attempt.usage.cpu_s:.2f} CPU s  {attempt.usage.peak_mib:.0f} MiB"
    return "".join(f"{clean(line)}\n" for line in lines)


def _checks(results: Sequence[CheckResult]) -> Iterator[str]:
    """What failed, each thing said once, with its hints; then what passed, in one line."""
    for group in failures(results):
        yield from _failed(group, whole=len(group) == len(results) > 1)
        if group[0].message:
            yield from _wrapped(group[0].message, INDENT)
        yield from (line for hint in hints(group) for line in _wrapped(f"hint: {hint}", INDENT))
    passed = [words(result.name) for result in results if result.outcome.earns]
    if passed:
        yield from _wrapped(f"ok  {len(passed)} passed: {'; '.join(passed)}", "  ")


def _failed(group: Sequence[CheckResult], whole: bool) -> Iterator[str]:
    """A line for each check, or one for all where the whole question failed for one reason."""
    if whole:
        worth = sum((result.max_points for result in group), Decimal(0))
        yield f"  no  {f'0/{plain(worth)}':>9}  {group[0].outcome.value:9} all {len(group)} checks"
        return
    for result in group:
        yield f"  no  {f'0/{plain(result.max_points)}':>9}  {result.outcome.value:9} {words(result.name)}"


def failures(results: Sequence[CheckResult]) -> list[list[CheckResult]]:
    """The checks that did not pass, those with the same thing to say together, in order."""
    groups: dict[str, list[CheckResult]] = {}
    for result in results:
        if not result.outcome.earns:
            groups.setdefault(result.message or result.name, []).append(result)
    return list(groups.values())


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
        lines.append(f"{'ok ' if finding.ok else 'no '} {finding.about:24} {finding.says}")
        if finding.advice:
            lines.append(f"    {'':24} -> {finding.advice}")
    return "".join(f"{clean(line)}\n" for line in lines)
