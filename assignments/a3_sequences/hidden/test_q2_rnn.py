"""Question 2: a recurrent network, forward and backward through time.

The expected states are computed here; the expected gradients come from them by complex steps, so that no backward pass
can share a mistake with the student's.
"""

import contextlib

import numpy as np
import pytest

from grader.testing import Mismatch, array, close, require, unpack

pytestmark = pytest.mark.question("q2")

ACTIVATIONS = {"tanh": np.tanh, "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z))}  # they take complex arrays too
NAMES = ("x", "h0", "Wx", "Wh", "b")
GEOMETRIES = [(3, 5, 2, 4), (2, 4, 6, 3), (4, 3, 5, 2)]  # B, T, D, H
CORNERS = [
    (3, 1, 2, 4),
    (1, 4, 3, 2),
    (1, 1, 1, 1),
    (2, 3, 4, 1),
    (3, 3, 3, 3),
]  # one step, one sequence, one unit; all equal


def draw(rng, B, T, D, H):
    """Arguments of rnn_forward but for act; the recurrent weights are large enough for errors to travel far."""
    Wh = rng.normal(scale=1.2 / np.sqrt(H), size=(H, H))
    return rng.normal(size=(B, T, D)), rng.normal(size=(B, H)), rng.normal(size=(D, H)), Wh, rng.normal(size=H)


def states_of(x, h0, Wx, Wh, b, act):
    h, state = [], h0
    for t in range(x.shape[1]):
        state = ACTIVATIONS[act](x[:, t] @ Wx + state @ Wh + b)
        h.append(state)
    return np.stack(h, axis=1)


def slopes_of(arguments, act):
    """For every argument: (its shape, (B, T, H)), the derivatives of all states, from Im h(entry + i e) / e."""
    slopes, e = {}, 1e-30
    for n, (name, values) in enumerate(zip(NAMES, arguments, strict=True)):
        bent, rows = values.astype(complex), []
        for index in np.ndindex(values.shape):
            bent[index] += 1j * e
            rows.append(states_of(*arguments[:n], bent, *arguments[n + 1 :], act).imag / e)
            bent[index] = values[index]
        slopes["d" + name] = np.array(rows).reshape(*values.shape, *rows[0].shape)
    return slopes


def expected_for(slopes, dh):
    return {name: np.tensordot(slope, dh, axes=3) for name, slope in slopes.items()}


def both(nb, arguments, act, cotangents):
    """The states, then the gradients for each of the cotangents with one cache."""
    h, cache = nb.rnn_forward(*arguments, act)
    return [h, *[nb.rnn_backward(dh, cache) for dh in cotangents]]


def gradients(answer, arguments, what="the gradients", dtype="float"):
    """The dict of gradients with its names and shapes; everything else fails the check."""
    require(type(answer) is dict, f"{what} must be a dict of arrays")
    names = ["d" + name for name in NAMES]
    require(set(answer) == set(names), f"{what} must have the keys {', '.join(names)}, and no others")
    shapes = {"d" + name: values.shape for name, values in zip(NAMES, arguments, strict=True)}
    return {name: array(answer[name], shape=shapes[name], dtype=dtype, what=name) for name in names}


def ask(student, arguments, act, *cotangents):
    """States of the student, checked for their kind, and dicts of gradients, to be checked where they are judged."""
    h, *answers = unpack(student.run(both, arguments, act, list(cotangents)), 1 + len(cotangents))
    B, T, _ = arguments[0].shape
    h = array(h, shape=(B, T, len(arguments[3])), dtype="float", what="h")
    require(all(type(answer) is dict for answer in answers), "the gradients must be a dict of arrays")
    return h, answers


def judge(grads, expected, what, names=None, factors=None):
    for name in names or expected:
        require(name in grads, f"the gradients must have the key {name}")
        close(grads[name], expected[name], rtol=1e-8, atol=1e-10, what=f"{name} {what}", factors=factors or {})


@pytest.mark.points(
    0.6,
    hint="h is (B, T, H), the gradients are a dict with five keys; float32 stays float32, x may hold integers, and "
    "neither the arguments nor dh may change.",
)
def test_recurrent_shapes_follow_the_table_and_nothing_is_changed(student, rng):
    for act in ACTIVATIONS:
        for dtype in (np.float32, np.float64):
            arguments = [values.astype(dtype) for values in draw(rng, 3, 5, 2, 4)]
            with student.pure():
                dh = rng.normal(size=(3, 5, 4)).astype(dtype)
                h, grads = unpack(student.run(both, arguments, act, [dh]), 2)
            array(h, shape=(3, 5, 4), dtype=dtype, what=f"h with {act}")
            gradients(grads, arguments, dtype=dtype)
        with student.pure():
            h, _ = unpack(student.rnn_forward(*arguments, act), 2, what="rnn_forward")
            array(h, shape=(3, 5, 4), dtype=np.float64, what="h")
        bits = rng.integers(0, 2, size=(3, 5, 2))
        h, (grads,) = ask(student, (bits, *arguments[1:]), act, dh)
        grads = gradients(grads, (bits, *arguments[1:]), what="the gradients for integers as x", dtype=np.float64)
        _, (expected,) = ask(student, (bits.astype(float), *arguments[1:]), act, dh)
        judge(grads, expected, "for integers as x")
        close(h, states_of(bits, *arguments[1:], act), what="h for integers as x")


@pytest.mark.points(
    1.7, hint="The state after a step is the state before the next one, the first one starts at h0; act is an argument."
)
def test_recurrent_states_at_every_step(student, rng):
    for geometry in [*GEOMETRIES, *CORNERS, (2, 30, 3, 5)]:
        for act in ACTIVATIONS:
            arguments = draw(rng, *geometry)
            with student.forbids("aten::*"):
                h, _ = unpack(student.rnn_forward(*arguments, act), 2, what="rnn_forward")
            close(h, states_of(*arguments, act), what=f"the states with {act}", rtol=1e-8)


def judge_gradient(student, rng, name):
    """One gradient, whatever the others are: for all geometries, with T = 1, B = 1 and all sizes equal among them."""
    for geometry in [*GEOMETRIES, *CORNERS]:
        for act in ACTIVATIONS:
            arguments = draw(rng, *geometry)
            slopes = slopes_of(arguments, act)
            B, T, _, H = geometry
            dh = rng.normal(size=(B, T, H))
            with student.forbids("aten::*"):
                _, (grads,) = ask(student, arguments, act, dh)
            judge(grads, expected_for(slopes, dh), f"with {act}, B = {B} and T = {T}", [name], {"the batch size B": B})


@pytest.fixture(scope="module")
def right():
    """The gradients that are right, once they were asked for; what is wrong has cost its own points already."""
    return {}


def sound(student, rng, right):
    """Names of the gradients that are right in the simplest case: what else must hold is judged of these alone."""
    if not right:
        arguments, dh = draw(rng, 2, 4, 3, 5), rng.normal(size=(2, 4, 5))
        expected = expected_for(slopes_of(arguments, "tanh"), dh)
        _, (grads,) = ask(student, arguments, "tanh", dh)
        right["names"] = []
        for name in expected:
            with contextlib.suppress(Mismatch):
                judge(grads, expected, "", [name])
                right["names"].append(name)
    require(right["names"], "No gradient is right.")
    return right["names"]


@pytest.mark.points(
    0.9,
    hint="Start at the last step. What arrives at h_t: dh[:, t] and what step t + 1 sends back through Wh; "
    "dx goes from there through Wx.",
)
def test_gradient_of_the_inputs(student, rng):
    judge_gradient(student, rng, "dx")


@pytest.mark.points(0.8, hint="dWx collects x_t times the slope at the sum of step t, from all steps and all rows.")
def test_gradient_of_the_input_weights(student, rng):
    judge_gradient(student, rng, "dWx")


@pytest.mark.points(0.9, hint="dWh collects h_(t-1) times the slope at the sum of step t; the first h is h0.")
def test_gradient_of_the_recurrent_weights(student, rng):
    judge_gradient(student, rng, "dWh")


@pytest.mark.points(0.7, hint="db collects the slope at the sum of step t, from all steps and all rows.")
def test_gradient_of_the_bias(student, rng):
    judge_gradient(student, rng, "db")


@pytest.mark.points(0.8, hint="dh0 is what the first step sends back through Wh: dh has no entry for h0.")
def test_gradient_of_the_first_state(student, rng):
    judge_gradient(student, rng, "dh0")


@pytest.mark.points(
    1.0,
    hint="A loss may look at one state only, at any one: then all other dh are 0, and what is said about that state "
    "reaches all steps before it and none after it.",
)
def test_gradients_through_time_of_a_loss_that_sees_one_state(student, rng, right):
    B, T, D, H = 2, 6, 3, 4
    names = sound(student, rng, right)
    for act in ACTIVATIONS:
        arguments = draw(rng, B, T, D, H)
        slopes, cotangents = slopes_of(arguments, act), []
        for step in (T - 1, 0, 2):
            dh = np.zeros((B, T, H))
            dh[:, step] = rng.normal(size=(B, H))
            cotangents.append(dh)
        _, answers = ask(student, arguments, act, *cotangents)
        for dh, grads, place in zip(cotangents, answers, ("last", "first", "third"), strict=True):
            judge(grads, expected_for(slopes, dh), f"when only the {place} state has a gradient, {act}", names)


def watched(nb, arguments, act, dh):
    """As `both`, with floating-point faults as errors; that a number vanishes (underflow) is no fault."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        h, cache = nb.rnn_forward(*arguments, act)
        return h, nb.rnn_backward(dh, cache)


@pytest.mark.points(
    0.4, hint="x = 1000 saturates a unit: its state is at the end of its range, its slope 0, and nothing overflows."
)
def test_saturated_units(student, rng, right):
    names = sound(student, rng, right)
    for act, ends in (("tanh", (-1.0, 1.0)), ("sigmoid", (0.0, 1.0))):
        _, h0, Wx, Wh, b = draw(rng, 2, 4, 3, 5)
        signs = rng.choice([-1.0, 1.0], size=(2, 4, 5))
        x, Wx = 1000.0 * signs, np.eye(5)
        h, grads = unpack(student.run(watched, (x, h0, Wx, Wh, b), act, rng.normal(size=(2, 4, 5))), 2)
        close(h, np.where(signs > 0, ends[1], ends[0]), what=f"the states of saturated units with {act}")
        require(type(grads) is dict, "the gradients must be a dict of arrays")
        zeros = {"d" + name: np.zeros(values.shape) for name, values in zip(NAMES, (x, h0, Wx, Wh, b), strict=True)}
        judge(grads, zeros, f"of saturated units with {act}", names)


def interleaved(nb, first, second, act, dh):
    """Gradients of the first pass, asked for after a second forward pass, and twice."""
    _, cache = nb.rnn_forward(*first, act)
    nb.rnn_forward(*second, act)
    return nb.rnn_backward(dh, cache), nb.rnn_backward(1e3 * dh, cache)


@pytest.mark.points(
    0.6,
    hint="The cache belongs to one forward pass and serves any number of backward passes: no globals, no pop(). "
    "Gradients are linear in dh, however large: nothing is clipped.",
)
def test_a_recurrent_cache_serves_twice_and_alone(student, rng, right):
    names = sound(student, rng, right)
    for act in ACTIVATIONS:
        first, second, dh = draw(rng, 3, 4, 2, 5), draw(rng, 3, 4, 2, 5), rng.normal(size=(3, 4, 5))
        expected = expected_for(slopes_of(first, act), dh)
        once, twice = unpack(student.run(interleaved, first, second, act, dh), 2)
        require(type(once) is type(twice) is dict, "the gradients must be a dict of arrays")
        judge(once, expected, f"with {act}, after another forward pass", names)
        larger = {name: 1e3 * grad for name, grad in expected.items()}
        judge(twice, larger, f"with {act}, of a second backward pass with a thousand times dh", names)


@pytest.mark.points(
    0.6, hint="Read in two halves, the second starting from the last state of the first, a sequence gives the same."
)
def test_two_halves_of_a_sequence_are_the_whole(student, rng, right):
    names = sound(student, rng, right)
    B, T, D, H, cut = 3, 7, 2, 4, 3
    for act in ACTIVATIONS:
        x, h0, Wx, Wh, b = arguments = draw(rng, B, T, D, H)
        dh = rng.normal(size=(B, T, H))
        h, (grads,) = ask(student, arguments, act, dh)
        h_left, _ = ask(student, (x[:, :cut], h0, Wx, Wh, b), act)
        late = (x[:, cut:], h_left[:, -1], Wx, Wh, b)
        h_right, (late_grads,) = ask(student, late, act, dh[:, cut:])
        close(np.concatenate([h_left, h_right], axis=1), h, what="the states of two halves, beside those of the whole")
        if "dh0" not in names:  # nothing crosses the cut
            continue
        dh_left = dh[:, :cut].copy()
        dh_left[:, -1] += array(late_grads.get("dh0"), shape=(B, H), dtype="float", what="dh0")
        _, (left,) = ask(student, (x[:, :cut], h0, Wx, Wh, b), act, dh_left)
        shapes = {"dx": (B, None, D), "dh0": (B, H), "dWx": (D, H), "dWh": (H, H), "db": (H,)}
        for name in names:
            whole = {name: array(grads.get(name), shape=shapes[name], dtype="float", what=name)}
            parts = [array(part.get(name), shape=shapes[name], dtype="float", what=name) for part in (left, late_grads)]
            joined = np.concatenate(parts, axis=1) if name == "dx" else parts[0] if name == "dh0" else sum(parts)
            judge({name: joined}, whole, f"of two halves, beside that of the whole, {act}", [name])
