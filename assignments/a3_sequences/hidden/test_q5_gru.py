"""Question 5: a GRU for sequences of different lengths, and both directions.

The expected states and gradients are those of torch's own GRU, with packed sequences where there are lengths.
"""

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from grader.testing import array, close, require, same, unpack

pytestmark = pytest.mark.question("q5")

READY_MADE = (
    "torch.nn.RNNBase",
    "torch.nn.RNNCellBase",
    "torch.gru*",
    "torch.lstm*",
    "torch.rnn_*",
    "aten::gru*",
    "aten::_cudnn_rnn*",
    "aten::_thnn_fused_gru_cell*",
    "aten::_pack_padded_sequence",
)
GEOMETRIES = [(4, 6, 3, 5), (3, 4, 5, 2), (3, 3, 3, 3)]  # B, T, D, H


def draw(rng, B, T, D, H):
    """Arguments of gru_forward but for lengths, in float64."""
    shapes = (B, T, D), (B, H), (3 * H, D), (3 * H, H), (3 * H,), (3 * H,)
    return [torch.tensor(rng.normal(size=shape)) for shape in shapes]


def draw_lengths(rng, B, T):
    """Lengths in 1..T, not sorted: a 1, a T, and no order."""
    lengths = rng.integers(1, T + 1, size=B)
    lengths[:3] = [min(2, T), T, 1][: len(lengths)]
    return torch.tensor(lengths)


