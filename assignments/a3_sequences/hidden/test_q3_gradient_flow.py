"""Question 3: clipping, truncated backpropagation through time, norms of Jacobians.

Expected gradients and Jacobians come from the forward pass alone, by complex steps.
"""

import numpy as np
import pytest

from grader.testing import array, close, number, numeric, require, same, unpack

pytestmark = pytest.mark.question("q3")

SHAPES = {"W": (4, 3), "b": (5,), "U": (2, 1, 3), "s": ()}
GEOMETRIES = [(3, 7, 2, 4), (2, 5, 4, 3), (3, 3, 3, 3)]  # B, T, D, H


def gradients_like(rng, scales=(1.0, 30.0, 0.1, 5.0)):
    return {
        name: np.asarray(scale * rng.normal(size=shape))
        for scale, (name, shape) in zip(scales, SHAPES.items(), strict=True)
    }


def norm_of(grads):
    return float(np.linalg.norm(np.concatenate([np.ravel(g) for g in grads.values()])))


def clipped_by(student, grads, max_norm):
    clipped, total = unpack(student.clip_grad_norm(grads, max_norm), 2, what="clip_grad_norm")
    require(type(clipped) is dict, "the first entry of clip_grad_norm must be a dict of arrays")
    require(set(clipped) == set(grads), "the clipped gradients must have the names of those that were passed")
    return clipped, number(total, what="the norm")


def draw(rng, B, T, D, H):
    """x, h0, params, dh."""
    Wh = rng.normal(scale=1.2 / np.sqrt(H), size=(H, H))
    params = {"Wx": rng.normal(size=(D, H)), "Wh": Wh, "b": rng.normal(size=H)}
    return rng.normal(size=(B, T, D)), rng.normal(size=(B, H)), params, rng.normal(size=(B, T, H))


def states_of(x, h0, Wx, Wh, b):
    h, state = [], h0
    for t in range(x.shape[1]):
        state = np.tanh(x[:, t] @ Wx + state @ Wh + b)
        h.append(state)
    return np.stack(h, axis=1)


def truncated(x, h0, params, dh, k):
    """Derivatives of sum(dh * h) in which the state at the start of every chunk of k steps is a number."""
    h, total = states_of(x, h0, **params), {}
    for name, values in params.items():
        bent, grad = values.astype(complex), np.zeros(values.shape)
        for index in np.ndindex(values.shape):
            bent[index] += 1e-30j
            for start in range(0, x.shape[1], k):
                before = h[:, start - 1] if start else h0
                chunk = states_of(x[:, start : start + k], before, **(params | {name: bent}))
                grad[index] += np.sum(dh[:, start : start + k] * chunk.imag) / 1e-30
            bent[index] = values[index]
        total["d" + name] = grad
    return total


def norms_of(h, Wh):
    """Largest stretch of a nudge of h_t on its way to h_T; the inputs that led to h are put back from the states."""
    T, H = h.shape
    pushes = np.arctanh(h[1:]) - h[:-1] @ Wh  # x_t Wx + b
    norms = np.ones(T)
    for t in range(T - 1):
        nudged = h[t] + 1e-30j * np.eye(H)  # a row for every unit
        for push in pushes[t:]:
            nudged = np.tanh(push + nudged @ Wh)
        norms[t] = np.sqrt(np.linalg.eigvalsh((nudged.imag / 1e-30) @ (nudged.imag / 1e-30).T)[-1])
    return norms


def sequence(rng, T, H, scale):
    """States (T, H) of one sequence, and recurrent weights of about the given spectral radius."""
    Wh = rng.normal(scale=scale / np.sqrt(H), size=(H, H))
    return states_of(0.5 * rng.normal(size=(1, T, H)), np.zeros((1, H)), np.eye(H), Wh, np.zeros(H))[0], Wh


