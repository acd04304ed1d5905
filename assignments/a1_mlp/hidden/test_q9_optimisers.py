"""Question 9: seven optimisers. Trajectories are walked by probes in the sandbox and judged against the rules below."""

import numpy as np
import pytest

from grader.testing import array, close, require, unpack

pytestmark = pytest.mark.question("q9")

STEPS = 25
SHAPES = {"W": (3, 2), "V": (3, 2), "b": (4,)}  # two of one shape: a state kept by shape would mix them up
BOOKS = (
    "Change the arrays in params in place and leave grads alone; a None gradient skips its parameter entirely, its "
    "state too; state belongs to one optimiser object and, in it, to a parameter's name."
)


def sgd(g, state, lr):
    return -lr * g


def momentum(g, state, lr, alpha=0.9):
    state["d"] = alpha * state.get("d", 0.0) - lr * g
    return state["d"]


def nesterov(g, state, lr, alpha=0.9):
    state["v"] = alpha * state.get("v", 0.0) + g
    return -lr * (g + alpha * state["v"])


def adagrad(g, state, lr, eps=1e-10):
    state["s"] = state.get("s", 0.0) + g**2
    return -lr * g / (np.sqrt(state["s"]) + eps)


def rmsprop(g, state, lr, rho=0.9, eps=1e-8):
    state["s"] = rho * state.get("s", 0.0) + (1 - rho) * g**2
    return -lr * g / (np.sqrt(state["s"]) + eps)


def adadelta(g, state, lr=1.0, rho=0.95, eps=1e-6):
    state["s"] = rho * state.get("s", 0.0) + (1 - rho) * g**2
    u = g * np.sqrt(state.get("e", 0.0) + eps) / np.sqrt(state["s"] + eps)
    state["e"] = rho * state.get("e", 0.0) + (1 - rho) * u**2
    return -lr * u


def adam(g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] = state.get("t", 0) + 1
    state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
    mhat, vhat = state["m"] / (1 - beta1 ** state["t"]), state["v"] / (1 - beta2 ** state["t"])
    return -lr * mhat / (np.sqrt(vhat) + eps)


RULES = {  # the step as a function of gradient and state; settings, the first of them as near to the defaults as can be
    "SGD": (sgd, [{"lr": 0.3}]),
    "Momentum": (momentum, [{"lr": 0.2}, {"lr": 0.3, "alpha": 0.5}]),
    "Nesterov": (nesterov, [{"lr": 0.2}, {"lr": 0.3, "alpha": 0.5}]),
    "AdaGrad": (adagrad, [{"lr": 0.2}, {"lr": 0.3, "eps": 0.1}]),
    "RMSProp": (rmsprop, [{"lr": 0.02}, {"lr": 0.03, "rho": 0.6, "eps": 0.1}]),
    "AdaDelta": (adadelta, [{}, {"lr": 0.3, "rho": 0.6, "eps": 0.1}, {"lr": 2.0, "rho": 0.8, "eps": 1e-8}]),
    "Adam": (
        adam,
        [{}, {"lr": 0.05, "beta1": 0.5, "beta2": 0.7, "eps": 0.1}, {"lr": 0.02, "beta1": 0.7, "beta2": 0.9}],
    ),
}


def walk(nb, name, settings, start, gradients, renew=False):
    """Copies of the parameters after every step, and whether the steps worked in place and left the gradients alone.

    The gradients' arrays are used again and again, as by a training loop with buffers. A parameter appears in params
    when its gradient is first named; it lies in memory column by column, and the two dicts have different orders. With
    `renew`, new arrays of the same values, row by row, stand in params halfway.
    """
    optimiser, params, buffers, path = getattr(nb, name)(**settings), {}, {}, []
    in_place, dict_kept, gradients_kept = True, True, True
    for step, wanted in enumerate(gradients):
        grads = {}
        for key, g in wanted.items():
            if key not in params:
                params[key], buffers[key] = start[key].copy(order="F"), np.zeros_like(start[key])
            if g is not None:
                buffers[key][...] = g
            grads[key] = None if g is None else buffers[key]
        grads = dict(reversed(grads.items()))  # as backward passes fill them: names belong together, not places
        if renew and step == len(gradients) // 2:
            params = {key: w.copy() for key, w in params.items()}
        arrays, handed = dict(params), dict(grads)
        optimiser.step(params, grads)
        in_place &= params.keys() == arrays.keys() and all(params[key] is arrays[key] for key in arrays)
        dict_kept &= grads.keys() == handed.keys() and all(grads[key] is handed[key] for key in handed)
        gradients_kept &= all(np.array_equal(buffers[key], g) for key, g in wanted.items() if g is not None)
        path.append({key: w.copy() for key, w in params.items()})
    return path, in_place, dict_kept, gradients_kept


