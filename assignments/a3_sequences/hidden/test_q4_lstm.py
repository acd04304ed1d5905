"""Question 4: an LSTM, forward and backward.

The expected states are torch's; the expected gradients come from a forward pass in numpy by complex steps.
"""

import numpy as np
import pytest
import torch

from grader.testing import array, close, require, unpack

pytestmark = pytest.mark.question("q4")

NAMES = ("x", "h0", "c0", "Wx", "Wh", "b")
GEOMETRIES = [(3, 4, 2, 5), (2, 5, 4, 3)]  # B, T, D, H


def draw(rng, B, T, D, H):
    """Arguments of lstm_forward."""
    x, h0, c0 = rng.normal(size=(B, T, D)), rng.normal(size=(B, H)), rng.normal(size=(B, H))
    Wh = rng.normal(scale=1.5 / np.sqrt(H), size=(H, 4 * H))
    return x, h0, c0, rng.normal(size=(D, 4 * H)), Wh, rng.normal(size=4 * H)


def states_of(x, h0, c0, Wx, Wh, b):
    """h and the last c; takes complex arrays too."""
    h, c, H = h0, c0, len(Wh)
    hidden = []
    for t in range(x.shape[1]):
        z = x[:, t] @ Wx + h @ Wh + b
        i, f, o = (1.0 / (1.0 + np.exp(-z[:, n * H : (n + 1) * H])) for n in (0, 1, 3))
        c = f * c + i * np.tanh(z[:, 2 * H : 3 * H])
        h = o * np.tanh(c)
        hidden.append(h)
    return np.stack(hidden, axis=1), c


def states_of_torch(x, h0, c0, Wx, Wh, b):
    """All h and all c."""
    cell = torch.nn.LSTMCell(Wx.shape[0], Wh.shape[0], dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(Wx.T))
        cell.weight_hh.copy_(torch.tensor(Wh.T))
        cell.bias_ih.copy_(torch.tensor(b))
        cell.bias_hh.zero_()
        state, hidden, cells = (torch.tensor(h0), torch.tensor(c0)), [], []
        for t in range(x.shape[1]):
            state = cell(torch.tensor(x[:, t]), state)
            hidden.append(state[0].numpy())
            cells.append(state[1].numpy())
    return np.stack(hidden, axis=1), np.stack(cells, axis=1)


def slopes_of(arguments):
    """For every argument: the derivatives of all h and of the last c, from Im(entry + i e) / e."""
    slopes, e = {}, 1e-30
    for n, (name, values) in enumerate(zip(NAMES, arguments, strict=True)):
        bent, rows = values.astype(complex), []
        for index in np.ndindex(values.shape):
            bent[index] += 1j * e
            h, c = states_of(*arguments[:n], bent, *arguments[n + 1 :])
            rows.append((h.imag / e, c.imag / e))
            bent[index] = values[index]
        slopes["d" + name] = [np.array(part).reshape(*values.shape, *part[0].shape) for part in zip(*rows, strict=True)]
    return slopes


def expected_for(slopes, dh, dc):
    return {name: np.tensordot(of_h, dh, 3) + np.tensordot(of_c, dc, 2) for name, (of_h, of_c) in slopes.items()}


def both(nb, arguments, cotangents):
    """h, c, then the gradients for each pair of cotangents with one cache."""
    h, c, cache = nb.lstm_forward(*arguments)
    return [h, c, *[nb.lstm_backward(dh, dc, cache) for dh, dc in cotangents]]


def gradients(answer, arguments, dtype="float"):
    """The dict of gradients with its names and shapes; everything else fails the check."""
    require(type(answer) is dict, "the gradients must be a dict of arrays")
    names = ["d" + name for name in NAMES]
    require(set(answer) == set(names), f"the gradients must have the keys {', '.join(names)}, and no others")
    shapes = {"d" + name: values.shape for name, values in zip(NAMES, arguments, strict=True)}
    return {name: array(answer[name], shape=shapes[name], dtype=dtype, what=name) for name in names}


