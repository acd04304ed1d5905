import numpy as np
import pytest

from grader.testing import close

pytestmark = pytest.mark.question("q1")


@pytest.mark.points(2.5, hint="Divide by the sum over the axis.")
def test_rows_add_up(student, rng, reference):
    logits = rng.normal(size=(3, 5))
    close(student.softmax(logits), reference.softmax(logits))


@pytest.mark.points(1.5, hint="Subtract the maximum first.")
def test_large_logits(student, rng, reference):
    logits = rng.normal(size=(2, 7)) * 1e4
    with student.pure():
        close(student.softmax(logits), reference.softmax(logits), what="softmax of large logits")
    with student.limit(1):
        close(student.softmax(np.zeros((1, 4))), np.full((1, 4), 0.25))
