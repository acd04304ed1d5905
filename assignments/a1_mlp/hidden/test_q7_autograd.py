"""Question 7: scalar autograd. Graphs are grown by probes in the sandbox and judged against a tape kept here."""

import math

import numpy as np
import pytest

from grader.testing import close, number, same, unpack

pytestmark = pytest.mark.question("q7")


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


BINARY = {  # kind -> value, slope to the left operand, slope to the right operand
    "add": lambda x, y: (x + y, 1.0, 1.0),
    "sub": lambda x, y: (x - y, 1.0, -1.0),
    "mul": lambda x, y: (x * y, y, x),
    "div": lambda x, y: (x / y, 1.0 / y, -(x / y) / y),
}
UNARY = {  # kind -> value, slope
    "neg": lambda x: (-x, -1.0),
    "exp": lambda x: (math.exp(x), math.exp(x)),
    "log": lambda x: (math.log(x), 1.0 / x),
    "tanh": lambda x: (math.tanh(x), 1.0 / math.cosh(x) ** 2),
    "sigmoid": lambda x: (sigmoid(x), sigmoid(x) * sigmoid(-x)),
    "relu": lambda x: (max(x, 0.0), float(x > 0)),
}


def power(x, n):
    return x**n, n * x ** (n - 1) if n else 0.0


def grow(nb, programs):
    """Build each program's nodes with the student's Value; answer data and grad of all of them after backward.

    A step is (kind, left, right): the number of an earlier node, or a float that stands for itself.
    """
    answers = []
    for steps in programs:
        nodes = []
        for kind, left, right in steps:
            x = nodes[left] if type(left) is int else left
            y = nodes[right] if type(right) is int else right
            if kind == "leaf":
                node = nb.Value(x)
            elif kind == "neg":
                node = -x
            elif kind == "pow":
                node = x**y
            elif kind == "add":
                node = x + y
            elif kind == "sub":
                node = x - y
            elif kind == "mul":
                node = x * y
            elif kind == "div":
                node = x / y
            else:
                node = getattr(x, kind)()
            nodes.append(node)
        nodes[-1].backward()
        answers.append(([node.data for node in nodes], [node.grad for node in nodes]))
    return answers


def tape(steps):
    """Expected data and grad of every node, by reverse accumulation over the list of steps."""
    data, slopes = [], []
    for kind, left, right in steps:
        x = data[left] if type(left) is int else left
        y = data[right] if type(right) is int else right
        if kind == "leaf":
            data.append(x)
            slopes.append([])
            continue
        value, *local = power(x, y) if kind == "pow" else BINARY[kind](x, y) if kind in BINARY else UNARY[kind](x)
        data.append(value)
        slopes.append([(i, s) for i, s in zip((left, right), local, strict=False) if type(i) is int])
    grad = [0.0] * len(steps)
    grad[-1] = 1.0
    for node in range(len(steps) - 1, -1, -1):
        for operand, slope in slopes[node]:
            grad[operand] += slope * grad[node]
    return data, grad


def draw_step(rng, data, unused):
    """One random step whose value and slopes stay moderate, so that rounding does."""
    pool = list(unused) if unused and rng.random() < 0.6 else list(range(len(data)))
    while True:
        left, right = int(rng.choice(pool)), int(rng.integers(len(data)))
        kind = str(rng.choice([*BINARY, *BINARY, *UNARY, "pow"]))
        if kind in BINARY:
            if rng.random() < 0.3:  # a plain number on one of the sides
                left, right = rng.permutation(np.array([left, float(rng.uniform(-2, 2))], dtype=object)).tolist()
        else:
            right = float(rng.choice([-2, -1, 2, 3])) if kind == "pow" else None
        x, y = (data[operand] if type(operand) is int else operand for operand in (left, right))
        if (kind == "log" and x < 0.3) or (kind == "relu" and abs(x) < 0.05):
            continue
        if (kind == "div" and abs(y) < 0.3) or (kind == "pow" and y < 0 and abs(x) < 0.3):
            continue
        value, *local = power(x, y) if kind == "pow" else BINARY[kind](x, y) if kind in BINARY else UNARY[kind](x)
        if max(abs(value), *map(abs, local)) <= 6.0:
            return (kind, left, right), value