def ask(student, arguments, *cotangents):
    """States and gradients of the student, checked for their kind."""
    h, c, *answers = unpack(student.run(both, arguments, list(cotangents)), 2 + len(cotangents))
    B, T, _ = arguments[0].shape
    h, c = (
        array(states, shape=(B, T, len(arguments[4])), dtype="float", what=what)
        for states, what in ((h, "h"), (c, "c"))
    )
    return h, c, [gradients(answer, arguments) for answer in answers]


def judge(grads, expected, what, factors=None):
    for name in expected:
        close(grads[name], expected[name], rtol=1e-8, atol=1e-10, what=f"{name} {what}", factors=factors or {})


def judge_states(h, c, arguments, what=""):
    expected_h, expected_c = states_of_torch(*arguments)
    close(c, expected_c, rtol=1e-8, atol=1e-10, what=f"the cell states{what}")
    close(h, expected_h, rtol=1e-8, atol=1e-10, what=f"the hidden states{what}")


def cotangents_for(rng, arguments):
    B, T, _ = arguments[0].shape
    return rng.normal(size=(B, T, len(arguments[4]))), rng.normal(size=(B, len(arguments[4])))


@pytest.mark.points(
    0.9,
    hint="h and c are (B, T, H), the gradients a dict with six keys; float32 stays float32, x may hold integers, and "
    "neither the arguments nor dh and dc_last may change.",
)
def test_lstm_shapes_follow_the_table_and_nothing_is_changed(student, rng):
    for dtype in (np.float32, np.float64):
        arguments = [values.astype(dtype) for values in draw(rng, 3, 4, 2, 5)]
        dh, dc = (d.astype(dtype) for d in cotangents_for(rng, arguments))
        with student.pure():
            h, c, grads = unpack(student.run(both, arguments, [(dh, dc)]), 3)
        array(h, shape=(3, 4, 5), dtype=dtype, what="h")
        array(c, shape=(3, 4, 5), dtype=dtype, what="c")
        gradients(grads, arguments, dtype=dtype)
    with student.pure():
        h, c, _ = unpack(student.lstm_forward(*arguments), 3, what="lstm_forward")
        array(h, shape=(3, 4, 5), dtype=np.float64, what="h")
    bits = rng.integers(0, 2, size=(3, 4, 2))
    h, c, (grads,) = ask(student, (bits, *arguments[1:]), (dh, dc))
    judge_states(h, c, (bits.astype(float), *arguments[1:]), " for integers as x")
    *_, (expected,) = ask(student, (bits.astype(float), *arguments[1:]), (dh, dc))
    judge(grads, expected, "for integers as x")
    array(student.init_lstm_bias(3), shape=(12,), dtype=np.float64, what="init_lstm_bias")
    array(student.init_lstm_bias(3, 2), shape=(12,), dtype=np.float64, what="init_lstm_bias with an int")


@pytest.mark.points(
    2.0,
    hint="Blocks of H columns in the order i, f, g, o; three sigmoids and one tanh; first the cell, then the state "
    "from it.",
)
def test_lstm_states_at_every_step(student, rng):
    for geometry in [*GEOMETRIES, (4, 3, 2, 2), (2, 25, 3, 4)]:
        arguments = draw(rng, *geometry)
        with student.forbids("aten::*"):
            h, c, _ = unpack(student.lstm_forward(*arguments), 3, what="lstm_forward")
        judge_states(h, c, arguments)


@pytest.mark.points(0.3, hint="The second block of H entries belongs to the forget gates; its value is an argument.")
def test_bias_opens_the_forget_gates(student, rng):
    for H in (1, 3, 6):
        value = float(rng.uniform(1.5, 4))
        for bias, forget in ((student.init_lstm_bias(H), 1.0), (student.init_lstm_bias(H, forget=value), value)):
            close(bias, np.repeat([0.0, forget, 0.0, 0.0], H), what=f"the bias of {H} units")


