"""Question 3: networks of step units. Networks are evaluated here, evaluators are given networks of ours.

Scale and order of the units, and the biases within their bounds, are the solver's choice.
"""

from itertools import product

import numpy as np
import pytest

from grader.testing import Mismatch, array, close, number, same, unpack

pytestmark = pytest.mark.question("q3")


def patterns(n):
    """All inputs, in the order of the table's rows."""
    return np.array(list(product((-1, 1), repeat=n)))


def entry(net, name, shape):
    """One array of the answered network as float64, or a failed check."""
    if type(net) is not dict:
        raise Mismatch("A network must be a dict.")
    return array(net.get(name), shape=shape, what=name).astype(float)


def table_network(student, table):
    """The student's network for a truth table, checked for its kinds."""
    rows = len(table)
    net = student.boolean_network(table)
    arrays = {"W1": (rows, rows.bit_length() - 1), "b1": (rows,), "w2": (rows,)}
    checked = {name: entry(net, name, shape) for name, shape in arrays.items()}
    return {**checked, "b2": number(net.get("b2"), what="b2")}


def outputs(net, X):
    """Output and hidden units of a network of step units."""
    with np.errstate(all="ignore"):
        hidden = (X @ net["W1"].T + net["b1"] >= 0).astype(int)
        return (hidden @ net["w2"] + net["b2"] >= 0).astype(int), hidden


def judge_table(student, table, what):
    n = len(table).bit_length() - 1
    out, _ = outputs(table_network(student, table), patterns(n))
    same(out, table, what=f"the output of your network for {what} of {n} inputs")


def build_towers(nb, shape, a, b, K):
    """The network that the notebook builds for the function with these numbers, and how often it asked the function."""
    slope, size, speed, phase = shape

    def f(x):
        return slope * x + size * np.sin(speed * x + phase)

    return nb.tower_network(f, a, b, K)


def wave(shape, x):
    slope, size, speed, phase = shape
    return slope * x + size * np.sin(speed * x + phase)


def towers(student, shape, a, b, K):
    """The student's towers of a wave, checked for their kinds."""
    net = student.run(build_towers, shape, a, b, K)
    return {name: entry(net, name, s) for name, s in {"W1": (2 * K, 1), "b1": (2 * K,), "w2": (2 * K,)}.items()}


def height(net, x):
    """What a network of towers gives at each x."""
    with np.errstate(all="ignore"):
        return (x[:, None] * net["W1"][:, 0] + net["b1"] >= 0) @ net["w2"]


def random_wave(rng):
    return rng.uniform([0.3, 0.5, 0.7, 0.0], [1.0, 2.0, 2.0, 6.0])


@pytest.mark.points(
    0.5, hint="The shapes of the table, integers for answers of step units, floats for towers; no argument may change."
)
def test_networks_keep_to_the_table(student, rng):
    table, X = rng.integers(0, 2, size=8), rng.choice([-1, 1], size=(5, 3))
    with student.pure():
        table_network(student, table)
        towers(student, random_wave(rng), -1.0, 2.0, 5)
        net = {"W1": rng.normal(size=(8, 3)), "b1": rng.normal(size=8), "w2": rng.normal(size=8), "b2": 0.3}
        answer = student.boolean_eval(net, X)
        if type(answer) not in (tuple, list) or len(answer) != 2:
            raise Mismatch("boolean_eval must return two arrays.")
        array(answer[0], shape=(5,), dtype="int", what="out")
        array(answer[1], shape=(5, 8), dtype="int", what="hidden")
        single = {name: np.float32(value) for name, value in net.items()}
        student.boolean_eval(single, X.astype(np.float32))
        for dtype in (np.float64, np.float32):
            net = {"W1": rng.normal(size=(6, 1)), "b1": rng.normal(size=6), "w2": rng.normal(size=6)}
            net, x = {name: value.astype(dtype) for name, value in net.items()}, rng.normal(size=7).astype(dtype)
            array(student.tower_eval(net, x), shape=(7,), dtype=dtype, what="tower_eval")


@pytest.mark.points(1.0, hint="Write down the patterns of n = 3, row 0 to row 7, and check a row by hand.")
def test_networks_of_random_tables(student, rng):
    for case in range(60):
        n = 1 + case % 6
        judge_table(student, rng.integers(0, 2, size=2**n), "a random table")