def way(path, key, shape, dtype, steps, what, since=0):
    """The values of one parameter after each of `steps` steps but the first `since`, stacked; or a failed check."""
    path = unpack(path, steps, what=what)
    require(all(type(entry) is dict for entry in path), f"{what}: params must stay a dict")
    return np.stack([array(e.get(key), shape=shape, dtype=dtype, what=f"{key} after a step") for e in path[since:]])


def judge_rule(student, rng, name):
    """25 steps on three tensors for several settings: how far each parameter has moved after every step."""
    rule, all_settings = RULES[name]
    for settings in all_settings:
        start = {key: rng.normal(size=shape) for key, shape in SHAPES.items()}
        gradients = [{key: rng.normal(size=shape) for key, shape in SHAPES.items()} for _ in range(STEPS)]
        for step in (6, 7, 15):  # zeros are a gradient: what is remembered of the past fades
            gradients[step]["W"] = np.zeros(SHAPES["W"])
            gradients[step]["b"][1:3] = 0.0
        path, *_ = unpack(student.run(walk, name, settings, start, gradients), 4)
        factors = {"lr": settings["lr"]} if "lr" in settings else {}
        given = f"{name} ({', '.join(settings) or 'defaults'})"
        for key, shape in SHAPES.items():
            state, moved, expected = {}, 0.0, []
            for grads in gradients:
                moved = moved + rule(grads[key], state, **settings)
                expected.append(moved)
            got = way(path, key, shape, "float", STEPS, given)
            with np.errstate(all="ignore"):
                close(
                    got - start[key], np.stack(expected), what=f"how far {key} has moved with {given}", factors=factors
                )


def judge_books(student, rng, name):
    """A parameter's way among others, with gradients missing, is the way it goes alone with the gradients it got."""
    settings = dict(RULES[name][1][-1])
    if "alpha" in settings:
        settings["alpha"] = 0.7  # at 0.5 a velocity kept in the gradient's own array leaves that array as it was
    shapes = {**SHAPES, "late": (2, 5)}
    start = {key: rng.normal(size=shape) for key, shape in shapes.items()}
    gradients = [{key: rng.normal(size=shape) for key, shape in shapes.items()} for _ in range(9)]
    for step in (2, 3, 4):
        gradients[step]["V"] = None
    for step in (0, 1, 2):
        del gradients[step]["late"]
    for dtype in (np.float64, np.float32):
        typed = {key: w.astype(dtype) for key, w in start.items()}
        given = [{key: g if g is None else g.astype(dtype) for key, g in grads.items()} for grads in gradients]
        path, in_place, dict_kept, gradients_kept = unpack(
            student.run(walk, name, settings, typed, given, renew=True), 4
        )
        single = "" if dtype is np.float64 else ", with float32 arrays either (with float64 it does as it should)"
        require(in_place is True, f"step must change the arrays in params, not put new ones into the dict{single}")
        require(dict_kept is True, f"step must leave the dict of gradients alone{single}")
        require(gradients_kept is True, f"step must not change the gradients{single}")
        for key, shape in shapes.items():
            since = 3 if key == "late" else 0
            among = way(path, key, shape, dtype, 9, name, since)
            got = [step for step, grads in enumerate(given) if grads.get(key) is not None]
            solo = [{key: given[step][key]} for step in got]
            alone, *_ = unpack(student.run(walk, name, settings, typed, solo), 4)
            expected = way(alone, key, shape, dtype, len(solo), name)
            with np.errstate(all="ignore"):
                moved = among[[step - since for step in got]] - typed[key]
                only = "" if dtype is np.float64 else " with float32 arrays"
                close(moved, expected - typed[key], what=f"how far {key} has moved among others{only}")
                require(float(np.abs(moved).max()) > 0.0, f"{key} does not move{only}")
            if key == "V":
                close(among[2:5], np.stack([among[1]] * 3), rtol=0.0, atol=0.0, what="V while its gradient is None")


