"""An audit in words: the table on the screen, the JSON document, and the rows that both and the page are made of."""

from __future__ import annotations

import math
from typing import Any

from grader.authoring.audit import Audit
from grader.authoring.causes import Finding
from grader.authoring.claims import WORDS
from grader.authoring.inputs import LeftOut
from grader.authoring.stability import Bound
from grader.course.scheme import plain
from grader.terminal import tables

EXAMPLES = 2  # submissions that are named
FEW = 5  # of the nearest margins, on the screen
NEAR = 0.1  # a tolerance of which more is used is worth a look


def rows(audit: Audit) -> list[dict[str, Any]]:
    """One row a question: what was tried, what was noticed, what it takes."""
    return [
        {
            "question": question.id,
            "points": plain(question.points),
            "checks": len(audit.checks.get(question.id, ())),
            "wrong": audit.wrong[question.id],
            "caught": audit.caught[question.id],
            "named": audit.named[question.id],
            "right": audit.right[question.id],
            "mutants": audit.mutants[question.id],
            "killed": audit.killed[question.id],
            "seconds": round(audit.seconds(question.id), 2),
        }
        for question in audit.assignment.questions
        if audit.asked(question.id)
    ]


def operators(audit: Audit) -> list[dict[str, Any]]:
    """One row a kind of change: mutants made, mutants noticed; the kind that is noticed least comes first."""
    rated = sorted(audit.made_by, key=lambda kind: (audit.killed_by[kind] / audit.made_by[kind], kind))
    return [{"operator": kind, "mutants": audit.made_by[kind], "killed": audit.killed_by[kind]} for kind in rated]


def document(audit: Audit) -> dict[str, Any]:
    """Everything that was found, for a program."""
    stability = audit.stability
    return {
        "assignment": audit.assignment.id,
        "green": audit.green,
        "questions": rows(audit),
        "findings": [
            {"about": finding.about, "says": finding.says, "submissions": list(finding.submissions)}
            for finding in audit.findings
        ],
        "marked_claims": [{"check": check, "why": why} for check, why in audit.marked.items()],
        "operators": operators(audit),
        "survivors": [
            {"mutant": mutant.id, "operator": mutant.operator, "change": mutant.text} for mutant in audit.survivors
        ],
        "left_out": [
            {"question": row.question, "function": row.function, "parameter": row.parameter, "says": row.says}
            for row in audit.left_out
        ],
        "runs": stability.runs,
        "flaky": stability.flaky,
        "tolerances": [
            {"check": check, "used": used, "what": what} for check, used, what in stability.tolerance_used()
        ],
        "bounds": [
            {"check": check, "says": bound.says, "low": bound.low, "high": bound.high, "values": list(bound.values)}
            for check, bound in stability.bounds()
        ],
        "claims": {kind: list(checks) for kind, checks in audit.claims.items()},
        "slowest": [{"check": check, "seconds": took} for check, took in stability.slowest()],
    }


def table(audit: Audit) -> str:
    """What a person reads on the screen."""
    told = rows(audit)
    head = list(told[0]) if told else ["question"]
    body = [[str(value) for value in row.values()] for row in told]
    lines = [tables.table(head, body, right=range(1, 10))]
    if kinds := operators(audit):
        lines.append(
            tables.table(list(kinds[0]), [[str(value) for value in row.values()] for row in kinds], right=(1, 2))
        )
    for mutant in audit.survivors:
        lines += [
            f"survives: {mutant.id} ({mutant.operator})",
            *(f"    {line}" for line in mutant.text.splitlines()),
            "",
        ]
    lines += list(_nearest(audit))
    if functions := left_out(audit.left_out):
        lines.append(f"what no test asks with: {counted(len(functions), 'function')}, see the page")
    lines += [claim(kind, checks) for kind, checks in audit.claims.items()]
    lines += [marked_claim(check, why) for check, why in audit.marked.items()]
    lines += [sentence(finding) for finding in audit.findings]
    good = f"green: {audit.graded} submissions graded as they must be"
    lines.append(good if audit.green else f"red: {counted(len(audit.findings), 'finding')}")
    return "\n".join(lines) + "\n"


def marked_claim(check: str, why: str) -> str:
    """A check whose verdict is no proof, on one line."""
    return f"{check}: a claim of the sandbox, which student code could forge: {why}"


def sentence(finding: Finding) -> str:
    """A finding on one line, with an example or two of the submissions that it concerns."""
    who = finding.submissions
    if len(who) > EXAMPLES:
        return f"{finding.about}: {finding.says} ({len(who)} submissions, {' and '.join(who[:EXAMPLES])} among them)"
    named = f" ({' and '.join(who)})" if who else ""
    return f"{finding.about}: {finding.says}{named}"


def left_out(rows: list[LeftOut]) -> list[str]:
    """By function, on one line each: the inputs that no hidden test asks it with."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row.question, row.function), []).append(f"{row.parameter} {row.says}")
    return [f"{question}, {function}: {'; '.join(lacks)}" for (question, function), lacks in found.items()]


def claim(kind: str, checks: tuple[str, ...]) -> str:
    """What some checks rest on that only the submission knows; the page and the JSON name them all."""
    named = ", ".join(checks[:FEW]) + (f" and {len(checks) - FEW} more" if len(checks) > FEW else "")
    return f"rests on what is said inside, {WORDS[kind]}: {named}"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _nearest(audit: Audit) -> list[str]:
    stability = audit.stability
    near = [row for row in stability.tolerance_used() if row[1] > NEAR][:FEW]
    lines = [f"{check}: {used:.0%} of a tolerance is used ({what})" for check, used, what in near]
    for check, bound in stability.bounds()[:FEW]:
        values = f"{min(bound.values):.4g} to {max(bound.values):.4g}"
        far = f", {distance(bound)} deviations off" if distance(bound) else ""
        lines.append(f"{check}: {values} against {limits(bound.low, bound.high)}{far}")
    return lines


def distance(bound: Bound) -> str:
    """Standard deviations to the nearer bound; "" where the figure was always the same."""
    return f"{bound.deviations:.1f}" if math.isfinite(bound.deviations) else ""


def limits(low: float | None, high: float | None) -> str:
    """Bounds as they are said: "at least 0.9", "at most 2", "0 to 1"."""
    if low is None or high is None:
        return f"at most {high:.4g}" if low is None else f"at least {low:.4g}"
    return f"{low:.4g} to {high:.4g}"
