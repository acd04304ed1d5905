"""What a person sees in a terminal: progress on stderr, tables and pages on stdout; students' text is made harmless."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from grader.marksheet import clean
from grader.schema import Assignment, Attempt, CheckResult, Status

if TYPE_CHECKING:
    from grader.batch import Graded
    from grader.doctor import Finding

WIDTH = 110


def say(text: str) -> None:
    """One line for the person at the terminal; never part of a command's result."""
    print(f"grader: {clean(text)}", file=sys.stderr, flush=True)


@contextmanager
def progress(total: int) -> Iterator[Callable[[Graded], None]]:
    """Count finished submissions on stderr: a line each, with an estimate of what is left."""
    started, done, ran = time.monotonic(), 0, 0

    def row(graded: Graded) -> None:
        nonlocal done, ran
        done += 1
        ran += not graded.again
        attempt = graded.attempt
        left = (time.monotonic() - started) / ran * (total - done) if ran else 0.0
        estimate = f", about {_clock(left)} left" if done < total and ran else ""
        what = "graded before" if graded.again else f"{attempt.usage.wall_s:.1f} s"
        width = len(str(total))
        head = f"[{done:{width}}/{total}] {clean(attempt.student):24} {_points(attempt):>12}"
        print(f"{head}  {what}{estimate}", file=sys.stderr, flush=True)

    yield row


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _points(attempt: Attempt) -> str:
    return attempt.status.value if attempt.status is not Status.GRADED else f"{plain(attempt.points)} points"


def plain(points: Decimal) -> str:
    """Points without trailing zeros: 2.80 is 2.8, 10 stays 10."""
    text = f"{points:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# ---------------------------------------------------------------------------------------------------- tables


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns of text; the columns numbered in `right` are aligned to the right."""
    lines = [list(head), *[[clean(cell) for cell in row] for row in rows]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]

    def aligned(line: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "".join(
        f"{line}\n" for line in [aligned(lines[0]), "  ".join("-" * w for w in widths), *map(aligned, lines[1:])]
    )


def attempts_table(assignment: Assignment, rows: Sequence[Graded]) -> str:
    """A row per student: points by question, and the first thing to know."""
    asked = [question.id for question in assignment.questions]
    head = ["student", "status", "points", *asked, "cpu s", "MiB", "what to look at first"]
    lines = []
    for row in rows:
        attempt = row.attempt
        by_question = [_of_question(attempt, question) for question in asked]
        total = plain(attempt.points) if attempt.status is Status.GRADED else "-"
        usage = [f"{attempt.usage.cpu_s:.2f}", f"{attempt.usage.peak_mib:.0f}"] if attempt.usage.peak_mib else ["", ""]
        lines.append([attempt.student, attempt.status.value, total, *by_question, *usage, _first_thing(attempt)])
    worth = ["", "of", plain(assignment.max_points), *(plain(question.points) for question in assignment.questions)]
    return table(head, [[*worth, "", "", ""], *lines], right=range(2, 5 + len(asked)))


def _of_question(attempt: Attempt, question: str) -> str:
    results = attempt.of_question(question)
    return plain(sum((result.points for result in results), Decimal(0))) if results else "-"


def _first_thing(attempt: Attempt) -> str:
    if attempt.status is not Status.GRADED:
        return textwrap.shorten(attempt.notices[-1] if attempt.notices else "", WIDTH, placeholder=" ...")
    for result in attempt.results:
        if not result.outcome.earns:
            return textwrap.shorten(
                f"{result.question} {result.outcome.value}: {_reason(result)}", 80, placeholder=" ..."
            )
    return ""


def _reason(result: CheckResult) -> str:
    return result.message or result.hint or result.name


def changes_table(changed: Sequence[tuple[str, Decimal, Decimal]]) -> str:
    """Whose marks changed, from what to what."""
    if not changed:
        return ""
    rows = [[who, plain(was), plain(now), f"{'+' if now > was else ''}{plain(now - was)}"] for who, was, now in changed]
    return table(["student", "before", "after", "change"], rows, right=(1, 2, 3)) + "\n"


def attempt_page(assignment: Assignment, attempt: Attempt, filename: str) -> str:
    """One attempt in full, as text."""
    lines = [f"{attempt.student}  {assignment.id}  {filename}  {attempt.status.value}"]
    if attempt.status is Status.GRADED:
        lines[0] += f"  {plain(attempt.points)} of {plain(assignment.max_points)} points"
    for question in assignment.questions:
        results = attempt.of_question(question.id)
        if results:
            points = sum((result.points for result in results), Decimal(0))
            lines += ["", f"{question.id}  {question.title}  {plain(points)}/{plain(question.points)}"]
            lines += [line for result in results for line in _check_lines(result)]
    if attempt.notices:
        lines += ["", "notices", *(f"  {notice}" for notice in attempt.notices)]
    evidence = attempt.evidence
    lines += ["", f"submission {evidence.submission[:16]}  image {evidence.image[:16]}  {evidence.isolation}"]
    lines[-1] += f"  {evidence.device}  {attempt.usage.cpu_s:.2f} CPU s  {attempt.usage.peak_mib:.0f} MiB"
    return "".join(f"{clean(line)}\n" for line in lines)


def _check_lines(result: CheckResult) -> Iterator[str]:
    mark = "ok" if result.outcome.earns else "no"
    name = result.name.removeprefix("test_").replace("_", " ")
    yield f"  {mark}  {plain(result.points):>5}/{plain(result.max_points):<5} {result.outcome.value:9} {name}"
    if result.message:
        yield from textwrap.wrap(result.message, WIDTH, initial_indent=" " * 27, subsequent_indent=" " * 27)
    if result.hint and not result.outcome.earns:
        yield from textwrap.wrap(f"hint: {result.hint}", WIDTH, initial_indent=" " * 27, subsequent_indent=" " * 27)


def findings_table(findings: Sequence[Finding]) -> str:
    """What doctor found, and what to do about what is not well."""
    lines = []
    for finding in findings:
        lines.append(f"{'ok ' if finding.ok else 'no '} {finding.about:24} {finding.says}")
        if finding.advice:
            lines.append(f"    {'':24} -> {finding.advice}")
    return "".join(f"{clean(line)}\n" for line in lines)
