import numpy as np
import pytest

from grader.testing import close

pytestmark = pytest.mark.question("q2")


@pytest.mark.points(3, hint="Remember the sum and the count.")
def test_CANARYNAME_mean(student, rng):
    first, second = rng.normal(size=4), rng.normal(size=3)
    meter = student.Meter()
    meter.add(first)
    meter.add(second)
    close(meter.mean(), float(np.concatenate([first, second]).mean()))
