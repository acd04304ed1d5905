"""Question 1: the neuron of McCulloch and Pitts. Gates are judged by what they do, not by the value of theta."""

import numpy as np
import pytest

from grader.testing import array, close, number, require, same

pytestmark = pytest.mark.question("q1")

GATES = {
    "and": lambda ones, n: ones == n,
    "or": lambda ones, n: ones > 0,
    "majority": lambda ones, n: 2 * ones > n,
    "always": lambda ones, n: ones >= 0,
    "never": lambda ones, n: ones < 0,
}


def judge_gate(student, gate):
    for n in (*range(1, 9), 3000):
        theta = number(student.gate_theta(gate, n), what="gate_theta")
        require(theta % 1 == 0, f"a threshold is an int, yours for {gate!r} lies between two")
        ones = np.arange(n + 1)
        what = f"what a neuron with your threshold for {gate!r} says to 0, 1, ... of {n} inputs that fire"
        same((ones >= theta).astype(int), GATES[gate](ones, n).astype(int), what=what)


def shares_memory(nb, W, x, y):
    """Whether the result of an update lies in the memory of W: without learning, with it, where no output fires."""
    given = (y, 0.0), (y, 0.3), (0 * y, 0.3)
    return [bool(np.shares_memory(nb.hebb_update(W, x, out, lr), W)) for out, lr in given]


@pytest.mark.points(
    0.3, hint="One integer a row (no bool, no float), weights as large as W was, and no argument may change."
)
def test_neuron_and_hebb_keep_to_the_table(student, rng):
    N, n, m = 5, 3, 4
    x, W = rng.integers(0, 2, size=(N, n)), rng.normal(size=(m, n))
    with student.pure():
        array(student.mp_neuron(x, 2), shape=(N,), dtype="int", what="mp_neuron")
        number(student.gate_theta("majority", n), what="gate_theta")
        for dtype in (np.float32, np.float64):
            values = [a.astype(dtype) for a in (W, rng.normal(size=n), rng.normal(size=m))]
            array(student.hebb_update(*values, 0.3), shape=(m, n), dtype=dtype, what="hebb_update")
            shared = student.run(shares_memory, *values)
            same(shared, [False] * 3, what="whether the new W is the old array: lr = 0, lr = 0.3, y = 0")
        W, x, y = (rng.integers(-3, 4, size=size) for size in ((m, n), n, m))
        close(student.hebb_update(W, x, y, 0.3), W + 0.3 * np.outer(y, x), what="W, where W, x and y hold integers")


@pytest.mark.points(0.5, hint="Count the ones of each row, and compare with the threshold: equal is enough.")
def test_neuron_fires_from_the_threshold_on(student, rng):
    for N, n in [(9, 4), (5, 5), (4, 7), (2, 300)]:
        x = rng.integers(0, 2, size=(N, n)) if n < 300 else np.ones((N, n), dtype=np.uint8)
        for theta in range(n + 2) if n < 300 else (44, 45, 290, 300, 301):
            expected = (x.sum(axis=1) >= theta).astype(int)
            same(student.mp_neuron(x, theta), expected, what=f"{N} neurons of {n} inputs with theta = {theta}")


@pytest.mark.points(0.4, hint="From which number of ones on does the gate fire? Try n = 1 and n = 3.")
def test_and_and_or_of_any_number_of_inputs(student):
    judge_gate(student, "and")
    judge_gate(student, "or")


@pytest.mark.points(0.4, hint="Half is no majority: write down the smallest majority of 1, 2, 3, 4 and 5 inputs.")
def test_majority_of_any_number_of_inputs(student):
    judge_gate(student, "majority")


@pytest.mark.points(0.5, hint="The rule is W + lr y x^T: row i of W belongs to output i, column j to input j.")
def test_hebb_adds_the_outer_product(student, rng):
    for m, n in [(2, 5), (6, 3), (4, 4), (1, 2)]:
        W, x, y, lr = rng.normal(size=(m, n)), rng.normal(size=n), rng.normal(size=m), float(rng.uniform(0.1, 0.9))
        expected = W + lr * y[:, None] * x
        close(student.hebb_update(W, x, y, lr), expected, what=f"W of {m} outputs and {n} inputs", factors={"lr": lr})


@pytest.mark.points(0.3, hint="Which sum does a silent row have? Which sum does no row reach? Think of any n.")
def test_always_and_never_hold_for_every_input(student):
    judge_gate(student, "always")
    judge_gate(student, "never")


@pytest.mark.points(
    0.3, hint="One row, one input, a threshold of 0 or below, one that cannot be reached: all are allowed."
)
def test_one_row_one_input_and_extreme_thresholds(student, rng):
    for N, n in [(1, 6), (7, 1), (1, 1)]:
        x = rng.integers(0, 2, size=(N, n))
        for theta in (-3, 0, 1, n, n + 1, n + 5):
            expected = (x.sum(axis=1) >= theta).astype(int)
            same(student.mp_neuron(x, theta), expected, what=f"{N} rows of {n} inputs, theta = {theta}")


@pytest.mark.points(
    0.3, hint="Hebb's rule does not look at what W predicts: two updates add up, in either order, wherever they start."
)
def test_hebb_updates_add_up_in_any_order(student, rng):
    m, n = 3, 5
    W, pairs = rng.normal(size=(m, n)), [(rng.normal(size=n), rng.normal(size=m)) for _ in range(2)]
    ways = []
    for order in (pairs, pairs[::-1]):
        V = W
        for x, y in order:
            V = array(student.hebb_update(V, x, y, 0.4), shape=(m, n), dtype="float", what="hebb_update")
        ways.append(V)
    expected = W + 0.4 * sum(np.outer(y, x) for x, y in pairs)
    close(ways[0], expected, what="W after two updates")
    close(ways[1], expected, what="W after the same updates in the other order")
