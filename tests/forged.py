"""A candidate that replies as it was told to, and what becomes of its check: in words, and wherever these are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
from tiny import book

from grader import wire
from grader.checking import compare
from grader.commands.gradescope_results import results_document
from grader.dashboard.links import Links
from grader.dashboard.student_page import attempt_parts
from grader.examination.channel import Channel
from grader.examination.examiner import cell_notices
from grader.examination.outcomes import result_of
from grader.examination.student import Student
from grader.examination.transcript import Transcript
from grader.feedback.plain_words import OwnWords, said
from grader.sandbox import Ending
from grader.schema import Assignment, Attempt, Check, CheckResult, Evidence, Outcome, Question, Status
from grader.terminal.attempt_json import attempt_entry
from grader.terminal.screen import attempt_page

LOADED = {"value": {"raised": [], "names": ["f"]}, "output": "", "effects": []}
ASSIGNMENT = Assignment("probe", "Probe", (Question("q1", "One", Decimal(1), ("f", "g")),))
CHECK = Check("test_f", "q1", Decimal(1))
OURS = (Outcome.DEFERRED,)


class Liar:
    """A sandbox whose candidate replies as it was told to, with the right number."""

    isolation = environment = "none"
    charged_s = 0.0

    def __init__(self, loaded: dict[str, Any], reply: dict[str, Any]) -> None:
        self.replies = [loaded, reply]

    def open(self) -> Liar:
        return self

    def exchange(self, request: bytes, limit_s: float, answer_bytes: int) -> bytes:
        asked = wire.decode(request, lambda ref: None)
        honest = {"prepare": {"value": None}, "load": self.replies[0]}  # before a notebook is read nobody lies
        reply = honest.get(asked["op"], self.replies[1])
        return wire.encode({"id": asked["id"], **reply})

    def close(self) -> Ending:
        return Ending("closed")

    def settle(self, how: str) -> bool:
        return True

    def prepare(self) -> None:
        return None


def judged(loaded: dict[str, Any], reply: dict[str, Any], name: str, test: Any) -> tuple[Outcome, str, tuple[str, ...]]:
    """What becomes of a check that gets this reply."""
    liar = Liar(loaded, reply)
    channel = Channel(ASSIGNMENT, book("def f(x): return x", "def g(: pass"), (), lambda: liar, Transcript())
    error: BaseException | None = None
    try:
        test(getattr(Student(channel, "test_f", "5eed"), name)(1.0))
    except Exception as raised:  # noqa: BLE001 - as pytest does
        error = raised
    result = result_of(CHECK, error, 0.0)
    notices = cell_notices(channel)
    channel.close()
    return result.outcome, result.message, notices


TESTS = {
    "close to a number": lambda got: compare.close(got, 0.5),
    "close to an array": lambda got: compare.close(got, np.ones((2, 3))),
    "close to a dict": lambda got: compare.close(got, {"w": np.ones(2), "b": 0.5}),
    "the same list": lambda got: compare.same(got, [1, 2, None, "x"]),
    "an array to calculate with": lambda got: compare.array(got, shape=(2, None)).mean(),
    "a number": lambda got: compare.number(got) + 1,
    "a pair": lambda got: [compare.close(part, 1.0) for part in compare.unpack(got, 2)],
}


def everything_shown(outcome: Outcome, message: str) -> Iterator[str]:
    """Every form in which people read what became of one check; what is no word of a submission is left out."""
    check = CheckResult("test_f", "q1", outcome, Decimal(1), message)
    evidence = Evidence("", (("q1", ""),), "", "cpu", "", "none")
    attempt = Attempt("anna", "probe", Status.GRADED, evidence, (check,))
    yield attempt_page(ASSIGNMENT, attempt, "f.py")
    on_pages = attempt_parts(ASSIGNMENT, attempt, Links(False, (), frozenset()), {})  # of the report and the portal
    yield "".join(map(str, on_pages))
    yield json.dumps(attempt_entry(ASSIGNMENT, attempt), ensure_ascii=False)
    yield json.dumps(results_document(ASSIGNMENT, attempt), ensure_ascii=False)
    own = OwnWords(book("def f(x): return x", "def g(: pass"), {"q1": ("f", "g")})
    yield said(check, own).text
