import numpy as np
import pytest

from grader.testing import close, require

pytestmark = pytest.mark.question("q2")


@pytest.mark.points(2, hint="Remember the sum and the count.")
def test_CANARYNAME_mean(student, rng):
    first, second = rng.normal(size=4), rng.normal(size=3)
    meter = student.Meter()
    meter.add(first)
    meter.add(second)
    close(meter.mean(), float(np.concatenate([first, second]).mean()))


@pytest.mark.points(1, hint="Ask the source as often as you are told.")
def test_CANARYNAME_fill(student, rng):
    """The source stays here, and so does the count of its calls."""
    numbers = rng.normal(size=8).tolist()
    given = []

    def source():
        given.append(numbers[len(given) % 8])
        return given[-1]

    meter = student.Meter()
    meter.fill(source, 4)
    require(len(given) == 4, "The source was not asked as often as it should be.")
    close(meter.mean(), float(np.mean(numbers[:4])))
