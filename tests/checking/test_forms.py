"""How an answer is built, and how long its axes may be: what fits is given back, what does not is named where it is."""

import numpy as np
import pytest
import torch

from grader.errors import AuthoringError
from grader.testing import Mismatch, array, formed

T, A = torch.zeros(2), np.zeros(3)


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        (3, float), (np.int64(3), int), (float("nan"), float), (np.bool_(True), bool), (None, None), ("a", str),
        (A, np.ndarray), (T, "tensor"), (object(), object), ([], [int]), ((1, 2), [int]), ([1, 0.5], (int, float)),
        ({"w": [T], "b": None}, {"w": ["tensor"], "b": {None, float}}), ([[1], []], [[int]]),
    ],
)  # fmt: skip
def test_what_is_built_as_the_form_says_is_given_back(answer, form):
    assert formed(answer, form) is answer


@pytest.mark.parametrize(
    ("answer", "form", "says"),
    [
        (True, float, "the report is a bool, expected a number."),
        (1.0, int, "the report is a float, expected an integer."),
        (10**400, int, "the report is an int, expected an integer."),
        (T, np.ndarray, "the report is a torch tensor, expected an array."),
        (A, float, "the report is a NumPy array, expected a number."),
        (A, [float], "the report is a NumPy array, expected a list."),
        ([1, None], [int], "the report[1] is None, expected an integer."),
        ((1,), (int, int), "the report has 1 entries, expected 2."),
        ("ab", (str, str), "the report is a string, expected a tuple of 2."),
        ({"w": 1}, {"w": int, "b": int}, "the report has other keys than expected."),
        ({(): 1}, {"w": int}, "the report is a dict, expected a dict."),
        ({"w": [[]]}, {"w": [["tensor"]], }, ""),
        ({"w": [[2]]}, {"w": [["tensor"]]}, "the report['w'][0][0] is an int, expected a torch tensor."),
        ("x", {None, float}, "the report is a string, expected None or a number."),
    ],
)  # fmt: skip
def test_what_is_not_is_named_by_its_place(answer, form, says):
    if not says:
        formed(answer, form, what="the report")
        return
    with pytest.raises(Mismatch) as caught:
        formed(answer, form, what="the report")
    assert str(caught.value) == says


@pytest.mark.parametrize("form", ["float", dict, {1, 2}, np.float64])
def test_a_form_that_there_is_not_is_the_authors(form):
    with pytest.raises(AuthoringError, match="no form"):
        formed(3, form)


@pytest.mark.parametrize(
    ("shape", "wanted", "says"),
    [
        ((3, 4), (3, range(1, 5)), ""),
        ((3, 5), (3, range(1, 5)), "result has shape (3, 5), expected (3, 1 to 4)."),
        ((3, 0), (None, range(1, 5)), "result has shape (3, 0), expected (any, 1 to 4)."),
        ((), (range(1, 5),), "result has shape (), expected (1 to 4,)."),
    ],
)
def test_a_length_may_be_one_of_a_range(shape, wanted, says):
    if says:
        with pytest.raises(Mismatch) as caught:
            array(np.zeros(shape), shape=wanted)
        assert str(caught.value) == says
    else:
        assert array(np.zeros(shape), shape=wanted).shape == shape
