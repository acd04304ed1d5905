"""Question 8: initialisation, forward and backward pass of an MLP, numeric gradient.

The expected gradients come from the forward pass alone, by complex steps: exact to rounding, and no backward pass that
could share a mistake with the student's.
"""

import numpy as np
import pytest

from grader.testing import array, close, number, require, same, unpack

pytestmark = pytest.mark.question("q8")

ACTIVATIONS = {  # they take complex arrays too
    "relu": lambda z: z * (z.real > 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
}
DEPTHS = ([5, 3], [4, 1, 3], [4, 6, 3], [3, 5, 4, 2], [2, 5, 5, 5, 3])  # one to four layers, of one unit, square ones
SCHEMES = ("xavier_uniform", "xavier_normal", "he_uniform", "he_normal")


def names_and_shapes(sizes):
    layers = enumerate(zip(sizes, sizes[1:], strict=False), start=1)
    return {key: shape for i, (n, m) in layers for key, shape in ((f"W{i}", (n, m)), (f"b{i}", (m,)))}


def draw(rng, sizes, N):
    """Parameters with biases that matter, a batch and labels."""
    params = {name: 0.8 * rng.normal(size=shape) for name, shape in names_and_shapes(sizes).items()}
    return params, rng.normal(size=(N, sizes[0])), rng.integers(0, sizes[-1], size=N)


def logits_of(params, X, act):
    depth = len(params) // 2
    A = X
    for layer in range(1, depth + 1):
        Z = A @ params[f"W{layer}"] + params[f"b{layer}"]
        A = ACTIVATIONS[act](Z) if layer < depth else Z
    return A


def penalty_of(params, l2):
    return l2 / 2 * sum(np.sum(w**2) for name, w in params.items() if name.startswith("W"))


def loss_of(params, X, y, act):
    Z = logits_of(params, X, act)
    Z = Z - Z.real.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(len(y)), y])


def gradients_of(params, X, y, act):
    """d loss / d entry = Im loss(entry + i h) / h, for every entry."""
    grads, h = {}, 1e-30
    for name, values in params.items():
        bent = values.astype(complex)
        grads[name] = np.empty(values.shape)
        for index in np.ndindex(values.shape):
            bent[index] += 1j * h
            grads[name][index] = loss_of({**params, name: bent}, X, y, act).imag / h
            bent[index] = values[index]
    return grads


def entries(answer, sizes, what, dtype="float"):
    """A dict of arrays with the names and shapes of the parameters; everything else fails the check."""
    shapes = names_and_shapes(sizes)
    require(type(answer) is dict, f"{what} must be a dict of arrays")
    require(answer.keys() == shapes.keys(), f"{what} must have the keys {', '.join(shapes)}, and no others")
    return {key: array(answer[key], shape=shapes[key], dtype=dtype, what=f"{what}[{key!r}]") for key in shapes}


def ask_loss(student, *args, **kwargs):
    loss, _ = unpack(student.mlp_loss_and_grads(*args, **kwargs), 2, what="mlp_loss_and_grads")
    return number(loss, what="the loss")


def ask(student, sizes, *args, **kwargs):
    """Loss and gradients of the student, checked for their kind."""
    loss, grads = unpack(student.mlp_loss_and_grads(*args, **kwargs), 2, what="mlp_loss_and_grads")
    return number(loss, what="the loss"), entries(grads, sizes, "the gradients")


def is_zero(gap, what):
    close(gap, np.zeros(np.shape(gap)), atol=1e-9, what=what)


def initial(nb, sizes, scheme, seed, times=1):
    """Parameters of `times` calls that share one generator."""
    rng = np.random.default_rng(seed)
    return [nb.init_params(list(sizes), scheme, rng) for _ in range(times)]


@pytest.mark.points(
    1.2,
    hint="Names, shapes and dtypes are those of the table (a bias has shape (n,), float32 stays float32); params, X "
    "and the global random state stay as they are.",
)
def test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed(student, rng):
    sizes = [4, 6, 3]
    params, X, y = draw(rng, sizes, 5)
    with student.pure():
        for scheme in SCHEMES:
            answer = student.init_params(sizes, scheme, student.rng(int(rng.integers(1 << 30))))
            first = entries(answer, sizes, f"init_params with {scheme}", np.float64)
            close(np.concatenate([first["b1"], first["b2"]]), np.zeros(9), what=f"the biases of {scheme}")
        for act in ACTIVATIONS:
            for dtype in (np.float64, np.float32):
                typed = {name: w.astype(dtype) for name, w in params.items()}
                logits, _ = unpack(student.mlp_forward(typed, X.astype(dtype), act), 2, what="mlp_forward")
                array(logits, shape=(5, 3), dtype=dtype, what=f"the logits with {act}")
                answer = student.mlp_loss_and_grads(typed, X.astype(dtype), y, act, l2=0.3)
                loss, grads = unpack(answer, 2, what="mlp_loss_and_grads")
                number(loss, what="the loss")
                entries(grads, sizes, f"the gradients with {act}", dtype)


