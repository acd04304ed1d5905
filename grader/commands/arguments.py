"""What was asked in a recorded attempt: inputs are not kept, but follow from its seed, so the checks ask once more.

Nothing of the student's is run: every question is answered from the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grader import wire
from grader.errors import GraderError
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import Paths
from grader.schema import Assignment, Attempt, Submission
from grader.terminal import screen

LONGEST, LONGEST_ARRAY = 60, 200  # of one argument in words
MOST = 8  # arguments of one call


def asked(
    paths: Paths, assignment: Assignment, attempt: Attempt, submission: Submission, transcripts: Mapping[str, bytes]
) -> dict[bytes, bytes]:
    """Key of an exchange -> encoded request, of the questions that have a transcript.

    What is not asked any more, because the hidden tests have changed, is left out; where nothing can be asked, it says
    why on stderr.
    """
    questions = tuple(question.id for question in assignment.tested if question.id in transcripts)
    if not questions:
        return {}
    parts = tuple(transcripts[question] for question in questions)
    evidence = attempt.evidence
    task = Task(
        submission, evidence.seed, questions, evidence.device, parts, explain=False, replay=True, note_asked=True
    )
    found: dict[bytes, bytes] = {}
    try:
        with Pool(paths, assignment.id, PoolSpec("none")) as pool:
            for _, examined in pool.run(iter([task])):
                found.update(examined.requests)
    except GraderError as error:
        screen.say(f"without what was asked: {error}")
    return found


def in_words(request: bytes) -> str:
    """One request as a call: relu(float64 (3, 4)), or what else was done."""
    try:
        fields = wire.decode(request, lambda ref: ref)
        op = fields["op"]
        if op in ("call", "run"):
            target = fields["target"] if op == "call" else fields["name"]
            name = target if type(target) is str else _value(target)
            return f"{'probe ' if op == 'run' else ''}{name}({_arguments(fields)})"
        rest = [_value(fields[key]) for key in ("target", "name", "operator", "operands", "value") if key in fields]
        return f"{op} {', '.join(rest)}".strip()
    except (wire.WireError, KeyError, TypeError, AttributeError):
        return "something that cannot be shown"


def _arguments(fields: Mapping[str, Any]) -> str:
    given = [_value(value) for value in fields.get("args", ())]
    given += [f"{name}={_value(value)}" for name, value in fields.get("kwargs", {}).items()]
    return _listed(given)


def _listed(words: Sequence[str]) -> str:
    more = len(words) - MOST
    return ", ".join(words[:MOST]) + (f", and {more} more" if more > 0 else "")


def _value(value: object) -> str:
    """A value in few words: arrays and tensors by dtype and shape, small ones with their numbers; also in lists."""
    if isinstance(value, wire.Ref):
        return f"<{value.kind} {value.id}>"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None:
        kind = f"{str(dtype).removeprefix('torch.')}{f' {tuple(shape)}' if shape else ''}"
        numbers = " ".join(str(getattr(value, "tolist", lambda: "")()).split())
        return f"{kind} {numbers}" if len(numbers) <= LONGEST_ARRAY else kind
    if isinstance(value, (list, tuple)) and any(hasattr(each, "shape") for each in value):
        begin, end = "[]" if isinstance(value, list) else "()"
        return f"{begin}{_listed([_value(each) for each in value])}{end}"
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