def descend(nb, name, settings, curvature, start, steps):
    """Where an optimiser stands after some steps on the quadratic with these curvatures."""
    optimiser, params = getattr(nb, name)(**settings), {"w": start.copy()}
    for _ in range(steps):
        optimiser.step(params, {"w": curvature * params["w"]})
    return params["w"]


def judge_law(student, rng, name, gradient, settings, sizes):
    """Steps against a constant gradient have the given sizes, and a badly scaled quadratic is descended."""
    g = gradient * rng.choice([-1.0, 1.0], size=gradient.shape)
    start, steps = rng.normal(size=g.shape), len(sizes)
    path, *_ = unpack(student.run(walk, name, settings, {"w": start}, [{"w": g}] * steps), 4)
    places = np.concatenate([start[None], way(path, "w", g.shape, "float", steps, name)])
    with np.errstate(all="ignore"):
        taken = -np.diff(places, axis=0) * np.sign(g)
        close(taken, np.array(sizes), rtol=1e-6, atol=1e-9, what="the sizes of steps under a constant gradient")
    rule, curvature, start = RULES[name][0], np.array([50.0, 1.0, 0.02]), rng.uniform(0.5, 1.5, size=3)
    settings = {**settings, "lr": {"AdaDelta": 1.0, "SGD": 0.03}.get(name, 0.01)}
    w, state = start, {}
    for _ in range(150):
        w = w + rule(curvature * w, state, **settings)
    got = array(student.run(descend, name, settings, curvature, start, 150), shape=(3,), dtype="float", what="w")
    with np.errstate(all="ignore"):
        reached, bound = np.sum(curvature * got**2), 1.001 * np.sum(curvature * w**2)
    require(bool(reached <= bound), "on a badly scaled quadratic the loss stays above what this rule reaches")


@pytest.mark.points(
    0.2, hint="An array without axes goes the way of an array with one entry; w[:] has nothing to name in it."
)
def test_a_parameter_may_have_no_axes(student, rng):
    for name, (_, all_settings) in RULES.items():
        start, steps, ways = rng.normal(), rng.normal(size=3), {}
        for shape in ((), (1,)):
            first, given = {"w": np.full(shape, start)}, [{"w": np.full(shape, g)} for g in steps]
            path, in_place, *_ = unpack(student.run(walk, name, all_settings[-1], first, given), 4)
            require(in_place is True, f"{name}: step must change the arrays in params, those without axes as well")
            ways[shape] = way(path, "w", shape, "float", 3, name).reshape(3)
        require(bool((ways[()] != start).all()), f"{name}: a parameter without axes does not move")
        close(ways[()], ways[(1,)], what=f"the way of a parameter without axes, beside that of one entry, with {name}")


@pytest.mark.points(1.0, hint="w <- w - lr g, nothing else.")
def test_sgd_follows_its_rule(student, rng):
    judge_rule(student, rng, "SGD")


@pytest.mark.points(0.5, hint=BOOKS)
def test_sgd_keeps_its_books(student, rng):
    judge_books(student, rng, "SGD")


@pytest.mark.points(0.3, hint="Twice the gradient is twice the step.")
def test_sgd_obeys_its_law(student, rng):
    g = np.array([0.1, 1.0, 30.0, 1e4])
    judge_law(student, rng, "SGD", g, {"lr": 0.2}, [0.2 * g] * 3)


@pytest.mark.points(1.2, hint="d <- alpha d - lr g, then w <- w + d: lr appears once, and d is kept.")
def test_momentum_follows_its_rule(student, rng):
    judge_rule(student, rng, "Momentum")


@pytest.mark.points(0.5, hint=BOOKS)
def test_momentum_keeps_its_books(student, rng):
    judge_books(student, rng, "Momentum")


@pytest.mark.points(0.3, hint="Under a constant gradient the step grows towards lr g / (1 - alpha).")
def test_momentum_obeys_its_law(student, rng):
    g, alpha = np.array([0.1, 1.0, 30.0, 1e4]), 0.6
    sizes = [0.1 * g * (1 - alpha**t) / (1 - alpha) for t in range(1, 9)]
    judge_law(student, rng, "Momentum", g, {"lr": 0.1, "alpha": alpha}, sizes)