@pytest.mark.points(
    0.5,
    hint="A table of zeros, of ones, with a single 1: what reaches the output unit in each case?",
)
def test_networks_of_extreme_tables(student, rng):
    for n in range(1, 7):
        rows = 2**n
        judge_table(student, np.zeros(rows, dtype=int), "the table of zeros")
        judge_table(student, np.ones(rows, dtype=int), "the table of ones")
        judge_table(student, (patterns(n) == 1).sum(axis=1) % 2, "parity")
        judge_table(student, np.eye(rows, dtype=int)[rng.integers(rows)], "a table with a single 1")


@pytest.mark.points(
    0.5,
    hint="A matching pattern scores n, the next best n - 2; the bias lets the first through alone.",
)
def test_exactly_one_hidden_unit_fires_for_every_input(student, rng):
    for n in range(1, 7):
        _, hidden = outputs(table_network(student, rng.integers(0, 2, size=2**n)), patterns(n))
        same(hidden.sum(axis=1), np.ones(2**n, dtype=int), what=f"how many of your hidden units fire, n = {n}")
        same(hidden.sum(axis=0), np.ones(2**n, dtype=int), what=f"how often each of your hidden units fires, n = {n}")


@pytest.mark.points(
    0.75,
    hint="Use the numbers of the dictionary: step(W1 x + b1), step(w2 h + b2), and step(0) is 1.",
)
def test_evaluation_uses_the_given_network(student, rng):
    for N, n in [(9, 3), (1, 4), (4, 2), (7, 1)]:
        rows, X = 2**n, rng.choice([-1, 1], size=(N, n))
        whole = {"W1": rng.integers(-2, 3, size=(rows, n)), "b1": rng.integers(-2, 3, size=rows)}
        votes = {"w2": rng.integers(-2, 3, size=rows), "b2": int(rng.integers(-1, 2))}
        whole = {name: value * 1.0 for name, value in {**whole, **votes}.items()}
        whole["b1"][0] = -(whole["W1"][0] @ X[0])  # sums of exactly 0, here and behind it
        whole["b2"] = float(-(whole["w2"] @ outputs(whole, X)[1][0]))
        free = {"W1": rng.normal(size=(rows, n)), "b1": rng.normal(size=rows), "w2": rng.normal(size=rows), "b2": 0.1}
        order = rng.permutation(rows)
        moved = {**free, "W1": free["W1"][order], "b1": free["b1"][order], "w2": free["w2"][order]}
        for net in (whole, free, moved):
            same(student.boolean_eval(net, X), outputs(net, X), what=f"out and hidden of {N} inputs, n = {n}")


def build_from_numbers(nb, edge, low, high, a, b, K):
    """The towers of a function that compares: it takes a number, and an array has no truth value."""

    def f(x):
        if np.ndim(x):
            raise TypeError("f takes a number, and was given an array")
        return low if x < edge else high

    return nb.tower_network(f, a, b, K)


@pytest.mark.points(
    0.25,
    hint="f takes a number and gives a number, an int here and a float there: ask it for one midpoint after the other, "
    "and keep bins of height 0.",
)
def test_the_function_is_asked_for_one_number_at_a_time(student, rng):
    for a, b, K, low in [(-1.0, 3.0, 8, -1.5), (0.5, 2.0, 3, -0.5), (0.0, 2.0, 6, 0)]:
        high = float(rng.uniform(0.5, 2.0))
        net = student.run(build_from_numbers, (a + b) / 2 + 0.01, low, high, a, b, K)
        net = {name: entry(net, name, s) for name, s in {"W1": (2 * K, 1), "b1": (2 * K,), "w2": (2 * K,)}.items()}
        middle = a + (np.arange(K) + 0.5) * (b - a) / K
        expected = np.where(middle < (a + b) / 2 + 0.01, low, high)
        close(height(net, middle), expected, rtol=1e-9, atol=1e-9, what="your towers for a function with a jump")


