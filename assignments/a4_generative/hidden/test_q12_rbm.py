"""Question 12: the restricted Boltzmann machine. Small machines are enumerated: energies, transition probabilities and
expectations are exact. Where sampling cannot be avoided, bands are six standard errors wide."""

import itertools

import numpy as np
import pytest

from grader.testing import array, close, require, unpack

pytestmark = pytest.mark.question("q12")

CHAINS = 20000


def states(n):
    """All 2^n rows of bits."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def machine(rng, nv, nh, scale=1.0):
    return rng.normal(scale=scale, size=(nv, nh)), rng.normal(size=nv), rng.normal(size=nh)


def minus_energies(v, W, b, c):
    """-E(v, h) for every row of v and every h: (N, 2^nh)."""
    H = states(W.shape[1])
    return (v @ b)[:, None] + (H @ c)[None] + v @ W @ H.T


def energy_by_enumeration(v, W, b, c):
    exponents = minus_energies(v, W, b, c)
    top = exponents.max(axis=1, keepdims=True)
    return -(top[:, 0] + np.log(np.exp(exponents - top).sum(axis=1)))


def chances(p, outcomes):
    """Probability of each row of bits when bit i is 1 with probability p_i: (N, n), (M, n) -> (N, M)."""
    return np.prod(np.where(outcomes[None] == 1, p[:, None], 1 - p[:, None]), axis=2)


def kernel(W, b, c):
    """Probability of every v' after one Gibbs step from every v: (2^nv, 2^nv)."""
    V, H = states(W.shape[0]), states(W.shape[1])
    return chances(sigmoid(c + V @ W), H) @ chances(sigmoid(b + H @ W.T), V)


def statistics(V, W, c):
    """What a visible state contributes to the gradient of W, b and c, for every row of V."""
    ph = sigmoid(c + V @ W)
    return {"W": V[:, :, None] * ph[:, None, :], "b": V, "c": ph}


def shapes(W):
    return {"W": W.shape, "b": W.shape[:1], "c": W.shape[1:]}


def gradient(answer, W, dtype="float"):
    """The three arrays of the answer, checked for their kind."""
    require(type(answer) is dict, "cd_gradient must return a dict.")
    require(answer.keys() == {"W", "b", "c"}, "cd_gradient must return a dict with the keys W, b and c.")
    return {n: array(answer[n], shape=s, dtype=dtype, what=f"the gradient of {n}") for n, s in shapes(W).items()}


def drawn(student, rng, v, W, b, c):
    """v', ph and pv of a Gibbs step as arrays of the right shapes, v' of zeros and ones."""
    answer = unpack(student.gibbs_step(v, W, b, c, student.rng(int(rng.integers(1 << 30)))), 3, what="gibbs_step")
    sizes = {"v'": (len(v), W.shape[0]), "ph": (len(v), W.shape[1]), "pv": (len(v), W.shape[0])}
    v_new, ph, pv = (array(a, shape=sizes[n], what=n) for a, n in zip(answer, sizes, strict=True))
    require(v_new.dtype.kind != "c" and bool(np.isin(v_new, [0, 1]).all()), "v' must hold zeros and ones only.")
    return v_new.astype(float), ph, pv