@pytest.mark.points(0.2, hint="Layer 10 comes behind layer 9: in the order of texts W10 stands before W2.")
def test_layers_come_in_the_order_of_their_numbers(student, rng):
    sizes = [3] * 13
    params, X, y = draw(rng, sizes, 5)
    turned = dict(reversed(params.items()))  # a dict is asked by name
    logits, _ = unpack(student.mlp_forward(turned, X, "tanh"), 2, what="mlp_forward")
    close(logits, logits_of(params, X, "tanh"), what="the logits of 12 layers")
    _, grads = ask(student, sizes, turned, X, y, "tanh")
    for name, expected in gradients_of(params, X, y, "tanh").items():
        close(grads[name], expected, atol=1e-11, what=f"the gradient of {name} in 12 layers")


@pytest.mark.points(1.0, hint="Every layer but the last is activated, with the activation that is asked for.")
def test_forward_values_at_every_depth(student, rng):
    for sizes in DEPTHS:
        params, X, _ = draw(rng, sizes, 7)
        for act in ACTIVATIONS:
            logits, _ = unpack(student.mlp_forward(params, X, act), 2, what="mlp_forward")
            close(logits, logits_of(params, X, act), what=f"the logits of {len(sizes) - 1} layers with {act}")


@pytest.mark.points(0.6, hint="Without l2 the loss is the mean cross-entropy of the logits.")
def test_loss_is_the_mean_cross_entropy(student, rng):
    for sizes in DEPTHS:
        params, X, y = draw(rng, sizes, 6)
        for act in ACTIVATIONS:
            loss = ask_loss(student, params, X, y, act)
            close(loss, float(loss_of(params, X, y, act)), what=f"the loss of {len(sizes) - 1} layers with {act}")


@pytest.mark.points(0.4, hint="The penalty is l2/2 times the sum of squares of all W's: no biases, no division by N.")
def test_penalty_in_the_loss(student, rng):
    for sizes, l2 in zip(DEPTHS, rng.uniform(0.2, 0.6, size=len(DEPTHS)), strict=True):
        params, X, y = draw(rng, sizes, 6)
        without = ask_loss(student, params, X, y, "tanh")
        loss = ask_loss(student, params, X, y, "tanh", l2=float(l2))
        close(loss - without, float(penalty_of(params, l2)), what="the loss with l2 minus the loss without")


@pytest.mark.points(
    1.2,
    hint="Which variance does the scheme ask for, and which of n_in and n_out are in it? A uniform distribution on "
    "(-a, a) has variance a^2 / 3, and rng.normal takes a standard deviation.",
)
def test_initial_weights_have_the_right_spread(student, rng):
    sizes = [240, 130, 60]
    for scheme in SCHEMES:
        (answer,) = unpack(student.run(initial, sizes, scheme, int(rng.integers(1 << 30))), 1)
        params = entries(answer, sizes, f"init_params with {scheme}")
        for layer, (n_in, n_out) in enumerate([(240, 130), (130, 60)], start=1):
            W, n, what = params[f"W{layer}"], n_in * n_out, f"W{layer} of {scheme}"
            std = np.sqrt(2.0 / (n_in + n_out) if scheme.startswith("xavier") else 2.0 / n_in)
            bound, uniform = np.sqrt(3.0) * std, scheme.endswith("uniform")
            with np.errstate(all="ignore"):  # bands of six standard errors
                spread, off = W.var() / std**2, abs(W.mean()) / std * np.sqrt(n)
                beyond, share = np.mean(np.abs(W) > bound), 0.0 if uniform else 0.0833
            off_spread, band = abs(spread - 1.0), 6.0 * np.sqrt((0.8 if uniform else 2.0) / n)
            require(off_spread <= band, f"the spread of {what} is too {'large' if spread > 1 else 'small'}")
            require(off <= 6.0, f"the mean of {what} is not 0")
            same_shape = abs(beyond - share) <= 6.0 * np.sqrt(share * (1 - share) / n)
            require(same_shape, f"{what} is not {scheme.split('_')[1]}")


def differences(nb, A, b, x, h):
    """Gradients of a quadratic and a cubic with a step of h, and of a cubic and a steep wave with the default step."""

    def quadratic(v):
        return float(v @ A @ v / 2 + b @ v)

    def cubic(v):
        return float(np.sum(v**3))

    def wave(v):
        return float(np.sum(np.sin(1000.0 * v)))

    with_default = [nb.numeric_gradient(f, x.copy()) for f in (cubic, wave)]
    return *[nb.numeric_gradient(f, x.copy(), h=h) for f in (quadratic, cubic)], *with_default