def gru_of(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    """h and h_last of torch's GRU; gradients reach all arguments."""
    gru = torch.nn.GRU(x.shape[2], h0.shape[1], batch_first=True, dtype=x.dtype)
    weights = {"weight_ih_l0": W_ih, "weight_hh_l0": W_hh, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
    packed = x if lengths is None else pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    h, last = torch.func.functional_call(gru, weights, (packed, h0[None]))
    if lengths is not None:
        h, _ = pad_packed_sequence(h, batch_first=True, total_length=x.shape[1])
    return h, last[0]


def ask(student, arguments, lengths=None):
    h, last = unpack(student.gru_forward(*arguments, lengths), 2, what="gru_forward")
    B, T, H = *arguments[0].shape[:2], arguments[1].shape[1]
    array(h, shape=(B, T, H), dtype="float", what="h")
    array(last, shape=(B, H), dtype="float", what="h_last")
    return h, last


def judge(student, arguments, lengths=None, what=""):
    h, last = ask(student, arguments, lengths)
    expected_h, expected_last = gru_of(*arguments, lengths)
    close(h, expected_h, rtol=1e-8, atol=1e-10, what=f"h{what}")
    close(last, expected_last, rtol=1e-8, atol=1e-10, what=f"h_last{what}")


def slopes(nb, arguments, lengths, dh, dlast):
    """Gradients of all arguments for cotangents of h and h_last."""
    arguments = [a.clone().requires_grad_() for a in arguments]
    h, last = nb.gru_forward(*arguments, lengths)
    grads = torch.autograd.grad([h, last], arguments, [dh, dlast], allow_unused=True)
    return [torch.zeros_like(a) if g is None else g for a, g in zip(arguments, grads, strict=True)]


@pytest.mark.points(
    0.8,
    hint="h is (B, T, H), h_last (B, H), bidirectional gives (B, T, 2H); all in the dtype of x, and nothing that is "
    "passed may change.",
)
def test_gru_shapes_follow_the_table_and_nothing_is_changed(student, rng):
    for dtype in (torch.float32, torch.float64):
        arguments = [a.to(dtype) for a in draw(rng, 4, 6, 3, 5)]
        for lengths in (None, draw_lengths(rng, 4, 6)):
            with student.pure():
                h, last = unpack(student.gru_forward(*arguments, lengths), 2, what="gru_forward")
            array(h, shape=(4, 6, 5), dtype=dtype, what="h")
            array(last, shape=(4, 5), dtype=dtype, what="h_last")
            expected_h, _ = gru_of(*arguments, lengths)
            close(h, expected_h, rtol=1e-4, atol=1e-5, what="h")
        with student.pure():
            both = student.run(two_ways, arguments[0], lengths, *two_networks(rng, 3, 2, dtype))
        array(both, shape=(4, 6, 4), dtype=dtype, what="the result of bidirectional")


@pytest.mark.points(
    1.3,
    hint="Rows of W_ih and W_hh stand in the order r, z, n. r multiplies W_hn h + b_hn together, and z keeps the past.",
)
def test_gru_states_without_lengths(student, rng):
    for geometry in (*GEOMETRIES, (2, 20, 4, 3)):
        arguments = draw(rng, *geometry)
        with student.forbids(*READY_MADE):
            judge(student, arguments, None, " without lengths")
    h, last = unpack(student.gru_forward(*arguments), 2, what="gru_forward without the argument lengths")
    close(h, gru_of(*arguments)[0], rtol=1e-8, atol=1e-10, what="h without the argument lengths")
    close(last, gru_of(*arguments)[1], rtol=1e-8, atol=1e-10, what="h_last without the argument lengths")


@pytest.mark.points(
    1.3,
    hint="Beyond the length of a sequence its output is 0 and its state stays: h_last is the state after its last "
    "valid step. Lengths come in any order.",
)
def test_gru_states_with_lengths(student, rng):
    for geometry in (*GEOMETRIES, (6, 5, 2, 4)):
        arguments, lengths = draw(rng, *geometry), draw_lengths(rng, *geometry[:2])
        with student.forbids(*READY_MADE):
            judge(student, arguments, lengths, " with lengths")
    judge(student, arguments, torch.full((6,), 5), " with all lengths T")


@pytest.mark.points(
    1.8,
    hint="No detach, no .data, no new tensors from numbers: the gradient has to reach x, h0 and all four "
    "parameters, from h and from h_last.",
)
def test_gru_gradients(student, rng):
    names = "x", "h0", "W_ih", "W_hh", "b_ih", "b_hh"
    for B, T, D, H in GEOMETRIES:
        for lengths in (None, draw_lengths(rng, B, T)):
            arguments = draw(rng, B, T, D, H)
            dh, dlast = torch.tensor(rng.normal(size=(B, T, H))), torch.tensor(rng.normal(size=(B, H)))
            answer = unpack(student.run(slopes, arguments, lengths, dh, dlast), 6)
            for a in arguments:
                a.requires_grad_()
            expected = torch.autograd.grad(gru_of(*arguments, lengths), arguments, [dh, dlast])
            for grad, wanted, name in zip(answer, expected, names, strict=True):
                what = f"the gradient of {name} with{'out' if lengths is None else ''} lengths"
                close(grad, wanted, rtol=1e-8, atol=1e-10, what=what)


@pytest.mark.points(0.8, hint="One sequence, one step, one unit; a sequence of length 1 in a long batch.")
def test_gru_with_sizes_of_one(student, rng):
    for geometry in ((3, 1, 2, 4), (1, 5, 3, 2), (1, 1, 1, 1), (2, 4, 3, 1)):
        arguments = draw(rng, *geometry)
        judge(student, arguments, None, f" with B, T, D, H = {geometry}")
        for value in {1, geometry[1]}:
            lengths = torch.full((geometry[0],), value)
            judge(student, arguments, lengths, f" with B, T, D, H = {geometry} and lengths {value}")


@pytest.mark.points(
    0.6, hint="What stands in the padding, and which other sequences are in the batch, must not matter to a sequence."
)
def test_padding_and_neighbours_do_not_matter(student, rng):
    x, h0, *weights = draw(rng, 4, 6, 3, 5)
    lengths = draw_lengths(rng, 4, 6)
    h, last = ask(student, [x, h0, *weights], lengths)
    other = x.clone()
    for i, n in enumerate(lengths.tolist()):
        other[i, n:] = torch.tensor(100 * rng.normal(size=(6 - n, 3)))
        alone, alone_last = ask(student, [x[i : i + 1, :n], h0[i : i + 1], *weights])
        expected = np.zeros((6, 5))
        expected[:n] = np.asarray(array(alone, what="h"))[0]
        close(array(h, what="h")[i], expected, rtol=1e-8, atol=1e-10, what=f"h of sequence {i}, beside it alone")
        close(array(last, what="h_last")[i], array(alone_last, what="h_last")[0], rtol=1e-8, atol=1e-10, what="h_last")
    answer = ask(student, [other, h0, *weights], lengths)
    for ours, theirs, name in zip((h, last), answer, ("h", "h_last"), strict=True):
        close(theirs, torch.tensor(array(ours, what=name)), rtol=1e-9, atol=1e-11, what=f"{name} with other padding")
    require(float(np.ptp(array(last, what="h_last"))) > 1e-6, "h_last is the same everywhere")


def two_networks(rng, D, H, dtype=torch.float64):
    """Weights of two small recurrent networks."""
    return [torch.tensor(rng.normal(size=shape), dtype=dtype) for shape in ((D, H), (H, H), (D, H), (H, H))]


def network(x, lengths, A, M):
    """States of a plain recurrent network, 0 beyond the length."""
    h, outputs = torch.zeros(len(x), A.shape[1], dtype=x.dtype), []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ A + h @ M)
        outputs.append(h * (t < lengths)[:, None])
    return torch.stack(outputs, dim=1)


def two_ways(nb, x, lengths, A, M, A_back, M_back):
    """bidirectional with two plain recurrent networks that stop at the length."""

    def made(A, M):
        def run(x, lengths):
            h, outputs = torch.zeros(len(x), A.shape[1], dtype=x.dtype, device=x.device), []
            for t in range(x.shape[1]):
                h = torch.tanh(x[:, t] @ A + h @ M)
                outputs.append(h * (t < lengths)[:, None])
            return torch.stack(outputs, dim=1)

        return run

    return nb.bidirectional(made(A, M), made(A_back, M_back), x, lengths)


def two_ways_of(x, lengths, A, M, A_back, M_back):
    """Sequence by sequence, without any padding."""
    out = torch.zeros(*x.shape[:2], 2 * A.shape[1], dtype=x.dtype)
    for i, n in enumerate(lengths.tolist()):
        valid, all_of_it = x[i : i + 1, :n], torch.tensor([n])
        back = network(valid.flip(1), all_of_it, A_back, M_back).flip(1)
        out[i, :n] = torch.cat([network(valid, all_of_it, A, M), back], dim=2)[0]
    return out


@pytest.mark.points(
    1.0,
    hint="Turn the valid part of each sequence round, leave the padding behind it, let bwd read it, turn its outputs "
    "back the same way, and put them behind those of fwd.",
)
def test_both_directions_meet_at_each_word(student, rng):
    for B, T, D, H in (*GEOMETRIES, (1, 1, 2, 3), (5, 7, 2, 2)):
        x, lengths, weights = torch.tensor(rng.normal(size=(B, T, D))), draw_lengths(rng, B, T), two_networks(rng, D, H)
        expected = two_ways_of(x, lengths, *weights)
        close(student.run(two_ways, x, lengths, *weights), expected, what="the result of bidirectional", rtol=1e-8)
    x, full = torch.tensor(rng.normal(size=(3, 5, 2))), torch.full((3,), 5)
    weights = two_networks(rng, 2, 4)
    close(student.run(two_ways, x, full, *weights), two_ways_of(x, full, *weights), what="with full lengths", rtol=1e-8)


def calls_and_slopes(nb, x, lengths, cotangent):
    """How often each function was called, and the gradient of x, for functions that weight the steps."""
    calls = []

    def made(name, scale):
        def run(x, lengths):
            calls.append(name)
            t = torch.arange(x.shape[1], device=x.device)
            weight = (t + scale) * (t < lengths[:, None])
            return x.cumsum(1) * weight[:, :, None]

        return run

    x = x.clone().requires_grad_()
    out = nb.bidirectional(made("fwd", 1.0), made("bwd", 3.0), x, lengths)
    (slope,) = torch.autograd.grad(out, [x], cotangent)
    return sorted(calls), slope


@pytest.mark.points(
    0.4, hint="Each of the two functions reads the whole batch once, and the gradient of x gets through both."
)
def test_both_directions_pass_gradients(student, rng):
    B, T, D = 4, 6, 3
    x, lengths = torch.tensor(rng.normal(size=(B, T, D))), draw_lengths(rng, B, T)
    cotangent = torch.tensor(rng.normal(size=(B, T, 2 * D)))
    calls, slope = unpack(student.run(calls_and_slopes, x, lengths, cotangent), 2)
    same(calls, ["bwd", "fwd"], what="the functions that were called")
    expected = torch.zeros(B, T, D, dtype=torch.float64)
    for i, n in enumerate(lengths.tolist()):
        t = torch.arange(n)[:, None]
        from_left = (cotangent[i, :n, :D] * (t + 1)).flip(0).cumsum(0).flip(0)
        from_right = (cotangent[i, :n, D:] * (n - 1 - t + 3)).cumsum(0)
        expected[i, :n] = from_left + from_right
    close(slope, expected, rtol=1e-8, atol=1e-10, what="the gradient of x through bidirectional")