@pytest.mark.points(
    0.6,
    hint="Dicts with the same names and shapes, float32 stays float32, the norm is one number; nothing that is passed "
    "may change, the dict of gradients included.",
)
def test_clipping_chunks_and_norms_follow_the_table_and_nothing_is_changed(student, rng):
    for dtype in (np.float32, np.float64):
        with student.pure():
            grads = {name: g.astype(dtype) for name, g in gradients_like(rng).items()}
            for max_norm in (0.5, 1e6):
                clipped, _ = clipped_by(student, grads, max_norm)
                for name, g in grads.items():
                    if g.shape:
                        array(clipped[name], shape=g.shape, dtype=dtype, what=f"the clipped {name}")
            x, h0, params, dh = draw(rng, 3, 7, 2, 4)
            params = {name: w.astype(dtype) for name, w in params.items()}
            answer = student.tbptt_grads(x.astype(dtype), h0.astype(dtype), params, dh.astype(dtype), 3)
            require(type(answer) is dict, "tbptt_grads must return a dict")
            require(set(answer) == {"dWx", "dWh", "db"}, "tbptt_grads must return dWx, dWh and db, nothing else")
            for name, w in params.items():
                array(answer["d" + name], shape=w.shape, dtype=dtype, what="d" + name)
            h, Wh = sequence(rng, 6, 4, 1.0)
            norms = student.jacobian_norms(h.astype(dtype), Wh.astype(dtype))
            array(norms, shape=(6,), dtype=dtype, what="jacobian_norms")


@pytest.mark.points(
    0.9,
    hint="One L2 norm over all entries of all arrays, one factor max_norm / norm for all, and only if the norm is "
    "above max_norm; return the norm from before.",
)
def test_one_factor_for_all_gradients(student, rng):
    for scales in ((1.0, 30.0, 0.1, 5.0), (2.0, 2.0, 2.0, 2.0), (0.1, 0.0, 3.0, 1.0)):
        grads = gradients_like(rng, scales)
        total = norm_of(grads)
        for part in (0.5, 0.9, 3.0, 1.1):
            with student.forbids("aten::*"):
                clipped, norm = clipped_by(student, grads, part * total)
            close(norm, total, what="the norm before clipping")
            for name, g in grads.items():
                what = f"{name}, clipped to {part} times the norm"
                close(np.asarray(clipped[name]) if not g.shape else clipped[name], g * min(1.0, part), what=what)


@pytest.mark.points(
    0.3,
    hint="A norm of exactly max_norm is not too long; the norm of zeros is 0, and needs no division; nan among "
    "the gradients makes the norm nan.",
)
def test_clipping_at_the_limit_of_zeros_and_of_nan(student, rng):
    whole = {"a": np.array([[3.0, -4.0]]), "b": np.array([12.0, 0.0, 84.0])}  # norm 85
    for max_norm in (85.0, 86.0):
        clipped, norm = clipped_by(student, whole, max_norm)
        close(norm, 85.0, what="the norm")
        close(clipped, whole, rtol=0.0, atol=0.0, what="gradients whose norm is at most max_norm")
    zeros = {"a": np.zeros((2, 3)), "b": np.zeros(4)}
    clipped, norm = clipped_by(student, zeros, 1.0)
    close(norm, 0.0, what="the norm of zeros")
    close(clipped, zeros, what="zeros, clipped")
    broken = {"a": np.array([1.0, np.nan]), "b": rng.normal(size=3)}
    _, norm = unpack(student.clip_grad_norm(broken, 0.5), 2, what="clip_grad_norm")
    found = numeric(norm)
    require(found is not None and found.scalar and found.family == "float", "the norm must be a number, nan included")
    same(bool(np.isnan(found.values)), True, what="whether nan among the gradients makes the norm nan")


@pytest.mark.points(
    0.2,
    hint="In float32 the square of 1e20 is inf: add up the squares in float64.",
)
def test_clipping_what_has_exploded(student, rng):
    for size in (1e20, 1e30):
        grads = {name: (size * g).astype(np.float32) for name, g in gradients_like(rng).items() if g.shape}
        total = norm_of({name: g.astype(float) for name, g in grads.items()})
        clipped, norm = clipped_by(student, grads, 2.0)
        close(norm, total, rtol=1e-4, what="the norm of enormous float32 gradients")
        expected = {name: (g * (2.0 / total)).astype(np.float32) for name, g in grads.items()}
        close(clipped, expected, rtol=1e-3, what="enormous float32 gradients, clipped")


@pytest.mark.points(
    1.2,
    hint="Chunks start at steps 0, k, 2k, ...; a chunk starts from the last state of the one before, but sends it no "
    "gradient; add up over the chunks.",
)
def test_truncated_gradients(student, rng):
    for geometry in GEOMETRIES:
        x, h0, params, dh = draw(rng, *geometry)
        for k in (2, 3, 4):
            with student.forbids("aten::*"):
                answer = student.tbptt_grads(x, h0, params, dh, k)
            close(answer, truncated(x, h0, params, dh, k), rtol=1e-8, atol=1e-10, what=f"tbptt_grads with k = {k}")