@pytest.mark.points(
    0.8, hint="(f(x + h) - f(x - h)) / 2h for one entry at a time, with the h that is given: exact for a quadratic."
)
def test_numeric_gradient_is_the_central_difference(student, rng):
    x, b, A = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(5, 5))
    A = A + A.T
    for h in (0.5, 0.01):
        quadratic, wide, cubic, wave = unpack(student.run(differences, A, b, x, h), 4)
        close(quadratic, A @ x + b, atol=1e-9, what="the numeric gradient of a quadratic")
        close(wide, 3 * x**2 + h**2, rtol=1e-7, atol=1e-9, what="the difference quotient of a cubic with a wide step")
        close(cubic, 3 * x**2, rtol=1e-7, atol=1e-8, what="the numeric gradient of a cubic")
        expected = 1000.0 * np.cos(1000.0 * x) * np.sin(0.01) / 0.01  # the difference with h = 1e-5, not yet the slope
        close(wave, expected, rtol=1e-6, atol=1e-3, what="the difference quotient of a steep wave, default h")


@pytest.mark.points(
    2.4,
    hint="Go backwards layer by layer: which arrays of the forward pass does each gradient need, and at which z is the "
    "slope taken? numeric_gradient finds the first layer that is wrong.",
)
def test_gradients_at_every_depth(student, rng):
    for sizes in DEPTHS:
        params, X, y = draw(rng, sizes, 7)
        for act in ACTIVATIONS:
            _, grads = ask(student, sizes, params, X, y, act)
            for name, expected in gradients_of(params, X, y, act).items():
                what = f"the gradient of {name} in {len(sizes) - 1} layers with {act}"
                close(grads[name], expected, atol=1e-11, what=what, factors={"the batch size N": 7})


@pytest.mark.points(0.6, hint="The gradient of l2/2 * sum of W^2 is l2 * W; the biases are not penalised.")
def test_penalty_in_the_gradient(student, rng):
    for sizes, l2 in zip(DEPTHS, rng.uniform(0.2, 0.6, size=len(DEPTHS)), strict=True):
        params, X, y = draw(rng, sizes, 6)
        _, without = ask(student, sizes, params, X, y, "sigmoid")
        _, grads = ask(student, sizes, params, X, y, "sigmoid", l2=float(l2))
        with np.errstate(all="ignore"):
            for name, w in params.items():
                expected = l2 * w if name.startswith("W") else 0.0 * w
                close(grads[name] - without[name], expected, what=f"what l2 adds to the gradient of {name}")


@pytest.mark.points(
    0.9, hint="Try one row, and layers as wide as the batch is long: a transposed matrix does not raise an error there."
)
def test_one_row_and_square_layers(student, rng):
    for sizes, N in [([4, 4, 4], 4), ([4, 4, 4], 1), ([3, 3], 3), ([5, 2, 3], 1)]:
        params, X, y = draw(rng, sizes, N)
        for act in ACTIVATIONS:
            logits, _ = unpack(student.mlp_forward(params, X, act), 2, what="mlp_forward")
            close(logits, logits_of(params, X, act), what=f"the logits of {N} rows")
            _, grads = ask(student, sizes, params, X, y, act)
            for name, expected in gradients_of(params, X, y, act).items():
                close(grads[name], expected, atol=1e-11, what=f"the gradient of {name} with {N} rows and {act}")


def corners(nb, x):
    """Numeric gradients of a number, a transposed view and a strided view; whether x came back bit by bit."""
    number = np.array(x[0, 0])
    transposed, strided = x.copy().T, np.repeat(x, 2, axis=1)[:, ::2]
    answers = [
        nb.numeric_gradient(lambda v: float(np.sin(v)), number),
        nb.numeric_gradient(lambda v: float(np.sum(np.sin(v))), transposed),
        nb.numeric_gradient(lambda v: float(np.sum(np.sin(v))), strided),
    ]
    restored = [bool(number == x[0, 0]), bool((transposed == x.T).all()), bool((strided == x).all())]
    for scale in (1e-7, 1e7):  # where x + h - h is not x
        scaled = x * scale
        nb.numeric_gradient(lambda v: float(np.sum(v)), scaled)
        restored.append(bool((scaled == x * scale).all()))
    for stop in (1, 2, 3, 4):
        calls, values = [], x.copy()

        def f(v, calls=calls, stop=stop):
            calls.append(0)
            if len(calls) == stop:
                raise KeyError("no value here") if stop < 4 else KeyboardInterrupt
            return float(np.sum(v))

        try:
            nb.numeric_gradient(f, values)
        except (KeyError, KeyboardInterrupt):
            restored.append(bool((values == x).all()))
    return answers, restored


