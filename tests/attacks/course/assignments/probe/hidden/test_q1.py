"""Four small checks of one function. CANARYTEXT"""

import numpy as np
import pytest

from grader.testing import array, close

pytestmark = pytest.mark.question("q1")
NOT_THIS = np.frombuffer(b"CANARYTEXT".ljust(32), dtype=np.float64)  # an expected value that says who it is


@pytest.mark.points(1, hint="Divide every row by its own sum.")
def test_CANARYNAME_rows(student, rng):
    x = rng.uniform(1, 2, size=(5, 3))
    close(student.shares(x), x / x.sum(axis=1, keepdims=True))


@pytest.mark.points(1, hint="The size of the numbers does not matter.")
def test_CANARYNAME_large(student, rng):
    x = rng.uniform(1e6, 2e6, size=(2, 7))
    close(student.shares(x), x / x.sum(axis=1, keepdims=True))


@pytest.mark.points(1, hint="A share is a number between 0 and 1.")
def test_CANARYNAME_sums(student, rng):
    x = rng.uniform(1, 2, size=(3, 5))
    got = array(student.shares(x), shape=(3, 5), dtype="float")
    close(got.sum(axis=1), np.ones(3))
    close(got * x.sum(axis=1, keepdims=True), x)


@pytest.mark.points(1, hint="Small numbers count as well.")
def test_CANARYNAME_small(student, rng):
    x = rng.uniform(1e-9, 2e-9, size=(4, 2))
    close(student.shares(x), x / x.sum(axis=1, keepdims=True))
