"""The public checks of a submission, run in a sandbox: what a student would see by running them.

They run beside the student's code, which could forge what they say; so nothing is earned by it, and nobody but the
student is told. Nothing of hidden tests is needed, read or sent for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from grader.course.public_checks import PublicCheck
from grader.examination.channel import Channel
from grader.examination.student import Student, StudentFault
from grader.examination.transcript import Transcript
from grader.sandbox import Sandbox
from grader.schema import Assignment, Submission
from grader.submission import notebook
from grader.submission.text import clean

MOST_S = 120.0  # for a submission, of what grading may take
MOST_TEXT = 2000  # characters of what a check says


@dataclass(frozen=True)
class PublicResult:
    """How one check ended. passed: None where it cannot be run here;  text: what it said where it did not pass"""

    question: str
    title: str
    passed: bool | None
    text: str = ""


def run_public_checks(
    assignment: Assignment,
    checks: Sequence[PublicCheck],
    submission: Submission,
    released: tuple[tuple[str, bytes], ...],
    sandbox_of: Callable[[Assignment], Sandbox],
) -> list[PublicResult]:
    """Run the checks on one submission, all within MOST_S; a question has its share of what is left.

    A check that imports what the assignment is to be solved without is run beside a notebook that may, too.

    released: files that lie beside the notebook, by name
    sandbox_of: a slot for the assignment, or the same without hidden modules
    Raises SubmissionError where there is no notebook in it, MachineryError where the sandbox fails.
    """
    book = notebook.read(submission.content, submission.filename)
    left_s, files = min(MOST_S, assignment.limits.total_s), (*released, *submission.extras)
    found: dict[PublicCheck, PublicResult] = {}
    for freely, alike in _by_modules(assignment, checks).items():
        hidden = () if freely else assignment.hidden_modules
        without = replace(assignment, hidden_modules=hidden)
        bounded = replace(without, limits=replace(assignment.limits, call_s=left_s, total_s=left_s))
        channel = Channel(bounded, book, files, partial(sandbox_of, without), Transcript())
        channel.budget.share_among(check.question for check in alike)
        try:
            found |= {check: _result(channel, check, place) for place, check in enumerate(alike)}
        finally:
            channel.close()
        left_s = max(1.0, channel.budget.left_s)
    return [found[check] for check in checks]


def _by_modules(assignment: Assignment, checks: Sequence[PublicCheck]) -> dict[bool, list[PublicCheck]]:
    """The checks, and those apart that import themselves what the assignment is to be solved without."""
    found: dict[bool, list[PublicCheck]] = {}
    for check in checks:
        freely = any(
            f"{module}.".startswith(f"{name}.") or f"{name}.".startswith(f"{module}.")
            for name in assignment.hidden_modules
            for module in check.imports
        )
        found.setdefault(freely, []).append(check)
    return found


def _result(channel: Channel, check: PublicCheck, place: int) -> PublicResult:
    try:
        student = Student(channel, f"{place} {check.title}", "", question=check.question)
        said = student.run(call_check, check.source, check.function) if check.function else _session(student, check)
    except StudentFault as fault:
        return PublicResult(check.question, check.title, False, _told(str(fault)))
    if not (type(said) is list and len(said) == 2 and type(said[0]) in (bool, type(None)) and type(said[1]) is str):
        return PublicResult(check.question, check.title, False, "what came back is no answer")
    text = "" if said[0] else said[1] if said[0] is None else "\n".join(filter(None, [check.failed, said[1]]))
    return PublicResult(check.question, check.title, said[0], _told(text))


def _told(text: str) -> str:
    return "\n".join(map(clean, text[:MOST_TEXT].splitlines()))


def _session(student: Student, check: PublicCheck) -> Any:
    return student.run(run_session, check.source, check.title)


# ------------------------------------------------------------------------------------------------ in the sandbox


def call_check(nb: Any, source: str, function: str) -> list[Any]:
    """Call one check of a file with what it asks the notebook for: [whether it passed, what it says].

    None where a module that it imports itself is not there. What the student's code raises below it is raised.
    """
    names = vars(nb._module)
    space: dict[str, Any] = {"__name__": "public_checks"}
    exec(compile(source, "<public checks>", "exec"), space)
    check = space[function]
    wanted = check.__code__.co_varnames[: check.__code__.co_argcount + check.__code__.co_kwonlyargcount]
    only_by_place = check.__code__.co_posonlyargcount
    values = [names if name == "env" else names.get(name) for name in wanted]
    try:
        check(*values[:only_by_place], **dict(zip(wanted[only_by_place:], values[only_by_place:], strict=True)))
    except Exception as error:  # noqa: BLE001 - student code may raise anything
        trace: Any = error.__traceback__
        inside = False
        while trace.tb_next is not None:
            trace = trace.tb_next
            inside = inside or trace.tb_frame.f_globals is names
        if isinstance(error, ImportError) and not inside:
            return [None, f"it needs {error.name or error}, which is not here; run it in your notebook"]
        if trace.tb_frame.f_globals is not space:
            raise
        if not isinstance(error, AssertionError):
            return [False, f"{type(error).__name__}: {error}"]
        return [False, str(error) or source.splitlines()[trace.tb_lineno - 1].strip()]
    return [True, ""]


def run_session(nb: Any, source: str, title: str) -> list[Any]:
    """Run one check in OK format as Otter does: [whether what it printed is what was expected, how it differs]."""
    import doctest
    import io

    told = io.StringIO()
    examples = doctest.DocTestParser().get_doctest(source, {}, title, None, None)
    examples.globs = vars(nb._module)
    ended = doctest.DocTestRunner(verbose=False).run(examples, out=told.write, clear_globs=False)
    return [ended.failed == 0, told.getvalue()]
