"""Public checks of q7. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q7"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q7: {', '.join(absent)} not defined; run the cell of q7 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="u = ab + a, f = u^2 / 4: every gradient, with a used twice", points=0)
def test_shared_node(Value):
    """u = ab + a, f = u^2 / 4: every gradient, with a used twice"""
    defined(locals())
    a, b = Value(2.0), Value(3.0)
    u = a * b + a
    f = u**2 / 4
    assert near(f.data, 16), f"f = 8^2 / 4 = 16, yours is {f.data}"
    f.backward()
    for name, node, by_hand in (("f", f, 1), ("u", u, 4), ("b", b, 8), ("a", a, 16)):
        assert near(node.grad, by_hand), f"df/d{name} = {by_hand}, yours is {node.grad}"


@test_case(name="backward() a second time gives the same gradients", points=0)
def test_backward_twice(Value):
    """backward() a second time gives the same gradients"""
    defined(locals())
    x = Value(3.0)
    y = x * x
    y.backward()
    y.backward()
    assert near(x.grad, 6), f"d(x*x)/dx = 6 at x = 3, after the second backward() yours is {x.grad}"


@test_case(name="numbers and Values mix, on either side", points=0)
def test_numbers_on_either_side(Value):
    """numbers and Values mix, on either side"""
    defined(locals())
    x = Value(4.0)
    cases = {"2 - x": (2 - x, -2), "x - 2": (x - 2, 2), "2 / x": (2 / x, 0.5), "x / 2": (x / 2, 2), "-x": (-x, -4)}
    cases |= {"3 + x": (3 + x, 7), "3 * x": (3 * x, 12), "x ** -1": (x**-1, 0.25), "x ** 0.5": (x**0.5, 2)}
    for text, (node, by_hand) in cases.items():
        assert isinstance(node, Value), f"{text} should be a Value, yours is a {type(node).__name__}"
        assert near(node.data, by_hand), f"{text} = {by_hand} at x = 4, yours is {node.data}"


@test_case(name="value and slope of exp, log, tanh, sigmoid and relu", points=0)
def test_functions(Value):
    """value and slope of exp, log, tanh, sigmoid and relu"""
    defined(locals())
    by_hand = {  # function: (x, value, slope)
        "exp": (0.0, 1.0, 1.0),
        "log": (2.0, 0.693147, 0.5),
        "tanh": (0.0, 0.0, 1.0),
        "sigmoid": (0.0, 0.5, 0.25),
        "relu": (-3.0, 0.0, 0.0),
    }
    for name, (at, value, slope) in by_hand.items():
        x = Value(at)
        y = getattr(x, name)()
        y.backward()
        assert near(y.data, value), f"{name}({at}) = {value}, yours is {y.data}"
        assert near(x.grad, slope), f"the slope of {name} at {at} is {slope}, yours is {x.grad}"


@test_case(name="a sum of 5000 terms neither recurses too deeply nor takes long", points=0)
def test_long_sum(Value):
    """a sum of 5000 terms neither recurses too deeply nor takes long"""
    defined(locals())
    x = Value(1.0)
    total = x
    for _ in range(4999):
        total = total + x
    total.backward()
    assert near(x.grad, 5000), f"x + x + ... (5000 times) has the slope 5000, yours is {x.grad}"
