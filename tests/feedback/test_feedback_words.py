"""What a student reads of a check: true, helpful, and unable to carry a hidden input out."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from feedback_samples import SOURCES, feedback, passing
from hypothesis import given
from hypothesis import strategies as st
from tiny import book

from grader.checking.values import NOUNS
from grader.feedback.markdown import feedback_markdown
from grader.feedback.page import feedback_page
from grader.feedback.plain_words import _NOUN, OwnWords, said
from grader.feedback.python_texts import known_part
from grader.schema import Outcome

A = np.ones((2, 3))
ASKED = {"q4": ("relu", "tanh"), "q5": ("softmax",)}
OWN = OwnWords(book(*SOURCES), ASKED, ("cell 1 raised ValueError: shown as it is: 1.25",), ("helper.py",))


def told(outcome: Outcome, message: str, own: OwnWords = OWN):
    return said(passing(outcome, message)[2], own)


# ---------------------------------------------------------------------------------------------------- no way out

CARRIED = "w0rld 0.4871 -1.5e3 abcdefgh zyxwv"  # what a submission tries to bring out


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        pytest.param(Outcome.ERROR, f"ValueError in cell 3, line 2, in softmax: `e = 1`: {CARRIED}", id="text"),
        pytest.param(Outcome.ERROR, f"ValueError: {CARRIED}", id="text without a place"),
        pytest.param(Outcome.ERROR, "abcdefgh in cell 3, line 2, in softmax: `e = 1`", id="class name"),
        pytest.param(Outcome.ERROR, f"Got[{CARRIED}] in cell 3, line 2", id="class name that is no name"),
        pytest.param(Outcome.ERROR, f"ValueError in {CARRIED}, line 2, in softmax: `x`: y", id="file"),
        pytest.param(Outcome.ERROR, "ValueError in cell 3, line 2, in abcdefgh: `x`: y", id="function"),
        pytest.param(Outcome.ERROR, f"ValueError in cell 3, line 2, in softmax: `{CARRIED}`: y", id="source line"),
        pytest.param(Outcome.ERROR, f"ValueError in cell 3, line 2: `x`: `: {CARRIED}`: {CARRIED}", id="backticks"),
        pytest.param(Outcome.ERROR, f"NameError in cell 3, line 2: `x`: name '{CARRIED[:5]}' is", id="name"),
        pytest.param(Outcome.ERROR, f"KeyError in cell 3, line 2: `x`: '{CARRIED[13:]}'", id="key"),
        pytest.param(Outcome.ERROR, "ModuleNotFoundError: abcdefgh is not there when graded", id="module"),
        pytest.param(Outcome.ERROR, f"IndexError: list index out of range {CARRIED}", id="behind a known text"),
        pytest.param(Outcome.ERROR, "not written yet: abcdefgh in cell 3 raises NotImplementedError", id="unwritten"),
        pytest.param(Outcome.ERROR, f"not written yet: relu in {CARRIED} raises NotImplementedError", id="its cell"),
        pytest.param(Outcome.MEMORY, f"MemoryError in cell 3, line 2: `x`: {CARRIED}", id="memory"),
        pytest.param(Outcome.MISSING, "looked for abcdefgh; your notebook does not define it", id="missing"),
        pytest.param(Outcome.MISSING, f"looked for softmax; cell 3, which is to define it: {CARRIED}", id="why"),
        pytest.param(Outcome.FAILED, "the result is an object of class abcdefgh, expected a number.", id="type"),
        pytest.param(Outcome.FAILED, f"the result is a {CARRIED}, where values were asked for", id="kind"),
        pytest.param(Outcome.FAILED, f"softmax did more than return: {CARRIED}", id="effect"),
        pytest.param(Outcome.FAILED, "softmax did more than return: argument abcdefgh was changed", id="argument"),
        pytest.param(Outcome.FAILED, f"softmax has shape ({'4871, ' * 40}), expected (2, 3).", id="shape"),
        pytest.param(Outcome.FAILED, "softmax has shape (4871000015, 48710), expected (2, 3).", id="lengths"),
        pytest.param(Outcome.FORBIDDEN, f"operator {CARRIED} was used; it is ruled out", id="operator"),
        pytest.param(Outcome.PROTOCOL, f"what came back is no answer: {CARRIED}", id="protocol"),
        pytest.param(Outcome.CRASHED, "the process ended itself with exit code 48 (os._exit, quit?)", id="exit code"),
        pytest.param(Outcome.CRASHED, f"the process ended {CARRIED}", id="ending"),
        pytest.param(Outcome.TIMEOUT, f"no answer within {CARRIED} s", id="deadline"),
        pytest.param(Outcome.DEFERRED, f"the hidden test itself failed: KeyError: {CARRIED}", id="our own fault"),
    ],
)
@pytest.mark.parametrize("render", [feedback_page, feedback_markdown])
def test_nothing_that_a_submission_says_in_a_hidden_call_reaches_its_student(outcome, message, render):
    carried = ("w0rld", "4871", "0.48", "1.5e3", "abcdefgh", "zyxwv", "code 48")
    page = render(feedback(*passing(outcome, message)))
    assert not [word for word in carried if word in page]


def test_the_line_of_a_hidden_test_is_not_shown():
    message = "TypeError in probe test_large_logits, line 3, in probe: `return nb.softmax(x)[\"hidden\"]`: 'x'"
    page = feedback_page(feedback(*passing(Outcome.ERROR, message)))
    assert "Your code stopped with TypeError: &#x27;x&#x27;." in page
    assert "hidden&quot;" not in page and "probe" not in page


@given(st.sampled_from([outcome for outcome in Outcome if not outcome.earns]), st.text(max_size=200))
def test_of_any_message_only_known_words_are_told(outcome, text):
    """Of a message that is the submission's alone, each word told stands in our sentences or in the file."""
    words = told(outcome, f"ZeroDivisionError in cell 2, line 2, in relu: `{text}`: {text}").text
    known = " ".join([*SOURCES, *(told(other, "").text for other in Outcome)]) + (
        "Your code stopped with ZeroDivisionError in cell 2, line 2 (relu) Call it yourself to read the whole message. "
        "ZeroDivisionError in cell 2, line 2, in relu: ``: "
    )
    if outcome is not Outcome.FAILED:  # a diagnosis is ours, not the submission's
        allowed = set(re.findall(r"\w+", known))
        assert {word for word in re.findall(r"\w+", words) if word not in allowed} <= python_words(text)


