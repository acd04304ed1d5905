"""Question 10: second-order methods. Newton's steps are closed forms; systems have known eigenvalues and solutions."""

import numpy as np
import pytest

from grader.testing import array, bounded, close, number, require, unpack

pytestmark = pytest.mark.question("q10")


def newton(X, y, l2, w):
    """One Newton step, and the loss at w."""
    z = X @ w
    s = np.exp(-np.logaddexp(0.0, -z))
    gradient = X.T @ (s - y) / len(X) + l2 * w
    hessian = X.T @ np.diag(s * (1 - s)) @ X / len(X) + l2 * np.eye(len(w))
    return w - np.linalg.solve(hessian, gradient), loss(X, y, l2, w)


def loss(X, y, l2, w):
    z = X @ w
    return float(np.mean(np.logaddexp(0.0, z) - y * z) + l2 / 2 * w @ w)


def problem(rng, N, n):
    """Inputs of different scale, labels that no line separates, a start."""
    X = rng.normal(size=(N, n)) * rng.uniform(0.5, 2.0, size=n)
    y = (X @ rng.normal(size=n) + 2.0 * rng.normal(size=N) > 0).astype(float)
    y[0], y[1], X[1] = 0.0, 1.0, X[0]
    return X, y, 0.3 * rng.normal(size=n)


def spd(rng, eigenvalues):
    """A symmetric matrix with these eigenvalues."""
    Q, _ = np.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))
    return Q @ np.diag(eigenvalues) @ Q.T


def differentiate(nb, kind, A, w, v, settings):
    """hvp of a quadratic function, of the sum of w^4 / 4, or of that of w^2 / 2, whose gradient is w itself."""
    gradients = {"quadratic": lambda w: A @ w + 1.0, "cubic": lambda w: w**3, "itself": lambda w: w}
    return nb.hvp(gradients[kind], w, v, **settings)


def solve_itself(nb, b, x0):
    """What is said of x = b, whose product is the very array that is asked about; and what has become of x0."""
    return nb.conjugate_gradient(lambda v: v, b, x0, 1e-9, 5)[0], x0


def solved(student, A, b, x0, tol, max_iter):
    """x, number of steps and residual, checked for their kind; and how often the product was asked for here."""
    calls = []

    def product(v):
        calls.append(1)
        require(len(calls) <= max_iter + 1, "Av was called more than once to begin with and once a step.")
        return A @ np.asarray(v, dtype=float)

    answer = student.conjugate_gradient(product, b, x0, tol, max_iter)
    x, steps, residual = unpack(answer, 3, what="conjugate_gradient")
    x = array(x, shape=b.shape, dtype="float", what="x")
    steps, residual = number(steps, what="the number of steps"), number(residual, what="the norm of the residual")
    return x, steps, residual, len(calls)


@pytest.mark.points(
    0.5, hint="w and x are arrays (n,), history is a list of n_iter + 1 floats; X, y, w0, b and x0 stay as they are."
)
def test_what_is_returned_and_that_nothing_changes(student, rng):
    X, y, w0 = problem(rng, 20, 3)
    A, b = spd(rng, [1.0, 2.0, 3.0, 4.0]), rng.normal(size=4)
    with student.pure():
        for n_iter in (0, 3):
            w, history = unpack(student.newton_logistic(X, y.astype(int), 0.1, w0, n_iter), 2, what="newton_logistic")
            array(w, shape=(3,), dtype="float", what="w")
            for value in unpack(history, n_iter + 1, what="history"):
                number(value, what="an entry of history")
        unmoved, _ = unpack(student.newton_logistic(X, y, 0.1, w0, 0), 2, what="newton_logistic")
        close(unmoved, w0, what="w after no step")
        array(student.run(differentiate, "quadratic", A, b, b, {}), shape=(4,), dtype="float", what="hvp")
        solved(student, A, b, np.ones(4), 1e-8, 10)
        x, x0 = unpack(student.run(solve_itself, b, np.ones(4)), 2)
        close(x, b, what="the solution of x = b")
        close(x0, np.ones(4), what="x0, where Av gives back what it is given,")
        single = [a.astype(np.float32) for a in (X, y, w0, A, b, np.ones(4))]
        unpack(student.newton_logistic(*single[:2], 0.1, single[2], 2), 2, what="newton_logistic")
        student.run(differentiate, "quadratic", single[3], single[4], single[5], {})
        solved(student, *single[3:], 1e-3, 2)


