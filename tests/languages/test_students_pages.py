"""Feedback in a language that is made up: each word of a page is a message in brackets, or the course's own."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from feedback_samples import ASSIGNMENT, attempt, feedback, graded, line, passing, source
from pseudo_language import outside, pseudo_language, untranslated

from grader.authoring.release import readme
from grader.commands.gradescope_results import results_document
from grader.course.config import read_assignment
from grader.course.entries import Entry, State
from grader.feedback.composing import compose
from grader.feedback.markdown import feedback_markdown
from grader.feedback.page import feedback_page
from grader.feedback.parts import Remark
from grader.languages.translating import speaking
from grader.paths import PACKAGE, Paths
from grader.schema import Outcome, Status

OWN = (  # the course's words, the student's, and what stays English
    "Deep Learning", "Networks", "Activations", "Losses", "Anna Hansen", "anna", "Assignments", "Look at the axis.",
    "rectifies", "rows add up", "large logits do not overflow", "softmax", "relu", "tanh", "TypeError", "SHA-?",
    r"\b(?:ab|cd|ef)+\b",
    "the marker says so", "UTC", r"a1_mlp\.ipynb", "cpu", "a message", "min", r"\bh\b", r"\bd\b", r"\bx\b",
    "unsupported operand.*", r"\(many axes\)",
)  # fmt: skip


@pytest.fixture(autouse=True)
def in_brackets():
    with speaking(pseudo_language()):
        yield


ENDED = {
    Outcome.FAILED: "softmax has shape (3,), expected (3, 5): an axis of length 5 is missing (keepdims?).",
    Outcome.ERROR: "TypeError in cell 3, line 2, in softmax: `e = np.exp(z)`: unsupported operand type(s) for +: "
    "'int' and 'str'",
    Outcome.MISSING: "looked for softmax; your notebook does not define it",
    Outcome.TIMEOUT: "no answer within 5 s",
    Outcome.MEMORY: "MemoryError in cell 3, line 2",
    Outcome.CRASHED: "the process ended itself with exit code 3 (os._exit, quit?)",
    Outcome.FORBIDDEN: "operator aten::softmax was used; it is ruled out",
    Outcome.PROTOCOL: "what came back is no answer: 7",
}


@pytest.mark.parametrize("outcome", ENDED, ids=lambda outcome: outcome.value)
def test_however_a_check_ended(outcome):
    told = feedback(*passing(outcome, ENDED[outcome], "Look at the axis."))
    assert untranslated(feedback_page(told), OWN) == []


STAGES = {
    "graded": {},
    "deferred": {"deferred": True},
    "waiting": {"grading": None},
    "nothing": {"digest": ""},
    "stranger": {"stranger": True},
    "unreadable": {
        "attempt": attempt(status=Status.UNREADABLE, notices=("a1_mlp.ipynb: this is a PDF, not a notebook; in Jupyter "
        "choose File > Download, in Colab File > Download > Download .ipynb, and hand in that file",)),
    },
    "outdated": {"attempt": attempt(*passing(), status=Status.OUTDATED, notices=("a message",))},
    "notices": {"notices": ("cell 2 raised TypeError: unsupported operand", "there is no code in it",
                            "running the notebook's cells: no answer within 5 s")},
    "remarks": {"remarks": (Remark("q5", 3, 2, "e = np.exp(z)", "the marker says so"),)},
}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_became_of_a_submission(stage):
    told = compose(source(**STAGES[stage]))
    assert untranslated(feedback_page(told), OWN) == []


def test_what_counts_and_why():
    entries = {
        "a1_mlp": graded("10", late_minutes=Decimal(3000)),
        "a2_cnn": Entry(State.EXCUSED, reason="the marker says so"),
        "a3_sequences": Entry(State.MISSING, reason="nothing was handed in"),
        "a4_generative": Entry(State.INTEGRITY, reason="the marker says so"),
    }
    told = compose(source(line=line(**entries)))
    assert untranslated(feedback_page(told), OWN) == []


def test_as_markdown():
    broken = passing(Outcome.FAILED, "softmax is zero everywhere.", "Look at the axis.")
    text = feedback_markdown(feedback(*broken, notices=("there is no code in it",)))
    plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL).replace("\\", "")
    assert outside(plain.splitlines(), OWN) == []


def test_in_german_a_page_has_a_decimal_comma_and_the_language_is_said():
    with speaking("de"):
        page = feedback_page(compose(source(line=line(a1_mlp=graded("12.5")))))
        told = readme(read_assignment(Paths(PACKAGE.parent), "a1_mlp"), ["numpy"])
    assert '<html lang="de">' in page and "12,5 von 13" in page and "96,15 %" in page and "12.5" not in page
    assert "Speichern Sie vor dem Abgeben das Notebook" in told and "| zusammen |" in told


def test_what_a_platform_shows_of_a_check_is_translated_and_its_points_are_numbers():
    made = attempt(*passing(Outcome.CRASHED, ENDED[Outcome.CRASHED]))
    with speaking("de"):
        page = results_document(ASSIGNMENT, made)
    assert [test["output"] for test in page["tests"]] == [
        "",
        "",
        "Der Python-Prozess endete während des Aufrufs (os._exit, quit, ein Absturz).",
    ]
    assert [test["score"] for test in page["tests"]] == [5.0, 6.0, 0.0]
