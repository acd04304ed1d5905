# %% [raw]
# # BEGIN QUESTION
# name: q4
# points: 0

# %% [markdown]
# ## q4. Activations and their slopes (5 points)
#
# A neuron adds up its weighted inputs to one number, the pre-activation $z$, and passes it through a fixed
# non-linear function. Without that function a stack of layers would collapse into a single matrix. The neuron of
# McCulloch and Pitts used a hard threshold: its slope is 0 wherever it has one, so gradient descent has nothing
# to follow. These are the soft functions that replaced it:
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}} \qquad \tanh z = \frac{e^z - e^{-z}}{e^z + e^{-z}} \qquad
# \mathrm{relu}(z) = \max(0, z) \qquad \mathrm{lrelu}_\alpha(z) = \begin{cases} z & z > 0 \\ \alpha z & \text{else}
# \end{cases} \qquad \zeta(z) = \ln(1 + e^z)$$
#
# Write them, and write the derivative of each **as a function of the pre-activation** $z$. Do the derivatives on
# paper first; three identities save work: $\sigma(-z) = 1 - \sigma(z)$, $\tanh z = 2\sigma(2z) - 1$, and the
# slope of the softplus $\zeta$ is a function that you already have.
#
# | argument | shape and type |
# |---|---|
# | `z` | any shape, also a single number; float64, float32 or integers; as large as $\pm 10^4$ |
# | `alpha` | the slope on the left, a float |
# | returns | the shape of `z`, float32 for float32, else float64, for integers too |
#
# `np.tanh` is allowed. Far from 0 the values of $\sigma$ and $\zeta$ have to be right to all digits, however small; of the
# others, and of all slopes, that they are near 0 is enough.
#
# By hand, to four digits, with $\alpha = 0.01$:
#
# | $z$ | $\sigma$ | $\tanh$ | relu | lrelu | $\zeta$ |
# |---|---|---|---|---|---|
# | -2 | 0.1192 | -0.9640 | 0 | -0.02 | 0.1269 |
# | 0.5 | 0.6225 | 0.4621 | 0.5 | 0.5 | 0.9741 |
# | 3 | 0.9526 | 0.9951 | 3 | 3 | 3.0486 |
#
# **What usually goes wrong**
# - What is `np.exp(1000)`, and for which sign of $z$ does your sigmoid compute it? Can you write $\sigma$ and
#   $\zeta$ so that only $e^{-|z|}$ is ever computed?
# - `np.where(z >= 0, A, B)` computes both `A` and `B` for every entry. Why may that matter?
# - Is $\sigma(-40)$ equal to 0? Is $\zeta(-40)$? What is `1 + 1e-18`, and what is `np.log1p` for?
# - Books often write $\sigma' = a(1 - a)$ where $a$ is the *activation*. What does your function receive?
# - A slide somewhere says $1/(1 + e^{z})$. What would that give at $z = 3$?
# - What does your ReLU do to its argument? And what becomes of `np.array([-1, 2])`, which holds integers?
#
# *Read:* Prince ch. 3; Goodfellow §3.10, §4.1 and §6.3; Bishop §5.1. Papers: Nair and Hinton 2010 and Glorot,
# Bordes and Bengio 2011 (ReLU), Maas, Hannun and Ng 2013 (leaky ReLU), Dugas et al. 2001 (softplus).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q4


def sigmoid(z: np.ndarray) -> np.ndarray:
    """The logistic function 1 / (1 + e^-z), element by element. Any shape; float32 stays float32."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    with np.errstate(under="ignore"):  # e^-1000 = 0 is the right answer, not an accident
        e = np.exp(-np.abs(z))  # in [0, 1]: cannot overflow
        return np.where(z >= 0, 1, e) / (1 + e)  # for z < 0: e^z / (e^z + 1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: sigmoid is not implemented yet")
    """  # END PROMPT


