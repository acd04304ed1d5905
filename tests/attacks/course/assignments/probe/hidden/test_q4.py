import numpy as np
import pytest

from grader.testing import close

pytestmark = pytest.mark.question("q4")


def twice(nb, x):
    """A probe says what it does, CANARYTEXT, and so do its names."""
    CANARYNAME = nb.centred(x)  # CANARYTEXT
    return nb.centred(CANARYNAME)


@pytest.mark.points(1, hint="Return a new array.")
def test_CANARYNAME_pure(student, rng, reference):
    x = rng.normal(size=6)
    with student.pure():
        close(student.centred(x), reference.centred(x))
        close(student.run(twice, x), reference.centred(x), atol=1e-9)
    assert np.ptp(x) > 0