@pytest.mark.points(
    0.7, hint="With k >= T nothing is cut; with k = 1 every step stands alone, but the states are carried on."
)
def test_chunks_of_one_step_and_of_all(student, rng):
    for geometry in (*GEOMETRIES, (1, 1, 2, 3)):
        x, h0, params, dh = draw(rng, *geometry)
        for k in (1, geometry[1], geometry[1] + 3):
            answer = student.tbptt_grads(x, h0, params, dh, k)
            close(answer, truncated(x, h0, params, dh, k), rtol=1e-8, atol=1e-10, what=f"tbptt_grads with k = {k}")


@pytest.mark.points(
    1.1,
    hint="One factor Wh diag(1 - h^2) per step, with the state that the step leads to, multiplied in the order of the "
    "steps; the norm is the largest singular value.",
)
def test_norms_of_jacobians(student, rng):
    for T, H, scale in ((6, 4, 0.7), (9, 3, 1.6), (4, 5, 1.0), (4, 4, 1.3)):
        h, Wh = sequence(rng, T, H, scale)
        with student.forbids("aten::*"):
            answer = student.jacobian_norms(h, Wh)
        close(answer, norms_of(h, Wh), rtol=1e-7, atol=1e-10, what=f"the norms of {T} states")


@pytest.mark.points(
    0.5,
    hint="The last state depends on itself with slope 1, whatever T is; one unit is a matrix too; saturation ends it.",
)
def test_norms_of_short_and_of_saturated_sequences(student, rng):
    for T, H in ((1, 3), (2, 2), (5, 1), (1, 1)):
        h, Wh = sequence(rng, T, H, 1.2)
        close(student.jacobian_norms(h, Wh), norms_of(h, Wh), rtol=1e-7, atol=1e-10, what=f"the norms of {T} states")
    h, Wh = sequence(rng, 24, 3, 0.1)  # what vanishes is small, and not 0
    norms = student.jacobian_norms(h, Wh)
    close(norms, norms_of(h, Wh), rtol=1e-6, atol=1e-200, what="the norms of 24 states whose gradient vanishes")
    h, Wh = sequence(rng, 6, 3, 1.2)
    expected = norms_of(h, Wh)
    h[2] = 1.0  # nothing gets past the third state
    expected[:2] = 0.0
    close(student.jacobian_norms(h, Wh), expected, rtol=1e-7, atol=1e-10, what="the norms with one saturated state")


@pytest.mark.points(
    0.5,
    hint="Clipping twice is clipping once, the result as long as allowed; renaming the units of the state changes no "
    "norm; a scaled dh scales the gradients.",
)
def test_laws_of_clipping_chunks_and_norms(student, rng):
    grads = {name: g for name, g in gradients_like(rng).items() if g.shape}
    clipped, _ = clipped_by(student, grads, 2.0)
    clipped = {name: array(g, shape=SHAPES[name], dtype="float", what=name) for name, g in clipped.items()}
    again, norm = clipped_by(student, clipped, 2.0)
    # a small number in the denominator has cost its points above, where it is named
    close(norm, 2.0, rtol=1e-5, what="the norm of clipped gradients")
    close(again, clipped, rtol=1e-5, what="gradients clipped twice, beside those clipped once")
    h, _ = sequence(rng, 5, 3, 1.0)
    order, Wh = rng.permutation(3), rng.normal(size=(3, 3))
    norms = array(student.jacobian_norms(h, Wh), shape=(5,), dtype="float", what="jacobian_norms")
    require(float(np.ptp(norms)) > 1e-6, "all norms are the same")
    turned = student.jacobian_norms(h[:, order], Wh[order][:, order])
    close(turned, norms, rtol=1e-7, atol=1e-10, what="the norms after renaming the units")
    x, h0, params, dh = draw(rng, 2, 6, 3, 4)
    names = {"dWx": (3, 4), "dWh": (4, 4), "db": (4,)}
    once, twice = (student.tbptt_grads(x, h0, params, factor * dh, 4) for factor in (1.0, -1e3))
    require(type(once) is dict and set(once) == set(names), "tbptt_grads must return dWx, dWh and db, nothing else")
    with np.errstate(all="ignore"):
        expected = {name: -1e3 * array(once[name], shape=shape, what=name) for name, shape in names.items()}
    close(twice, expected, rtol=1e-8, atol=1e-10, what="the gradients for -1000 dh, beside those for dh")
