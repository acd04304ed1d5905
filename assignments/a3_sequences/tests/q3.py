"""Public checks of q3. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q3: {', '.join(absent)} not defined; run the cell of q3 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="two gradients of common length 5, clipped to 2.5 and to 10", points=0)
def test_three_four_five(clip_grad_norm):
    """two gradients of common length 5, clipped to 2.5 and to 10"""
    defined(locals())
    grads = {"a": np.array([3.0]), "b": np.array([[4.0]])}
    clipped, norm = clip_grad_norm(grads, 2.5)
    assert near(norm, 5), f"the norm before clipping is 5, yours is {norm}"
    assert near(clipped["a"], [1.5]) and near(clipped["b"], [[2]]), f"(1.5) and (2), yours are {clipped}"
    assert near(grads["a"], [3]), "the gradients that were passed should still be 3 and 4"
    same, norm = clip_grad_norm(grads, 10.0)
    assert near(same["a"], [3]) and near(same["b"], [[4]]), f"5 is below 10, nothing should change: {same}"


@test_case(name="the Jacobian norms of three states of one unit", points=0)
def test_norms_of_one_unit(jacobian_norms):
    """the Jacobian norms of three states of one unit"""
    defined(locals())
    yours = jacobian_norms(np.array([[0.5], [0.8], [0.6]]), np.array([[2.0]]))
    assert near(yours, [0.9216, 1.28, 1]), f"1.28 * 2 (1 - 0.64), 2 (1 - 0.36), 1: (0.9216, 1.28, 1); yours: {yours}"


@test_case(name="one chunk is plain BPTT, and chunks of one step know no recurrence", points=0)
def test_chunks(tbptt_grads, rnn_forward, rnn_backward):
    """one chunk is plain BPTT, and chunks of one step know no recurrence"""
    defined(locals())
    rng = np.random.default_rng(0)
    x, h0, dh = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 5)), rng.normal(size=(2, 4, 5))
    params = {"Wx": rng.normal(size=(3, 5)), "Wh": rng.normal(size=(5, 5)), "b": rng.normal(size=5)}
    h, cache = rnn_forward(x, h0, params["Wx"], params["Wh"], params["b"], "tanh")
    whole, yours = rnn_backward(dh, cache), tbptt_grads(x, h0, params, dh, 4)
    for name in ("dWx", "dWh", "db"):
        assert near(yours[name], whole[name]), f"T = 4 and k = 4 is one chunk: {name} should be that of rnn_backward"
    alone = np.sum(dh * (1 - h**2), axis=(0, 1))
    yours = tbptt_grads(x, h0, params, dh, 1)["db"]
    assert near(yours, alone), f"k = 1: db is the sum of dh (1 - h^2), {alone}; yours is {yours}"
