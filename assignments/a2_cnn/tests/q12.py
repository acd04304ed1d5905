"""Public checks of q12. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q12"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q12: {', '.join(absent)} not defined; run the cell of q12 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="vlad: the example on paper, and a third centre that nothing is near to", points=0)
def test_vlad_by_hand(vlad):
    """vlad: the example on paper, and a third centre that nothing is near to"""
    defined(locals())
    X = np.array([[1.0, 0], [0, 1], [4, 3]])
    got = vlad(X, np.array([[0.0, 0], [4, 0]]))
    assert np.shape(got) == (4,), f"K*d = 4 numbers, yours has shape {np.shape(got)}"
    assert near(got, [0.5, 0.5, 0, 0.707107]), f"(0.5, 0.5, 0, 0.7071), yours is {got}"
    got = vlad(X, np.array([[0.0, 0], [4, 0], [-9, 9]]))
    assert near(got, [0.5, 0.5, 0, 0.707107, 0, 0]), f"nothing is near the third: its row is 0, 0; yours: {got}"


@test_case(name="NetVLAD: its parameters at the start; with a large alpha it is vlad", points=0)
def test_netvlad_begins_as_vlad(vlad, NetVLAD):
    """NetVLAD: its parameters at the start; with a large alpha it is vlad"""
    defined(locals())
    import torch

    centers = torch.tensor([[0.0, 0], [4, 0], [1, 5]])
    layer = NetVLAD(centers, 3.0)
    sizes = {name: tuple(p.shape) for name, p in layer.named_parameters()}
    assert sizes == {"w": (3, 2), "b": (3,), "centers": (3, 2)}, f"parameters w, b and centers; yours: {sizes}"
    b = layer.b.detach().numpy()
    assert near(b, [0, -48, -78]), f"b is -3 * (0, 16, 26), yours is {b}"
    x = torch.tensor([[[1.0, 0], [0, 1], [4, 3]], [[3, 0], [2, 5], [-1, -2]]])
    got = NetVLAD(centers, 100.0)(x).detach().numpy()
    assert got.shape == (2, 6), f"2 images, 3 * 2 numbers each: (2, 6), yours {got.shape}"
    for i in range(2):
        hard = vlad(x[i].numpy(), centers.numpy())
        assert near(got[i], hard, 1e-5), f"image {i}, alpha = 100: vlad gives {hard}, your NetVLAD {got[i]}"


@test_case(name="the whole vector has norm 1, and copies of the descriptors change nothing", points=0)
def test_length(vlad, NetVLAD):
    """the whole vector has norm 1, and copies of the descriptors change nothing"""
    defined(locals())
    import torch

    dice = np.random.default_rng(0)
    X, centers = dice.normal(size=(20, 3)), dice.normal(size=(4, 3))
    length = np.linalg.norm(vlad(X, centers))
    assert near(length, 1), f"vlad has norm 1, yours has {length}"
    assert near(vlad(np.tile(X, (3, 1)), centers), vlad(X, centers)), "every descriptor three times: the same vlad"
    soft = NetVLAD(torch.tensor(centers), 0.5)(torch.tensor(X)[None]).detach().numpy()
    assert near(np.linalg.norm(soft), 1), f"NetVLAD has norm 1, yours has {np.linalg.norm(soft)}"