@pytest.mark.points(
    2.2,
    hint="Carry two gradients back through time, of h and of c. Each gate: what it was multiplied by, times its "
    "own slope. Finite differences find the first gradient that is wrong.",
)
def test_lstm_gradients(student, rng):
    for geometry in GEOMETRIES:
        arguments = draw(rng, *geometry)
        dh, dc = cotangents_for(rng, arguments)
        with student.forbids("aten::*"):
            _, _, (grads,) = ask(student, arguments, (dh, dc))
        factors = {"the batch size B": geometry[0]}
        judge(grads, expected_for(slopes_of(arguments), dh, dc), f"with B, T, D, H = {geometry}", factors)


@pytest.mark.points(
    1.2,
    hint="A loss may see the last hidden state alone, the first one, or the last cell only: each way back to the "
    "parameters has to be there for itself.",
)
def test_lstm_gradients_of_a_loss_that_sees_one_state(student, rng):
    B, T, D, H = 2, 5, 3, 4
    arguments = draw(rng, B, T, D, H)
    slopes, places, cotangents = slopes_of(arguments), ("last h", "first h", "last c"), []
    for place in places:
        dh, dc = np.zeros((B, T, H)), np.zeros((B, H))
        if place == "last c":
            dc = rng.normal(size=(B, H))
        else:
            dh[:, -1 if place == "last h" else 0] = rng.normal(size=(B, H))
        cotangents.append((dh, dc))
    _, _, answers = ask(student, arguments, *cotangents)
    for (dh, dc), grads, place in zip(cotangents, answers, places, strict=True):
        judge(grads, expected_for(slopes, dh, dc), f"when only the {place} has a gradient")


@pytest.mark.points(0.8, hint="One step, one sequence, one unit, all sizes alike: the shapes are the same rules.")
def test_lstm_sizes_of_one_and_sizes_alike(student, rng):
    for geometry in ((3, 1, 2, 4), (1, 4, 3, 2), (1, 1, 1, 1), (3, 3, 3, 3), (4, 4, 4, 4)):
        arguments = draw(rng, *geometry)
        dh, dc = cotangents_for(rng, arguments)
        h, c, (grads,) = ask(student, arguments, (dh, dc))
        judge_states(h, c, arguments, f" with B, T, D, H = {geometry}")
        judge(grads, expected_for(slopes_of(arguments), dh, dc), f"with B, T, D, H = {geometry}")


@pytest.mark.points(
    0.5, hint="With f = 1 and i = 0 nothing changes the cell, and nothing its gradient, however long the sequence is."
)
def test_the_carousel_turns_for_ever(student, rng):
    B, T, D, H = 2, 200, 2, 3
    x, h0, c0, Wx, Wh, _ = draw(rng, B, T, D, H)
    Wx[:, : 2 * H], Wh[:, : 2 * H] = 0.0, 0.0
    Wx[:, 3 * H :], Wh[:, 3 * H :] = 0.0, 0.0
    b = np.repeat([-800.0, 800.0, 0.0, 0.0], H)  # f = 1, i = 0, o = 1/2
    dh, dc = np.zeros((B, T, H)), rng.normal(size=(B, H))
    dh_early = np.zeros((B, T, H))
    dh_early[:, 3] = rng.normal(size=(B, H))
    c0[0, 0] = 300.0  # a cell may hold more than its tanh can show
    h, c, (late, early) = ask(student, (x, h0, c0, Wx, Wh, b), (dh, dc), (dh_early, dc))
    close(c, np.repeat(c0[:, None], T, axis=1), rtol=1e-12, what="the cell states with f = 1 and i = 0")
    close(h, np.repeat(np.tanh(c0)[:, None] / 2, T, axis=1), rtol=1e-12, what="the hidden states with f = 1 and i = 0")
    close(late["dc0"], dc, rtol=1e-12, what="dc0 with f = 1 and i = 0")
    expected = dc + dh_early[:, 3] * (1 - np.tanh(c0) ** 2) / 2
    close(early["dc0"], expected, rtol=1e-10, what="dc0 with f = 1, i = 0 and a gradient at an early h")