def python_words(text: str) -> set[str]:
    """Words that Python itself could have said."""
    return set(re.findall(r"\w+", known_part(text, OWN.has_masked)))


# ---------------------------------------------------------------------------------------------------- what is told


@pytest.mark.parametrize(
    ("outcome", "message", "text"),
    [
        (
            Outcome.ERROR,
            "ValueError in cell 3, line 2, in softmax: `e = np.exp(z)`: operands could not be broadcast together with "
            "shapes (#) (#)",
            "Your code stopped with ValueError in cell 3, line 2 (softmax): operands could not be broadcast together "
            "with shapes (#) (#).",
        ),
        (
            Outcome.ERROR,
            "MyError in helper.py, line 4, in f: `raise`: my own words",
            "Your code stopped with an exception in helper.py. Call it yourself to read the whole message.",
        ),
        (Outcome.ERROR, "not written yet: tanh in cell 2 raises NotImplementedError", "Not written yet."),
        (
            Outcome.MISSING,
            "looked for softmax_loss; your notebook does not define it",
            "A name that the question asks for is not defined when your notebook has run.",
        ),
        (Outcome.TIMEOUT, "no answer within 10 s",
         "No answer within 10 s: look for a loop that never ends, or one that could be an array operation."),
        (Outcome.TIMEOUT, "no answer within 10 s; it was waiting most of the time",
         "No answer within 10 s; it was waiting most of the time: look for a sleep, an input, or a process or thread "
         "that is waited for."),
        (Outcome.TIMEOUT, "the 300 s for the whole submission are used up, the most by q13",
         "The 300 s for the whole submission are used up, the most by q13: something before this check was too slow."),
        (Outcome.TIMEOUT, "the share of q4 in the 300 s for the whole submission is used up",
         "The share of q4 in the 300 s for the whole submission is used up: what was asked before in this question was "
         "too slow."),
        (Outcome.CRASHED, "the process was ended by signal 11", "The process was ended."),
        (Outcome.MEMORY, "the process ran out of memory and was ended",
         "Your code needed more memory than a submission may have."),
        (Outcome.FAILED, "softmax is too large by the factor 6.", "softmax is too large by the factor 6."),
        (Outcome.FAILED, "softmax is a list, expected an array with shape (5, 3). np.array(...) makes one.",
         "softmax is a list, expected an array with shape (5, 3). np.array(...) makes one."),
        (Outcome.FAILED, "softmax did more than return: argument z was changed",
         "softmax did more than return: argument z was changed."),
        (Outcome.FAILED, "", "Your code answered, and the answer is not what was asked for."),
        (Outcome.DEFERRED, "the hidden test itself failed: 3", "The grading machine failed here, not your code; this "
         "check will be run again."),
    ],
)  # fmt: skip
def test_what_is_told(outcome, message, text):
    assert told(outcome, message).text == text


