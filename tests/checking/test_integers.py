"""Which lists are lists of whole numbers, and what is said of the others."""

import numpy as np
import pytest
import torch

from grader.checking.compare import Mismatch
from grader.checking.integers import integers


@pytest.mark.parametrize("answer", [[1, 2], (1, 2), [np.int32(1), 2], [torch.tensor(1), np.array(2)], [np.uint8(1), 2]])
def test_every_kind_of_integer_is_one(answer):
    found = integers(answer)
    assert found == [1, 2] and {type(number) for number in found} == {int}


def test_a_list_may_be_empty():
    assert integers([]) == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "the tokens is None, expected a list of integers."),
        (np.array([1, 2]), "the tokens is a NumPy array, expected a list of integers."),
        ({1, 2}, "the tokens is a set, expected a list of integers."),
        ([1, 2.0], "the tokens holds a float, expected integers."),
        ([True], "the tokens holds a bool, expected integers."),
        ([1, "2"], "the tokens holds a string, expected integers."),
        ([[1]], "the tokens holds a list, expected integers."),
        ([np.array([1])], "the tokens holds a NumPy array, expected integers."),
        ([torch.tensor(1.0)], "the tokens holds a torch tensor, expected integers."),
    ],
)
def test_everything_else_is_named_by_its_kind(answer, says):
    with pytest.raises(Mismatch) as caught:
        integers(answer, what="the tokens")
    assert str(caught.value) == says