@pytest.mark.points(
    0.6,
    hint="(N,) free energies; v' of 0.0 and 1.0 like v, probabilities beside it; one gradient for each of W, b and c; "
    "float32 stays float32, the arguments stay as they are and all randomness comes from rng.",
)
def test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used(student, rng):
    W, b, c = machine(rng, 5, 3)
    v = rng.integers(0, 2, size=(7, 5)).astype(float)
    with student.pure(), student.forbids("aten::*"):
        for dtype in (np.float64, np.float32):
            typed = [x.astype(dtype) for x in (v, W, b, c)]
            array(student.free_energy(*typed), shape=(7,), dtype=dtype, what="free_energy")
            runs = []
            for seed in (11, 11, 12):
                answer = unpack(student.gibbs_step(*typed, student.rng(seed)), 3, what="gibbs_step")
                names = {"v'": (7, 5), "ph": (7, 3), "pv": (7, 5)}
                kinds = zip(answer, names.items(), strict=True)
                runs.append([array(a, shape=s, dtype=dtype, what=n) for a, (n, s) in kinds])
                gradient(student.cd_gradient(*typed, 2, student.rng(seed)), W, dtype)
            close(runs[1][2], runs[0][2], what="pv of a second step with the same rng")
            close(runs[1][0], runs[0][0], what="v' of a second step with the same rng")
        for dtype in (np.int64, np.uint8):  # as_float makes float64 of them
            bits = v.astype(dtype)
            energy = array(student.free_energy(bits, W, b, c), shape=(7,), dtype=np.float64, what="free_energy")
            close(energy, energy_by_enumeration(v, W, b, c), what="free_energy of bits that are integers")
            answer = unpack(student.gibbs_step(bits, W, b, c, student.rng(11)), 3, what="gibbs_step")
            for part, (n, s) in zip(answer, names.items(), strict=True):
                array(part, shape=s, dtype=np.float64, what=f"{n} of bits that are integers")
            gradient(student.cd_gradient(bits, W, b, c, 2, student.rng(11)), W, np.float64)
        many = [drawn(student, rng, np.tile(v, (20, 1)), W, b, c) for _ in range(2)]
        require(not np.array_equal(many[0][2], many[1][2]), "Another rng draws the very same hidden units.")
        require(not np.array_equal(many[0][0], many[1][0]), "Another rng draws the very same visible units.")


@pytest.mark.points(0.9, hint="F(v) = -b.v - sum over hidden units of ln(1 + exp(c + vW)); try it on paper for 2 x 2.")
def test_free_energy_is_what_enumeration_says(student, rng):
    for nv, nh, N in [(5, 3, 7), (4, 4, 4), (2, 6, 1), (3, 1, 2)]:
        W, b, c = machine(rng, nv, nh)
        v = rng.integers(0, 2, size=(N, nv)).astype(float)
        expected = energy_by_enumeration(v, W, b, c)
        close(student.free_energy(v, W, b, c), expected, what=f"free_energy of {N} rows, {nv} x {nh}")


@pytest.mark.points(
    0.6, hint="ph is sigmoid(c + vW) for the v that came in; pv is sigmoid(b + h W^T) for drawn bits h, not for ph."
)
def test_gibbs_probabilities_belong_to_drawn_hidden_units(student, rng):
    for nv, nh, N in [(5, 3, 40), (4, 4, 40), (3, 2, 1)]:
        W, b, c = machine(rng, nv, nh)
        v = rng.integers(0, 2, size=(N, nv)).astype(float)
        _, ph, pv = drawn(student, rng, v, W, b, c)
        close(ph, sigmoid(c + v @ W), what="ph")
        possible = sigmoid(b + states(nh) @ W.T)  # one row for every h
        distance = np.abs(pv.astype(float)[:, None] - possible[None]).max(axis=2).min(axis=1)
        require(bool((distance < 1e-9).all()), "pv is not sigmoid(b + h W^T) for any row h of zeros and ones.")