@pytest.mark.points(
    1.0,
    hint="Gradient and Hessian of the same function: both of the mean, both with l2; and the whole matrix, not its "
    "diagonal.",
)
def test_newton_goes_step_by_step_to_the_right_places(student, rng):
    for N, n, l2 in [(30, 4, 0.1), (25, 2, 0.0), (40, 5, 0.7)]:
        X, y, w = problem(rng, N, n)
        w0, losses = w, []
        for n_iter in range(1, 5):
            w, before = newton(X, y, l2, w)
            losses.append(before)
            answer, history = unpack(student.newton_logistic(X, y, l2, w0, n_iter), 2, what="newton_logistic")
            close(answer, w, rtol=1e-7, atol=1e-9, what=f"w after {n_iter} steps")
        history = [number(value, what="an entry of history") for value in unpack(history, 5, what="history")]
        close(np.array(history), np.array([*losses, loss(X, y, l2, w)]), rtol=1e-8, atol=1e-10, what="history")
    far = 60.0 * w0  # where the sigmoid has hardly a slope left; no l2 of 0, for there H could not be inverted
    answer, _ = unpack(student.newton_logistic(X, y, 0.3, far, 1), 2, what="newton_logistic")
    close(answer, newton(X, y, 0.3, far)[0], rtol=1e-7, atol=1e-9, what="w after a step from far away")


@pytest.mark.points(
    0.5,
    hint="Near the minimum the number of right digits doubles with every step, and all n_iter steps are made; the loss "
    "of logits of 1000 is finite.",
)
def test_newton_converges_quadratically_and_survives_large_logits(student, rng):
    X, y, w0 = problem(rng, 60, 3)
    best = w0
    for _ in range(30):
        best, _ = newton(X, y, 0.2, best)
    distances = []
    for n_iter in range(9):
        w, _ = unpack(student.newton_logistic(X, y, 0.2, w0, n_iter), 2, what="newton_logistic")
        distances.append(np.linalg.norm(array(w, shape=(3,), dtype="float", what="w") - best))
    close(float(distances[-1]), 0.0, atol=1e-8, what="the distance to the minimum after eight steps")
    answer, history = unpack(student.newton_logistic(X, y, 0.2, w0, 30), 2, what="newton_logistic")
    close(answer, best, rtol=1e-8, atol=1e-10, what="w after 30 steps")
    close(len(unpack(history, 31, what="the history of 30 steps")), 31, what="the number of losses of 30 steps")
    orders = [np.log(b) / np.log(a) for a, b in zip(distances, distances[1:], strict=False) if 1e-13 < b < a < 0.05]
    says = "The number of right digits does not double with a step."
    bounded(max(orders, default=2.0), low=1.5, says=says)
    _, history = unpack(student.newton_logistic(X * 1e4, y, 0.0, w0, 0), 2, what="newton_logistic")
    close(unpack(history, 1)[0], loss(X * 1e4, y, 0.0, w0), what="the loss of large logits")


@pytest.mark.points(
    1.0, hint="(g(w + hv) - g(w - hv)) / 2h, with the h that is passed and v as it is: neither forward, nor normalised."
)
def test_hessian_vector_product(student, rng):
    A, w, v, u = spd(rng, [0.5, 1.0, 3.0, 7.0]), *rng.normal(size=(3, 4))
    for direction in (v, u, 3.0 * v - u):
        answer = student.run(differentiate, "quadratic", A, w, direction, {})
        close(answer, A @ direction, rtol=1e-6, atol=1e-7, what="hvp of a quadratic function")
    answer = student.run(differentiate, "itself", A, w, v, {})
    close(answer, v, rtol=1e-6, atol=1e-7, what="hvp of a function whose gradient is w itself")
    first, second = (
        array(student.run(differentiate, "quadratic", A, w, direction, {}), shape=(4,), dtype="float", what="hvp")
        for direction in (u, v)
    )
    close(float(v @ first) - float(u @ second), 0.0, atol=1e-6, what="v H u - u H v")
    for h in (0.1, 0.5):
        wanted = ((w + h * v) ** 3 - (w - h * v) ** 3) / (2 * h)
        close(student.run(differentiate, "cubic", A, w, v, {"h": h}), wanted, what=f"hvp with h = {h}")
    close(
        student.run(differentiate, "cubic", A, w, v, {}),
        3 * w**2 * v,
        rtol=1e-6,
        atol=1e-7,
        what="hvp with the default h",
    )


