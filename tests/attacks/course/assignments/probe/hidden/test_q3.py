import math

import pytest

from grader.testing import close

pytestmark = pytest.mark.question("q3")


@pytest.mark.points(2, hint="The time in which half of it is gone.")
def test_CANARYNAME_half(student, rng):
    rate = float(rng.uniform(0.1, 3))
    close(student.half_life(rate), math.log(2) / rate)
