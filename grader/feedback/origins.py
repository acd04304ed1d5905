"""Where a failure begins: in a function of the student's that another question asks for, and that fails there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from grader.feedback.parts import Finding, QuestionPart
from grader.feedback.plain_words import OwnWords
from grader.languages.translating import tr
from grader.schema import Outcome


def with_origins(parts: Sequence[QuestionPart], own: OwnWords) -> tuple[QuestionPart, ...]:
    """The parts; findings that may follow from a failure in another question say so.

    Said is only what the student's own code shows: which function calls which, and where an exception came from.
    """
    failing = {part.question.id: frozenset(_failing(part, own)) for part in parts if part.findings}
    if len(failing) < 2:
        return tuple(parts)
    return tuple(
        replace(part, findings=tuple(_with_origin(finding, part, failing, own) for finding in part.findings))
        for part in parts
    )


def _failing(part: QuestionPart, own: OwnWords) -> Iterator[str]:
    """The names that a question asks for and that fail in it, as far as that is known."""
    names = part.question.names
    for finding in part.findings:
        if finding.name in names:
            yield finding.name
        elif len(names) == 1 or not part.passed:
            yield from names
        elif finding.cell:
            yield from (name for name in names if finding.cell in own.defined.get(name, ()))


def _with_origin(finding: Finding, part: QuestionPart, failing: Mapping[str, frozenset[str]], own: OwnWords) -> Finding:
    if (
        finding.origin
        or finding.outcome not in (Outcome.FAILED, Outcome.ERROR)
        or finding.cause.startswith(("unwritten/", "loading/"))
    ):
        return finding
    questions = {name: question for question, names in failing.items() for name in names}
    here = part.question
    other = questions.get(finding.name, here.id)
    if finding.outcome is Outcome.ERROR and other != here.id and finding.name not in here.names:
        text = tr("The error is in your {name}, which fails in {question}, too: begin there.")
        return replace(finding, origin=text.format(name=finding.name, question=other))
    callers = [finding.name] if finding.name in here.names else list(here.names)
    for caller in callers:
        for name in sorted(own.used.get(caller, ())):
            found = questions.get(name, here.id)
            if found != here.id and name not in here.names and caller not in own.used.get(name, ()):
                text = tr("Your {caller} calls your {name}, which fails in {question}: begin there.")
                return replace(finding, origin=text.format(caller=caller, name=name, question=found))
    return finding