@pytest.mark.points(
    1.0,
    hint="n steps are enough for n unknowns; each step must be the best one in all directions so far, and the residual "
    "itself is compared with tol.",
)
def test_conjugate_gradients_solve_large_systems(student, rng):
    for n in (30, 7):
        A, x = spd(rng, np.linspace(1.0, 4.0, n)), rng.normal(size=n)
        found, steps, residual, calls = solved(student, A, A @ x, rng.normal(size=n), 1e-9, n)
        close(found, x, rtol=1e-6, atol=1e-7, what=f"the solution of {n} equations")
        bounded(residual, low=0.0, high=1e-8, says="The norm of the residual is above tol at the end.")
        bounded(steps, low=1, high=n, says="More steps than unknowns.")
        close(float(calls), float(steps + 1), what="the number of products")
    steep, x = spd(rng, np.logspace(0.0, 5.0, 20)), rng.normal(size=20)  # rounding costs n steps more
    found, steps, residual, _ = solved(student, steep, steep @ x, np.zeros(20), 1e-6, 400)
    bounded(
        residual,
        low=0.0,
        high=1e-6,
        says="Steps end at n, or where the residual grows; only tol and max_iter end them.",
    )
    close(found, x, rtol=1e-5, atol=1e-5, what="the solution of equations that take more than n steps")
    b, x0 = rng.normal(size=7), rng.normal(size=7)
    expected, r = x0, b - A @ x0
    directions: list[np.ndarray] = []
    for step in (1, 2, 3):  # conjugate directions by Gram-Schmidt, all of them kept
        d = r - sum((r @ A @ e) / (e @ A @ e) * e for e in directions)
        directions.append(d)
        expected = expected + (d @ r) / (d @ A @ d) * d
        r = b - A @ expected
        x, steps, residual, _ = solved(student, A, b, x0, 1e-12, step)
        close(x, expected, rtol=1e-8, atol=1e-10, what=f"x after {step} steps")
        close(steps, float(step), what="the number of steps")
        close(residual, float(np.linalg.norm(r)), rtol=1e-7, atol=1e-10, what=f"the residual after {step} steps")


@pytest.mark.points(
    1.0,
    hint="Stop as soon as the norm of the residual is at most tol, also before the first step; k different "
    "eigenvalues take k steps; begin at x0; Av is all that is known of A.",
)
def test_conjugate_gradients_stop_when_they_may(student, rng):
    for eigenvalues in ([1.0] * 5 + [3.0] * 4 + [8.0] * 3, [2.0] * 6, [1.0] * 7 + [9.0] * 7):
        k, n = len(set(eigenvalues)), len(eigenvalues)
        A, x = spd(rng, eigenvalues), rng.normal(size=n)
        found, steps, _, calls = solved(student, A, A @ x, rng.normal(size=n), 1e-8, 10)
        close(found, x, rtol=1e-6, atol=1e-7, what=f"the solution with {k} different eigenvalues")
        close(steps, float(k), what=f"the number of steps with {k} different eigenvalues")
        close(float(calls), float(k + 1), what="the number of products")
    A, x0 = spd(rng, [1.0, 2.0, 5.0]), rng.normal(size=3)
    for b, start, tol in ((np.zeros(3), np.zeros(3), 1e-8), (A @ x0, x0, 1e-8), (np.zeros(3), np.zeros(3), 0.0)):
        found, steps, residual, _ = solved(student, A, b, start, tol, 10)
        close(found, start, atol=1e-7, what="x where nothing is to be done")
        close(steps, 0.0, what="the number of steps where nothing is to be done")
    A, b = np.diag([1.0, 4.0]), np.array([0.03, 0.04])  # |b| = 0.05: above 0.01, its square below
    _, steps, residual, _ = solved(student, A, b, np.zeros(2), 0.01, 10)
    bounded(residual, low=0.0, high=0.01, says="The norm of the residual is above tol at the end.")
    _, steps, _, _ = solved(student, A, b, np.zeros(2), 0.06, 10)
    close(steps, 0.0, what="the number of steps where the residual is below tol")