@pytest.mark.points(
    0.6,
    hint="Each of the K bins is as high as f at its midpoint; K bins, equally wide, and nothing else.",
)
def test_towers_are_as_high_as_the_function_at_the_midpoints(student, rng):
    for a, b, K in [(-1.3, 2.1, 7), (0.0, 4.0, 8), (0.7, 1.1, 1), (-5.0, -2.5, 3), (-2.0, 3.0, 20)]:
        shape = random_wave(rng)
        net, width = towers(student, shape, a, b, K), (b - a) / K
        bins = np.arange(K)
        expected = wave(shape, a + (bins + 0.5) * width)
        for part in (1e-6, 0.3, 0.5, 0.8, 1 - 1e-6):
            got = height(net, a + (bins + part) * width)
            close(got, expected, rtol=1e-9, atol=1e-9, what=f"your towers, {K} of them, inside their bins")
        outside = np.array([a - 7.0, a - 1e-6, b + 1e-6, b + 0.4 * width, b + 9.0])
        close(height(net, outside), np.zeros(5), atol=1e-9, what=f"your {K} towers outside of [a, b)")


def build_constants(nb, height, cuts):
    """The towers of a constant function, for each (a, b, K)."""
    return [nb.tower_network(lambda x: height, a, b, K) for a, b, K in cuts]


def judge_constants(student, height_of_all, a, b, bins):
    """2K units for every K, and the constant in the middle of every bin; edges may be rounded."""
    nets = unpack(student.run(build_constants, height_of_all, [(a, b, K) for K in bins]), len(bins), what="networks")
    for K, net in zip(bins, nets, strict=True):
        net = {name: entry(net, name, s) for name, s in {"W1": (2 * K, 1), "b1": (2 * K,), "w2": (2 * K,)}.items()}
        x = a + (b - a) * (np.arange(K) + 0.5) / K
        close(height(net, x), np.full(K, height_of_all), atol=1e-9, what=f"{K} towers of a constant function")


@pytest.mark.points(0.5, hint="At an inner edge the left tower is taken down and the right one goes up, both at once.")
def test_towers_meet_without_gap_or_overlap(student, rng):
    for a, b, K in [(-1.0, 3.0, 8), (0.0, 2.0, 4), (-4.0, 4.0, 2), (1.0, 1.5, 16)]:  # edges without rounding
        shape = random_wave(rng)
        net, width = towers(student, shape, a, b, K), (b - a) / K
        expected = np.append(wave(shape, a + (np.arange(K) + 0.5) * width), 0.0)
        close(
            height(net, a + np.arange(K + 1) * width),
            expected,
            atol=1e-9,
            what="your towers at the edges",
        )
    for a, b in ((0.0, 1.0), (0.0, 2.1), (-0.7, 0.6)):  # widths that are rounded
        judge_constants(student, float(rng.uniform(0.5, 2.0)), a, b, range(1, 31))


@pytest.mark.points(
    0.4,
    hint="tower_eval is the sum of w2 over the units with W1 x + b1 >= 0; no step at the end.",
)
def test_towers_are_summed_up_and_come_near_the_function(student, rng):
    for N, units in [(11, 6), (1, 4), (8, 8)]:
        net = {"W1": rng.normal(size=(units, 1)), "b1": rng.normal(size=units), "w2": rng.normal(size=units)}
        x = rng.normal(scale=2.0, size=N)
        close(student.tower_eval(net, x), height(net, x), atol=1e-11, what=f"the sum of {units} step units")
        steps = {**net, "W1": np.ones((units, 1)), "b1": -np.arange(units) * 1.0}
        whole = np.arange(N) * 1.0
        for gap, where in ((0.0, "right at"), (-1e-9, "a little before"), (1e-9, "a little behind")):
            got = student.tower_eval(steps, whole + gap)
            close(got, height(steps, whole + gap), atol=1e-11, what=f"step units {where} their edges")
    slope, size, speed, phase = shape = random_wave(rng)
    for K in (5, 50, 400):
        x = rng.uniform(-1.0, 2.0, size=300)
        got = array(student.tower_eval(towers(student, shape, -1.0, 2.0, K), x), shape=(300,), what="tower_eval")
        steepest = abs(slope) + size * speed
        with np.errstate(all="ignore"):
            worst = float(np.max(np.abs(got - wave(shape, x))))
        if not worst <= steepest * 3.0 / (2 * K) + 1e-9:
            raise Mismatch(f"Your {K} towers are farther from the function than half a bin explains.")
