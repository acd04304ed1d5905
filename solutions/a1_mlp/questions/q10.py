# %% [raw]
# # BEGIN QUESTION
# name: q10
# points: 0

# %% [markdown]
# ## q10. Second order: Newton, Hessian-vector products, conjugate gradients (5 points)
#
# A gradient says which way is down and nothing about how far. The Hessian $H$, the matrix of second derivatives, says
# how the slope changes; Newton's method takes the step after which a quadratic function has no slope left:
#
# $$w \leftarrow w - H^{-1} g \qquad\qquad L(w) = \frac1N \sum_i \mathrm{bce}(x_i^\top w,\, y_i) + \frac{\lambda}{2} \lVert w
# \rVert^2$$
#
# $$g = \frac1N X^\top (s - y) + \lambda w \qquad H = \frac1N X^\top \mathrm{diag}\bigl(s_i (1 - s_i)\bigr) X + \lambda I
# \qquad s = \sigma(Xw)$$
#
# Close to the minimum the number of right digits doubles with every step. The price is $H$, with $n^2$ entries. But to
# solve $Hx = b$ one never needs $H$ itself, only products $Hv$, and a product is a directional derivative of the gradient:
#
# $$Hv \approx \frac{g(w + hv) - g(w - hv)}{2h}$$
#
# Conjugate gradients solve $Ax = b$ for a symmetric positive definite $A$ from such products alone. With $r = b - Ax$
# and $d = r$ to begin with, every step is
#
# $$\alpha = \frac{r^\top r}{d^\top A d} \qquad x \leftarrow x + \alpha d \qquad r' = r - \alpha A d \qquad
# d \leftarrow r' + \frac{r'^\top r'}{r^\top r}\, d$$
#
# | function | arguments | returns |
# |---|---|---|
# | `newton_logistic` | `X (N, n)`, `y (N,)` of 0 and 1, `l2`, `w0 (n,)`, `n_iter` | `w (n,)` after `n_iter` steps, `history`: the loss at `w0` and after every step, `n_iter + 1` floats (all steps are made, however small) |
# | `hvp` | `grad_fn`: `(n,)` -> `(n,)`, `w (n,)`, `v (n,)`, `h=1e-5` | `(n,)`, the difference above |
# | `conjugate_gradient` | `Av`: `(n,)` -> `(n,)`, `b (n,)`, `x0 (n,)`, `tol`, `max_iter` | `x (n,)`, number of steps, $\lVert r \rVert$ as the last step leaves it ($r$ is updated, or $b - A x$ anew) |
#
# $H$ can be inverted in everything that is asked. Stop conjugate gradients as soon as $\lVert r \rVert \le$ `tol`, also before the first step, or after `max_iter` steps. Call
# `Av` once to begin with and once a step. (In this question results may be float64 for float32, too.)
#
# **On paper.** $A = \begin{pmatrix} 2 & 0 \\ 0 & 4 \end{pmatrix}$, $b = (2, 4)$, $x_0 = 0$: $r = d = (2, 4)$, $\alpha = 20/72$, $x
# = (5/9, 10/9)$, $r' = (8/9, -4/9)$. The second step ends at $(1, 1)$ exactly.
#
# **What usually goes wrong**
# - The loss is a mean. Are gradient *and* Hessian those of the mean? Is $\lambda$ in both?
# - What is the error of $(g(w + hv) - g(w))/h$, compared with that of the central difference?
# - If `x0` is not 0, what is $r$?
# - What divides $\alpha$: $d^\top d$ or $d^\top A d$? Which residual stands above in $\beta$, the old or the new?
# - What happens to $\alpha$ when $b = A x_0$ already?
#
# *Read:* Prince §6.1; Goodfellow §8.6; Bishop §4.3.3 and §5.4. Papers: Hestenes and Stiefel 1952, Pearlmutter 1994.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q10