def draw_program(rng, operations=30, leaves=4):
    """A random graph of `operations` steps with shared nodes; loose ends are added up, so every node counts."""
    data = [float(rng.uniform(0.4, 2.0) * rng.choice([-1, 1])) for _ in range(leaves - 1)]
    data.append(data[0])  # two different leaves that hold the same number
    steps, unused = [("leaf", value, None) for value in data], set(range(leaves))
    for _ in range(operations):
        step, value = draw_step(rng, data, unused)
        unused -= {operand for operand in step[1:] if type(operand) is int}
        unused.add(len(data))
        steps.append(step)
        data.append(value)
    while len(unused) > 1:
        left, right = sorted(unused)[:2]
        unused = unused - {left, right} | {len(steps)}
        steps.append(("add", left, right))
    return steps


def column(values, count, what):
    """A list of `count` numbers as an array; everything else fails the check."""
    return np.array([number(value, what=what) for value in unpack(values, count, what=what)])


def judge(student, programs, what):
    answers = unpack(student.run(grow, programs), len(programs), what=what)
    for steps, answer in zip(programs, answers, strict=True):
        data, grad = unpack(answer, 2, what=what)
        expected_data, expected_grad = map(np.array, tape(steps))
        kinds = " ".join(dict.fromkeys(kind for kind, *_ in steps if kind != "leaf"))
        about = f"of {what}" if len(steps) > 6 else f"of {what} ({kinds})"
        close(column(data, len(steps), "data"), expected_data, what=f"data {about}")
        scale = max(1.0, float(np.abs(expected_grad).max()))  # what the largest terms leave behind when they cancel
        close(column(grad, len(steps), "grad"), expected_grad, atol=1e-10 * scale, what=f"grad {about}")


def leaves(*values):
    return [("leaf", float(value), None) for value in values]


def contract(nb, a, b):
    """Mix Values with numbers; answer what came out, and the operands' data and grad before and after backward."""
    x, y = nb.Value(a), nb.Value(b)
    mixed = [x + y, x + b, b + x, x - y, x - b, b - x, x * y, x * b, b * x, x / y, x / b, b / x, x + 2, 3 * x, 1 - x]
    total = x + y
    running = total
    running += x  # another node, as with any +
    mixed += [total, running]
    before = [x.data, y.data, x.grad, y.grad]
    root = (x * y).tanh()
    root.backward()
    after = [x.data, y.data, root.data, root.grad]
    plain = {type(number).__name__ for number in (x.data, x.grad, root.data, root.grad)}
    return [node.data for node in mixed], before, after, sorted(plain - {"int", "float"})


@pytest.mark.points(
    1.0,
    hint="Every operation makes a new Value, with a plain number on either side too; it leaves its operands' data "
    "alone, and grad is 0.0 before backward. Plain Python numbers: math.tanh, not np.tanh.",
)
def test_values_and_numbers_mix_and_operands_keep_their_data(student, rng):
    a, b = float(rng.uniform(0.5, 2.0)), float(rng.uniform(-2.0, -0.5))
    mixed, before, after, foreign = unpack(student.run(contract, a, b), 4)
    expected = [a + b, a + b, b + a, a - b, a - b, b - a, a * b, a * b, b * a, a / b, a / b, b / a, a + 2, 3 * a, 1 - a]
    expected += [a + b, a + b + a]
    close(column(mixed, len(expected), "data"), np.array(expected), what="a Value beside a number, data")
    close(column(before, 4, "data and grad"), np.array([a, b, 0.0, 0.0]), what="the operands before backward")
    close(column(after, 4, "data and grad"), np.array([a, b, math.tanh(a * b), 1.0]), what="the nodes after backward")
    same(foreign, [], what="the list of foreign number types")


