import pytest
import torch

from grader.testing import close

pytestmark = pytest.mark.question("q1")


def expected(z):
    grown = torch.exp(z - z.max(dim=-1, keepdim=True).values)
    return grown / grown.sum(dim=-1, keepdim=True)


@pytest.mark.points(2, hint="Exponentiate and divide.")
def test_CANARYNAME_rows(student, rng):
    z = torch.tensor(rng.normal(size=(3, 4)))
    close(student.softened(z), expected(z))


@pytest.mark.points(2, hint="Subtract the largest first.")
def test_CANARYNAME_large(student, rng):
    z = torch.tensor(rng.normal(size=(2, 5)) * 1e4)
    close(student.softened(z), expected(z))