@pytest.mark.points(
    0.9,
    hint="Index x itself (a reshaped or raveled view may be a copy), keep the old entry and put exactly it back, in a "
    "finally: f may raise.",
)
def test_numeric_gradient_of_any_array_puts_x_back(student, rng):
    x = rng.normal(size=(2, 3))
    answers, restored = unpack(student.run(corners, x), 2)
    expected = [float(np.cos(x[0, 0])), np.cos(x.T), np.cos(x)]
    close(answers, expected, rtol=1e-7, atol=1e-8, what="the numeric gradients")
    same(restored, [True] * 9, what="whether x is what it was, and an error of f comes through")


@pytest.mark.points(
    0.9, hint="Repeating every row changes neither the mean loss nor its gradient; renaming hidden units only renames."
)
def test_repeated_rows_and_renamed_units_change_nothing(student, rng):
    sizes = [4, 6, 3]
    params, X, y = draw(rng, sizes, 5)
    order = rng.permutation(6)
    renamed = {**params, "W1": params["W1"][:, order], "b1": params["b1"][order], "W2": params["W2"][order]}
    for act in ACTIVATIONS:
        loss, grads = ask(student, sizes, params, X, y, act, l2=0.3)
        again, repeated = ask(student, sizes, params, np.tile(X, (3, 1)), np.tile(y, 3), act, l2=0.3)
        other, turned = ask(student, sizes, renamed, X, y, act, l2=0.3)
        expected = {**grads, "W1": grads["W1"][:, order], "b1": grads["b1"][order], "W2": grads["W2"][order]}
        with np.errstate(all="ignore"):
            varied = loss > 0.0 and float(np.ptp(grads["W1"])) > 1e-6
            require(varied, "the loss is not positive, or all entries of the gradient are the same")
            is_zero(np.array([again - loss, other - loss]), "the change of the loss")
            for name in grads:
                is_zero(repeated[name] - grads[name], f"the change of the gradient of {name} when rows are repeated")
                is_zero(turned[name] - expected[name], f"the change of the gradient of {name} when units are renamed")


def two_forwards(nb, params, first, second, act):
    """The logits of a forward pass after a second one, and whether logits and cache stayed the same bit by bit."""

    def bits(thing):
        if isinstance(thing, np.ndarray):
            return thing.tobytes()
        if isinstance(thing, dict):
            return [bits(entry) for entry in thing.values()]
        return [bits(entry) for entry in thing] if isinstance(thing, (list, tuple)) else None

    answer = nb.mlp_forward(params, first, act)
    before = bits(answer)
    nb.mlp_forward(params, second, act)
    return answer[0], before == bits(answer)


@pytest.mark.points(0.4, hint="Every forward pass makes its own cache: no global one, no buffer that is used again.")
def test_a_second_forward_leaves_the_first_cache_alone(student, rng):
    params, X, _ = draw(rng, [4, 6, 3], 5)
    for act in ACTIVATIONS:
        logits, kept = unpack(student.run(two_forwards, params, X, rng.normal(size=(5, 4)), act), 2)
        close(logits, logits_of(params, X, act), what=f"the first logits with {act} after a second forward pass")
        same(kept, True, what=f"whether the first cache with {act} survives")


def shared(nb, sizes, scheme, seed):
    """Whether two arrays of fresh parameters lie in the same memory."""
    arrays = list(nb.init_params(list(sizes), scheme, np.random.default_rng(seed)).values())
    return any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


@pytest.mark.points(0.5, hint="Draw every layer from the generator that is passed, one after the other; never reseed.")
def test_initial_weights_come_from_the_generator_alone(student, rng):
    sizes, seed = [7, 7, 7], int(rng.integers(1 << 30))
    for scheme in SCHEMES:
        answers = [student.run(initial, sizes, scheme, seed, times=2) for _ in range(2)]
        calls = [entries(call, sizes, "init_params") for answer in answers for call in unpack(answer, 2)]
        first, second, first_again, _ = calls
        close(first_again, first, rtol=0.0, atol=0.0, what="the weights drawn with the same seed")
        calls_differ, layers_differ = (not np.array_equal(first["W1"], w) for w in (second["W1"], first["W2"]))
        require(calls_differ, "two calls with one generator gave the same weights")
        require(layers_differ, "two layers got the same weights")
        twice = student.run(shared, sizes, scheme, seed)
        require(twice is False, "two arrays of params lie in the same memory: a step changes both")
