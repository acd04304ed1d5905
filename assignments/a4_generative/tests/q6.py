"""Public checks of q6. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q6: {', '.join(absent)} not defined; run the cell of q6 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the two steps of the example on paper", points=0)
def test_steps_by_hand(d_step, g_step):
    """the two steps of the example on paper"""
    defined(locals())
    import torch

    G, D = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(G.weight), torch.nn.init.zeros_(D.weight)
    opt_g, opt_d = torch.optim.SGD(G.parameters(), lr=1.0), torch.optim.SGD(D.parameters(), lr=1.0)
    x, z = torch.tensor([[2.0]]), torch.tensor([[1.0]])
    loss = d_step(G, D, opt_d, x, z)
    assert isinstance(loss, float), f"a Python float is returned, yours is a {type(loss).__name__}"
    assert near(loss, 1.386294, 1e-5), f"the loss of D is 2 ln 2 = 1.386294, yours is {loss}"
    assert near(D.weight.item(), 0.5, 1e-5), f"w becomes 1/2, yours becomes {D.weight.item()}"
    loss = g_step(G, D, opt_g, z)
    assert near(loss, 0.474077, 1e-5), f"the loss of G is -ln sigmoid(1/2) = 0.474077, yours is {loss}"
    assert near(G.weight.item(), 1.188770, 1e-5), f"a becomes 1.188770, yours becomes {G.weight.item()}"


@test_case(name="which parameters moved, and where gradients are left behind", points=0)
def test_who_moved(d_step, g_step):
    """which parameters moved, and where gradients are left behind"""
    defined(locals())
    import torch

    G, D = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
    opt_g, opt_d = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
    generator = torch.Generator().manual_seed(0)
    x, z = torch.randn(5, 3, generator=generator), torch.randn(5, 2, generator=generator)
    for name, step in (("d_step", lambda: d_step(G, D, opt_d, x, z)), ("g_step", lambda: g_step(G, D, opt_g, z))):
        before = G.weight.detach().clone(), D.weight.detach().clone()
        grads = [None if p.weight.grad is None else p.weight.grad.clone() for p in (G, D)]
        step()
        moved = [not torch.equal(now.weight, then) for now, then in zip((G, D), before, strict=True)]
        print(f"{name}: G moved: {moved[0]}, D moved: {moved[1]}")
        assert moved == [name == "g_step", name == "d_step"], f"{name} moved the wrong network"
        other, then = ((G, grads[0]), (D, grads[1]))[name == "g_step"]
        same = other.weight.grad is None if then is None else torch.equal(other.weight.grad, then)
        assert same, f"{name} changes .grad of the network that it does not train"