def newton_logistic(
    X: np.ndarray, y: np.ndarray, l2: float, w0: np.ndarray, n_iter: int
) -> tuple[np.ndarray, list[float]]:
    """Full Newton steps on the mean binary cross-entropy + l2/2 |w|^2 of logistic regression without a bias.

    X: (N, n);  y: (N,) of 0 and 1;  w0: (n,);  returns (w (n,), [loss at w0, after step 1, ...])
    """
    # BEGIN SOLUTION NO PROMPT
    N, n = X.shape
    w = np.array(w0, dtype=np.float64)
    history = [bce_with_logits(X @ w, y)[0] + l2 / 2 * float(w @ w)]
    for _ in range(n_iter):
        s = sigmoid(X @ w)  # (N,)
        gradient = X.T @ (s - y) / N + l2 * w
        hessian = (X.T * (s * (1 - s))) @ X / N + l2 * np.eye(n)
        w = w - np.linalg.solve(hessian, gradient)
        history.append(bce_with_logits(X @ w, y)[0] + l2 / 2 * float(w @ w))
    return w, history
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: newton_logistic is not implemented yet")
    """  # END PROMPT


def hvp(grad_fn, w: np.ndarray, v: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """The Hessian times v: the central difference of the gradient along v.

    grad_fn: takes w, returns the gradient (n,);  w, v: (n,);  returns (n,)
    """
    # BEGIN SOLUTION NO PROMPT
    return (grad_fn(w + h * v) - grad_fn(w - h * v)) / (2 * h)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: hvp is not implemented yet")
    """  # END PROMPT


def conjugate_gradient(Av, b: np.ndarray, x0: np.ndarray, tol: float, max_iter: int) -> tuple[np.ndarray, int, float]:
    """Solve A x = b for a symmetric positive definite A of which only products are known.

    Av: takes v (n,), returns A v;  b, x0: (n,);  returns (x (n,), number of steps, |b - A x|)
    """
    # BEGIN SOLUTION NO PROMPT
    x = np.array(x0, dtype=np.float64)
    r = b - Av(x)
    d, rr, steps = r, r @ r, 0
    while np.sqrt(rr) > tol and steps < max_iter:
        Ad = Av(d)
        alpha = rr / (d @ Ad)
        x = x + alpha * d
        r = r - alpha * Ad
        before, rr = rr, r @ r
        d = r + rr / before * d  # conjugate to all directions so far
        steps += 1
    return x, steps, float(np.sqrt(rr))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: conjugate_gradient is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_newton_step_in_one_dimension(newton_logistic):
    """one step from w = 0 with inputs 1, 2 and labels 0, 1"""
    w, history = newton_logistic(np.array([[1.0], [2.0]]), np.array([0, 1]), 0.1, np.zeros(1), 1)
    assert near(w, [0.344828], 1e-5), f"g = -0.25, H = 0.625 + 0.1: w = 0.25 / 0.725 = 0.3448, yours is {w}"
    assert len(history) == 2 and near(history[0], 0.693147), (
        f"history is [ln 2, loss after the step], yours is {history}"
    )


# %%
def test_a_product_with_a_known_hessian(hvp):
    """the Hessian of w0^2 + 3 w0 w1, times (1, 2)"""
    yours = hvp(lambda w: np.array([2 * w[0] + 3 * w[1], 3 * w[0]]), np.array([0.5, -1.0]), np.array([1.0, 2.0]))
    assert near(yours, [8, 3], 1e-5), f"((2, 3), (3, 0)) times (1, 2) is (8, 3), yours is {yours}"


# %%
def test_conjugate_gradients_by_hand(conjugate_gradient):
    """the 2 x 2 system on paper, in two steps"""
    A, b = np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 4.0])
    x, steps, residual = conjugate_gradient(lambda v: A @ v, b, np.zeros(2), 1e-10, 1)
    assert near(x, [5 / 9, 10 / 9]), f"after one step x is (5/9, 10/9), yours is {x}"
    assert near(residual, np.sqrt(80) / 9), f"and |b - Ax| is 0.9938, yours is {residual}"
    x, steps, residual = conjugate_gradient(lambda v: A @ v, b, np.zeros(2), 1e-10, 10)
    assert near(x, [1, 1]) and steps == 2, f"x = (1, 1) after 2 steps, yours is {x} after {steps}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: gradient descent and Newton's method on the same loss, digits that are right


@experiment
def digits_per_step():
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 5)) * np.array([0.2, 0.5, 1, 2, 4])
    y = (X @ rng.normal(size=5) + rng.normal(size=200) > 0).astype(float)
    best = newton_logistic(X, y, 0.01, np.zeros(5), 30)[0]
    newton = [np.linalg.norm(newton_logistic(X, y, 0.01, np.zeros(5), k)[0] - best) for k in range(8)]
    w, descent = np.zeros(5), []
    for _ in range(200):
        descent.append(np.linalg.norm(w - best))
        w = w - 0.4 * (X.T @ (sigmoid(X @ w) - y) / len(X) + 0.01 * w)
    plt.semilogy(descent, label="gradient descent")
    plt.semilogy(np.maximum(newton, 1e-16), "o-", label="Newton")
    plt.xlabel("step")
    plt.ylabel("distance to the minimum")
    plt.legend()
    plt.show()
