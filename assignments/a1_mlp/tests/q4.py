"""Public checks of q4. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q4: {', '.join(absent)} not defined; run the cell of q4 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the activations at -2, 0.5 and 3 are those worked out by hand", points=0)
def test_activation_values(sigmoid, tanh, relu, leaky_relu, softplus):
    """the activations at -2, 0.5 and 3 are those worked out by hand"""
    defined(locals())
    z = np.array([-2.0, 0.5, 3.0])
    by_hand = {
        "sigmoid": (sigmoid, [0.119203, 0.622459, 0.952574]),
        "tanh": (tanh, [-0.964028, 0.462117, 0.995055]),
        "relu": (relu, [0.0, 0.5, 3.0]),
        "leaky_relu": (leaky_relu, [-0.02, 0.5, 3.0]),
        "softplus": (softplus, [0.126928, 0.974077, 3.048587]),
    }
    for name, (activation, expected) in by_hand.items():
        yours = activation(z)
        assert near(yours, expected), f"{name}({z}) is {expected}, yours gives {yours}"


@test_case(name="the derivatives are the slopes of the tangents", points=0)
def test_slopes(env):
    """the derivatives are the slopes of the tangents"""
    defined(locals())
    z, h = np.array([-2.0, 0.5, 3.0]), 1e-5
    for name in ("sigmoid", "tanh", "relu", "leaky_relu", "softplus"):
        defined({name: env.get(name), f"d_{name}": env.get(f"d_{name}")})
        slope = (env[name](z + h) - env[name](z - h)) / (2 * h)
        yours = env[f"d_{name}"](z)
        assert near(yours, slope), f"at {z} your {name} has the slopes {np.round(slope, 6)}, but d_{name} gives {yours}"


@test_case(name="shape and float32 are kept, a single number will do, the argument is left alone", points=0)
def test_shapes_and_types(sigmoid, tanh, relu, leaky_relu, softplus):
    """shape and float32 are kept, a single number will do, the argument is left alone"""
    defined(locals())
    for activation in (sigmoid, tanh, relu, leaky_relu, softplus):
        name, z = activation.__name__, np.array([[-1.0, 0.0, 2.0]], dtype=np.float32)
        yours = activation(z)
        assert np.shape(yours) == (1, 3), f"{name}: z has shape (1, 3), yours returns {np.shape(yours)}"
        kind = np.asarray(yours).dtype
        assert kind == np.float32, f"{name}: z is float32, yours returns {kind}"
        assert (z == np.array([[-1.0, 0.0, 2.0]])).all(), f"{name} changes its argument"
        assert np.shape(activation(2.0)) == (), f"{name}(2.0) should be a single number"


@test_case(name="sigmoid and softplus survive z = -1000 and z = 1000", points=0)
def test_large_arguments(sigmoid, softplus):
    """sigmoid and softplus survive z = -1000 and z = 1000"""
    defined(locals())
    z = np.array([-1000.0, 1000.0])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert near(sigmoid(z), [0, 1]), f"sigmoid({z}) should be [0, 1], yours is {sigmoid(z)}"
        assert near(softplus(z), [0, 1000]), f"softplus({z}) should be [0, 1000], yours is {softplus(z)}"
