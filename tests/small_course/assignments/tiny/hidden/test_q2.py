import pytest

from grader.testing import same

pytestmark = pytest.mark.question("q2")


@pytest.mark.points(1)
def test_starts_at_zero(student):
    same(student.Counter().value, 0)


@pytest.mark.points(2, hint="Every call adds one.")
def test_counts(student, rng):
    counter = student.Counter()
    steps = int(rng.integers(2, 6))
    with student.limit(1):
        for _ in range(steps):
            counter.step()
    same(counter.value, steps)