def watched(nb, arguments, dh, dc):
    """As `both`, with floating-point faults as errors; that a number vanishes (underflow) is no fault."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        h, c, cache = nb.lstm_forward(*arguments)
        return h, c, nb.lstm_backward(dh, dc, cache)


@pytest.mark.points(0.3, hint="Gates at the end of their range have slope 0; exp must not overflow on the way there.")
def test_saturated_gates(student, rng):
    B, T, H = 3, 4, 2
    for size in (50.0, 1000.0):
        signs = rng.choice([-1.0, 1.0], size=(B, T, 4 * H))
        _, h0, c0, _, _, _ = draw(rng, B, T, 8, H)
        arguments = size * signs, h0, c0, np.eye(4 * H), np.zeros((H, 4 * H)), np.zeros(4 * H)
        dh, dc = rng.normal(size=(B, T, H)), rng.normal(size=(B, H))
        h, c, grads = unpack(student.run(watched, arguments, dh, dc), 3)
        judge_states(h, c, arguments, f" for pre-activations of +-{size:g}")
        grads = gradients(grads, arguments)
        close(grads["db"], np.zeros(4 * H), atol=1e-12, what="db of saturated gates")


def interleaved(nb, first, second, dh, dc):
    """Gradients of the first pass, asked for after a second forward pass, and twice."""
    _, _, cache = nb.lstm_forward(*first)
    nb.lstm_forward(*second)
    return nb.lstm_backward(dh, dc, cache), nb.lstm_backward(1e3 * dh, 1e3 * dc, cache)


@pytest.mark.points(
    0.4,
    hint="The cache belongs to one forward pass and serves any number of backward passes: no globals, no pop(). "
    "Gradients are linear in dh, however large: nothing is clipped.",
)
def test_an_lstm_cache_serves_twice_and_alone(student, rng):
    first, second = draw(rng, 3, 4, 2, 5), draw(rng, 3, 4, 2, 5)
    dh, dc = cotangents_for(rng, first)
    expected = expected_for(slopes_of(first), dh, dc)
    once, twice = unpack(student.run(interleaved, first, second, dh, dc), 2)
    judge(gradients(once, first), expected, "after another forward pass")
    judge(
        gradients(twice, first),
        {name: 1e3 * grad for name, grad in expected.items()},
        "of a second, larger backward pass",
    )


@pytest.mark.points(
    0.4,
    hint="Read in two halves, the second starting from the last h and c of the first, a sequence gives the same; its "
    "dh0 and dc0 are what the first half has to hear.",
)
def test_two_halves_of_an_lstm_are_the_whole(student, rng):
    B, T, D, H, cut = 3, 7, 2, 4, 3
    x, h0, c0, *weights = arguments = draw(rng, B, T, D, H)
    dh, dc = cotangents_for(rng, arguments)
    h, c, (grads,) = ask(student, arguments, (dh, dc))
    early = (x[:, :cut], h0, c0, *weights)
    h_left, c_left, _ = ask(student, early)
    late = (x[:, cut:], h_left[:, -1], c_left[:, -1], *weights)
    h_right, c_right, (right,) = ask(student, late, (dh[:, cut:], dc))
    for parts, whole, what in (((h_left, h_right), h, "hidden"), ((c_left, c_right), c, "cell")):
        close(np.concatenate(parts, axis=1), whole, what=f"the {what} states of two halves, beside those of the whole")
    dh_left = dh[:, :cut].copy()
    dh_left[:, -1] += right["dh0"]
    _, _, (left,) = ask(student, early, (dh_left, right["dc0"]))
    joined = {name: left[name] + right[name] for name in ("dWx", "dWh", "db")}
    joined |= {"dx": np.concatenate([left["dx"], right["dx"]], axis=1), "dh0": left["dh0"], "dc0": left["dc0"]}
    judge(joined, grads, "of two halves, beside that of the whole")
    require(all(float(np.abs(grad).max()) > 1e-6 for grad in grads.values()), "some gradient is 0 everywhere")