@pytest.mark.points(1.2, hint="v <- alpha v + g first, then w <- w - lr (g + alpha v) with the new v.")
def test_nesterov_follows_its_rule(student, rng):
    judge_rule(student, rng, "Nesterov")


@pytest.mark.points(0.5, hint=BOOKS)
def test_nesterov_keeps_its_books(student, rng):
    judge_books(student, rng, "Nesterov")


@pytest.mark.points(
    0.3, hint="The first step is lr (1 + alpha) g; under a constant gradient it grows towards lr g / (1 - alpha)."
)
def test_nesterov_obeys_its_law(student, rng):
    g, alpha = np.array([0.1, 1.0, 30.0, 1e4]), 0.6
    sizes = [0.1 * g * (1 - alpha ** (t + 1)) / (1 - alpha) for t in range(1, 9)]
    judge_law(student, rng, "Nesterov", g, {"lr": 0.1, "alpha": alpha}, sizes)


@pytest.mark.points(1.2, hint="s adds up all squares; eps stands outside of the root.")
def test_adagrad_follows_its_rule(student, rng):
    judge_rule(student, rng, "AdaGrad")


@pytest.mark.points(0.5, hint=BOOKS)
def test_adagrad_keeps_its_books(student, rng):
    judge_books(student, rng, "AdaGrad")


@pytest.mark.points(
    0.3, hint="Under a constant gradient step t has the size lr / sqrt(t), whatever the gradient's scale."
)
def test_adagrad_obeys_its_law(student, rng):
    g = np.array([1e-2, 1.0, 30.0, 1e4])
    judge_law(student, rng, "AdaGrad", g, {"lr": 0.1}, [0.1 / np.sqrt(t) * np.ones(4) for t in range(1, 9)])


@pytest.mark.points(1.2, hint="s <- rho s + (1 - rho) g^2; eps stands outside of the root.")
def test_rmsprop_follows_its_rule(student, rng):
    judge_rule(student, rng, "RMSProp")


@pytest.mark.points(0.5, hint=BOOKS)
def test_rmsprop_keeps_its_books(student, rng):
    judge_books(student, rng, "RMSProp")


@pytest.mark.points(0.3, hint="The first step has the size lr / sqrt(1 - rho), whatever the gradient's scale.")
def test_rmsprop_obeys_its_law(student, rng):
    g, rho = np.array([0.1, 1.0, 30.0, 1e4]), 0.8
    sizes = [0.1 / np.sqrt(1 - rho**t) * np.ones(4) for t in range(1, 9)]
    judge_law(student, rng, "RMSProp", g, {"lr": 0.1, "rho": rho}, sizes)


@pytest.mark.points(
    1.2, hint="The step uses the old e; then e <- rho e + (1 - rho) u^2. Here eps stands inside both roots."
)
def test_adadelta_follows_its_rule(student, rng):
    judge_rule(student, rng, "AdaDelta")


@pytest.mark.points(0.5, hint=BOOKS)
def test_adadelta_keeps_its_books(student, rng):
    judge_books(student, rng, "AdaDelta")


@pytest.mark.points(0.3, hint="The steps do not depend on the scale of the gradient.")
def test_adadelta_obeys_its_law(student, rng):
    g, state = np.array([0.1, 1.0, 30.0, 1e4]), {}
    sizes = [-adadelta(1.0, state, rho=0.8, eps=1e-10) * np.ones(4) for _ in range(4)]
    judge_law(student, rng, "AdaDelta", g, {"rho": 0.8, "eps": 1e-10}, sizes)


@pytest.mark.points(
    1.2,
    hint="Both averages are divided by 1 - beta^t, t counts from 1 for each parameter, eps stands outside of the root.",
)
def test_adam_follows_its_rule(student, rng):
    judge_rule(student, rng, "Adam")


@pytest.mark.points(0.5, hint=BOOKS)
def test_adam_keeps_its_books(student, rng):
    judge_books(student, rng, "Adam")


@pytest.mark.points(0.3, hint="Under a constant gradient every step has the size lr.")
def test_adam_obeys_its_law(student, rng):
    g = np.array([0.1, 1.0, 30.0, 1e4])
    judge_law(student, rng, "Adam", g, {"lr": 0.1, "beta1": 0.7, "beta2": 0.9}, [0.1 * np.ones(4)] * 8)