@pytest.mark.points(
    0.6,
    hint="Every bit of every row is compared with a uniform number of its own: 1 where the number is below p.",
)
def test_gibbs_step_reaches_every_state_as_often_as_it_should(student, rng):
    nv, nh = 4, 3
    W, b, c = machine(rng, nv, nh)
    V, H = states(nv), states(nh)
    start = rng.integers(0, 2, size=nv).astype(float)
    v, _, pv = drawn(student, rng, np.tile(start, (CHAINS, 1)), W, b, c)
    possible = sigmoid(b + H @ W.T)
    h = np.abs(pv.astype(float)[:, None] - possible[None]).max(axis=2).argmin(axis=1)  # which h was drawn
    counts = np.zeros((len(H), len(V)))
    np.add.at(counts, (h, (v @ 2.0 ** np.arange(nv)[::-1]).astype(int)), 1)
    p_h = chances(sigmoid(c + start @ W)[None], H)[0]
    expected = CHAINS * p_h[:, None] * chances(possible, V)
    band = 6 * np.sqrt(expected) + 8  # the 8 for states so rare that a count is not nearly normal
    off = np.abs(counts.sum(axis=1) - CHAINS * p_h)
    require(bool((off <= 6 * np.sqrt(CHAINS * p_h) + 8).all()), "Hidden states do not come as often as ph says.")
    require(bool((np.abs(counts - expected) <= band).all()), "Visible states do not come as often as pv says.")
    same_bit = [np.mean(v[:-1, i] == v[1:, i]) - np.mean(v[:, i]) ** 2 - np.mean(1 - v[:, i]) ** 2 for i in range(nv)]
    require(bool((np.abs(same_bit) <= 6 / np.sqrt(CHAINS)).all()), "Rows of a batch are not drawn independently.")


def settled(rng, nv, nh, N):
    """A machine with huge weights, whose walk is certain, and a batch whose mean differs after 0, 1, 2 and 3 steps."""
    for _ in range(2000):
        W = 100.0 * rng.integers(-2, 3, size=(nv, nh))
        b, c = 100.0 * (rng.integers(-2, 2, size=nv) + 0.5), 100.0 * (rng.integers(-2, 2, size=nh) + 0.5)
        walk = [rng.integers(0, 2, size=(N, nv)).astype(float)]
        for _ in range(4):
            walk.append(((b + (c + walk[-1] @ W > 0) @ W.T) > 0).astype(float))
        if len({tuple(v.mean(axis=0)) for v in walk[:4]}) == 4:
            return walk, W, b, c
    raise AssertionError("no machine found whose walk keeps moving")


@pytest.mark.points(
    0.8,
    hint="Data minus walk, divided by the batch size, with hidden probabilities (not drawn bits) in both phases.",
)
def test_cd_is_exact_where_the_visible_units_have_no_choice(student, rng):
    for nv, nh, N in [(5, 3, 7), (4, 4, 4), (3, 5, 1)]:
        W, _, c = machine(rng, nv, nh)
        end = rng.integers(0, 2, size=nv).astype(float)
        b = 300.0 * (2 * end - 1)  # whatever h is drawn, the visible units end here
        v0 = rng.integers(0, 2, size=(N, nv)).astype(float)
        first, last = statistics(v0, W, c), statistics(np.tile(end, (N, 1)), W, c)
        for k in (1, 3):
            got = gradient(student.cd_gradient(v0, W, b, c, k, student.rng(int(rng.integers(1 << 30)))), W)
            for name in got:
                expected = (first[name] - last[name]).mean(axis=0)
                close(got[name], expected, what=f"the gradient of {name}, {N} rows", factors={"the batch size N": N})


@pytest.mark.points(0.7, hint="k Gibbs steps, each begun where the one before ended, the first one at the data.")
def test_cd_walks_k_steps(student, rng):
    for nv, nh, N in [(9, 7, 12), (8, 8, 8)]:
        walk, W, b, c = settled(rng, nv, nh, N)
        for k in (1, 2, 3):
            got = gradient(student.cd_gradient(walk[0], W, b, c, k, student.rng(int(rng.integers(1 << 30)))), W)
            close(got["b"], (walk[0] - walk[k]).mean(axis=0), what=f"the gradient of b after {k} steps")
            h0, hk = ((c + v @ W > 0).astype(float) for v in (walk[0], walk[k]))
            close(got["c"], (h0 - hk).mean(axis=0), what=f"the gradient of c after {k} steps")
            close(got["W"], (walk[0].T @ h0 - walk[k].T @ hk) / N, what=f"the gradient of W after {k} steps")