@pytest.mark.points(1.9, hint="Write f and both slopes on paper for + - * / ** and unary minus; 2 - x is not x - 2.")
def test_arithmetic_has_the_right_values_and_slopes(student, rng):
    programs = []
    for kind in BINARY:
        a, b = (float(rng.uniform(0.4, 2.0) * rng.choice([-1, 1])) for _ in range(2))
        programs += [
            [*leaves(a, b), (kind, 0, 1)],
            [*leaves(a), (kind, 0, b)],
            [*leaves(a), (kind, b, 0)],
            [*leaves(a), (kind, 2.0, 0), ("mul", 1, 1)],
        ]
    roots = [(float(rng.uniform(0.5, 2.0)), n) for n in (-2.0, 0.5)]
    for base, n in [(-3.0, 2.0), (-1.5, 3.0), (-1.25, -2.0), (-0.75, 1.0), *roots]:
        programs.append([*leaves(base), ("pow", 0, n)])
    programs += [[*leaves(rng.normal()), ("neg", 0, None)], [*leaves(rng.normal()), ("neg", 0, None), ("mul", 0, 1)]]
    judge(student, programs, "one operation")


@pytest.mark.points(0.1, hint="x ** 0 is 1 for every x, so its slope is 0: n x^(n-1) would divide by 0 at x = 0.")
def test_powers_at_zero(student):
    judge(student, [[*leaves(0.0), ("pow", 0, n), ("add", 0, 1)] for n in (0.0, 1.0, 2.0, 3.0)], "a power of 0")


def far_out(nb, kind, places):
    """data and grad of a function at each place."""
    answers = []
    for place in places:
        x = nb.Value(place)
        y = getattr(x, kind)()
        y.backward()
        answers.append((y.data, x.grad))
    return answers


@pytest.mark.points(
    0.25, hint="math.exp(1000) is an OverflowError: let exp see numbers <= 0 alone, in the slope as well."
)
def test_far_from_zero_the_curves_are_flat(student, rng):
    far = [float(sign * size) for size in rng.uniform(800.0, 2000.0, size=2) for sign in (1, -1)]
    for kind, low in (("sigmoid", 0.0), ("tanh", -1.0)):
        for place, answer in zip(far, unpack(student.run(far_out, kind, far), len(far)), strict=True):
            value, slope = unpack(answer, 2)
            close(value, 1.0 if place > 0 else low, what=f"{kind} far from 0")
            close(slope, 0.0, what=f"the slope of {kind} far from 0")


@pytest.mark.points(1.25, hint="Which slope belongs to which function, and is it taken at the input or at the output?")
def test_functions_have_the_right_values_and_slopes(student, rng):
    programs = []
    for kind in UNARY:
        for sign in [1.0] if kind == "log" else [1.0, -1.0]:
            a, b = float(sign * rng.uniform(0.3, 2.0)), float(rng.uniform(1.5, 2.5))
            programs += [[*leaves(a), (kind, 0, None)], [*leaves(a, b), (kind, 0, None), ("mul", 2, 1)]]
    judge(student, programs, "one function")


@pytest.mark.points(
    1.5,
    hint="A node may pass its grad on only when all nodes that use it have passed theirs: walk the graph in reverse "
    "topological order, and add (+=) what arrives.",
)
def test_random_graphs_match_an_independent_tape(student, rng):
    judge(student, [draw_program(rng) for _ in range(200)], "a graph of 30 operations")


@pytest.mark.points(
    1.0,
    hint="x * x has x as both of its operands: both slopes count. Two Values that hold the same number are two nodes.",
)
def test_a_value_used_twice_counts_twice(student, rng):
    a, b = float(rng.uniform(0.5, 2.0)), float(rng.uniform(-2.0, -0.5))
    twice = [[*leaves(a), (kind, 0, 0)] for kind in BINARY]
    cube = [*leaves(b), ("mul", 0, 0), ("mul", 1, 0)]
    shared = [*leaves(a, b), ("mul", 0, 1), ("tanh", 2, None), ("mul", 2, 3), ("add", 4, 2)]
    same_number = [*leaves(a, a), ("mul", 0, 1), ("add", 2, 0)]
    zeros = [*leaves(0.0, 0.0, b), ("mul", 0, 2), ("add", 1, 2), ("add", 3, 4)]
    judge(student, [*twice, cube, shared, same_number, zeros], "a shared Value")


def chain(nb, a, b, length):
    x, step = nb.Value(a), nb.Value(b)
    y = x
    for _ in range(length):
        y = y + step
    y.backward()
    return [y.data, x.grad, step.grad]


