"""What the tests of feedback share: one student's material, to be changed one field at a time, and a strict reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from tiny import ipynb

from grader.course.config import Course
from grader.course.entries import Entry, State
from grader.course.scheme import Component, Scheme
from grader.course.sheets import Student
from grader.feedback.composing import compose
from grader.feedback.parts import Feedback, Grading, HandedIn, Source
from grader.marks.gradebook import Line
from grader.marks.policy import course_mark
from grader.schema import Assignment, Attempt, CheckResult, Evidence, Outcome, Question, Status, Usage
from grader.submission import notebook

SECRET_SEED = "5eed5eed5eed5eed"
VOID = {"meta", "br", "rect", "line"}
QUESTIONS = (
    Question("q4", "Activations", Decimal("5"), ("relu", "tanh")),
    Question("q5", "Losses", Decimal("8"), ("softmax",)),
)
ASSIGNMENT = Assignment("a1_mlp", "Networks", QUESTIONS)
ITEMS = ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")
SCHEME = Scheme((Component("work", "Assignments", Decimal(100), assignments=ITEMS, best=3),))
COURSE = Course("Deep Learning", SCHEME)
SOURCES = (
    "import numpy as np",
    "def relu(z):\n    return np.maximum(z, 0)\n\n\ndef tanh(z):\n    return np.tanh(z)",
    "def softmax(z):\n    e = np.exp(z)\n    return e / e.sum(axis=-1)",
)


def check(name: str, question: str, points: str, outcome: Outcome = Outcome.PASSED, message: str = "", hint: str = ""):
    return CheckResult(name, question, outcome, Decimal(points), message, hint, wall_s=1.2345)


def passing(outcome: Outcome = Outcome.PASSED, message: str = "", hint: str = "") -> tuple[CheckResult, ...]:
    """Every check passed, but that one of q5 ended as told."""
    return (
        check("test_rectifies", "q4", "5"),
        check("test_rows_add_up", "q5", "6"),
        check("test_large_logits_do_not_overflow", "q5", "2", outcome, message, hint),
    )


def attempt(*results: CheckResult, status: Status = Status.GRADED, notices: tuple[str, ...] = ()) -> Attempt:
    tests = (("q4", "cd" * 32), ("q5", "ab" * 32))
    evidence = Evidence("ab" * 32, tests, "sha256:" + "ef" * 32, "cpu", SECRET_SEED, "strict")
    return Attempt("anna", "a1_mlp", status, evidence, results, notices, Usage(7.654, 8.765, 40.0))


def line(**entries: Entry) -> Line:
    """A line of the gradebook; items that are not given have no mark yet."""
    known = {item: entries.get(item, Entry(State.DEFERRED, reason="not graded yet for anybody")) for item in ITEMS}
    return Line(Student("anna", "Anna Hansen", "anna@example.org"), course_mark(SCHEME, known))


def graded(points: str, **changed: Any) -> Entry:
    return Entry(State.GRADED, Decimal(points), Decimal(13), **changed)


def source(*results: CheckResult, sources: Sequence[str] = SOURCES, **changed: Any) -> Source:
    """Anna's material; `changed` overrides fields of the source, of what was handed in, or the attempt."""
    book = notebook.read(ipynb(*sources), "a1_mlp.ipynb")
    handed_in = HandedIn("a1_mlp.ipynb", 1234, "ab" * 32, "cd" * 32, book)
    for name in list(changed):
        if hasattr(handed_in, name):
            handed_in = replace(handed_in, **{name: changed.pop(name)})
    made = changed.pop("attempt", None) or attempt(*(results or passing()), notices=changed.pop("notices", ()))
    grading = Grading(made, "2026-11-21T02:50:25Z", changed.pop("deferred", False))
    whole = Source(COURSE, ASSIGNMENT, Student("anna", "Anna Hansen"), handed_in, grading, line(a1_mlp=graded("13")))
    return replace(whole, **changed)


def feedback(*results: CheckResult, **changed: Any) -> Feedback:
    return compose(source(*results, **changed))


class Outline(HTMLParser):
    """The tags of a page in order, its text, and every attribute; fails where a tag is closed out of turn."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]