def tanh(z: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent (e^z - e^-z) / (e^z + e^-z)."""
    # BEGIN SOLUTION NO PROMPT
    return np.tanh(as_float(z))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: tanh is not implemented yet")
    """  # END PROMPT


def relu(z: np.ndarray) -> np.ndarray:
    """The rectified linear unit max(z, 0)."""
    # BEGIN SOLUTION NO PROMPT
    return np.maximum(as_float(z), 0)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: relu is not implemented yet")
    """  # END PROMPT


def leaky_relu(z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """z where z > 0, alpha z elsewhere."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return np.where(z > 0, z, z.dtype.type(alpha) * z)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: leaky_relu is not implemented yet")
    """  # END PROMPT


def softplus(z: np.ndarray) -> np.ndarray:
    """ln(1 + e^z)."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    with np.errstate(under="ignore"):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: softplus is not implemented yet")
    """  # END PROMPT


def d_sigmoid(z: np.ndarray) -> np.ndarray:
    """The derivative of the sigmoid at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return sigmoid(z) * sigmoid(-as_float(z))  # 1 - sigmoid(z) = sigmoid(-z), without the cancellation
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_sigmoid is not implemented yet")
    """  # END PROMPT


def d_tanh(z: np.ndarray) -> np.ndarray:
    """The derivative of tanh at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return 4 * d_sigmoid(2 * as_float(z))  # tanh(z) = 2 sigmoid(2z) - 1
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_tanh is not implemented yet")
    """  # END PROMPT


def d_relu(z: np.ndarray) -> np.ndarray:
    """The derivative of the ReLU at the pre-activation z; at z = 0 anything from 0 to 1 will do."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return (z > 0).astype(z.dtype)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_relu is not implemented yet")
    """  # END PROMPT


def d_leaky_relu(z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """The derivative of the leaky ReLU at the pre-activation z; at z = 0 anything from alpha to 1 will do."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return np.where(z > 0, 1, alpha).astype(z.dtype)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_leaky_relu is not implemented yet")
    """  # END PROMPT


def d_softplus(z: np.ndarray) -> np.ndarray:
    """The derivative of the softplus at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return sigmoid(z)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_softplus is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_activation_values(sigmoid, tanh, relu, leaky_relu, softplus):
    """the activations at -2, 0.5 and 3 are those worked out by hand"""
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


# %%
def test_slopes(env):
    """the derivatives are the slopes of the tangents"""
    z, h = np.array([-2.0, 0.5, 3.0]), 1e-5
    for name in ("sigmoid", "tanh", "relu", "leaky_relu", "softplus"):
        defined({name: env.get(name), f"d_{name}": env.get(f"d_{name}")})
        slope = (env[name](z + h) - env[name](z - h)) / (2 * h)
        yours = env[f"d_{name}"](z)
        assert near(yours, slope), f"at {z} your {name} has the slopes {np.round(slope, 6)}, but d_{name} gives {yours}"


# %%
def test_shapes_and_types(sigmoid, tanh, relu, leaky_relu, softplus):
    """shape and float32 are kept, a single number will do, the argument is left alone"""
    for activation in (sigmoid, tanh, relu, leaky_relu, softplus):
        name, z = activation.__name__, np.array([[-1.0, 0.0, 2.0]], dtype=np.float32)
        yours = activation(z)
        assert np.shape(yours) == (1, 3), f"{name}: z has shape (1, 3), yours returns {np.shape(yours)}"
        kind = np.asarray(yours).dtype
        assert kind == np.float32, f"{name}: z is float32, yours returns {kind}"
        assert (z == np.array([[-1.0, 0.0, 2.0]])).all(), f"{name} changes its argument"
        assert np.shape(activation(2.0)) == (), f"{name}(2.0) should be a single number"


# %%
def test_large_arguments(sigmoid, softplus):
    """sigmoid and softplus survive z = -1000 and z = 1000"""
    z = np.array([-1000.0, 1000.0])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert near(sigmoid(z), [0, 1]), f"sigmoid({z}) should be [0, 1], yours is {sigmoid(z)}"
        assert near(softplus(z), [0, 1000]), f"softplus({z}) should be [0, 1000], yours is {softplus(z)}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the activations, their slopes, and a tangent


@experiment
def activations_and_slopes():
    import matplotlib.pyplot as plt

    z, at = np.linspace(-5, 5, 401), 0.5
    pairs = [(sigmoid, d_sigmoid), (tanh, d_tanh), (relu, d_relu), (leaky_relu, d_leaky_relu), (softplus, d_softplus)]
    curves = [(f.__name__, f(z), slope(z), f(at), slope(at)) for f, slope in pairs]
    fig, axes = plt.subplots(1, 5, figsize=(15, 3), sharex=True)
    for ax, (name, value, slope, value_at, slope_at) in zip(axes, curves, strict=True):
        ax.plot(z, value, label="value")
        ax.plot(z, slope, "--", label="slope")
        ax.plot(z, value_at + slope_at * (z - at), ":", color="gray", label=f"tangent at {at}")
        ax.plot([at], [value_at], "o", color="gray")
        ax.set(title=name, xlabel="z", ylim=(-1.5, 3))
    axes[0].legend(fontsize=8)
    fig.tight_layout()
    plt.show()
