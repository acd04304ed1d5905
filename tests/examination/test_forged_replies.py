"""Whatever a candidate replies, its check ends as the student's: passed, failed, or a fault that says so."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from forged import LOADED, OURS, TESTS, everything_shown, judged
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader import wire
from grader.examination.words import MAX_LOOKED_INTO, MOST_DIGITS, MOST_LETTERS, Raw, Words
from grader.schema import Outcome

atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.just(10**600),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=30),
    st.sampled_from(["\ud800", "\x1b]0;x\x07", "X" * 5000, "3.14159 " * 50, "forbidden operator x", "MissingName"]),
    st.binary(max_size=9),
    st.builds(wire.Ref, st.integers(-9, 9), st.text(max_size=9), st.sampled_from(["T", "X" * 5000, "\ud800"])),
    st.builds(np.zeros, st.sampled_from([(), (3,), (0, 2), (2, 2)]), st.sampled_from(["f8", "i4", "?", "c16"])),
    st.sampled_from([np.float32(1), np.int64(3), np.bool_(True)]),
)
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    max_leaves=12,
)
frames = st.lists(st.one_of(values, st.tuples(values, values, values, values)), max_size=3)
faults = st.fixed_dictionaries(
    {},
    optional={
        "type": st.one_of(st.sampled_from(["ValueError", "MissingName", "NotImplementedError"]), values),
        "bases": st.one_of(st.just(["ValueError"]), values),
        "message": st.one_of(st.text(max_size=40), values),
        "frames": st.one_of(st.just([("cell 1", 1, "f", "s")]), frames, values),
    },
)
errors = st.fixed_dictionaries({}, optional={"cell": values, "type": values, "message": values})
replies = st.fixed_dictionaries(
    {"output": values, "effects": st.one_of(st.just([]), values)},
    optional={"value": values, "fault": st.one_of(faults, values)},
)
loads = st.one_of(
    st.just(LOADED),
    st.fixed_dictionaries(
        {"output": values, "effects": values},
        optional={"value": st.one_of(values, st.fixed_dictionaries({"raised": st.one_of(values, st.lists(errors))}))},
    ),
)


@settings(max_examples=150, deadline=None)
@given(loaded=loads, reply=replies, name=st.sampled_from(["f", "g", "h"]), test=st.sampled_from(sorted(TESTS)))
def test_no_reply_makes_a_check_ours(loaded, reply, name, test):
    outcome, message, notices = judged(loaded, reply, name, TESTS[test])
    assert outcome not in OURS, message
    for text in (message, *notices):
        assert len(text) <= 1000 and text.isprintable(), text


@pytest.mark.parametrize(
    ("fault", "outcome", "message"),
    [
        pytest.param(
            {"type": "ValueError", "bases": ["ValueError"], "message": "0.25", "frames": [("cell 1", 1, "f", "x")]},
            Outcome.ERROR,
            "ValueError in cell 1, line 1, in f: `def f(x): return x`: #",
            id="the line is quoted from the notebook",
        ),
        pytest.param(np.zeros(3), Outcome.PROTOCOL, "what came back is no answer: a fault of another form", id="array"),
        pytest.param(
            {"type": "E1.25", "bases": [], "message": "", "frames": []}, Outcome.ERROR, "E#", id="numbers in a name"
        ),
    ],
)
def test_a_fault_is_told_in_words_that_can_be_trusted(fault, outcome, message):
    assert judged(LOADED, {"fault": fault, "output": "", "effects": []}, "f", print)[:2] == (outcome, message)


def test_a_name_and_a_place_are_looked_up_in_no_more_text_than_is_bounded():
    texts = {"cell 1": "class Odd7: pass", "long.py": "class Odd8: pass\n".ljust(MAX_LOOKED_INTO)}
    words = Words(texts)
    assert [words.name(Raw(name)) for name in ("Odd7", "Odd8")] == ["Odd7", "Odd#"]
    assert [words.place(Raw(where), 1)[1] for where in texts] == [1, 0]


# ---------------------------------------------------------------------------------------------------- no way out

DIGITS, RAISED, LETTERS = "80917263", "⁸⁰⁹¹⁷²⁶³", "qzkvwxjy"  # no sentence of ours has as many of them in a row
odd_words = (RAISED * 3, f"{DIGITS}.{DIGITS}", "_".join(DIGITS * 4), f"e{DIGITS}", "MissingName", "٣٤٥٦٧٨٩", "(9, 9)")
carried = st.lists(
    st.one_of(
        st.text(DIGITS, min_size=5, max_size=60),
        st.text(LETTERS, min_size=41, max_size=60),
        st.sampled_from(odd_words),
    ),
    min_size=1,
    max_size=3,
).map(" ".join)
loud = st.one_of(carried, carried.map(lambda text: text.replace(" ", "")))
loud_faults = st.fixed_dictionaries(
    {
        "type": st.one_of(loud, st.sampled_from(["MissingName", "NotImplementedError", "ValueError"])),
        "bases": st.lists(loud, max_size=2),
        "message": loud,
        "frames": st.lists(
            st.tuples(st.one_of(loud, st.just("cell 1")), st.integers(0, 999_999), loud, loud), max_size=2
        ),
    }
)
loud_values = st.one_of(
    loud,
    st.builds(wire.Ref, st.integers(-3, 3), loud, loud),
    st.dictionaries(loud, loud, max_size=3),
    st.lists(loud, max_size=3),
    st.lists(st.integers(1, 3), min_size=7, max_size=20).map(lambda shape: np.zeros((0, *shape))),
    st.integers(99_999, 10**7).map(lambda size: np.zeros((0, size))),
)
loud_effects = st.lists(
    st.one_of(
        loud, loud.map(lambda text: f"argument {text} was changed"), loud.map(lambda text: f"forbidden operator {text}")
    ),
    max_size=2,
)
loud_replies = st.one_of(
    st.fixed_dictionaries({"output": loud, "effects": st.just([]), "fault": loud_faults}),
    st.fixed_dictionaries({"output": loud, "effects": loud_effects, "value": loud_values}),
    st.fixed_dictionaries({"output": loud, "effects": st.just([]), "asked": st.lists(loud_values, max_size=4)}),
)


def runs_too_long(text: str) -> list[str]:
    """What a reply carried into a text that is longer than agreed, in digits of any kind or in letters."""
    plain = "".join("0" if unicodedata.category(each)[0] == "N" else each for each in text)
    return [
        *re.findall(rf"\d{{{MOST_DIGITS + 1},}}", plain),
        *re.findall(rf"[{LETTERS}]{{{MOST_LETTERS + 1},}}", text),
    ]


def answering(value):
    return {"value": value, "output": "", "effects": []}


@example(reply=answering(np.zeros((0, 123_456))), name="f", test="close to an array")
@example(reply=answering(np.zeros((0, *[3] * 20))), name="f", test="close to an array")
@example(reply=answering(wire.Ref(1, "object", LETTERS * 9)), name="f", test="a number")
@settings(max_examples=60, deadline=None)
@given(reply=loud_replies, name=st.sampled_from(["f", "g", "h"]), test=st.sampled_from(sorted(TESTS)))
def test_no_reply_brings_a_run_of_digits_or_letters_into_anything_that_is_read(reply, name, test):
    outcome, message, notices = judged(LOADED, reply, name, TESTS[test])
    for text in (message, *notices, *everything_shown(outcome, message)):
        assert not runs_too_long(text), text
