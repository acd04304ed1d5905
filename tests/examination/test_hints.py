"""A hint is said where it is about what went wrong."""

import pytest

from grader.checking.compare import Mismatch
from grader.examination.pytest_plugin import result_of
from grader.examination.student import StudentFault
from grader.schema import Check, Outcome

GRADIENT = "The gradient has to reach x and h0: no detach, no .data."
DTYPE = Mismatch("the state has dtype float32, expected float64.")
SHAPE = Mismatch("softmax has shape (4,), expected (4, 3): an axis of length 3 is missing.")
MIXED = StudentFault(Outcome.ERROR, "RuntimeError in cell 3, line 2: expected scalar type Float but found Double")


@pytest.mark.parametrize(
    ("error", "hint", "told"),
    [
        (DTYPE, GRADIENT, ""),
        (MIXED, GRADIENT, ""),
        (DTYPE, "Keep the dtype of x.", "Keep the dtype of x."),
        (SHAPE, "Subtract each row's own maximum: no epsilon, no clipping.", ""),
        (SHAPE, "The sum runs over the last axis.", "The sum runs over the last axis."),
        (Mismatch("the gradient of x is None, expected a torch tensor."), GRADIENT, GRADIENT),
        (Mismatch("the state has the wrong sign."), GRADIENT, GRADIENT),
    ],
)
def test_a_hint_about_something_else_is_not_told_where_the_dtype_or_the_shape_is_wrong(error, hint, told):
    assert result_of(Check("test_gradients", "q5", 1, hint), error, 0.1).hint == told
