"""Documents from values: the JSON of attempts, and the report page. Same values, same bytes; everything escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from grader.gradebook import Gradebook
from grader.marksheet import as_table, clean, explain_student
from grader.schema import Assignment, Attempt, CheckResult, Status
from grader.scheme import plain

if TYPE_CHECKING:
    from grader.batch import Graded

# ---------------------------------------------------------------------------------------------------- JSON


def attempts_document(assignment: Assignment, rows: Sequence[Graded]) -> dict[str, Any]:
    """The document of `grade --json`."""
    attempts = [attempt_entry(assignment, row.attempt) for row in rows]
    return {"assignment": assignment.id, "attempts": attempts}


def attempt_entry(assignment: Assignment, attempt: Attempt) -> dict[str, Any]:
    """One attempt: its points by question and check, its notices, what it used, where it comes from."""
    evidence = attempt.evidence
    return {
        "student": attempt.student,
        "submission": evidence.submission,
        "status": attempt.status.value,
        "points": _number(attempt.points),
        "max_points": _number(assignment.max_points),
        "questions": [_question_entry(assignment, attempt, question.id) for question in assignment.questions],
        "notices": list(attempt.notices),
        "usage": {
            "cpu_s": attempt.usage.cpu_s,
            "wall_s": attempt.usage.wall_s,
            "peak_mib": attempt.usage.peak_mib,
        },
        "evidence": {"image": evidence.image, "isolation": evidence.isolation, "device": evidence.device},
    }


def _question_entry(assignment: Assignment, attempt: Attempt, question_id: str) -> dict[str, Any]:
    results = attempt.of_question(question_id)
    return {
        "id": question_id,
        "points": _number(sum((result.points for result in results), Decimal(0))),
        "max_points": _number(assignment.question(question_id).points),
        "checks": [_check_entry(result) for result in results],
    }


def _check_entry(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "outcome": result.outcome.value,
        "points": _number(result.points),
        "max_points": _number(result.max_points),
        "message": result.message,
        "hint": result.hint,
    }


def _number(points: Decimal) -> int | float:
    return int(points) if points == points.to_integral_value() else float(points)


# ---------------------------------------------------------------------------------------------------- HTML

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --good: #1a7f37; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --good: #56d364; --bad: #ff8177; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; } th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); }
th { text-align: left; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } .dim { opacity: .7; } .good { color: var(--good); } .bad { color: var(--bad); }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .4rem .9rem; }
summary { cursor: pointer; } pre { overflow-x: auto; background: var(--soft); padding: .7rem; border-radius: .4rem; }
ul.checks { list-style: none; padding-left: 0; } ul.checks li { margin: .35rem 0; }
@media print { details { border: 0; } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def report_page(book: Gradebook, assignments: Sequence[Assignment], attempts: Mapping[tuple[str, str], Attempt]) -> str:
    """One self-contained page for the staff: the gradebook, then every student with every check."""
    parts = [f"<h1>{_e(book.course.name)}</h1><p class=dim>Gradebook and every attempt that counts.</p>"]
    parts += [f"<div class=wide><pre>{_e(as_table(book))}</pre></div>"]
    for assignment in assignments:
        mine = {student: attempt for (student, where), attempt in sorted(attempts.items()) if where == assignment.id}
        parts.append(f"<h2>{_e(assignment.id)}: {_e(assignment.title)}</h2>")
        parts.append(_matrix(assignment, mine) if mine else "<p>Nothing graded yet.</p>")
        parts += [_student_details(assignment, attempt) for attempt in mine.values()]
    parts.append("<h2>How each course mark came about</h2>")
    for line in book.lines:
        total = "incomplete" if line.mark.total is None else plain(line.mark.total)
        explained = _e(explain_student(book, line.student.id))
        parts.append(f"<details><summary>{_e(line.student.id)}: {total}</summary><pre>{explained}</pre></details>")
    return _document(book.course.name, "\n".join(parts))


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_e(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _matrix(assignment: Assignment, attempts: Mapping[str, Attempt]) -> str:
    head = "".join(f"<th>{_e(question.id)}" for question in assignment.questions)
    worth = "".join(f"<td class=n>{plain(question.points)}" for question in assignment.questions)
    rows = [f"<tr class=dim><td>of<td><td class=n>{plain(assignment.max_points)}{worth}"]
    for student, attempt in attempts.items():
        cells = "".join(_cell(attempt, question.id, question.points) for question in assignment.questions)
        total = plain(attempt.points) if attempt.status is Status.GRADED else "-"
        rows.append(f"<tr><td>{_e(student)}<td>{_e(attempt.status.value)}<td class=n>{total}{cells}")
    return f"<div class=wide><table><tr><th>student<th>status<th>points{head}\n" + "\n".join(rows) + "\n</table></div>"


def _cell(attempt: Attempt, question: str, worth: Decimal) -> str:
    results = attempt.of_question(question)
    if not results:
        return "<td class=n>-"
    points = sum((result.points for result in results), Decimal(0))
    return f"<td class='n {'good' if points == worth else 'bad'}'>{plain(points)}"


def _student_details(assignment: Assignment, attempt: Attempt) -> str:
    head = f"{_e(attempt.student)}: {_e(attempt.status.value)}"
    if attempt.status is Status.GRADED:
        head += f", {plain(attempt.points)} of {plain(assignment.max_points)} points"
    body = []
    for question in assignment.questions:
        results = attempt.of_question(question.id)
        if results:
            body.append(f"<h3>{_e(question.id)} {_e(question.title)}</h3><ul class=checks>")
            body += [_check(result) for result in results] + ["</ul>"]
    if attempt.notices:
        body.append("<h3>Notices</h3><ul>" + "".join(f"<li>{_e(notice)}" for notice in attempt.notices) + "</ul>")
    evidence = attempt.evidence
    receipt = (
        f"submission {evidence.submission[:16]}, image {evidence.image[:16]}, {evidence.isolation}, {evidence.device}"
    )
    body.append(f"<p class=dim>{_e(receipt)}</p>")
    return f"<details><summary>{head}</summary>{''.join(body)}</details>"


def _check(result: CheckResult) -> str:
    name = result.name.removeprefix("test_").replace("_", " ")
    passed = result.outcome.earns
    mark = "<span class=good>✓ passed</span>" if passed else f"<span class=bad>✗ {_e(result.outcome.value)}</span>"
    lines = [f"<li>{mark} {plain(result.points)}/{plain(result.max_points)} {_e(name)}"]
    if result.message:
        lines.append(f"<br>{_e(result.message)}")
    if result.hint and not passed:
        lines.append(f"<br><i>Hint: {_e(result.hint)}</i>")
    return "".join(lines)


def _e(text: str) -> str:
    return html.escape(clean_lines(text))


def clean_lines(text: str) -> str:
    """`clean`, line by line: control characters visible, line breaks kept."""
    return "\n".join(clean(line) for line in str(text).split("\n"))
