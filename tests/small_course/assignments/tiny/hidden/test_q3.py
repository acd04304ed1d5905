import numpy as np
import pytest

from grader.testing import close

pytestmark = pytest.mark.question("q3")


@pytest.mark.points(1.5, hint="The first element is the first number.")
def test_running_sum(student, rng):
    numbers = rng.normal(size=6)
    close(student.running_sum(numbers), np.cumsum(numbers), rtol=1e-3)