@pytest.mark.parametrize(
    ("sources", "notices", "text"),
    [
        (("def soft_max(z):\n    return z",), (),
         "softmax was not found; your notebook defines soft_max (cell 1). Is it a slip in the name?"),
        (("# experiment\ndef softmax(z):\n    return z",), (), "softmax was not found: cell 1 defines it, and begins "
         "with '# experiment': such cells are not run when graded."),
        (("import torch\ndef softmax(z):\n    return z",), ("cell 1 raised ModuleNotFoundError: No module 'torch'",),
         "softmax was not found: cell 1, which defines it, stopped with ModuleNotFoundError: No module 'torch'. Repair "
         "that cell, then run all cells from the top."),
        (("def softmax(z)\n    return z",), ("cell 1 raised SyntaxError: expected ':' (<cell 1>, line 1)",),
         "softmax was not found: cell 1, which defines it, stopped with SyntaxError: expected ':' (cell 1, line 1). "
         "Repair that cell, then run all cells from the top."),
        (("def softmax(z):\n    return z", "del softmax"), (), "softmax is defined in cell 1 and was gone when your "
         "notebook had run."),
        (("x = 1",), (), "softmax was not found: your notebook does not define it."),
    ],
)  # fmt: skip
def test_where_a_missing_name_went_is_found_out_from_the_file(sources, notices, text):
    own = OwnWords(book(*sources), ASKED, notices)
    assert told(Outcome.MISSING, "looked for softmax; whatever is said here", own).text == text


def test_every_kind_of_answer_can_be_named():
    assert not [noun for noun in NOUNS.values() if not _NOUN.fullmatch(noun)]
    assert all(map(_NOUN.fullmatch, ("a NumPy float64", "a torch tensor", "a NumPy array with shape (2, 3)")))


def short_of_arguments(z, axis):
    return undefined_name  # noqa: F821


RAISING = {
    "broadcast": lambda: A + np.ones((4, 5)),
    "matmul": lambda: A @ A,
    "dot": lambda: A.dot(A),
    "missing argument": lambda: short_of_arguments(1),
    "too many": lambda: short_of_arguments(1, 2, 3),
    "keyword": lambda: short_of_arguments(1, dim=0),
    "none": lambda: None + 1,
    "subscript": lambda: object()[0],
    "list": lambda: [1][3],
    "index": lambda: A[5],
    "indices": lambda: A[1, 2, 3],
    "reshape": lambda: A.reshape(7),
    "division": lambda: 1 / 0,
    "truth": lambda: bool(A == 1),
    "ragged": lambda: np.array([[1], [1, 2]]),
    "concatenate": lambda: np.concatenate([A, np.ones((2, 2))], 0),
    "stack": lambda: np.stack([A, np.ones(3)]),
    "casting": lambda: np.add(np.arange(3), 1.5, out=np.arange(3)),
    "unpack": lambda: (lambda pair: [a for a, b in [pair]])((1, 2, 3)),
    "axis": lambda: A.sum(axis=4),
    "empty": lambda: np.max([]),
    "unhashable": lambda: {[]: 1},
    "memory": lambda: np.ones(10**13),
    "mm": lambda: torch.ones(2, 3) @ torch.ones(2, 3),
    "sizes": lambda: torch.ones(2, 3) + torch.ones(4),
    "view": lambda: torch.ones(6).reshape(5),
    "dim": lambda: torch.ones(2).sum(3),
    "numpy of grad": lambda: torch.ones(1, requires_grad=True).numpy(),
    "no grad": lambda: torch.ones(2).backward(),
    "not scalar": lambda: torch.ones(2, requires_grad=True).backward(),
}


@pytest.mark.parametrize("name", RAISING)
def test_what_python_and_its_libraries_say_is_recognised(name):
    with pytest.raises(Exception) as raised:  # noqa: B017, PT011 - whatever it is
        RAISING[name]()
    shown = known_part(str(raised.value), lambda name: name in ("short_of_arguments", "axis", "dim"))
    assert len(shown) >= 10 and not re.search(r"\d", shown)


def test_a_name_of_an_exception_is_told_only_if_it_is_the_students_own():
    text = "'Layer' object has no attribute 'weight'"
    assert known_part(text, {"Layer", "weight"}.__contains__) == text
    assert known_part(text, {"Layer"}.__contains__) == ""
    assert known_part("name 'conv2d' is not defined", {"conv#d"}.__contains__) == "name 'conv#d' is not defined"


def test_a_file_that_cannot_be_read_any_more_still_has_its_page():
    page = feedback_page(feedback(*passing(Outcome.ERROR, "KeyError in cell 3, line 2: `x`: 'k'"), notebook=None))
    assert "11 of 13" in re.sub("<[^>]*>", "", page) and "cell 3" not in page


def test_a_module_that_the_student_imports_is_named_where_it_is_missed():
    own = OwnWords(book("import pandas.io as io, torch\ndef softmax(z):\n    return io.Frame(z)"), ASKED)
    for reason in ("pandas.io is not there when graded", "'torch' is not available: this assignment is to be solved"):
        reason += " without it" * reason.endswith("solved")
        message = f"ModuleNotFoundError in cell 1, line 3, in softmax: `return io.Frame(z)`: {reason}"
        text = told(Outcome.ERROR, message, own).text
        assert text == f"Your code stopped with ModuleNotFoundError in cell 1, line 3 (softmax): {reason}."