@pytest.mark.points(
    0.75, hint="Python's stack holds about 1000 calls: sort the graph with a list of your own, not by recursion."
)
def test_a_chain_of_twenty_thousand_additions_needs_no_recursion(student, rng):
    a, b, length = float(rng.normal()), float(rng.normal()), 20_000
    expected = np.array([a + b * length, 1.0, float(length)])
    close(column(student.run(chain, a, b, length), 3, "a long chain"), expected, what="data and grads of a long chain")


def ladder(nb, a, left, right, depth):
    x = nb.Value(a)
    y = x
    for _ in range(depth):
        y = y * left + y * right
    y.backward()
    return [y.data, x.grad]


@pytest.mark.points(0.75, hint="Visit every node once: a ladder of 40 diamonds has 2^40 paths but only 120 operations.")
def test_a_ladder_of_diamonds_is_not_walked_path_by_path(student, rng):
    a, left, right = float(rng.uniform(0.5, 1.5)), float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.4, 0.6))
    for depth in (12, 40):
        with student.limit(call_s=2):
            answer = student.run(ladder, a, left, right, depth)
        slope = (left + right) ** depth
        close(column(answer, 2, "a ladder"), np.array([a * slope, slope]), what=f"data and grad of {depth} diamonds")


def again(nb, a, b, c):
    """Grads of (a, b, c, m, s, f) after several backwards over graphs that share nodes."""
    a, b, c = nb.Value(a), nb.Value(b), nb.Value(c)
    m = a * b
    s = m + c
    f = s * m
    g = a * c + b.tanh()

    def grads():
        return [node.grad for node in (a, b, c, m, s, f)]

    f.backward()
    first = grads()
    f.backward()
    second = grads()
    s.backward()
    inner = [node.grad for node in (a, b, c, m, s)]
    g.backward()
    other = [a.grad, b.grad, c.grad, g.grad]
    f.backward()
    return first, second, inner, other, grads()


def flat(nb, a, b):
    """Grads of x and of a node between, left from one result, after backward of results that do not depend on x."""
    answers = []
    for end in (lambda u: u * 0, lambda u: u**0, lambda u: 0 / u, lambda u: (-1 * u * u).relu(), lambda u: u - u):
        x = nb.Value(a)
        u = x * b
        (u * 3 + x).backward()
        end(u).backward()
        answers.append([x.grad, u.grad])
    return answers


def alone(nb, a):
    """The grad of a leaf after its own backward, and after that of a sum that it is in, and its own again."""
    x, grads = nb.Value(a), []
    for root in (x, x + x, x):
        root.backward()
        grads.append(x.grad)
    return grads


@pytest.mark.points(
    1.5,
    hint="backward begins by setting the grad of every node of its own graph to 0, also of the nodes in between, and "
    "remembers nothing of the call before.",
)
def test_every_backward_starts_afresh(student, rng):
    a, b, c = (float(value) for value in rng.uniform(0.5, 2.0, size=3) * rng.choice([-1, 1], size=3))
    m, s = a * b, a * b + c
    of_f = np.array([(s + m) * b, (s + m) * a, m, s + m, m, 1.0])
    of_g = np.array([c, 1.0 - math.tanh(b) ** 2, a, 1.0])
    first, second, inner, other, last = unpack(student.run(again, a, b, c), 5)
    close(column(first, 6, "grads"), of_f, what="the grads after backward")
    close(column(second, 6, "grads"), of_f, what="the grads after a second backward")
    close(column(inner, 5, "grads"), np.array([b, a, 1.0, 1.0, 1.0]), what="the grads after backward of an inner node")
    close(column(other, 4, "grads"), of_g, what="the grads after backward of a second root")
    close(column(last, 6, "grads"), of_f, what="the grads after backward of the first root again")
    for grads in unpack(student.run(flat, a, b), 5):
        close(column(grads, 2, "grads"), np.zeros(2), what="the grads after backward of a result with slope 0")
    close(
        column(student.run(alone, a), 3, "grads"), np.array([1.0, 2.0, 1.0]), what="the grads of a leaf's own backward"
    )
