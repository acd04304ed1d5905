"""Public checks of q14. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q14"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q14: {', '.join(absent)} not defined; run the cell of q14 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="energy_distance: the example on paper", points=0)
def test_energy_by_hand(energy_distance):
    """energy_distance: the example on paper"""
    defined(locals())
    import torch

    yours = energy_distance(torch.tensor([[0.0], [2.0]]).double(), torch.tensor([[1.0], [1.0], [4.0]]).double())
    assert near(yours, -2 / 3), f"10/3 - 2 - 2 = -2/3, yours is {yours}"


@test_case(name="mmd2_rbf: two rows each, with kernels 1/2 and 1/16", points=0)
def test_kernel_by_hand(mmd2_rbf):
    """mmd2_rbf: two rows each, with kernels 1/2 and 1/16"""
    defined(locals())
    import torch

    # sigma is such that k = 2^-(distance squared); distances: 1 within a, 1 within b, 2, 2, 1 and 3 between
    sigma = float(1 / np.sqrt(2 * np.log(2)))
    a, b = torch.tensor([[0.0], [1.0]]).double(), torch.tensor([[2.0], [3.0]]).double()
    yours, expected = mmd2_rbf(a, b, sigma), 0.5 + 0.5 - 2 * (1 / 16 + 1 / 512 + 1 / 2 + 1 / 16) / 4
    assert near(yours, expected), f"1/2 + 1/2 - 2 (1/16 + 1/512 + 1/2 + 1/16)/4 = {expected:.6f}, yours is {yours}"


@test_case(name="frechet: normal distributions in the plane", points=0)
def test_frechet_by_hand(frechet):
    """frechet: normal distributions in the plane"""
    defined(locals())
    import torch

    mu1, mu2 = torch.tensor([0.0, 0.0]).double(), torch.tensor([3.0, 4.0]).double()
    S1, S2 = torch.diag(torch.tensor([1.0, 4.0])).double(), torch.diag(torch.tensor([9.0, 16.0])).double()
    yours = frechet(mu1, S1, mu2, S2)
    assert near(yours, 33), f"25 + (1 - 3)^2 + (2 - 4)^2 = 33, yours is {yours}"
    A, B = (torch.tensor([[2.0, s], [s, 2.0]]).double() for s in (1.0, -1.0))  # eigenvalues 1 and 3, swapped
    yours = frechet(mu1, A, mu1, B)
    assert near(yours, 8 - 4 * 3**0.5), f"4 + 4 - 2 (sqrt 3 + sqrt 3) = {8 - 4 * 3**0.5:.6f}, yours is {yours}"


@test_case(name="mode_coverage: ten points, three centres", points=0)
def test_coverage_by_hand(mode_coverage):
    """mode_coverage: ten points, three centres"""
    defined(locals())
    import torch

    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    x = torch.tensor([[0.0, 0.1]] * 6 + [[10.0, 0.5]] * 2 + [[0.2, 10.0]] + [[5.0, 5.0]])
    for min_share, modes in ((0.15, 2), (0.05, 3), (0.5, 1)):
        yours = mode_coverage(x, centres, 1.0, min_share)
        assert near(yours, [modes, 0.9]), f"6, 2, 1 of 10 points: ({modes}, 0.9) with {min_share}, yours is {yours}"