@pytest.mark.points(
    0.9, hint="ln(1 + e^z) is z for large z and 0 for very negative z; np.logaddexp knows. CD-0 is zero."
)
def test_large_weights_and_no_steps_are_no_problem(student, rng):
    nv, nh, N = 5, 3, 6
    W, b, c = machine(rng, nv, nh)
    v = rng.integers(0, 2, size=(N, nv)).astype(float)
    v[0], v[1] = 0.0, 1.0
    for scale in (1e3, 1e5):
        big = scale * rng.choice([-1.0, 1.0], size=nh)
        for what, params in {"biases": (W, b, big), "weights": (scale * W, b, c)}.items():
            expected = energy_by_enumeration(v, *params)
            close(student.free_energy(v, *params), expected, what=f"free_energy with large {what}")
        _, ph, _ = drawn(student, rng, v, W, b, big)
        close(ph, np.tile((big > 0).astype(float), (N, 1)), what="ph with large biases")
        none = gradient(student.cd_gradient(v, W, b, big, 0, student.rng(1)), W)
        for name, g in none.items():
            close(g, np.zeros(g.shape), what=f"the gradient of {name} after no step at all")


@pytest.mark.points(
    0.5, hint="Averaged over many chains, CD-k is the data's statistics minus those k Gibbs steps later, drawn fairly."
)
def test_cd_has_the_expectation_of_k_steps(student, rng):
    W, b, c = machine(rng, 4, 3)
    V, T = states(4), kernel(W, b, c)
    rows = rng.integers(0, 16, size=CHAINS)
    shares, of_state = np.bincount(rows, minlength=16) / CHAINS, statistics(V, W, c)
    for k in (1, 2):
        after = shares @ np.linalg.matrix_power(T, k)
        got = gradient(student.cd_gradient(V[rows], W, b, c, k, student.rng(int(rng.integers(1 << 30)))), W)
        for name, s in of_state.items():
            mean = np.tensordot(after, s, 1)
            error = np.sqrt((np.tensordot(after, s**2, 1) - mean**2) / CHAINS)  # of the walk alone: the data is given
            off = np.abs(got[name] - (np.tensordot(shares, s, 1) - mean))
            require(bool((off <= 6 * error + 1e-6).all()), f"On average the gradient of {name} is not that of CD-{k}.")


@pytest.mark.points(
    0.4, hint="After many steps CD is the gradient of the log-likelihood, which the free energies of all states give."
)
def test_long_walks_follow_the_likelihood(student, rng):
    W, b, c = machine(rng, 4, 3, scale=0.7)
    V, h = states(4), 1e-5
    rows = rng.choice(16, size=CHAINS, p=rng.dirichlet(np.ones(16)))

    def free(*params):
        return array(student.free_energy(V, *params), shape=(16,), dtype="float", what="free_energy").astype(float)

    def likelihood(*params):
        F = free(*params)
        return -F[rows].mean() - (np.log(np.exp(-(F - F.min())).sum()) - F.min())

    exact = -(energy_by_enumeration(V, W, b, c))
    with np.errstate(all="ignore"):
        close(free(W, b, c) - free(W, b, c)[0], -(exact - exact[0]), atol=1e-9, what="differences of free energies")
        got = gradient(student.cd_gradient(V[rows], W, b, c, 30, student.rng(int(rng.integers(1 << 30)))), W)
        for place, name in enumerate(("W", "b", "c")):
            params, numeric = [W, b, c], np.zeros(got[name].shape)
            for index in np.ndindex(numeric.shape):
                sides = []
                for step in (h, -h):
                    bent = [p.copy() for p in params]
                    bent[place][index] += step
                    sides.append(likelihood(*bent))
                numeric[index] = (sides[0] - sides[1]) / (2 * h)
            band = 6 * 0.5 / np.sqrt(CHAINS) + 1e-3  # a bit's spread is at most 1/2
            near = np.abs(got[name] - numeric) <= band
            require(bool(near.all()), f"CD-30 of {name} is not the likelihood's slope.")
