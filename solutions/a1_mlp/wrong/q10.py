"""Wrong solutions of question 10: second-order methods. Each cell is put behind the reference's."""


# %%
def _newton(X, y, l2, w0, n_iter, gradient=None, hessian=None, step=None):
    """Newton's method with one part exchanged; each takes (X, y, l2, w, s)."""
    w, losses = np.array(w0, dtype=float), []
    for k in range(n_iter + 1):
        losses.append(bce_with_logits(X @ w, y)[0] + l2 / 2 * float(w @ w))
        if k == n_iter:
            return w, losses
        s = sigmoid(X @ w)
        g = X.T @ (s - y) / len(X) + l2 * w if gradient is None else gradient(X, y, l2, w, s)
        H = (X.T * (s * (1 - s))) @ X / len(X) + l2 * np.eye(len(w)) if hessian is None else hessian(X, y, l2, w, s)
        w = w - (np.linalg.solve(H, g) if step is None else step(H, g))
    return w, losses


def _cg(Av, b, x0, tol, max_iter, beta=lambda new, old: new / old, alpha=lambda rr, d, Ad: rr / (d @ Ad), begin=None):
    """Conjugate gradients with one part exchanged."""
    x = np.array(x0, dtype=float) if begin is None else begin(x0)
    r = b - Av(x)
    d, rr, steps = r, r @ r, 0
    while np.sqrt(rr) > tol and steps < max_iter:
        Ad = Av(d)
        a = alpha(rr, d, Ad)
        x, r = x + a * d, r - a * Ad
        before, rr = rr, r @ r
        d, steps = r + beta(rr, before) * d, steps + 1
    return x, steps, float(np.sqrt(rr))


# %% gradient_step | fails: test_newton_goes_step_by_step_to_the_right_places | hint: The step is the gradient itself; Newton divides by the Hessian, solve(H, g).
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(X, y, l2, w0, n_iter, step=lambda H, g: g)


# %% l2_missing_in_the_hessian | fails: test_newton_goes_step_by_step_to_the_right_places | hint: l2/2 |w|^2 adds l2 to the diagonal of the Hessian.
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(X, y, l2, w0, n_iter, hessian=lambda X, y, l2, w, s: (X.T * (s * (1 - s))) @ X / len(X))


# %% l2_missing_in_the_gradient | fails: test_newton_goes_step_by_step_to_the_right_places | hint: l2/2 |w|^2 adds l2 w to the gradient.
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(X, y, l2, w0, n_iter, gradient=lambda X, y, l2, w, s: X.T @ (s - y) / len(X))


# %% hessian_of_the_sum | fails: test_newton_goes_step_by_step_to_the_right_places | hint: The gradient is that of the mean, the Hessian that of the sum: divide it by N too.
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(X, y, l2, w0, n_iter, hessian=lambda X, y, l2, w, s: (X.T * (s * (1 - s))) @ X + l2 * np.eye(len(w)))


# %% slope_missing | fails: test_newton_goes_step_by_step_to_the_right_places | hint: The Hessian has a factor s (1 - s) for every sample; without it, it is that of squared error.
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(X, y, l2, w0, n_iter, hessian=lambda X, y, l2, w, s: X.T @ X / len(X) + l2 * np.eye(len(w)))


# %% wrong_way | fails: test_newton_goes_step_by_step_to_the_right_places | hint: The step goes up: w - H^-1 g, not w + H^-1 g.
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(X, y, l2, w0, n_iter, step=lambda H, g: -np.linalg.solve(H, g))


# %% squared_error | fails: test_newton_goes_step_by_step_to_the_right_places | hint: This is Newton's method for the squared error of the sigmoid; the loss here is the cross-entropy.
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(
        X, y, l2, w0, n_iter,
        gradient=lambda X, y, l2, w, s: X.T @ ((s - y) * s * (1 - s)) / len(X) + l2 * w,
        hessian=lambda X, y, l2, w, s: (X.T * (s * (1 - s)) ** 2) @ X / len(X) + l2 * np.eye(len(w)) + 1e-3 * np.eye(len(w)),
    )  # fmt: skip


# %% diagonal_alone | fails: test_newton_goes_step_by_step_to_the_right_places | hint: Only the diagonal of the Hessian was inverted; the coordinates depend on each other.
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(X, y, l2, w0, n_iter, step=lambda H, g: g / np.diag(H))


# %% damped | fails: test_newton_goes_step_by_step_to_the_right_places, test_newton_converges_quadratically_and_survives_large_logits | hint: The steps are shortened; full Newton steps are asked for.
def newton_logistic(X, y, l2, w0, n_iter):
    return _newton(X, y, l2, w0, n_iter, step=lambda H, g: 0.5 * np.linalg.solve(H, g))


# %% history_without_the_start | fails: test_what_is_returned_and_that_nothing_changes | hint: history begins with the loss at w0, before the first step.
def newton_logistic(X, y, l2, w0, n_iter):
    w, history = _newton(X, y, l2, w0, n_iter)
    return w, history[1:]


# %% history_without_l2 | fails: test_newton_goes_step_by_step_to_the_right_places | hint: history holds the whole loss, the penalty l2/2 |w|^2 included.
def newton_logistic(X, y, l2, w0, n_iter):
    w, _ = _newton(X, y, l2, w0, n_iter)
    return w, [bce_with_logits(X @ _newton(X, y, l2, w0, k)[0], y)[0] for k in range(n_iter + 1)]


# %% logarithm_of_zero | fails: test_newton_converges_quadratically_and_survives_large_logits | hint: log(s) is log(0) for large logits; use the cross-entropy from logits of q5.
def newton_logistic(X, y, l2, w0, n_iter):
    w, history = _newton(X, y, l2, w0, n_iter)
    s = sigmoid(X @ np.asarray(w0, dtype=float))
    with np.errstate(all="ignore"):
        start = -float(np.mean(np.where(y == 1, np.log(s), np.log(1 - s)))) + l2 / 2 * float(w0 @ w0)
    return w, [start, *history[1:]]


# %% start_changed | fails: test_what_is_returned_and_that_nothing_changes | hint: w0 was changed in place; copy it first.
def newton_logistic(X, y, l2, w0, n_iter):
    w, history = _newton(X, y, l2, w0, n_iter)
    w0[...] = w
    return w0, history


# %% forward_difference | fails: test_hessian_vector_product | hint: (g(w + hv) - g(w)) / h has an error of order h; the central difference has one of order h^2.
def hvp(grad_fn, w, v, h=1e-5):
    return (grad_fn(w + h * v) - grad_fn(w)) / h


# %% divided_by_h | fails: test_hessian_vector_product | hint: From w - hv to w + hv it is 2h, not h.
def hvp(grad_fn, w, v, h=1e-5):
    return (grad_fn(w + h * v) - grad_fn(w - h * v)) / h


# %% normalised_direction | fails: test_hessian_vector_product | hint: v was normalised, so the length of v is lost: H(3v) must be 3 Hv.
def hvp(grad_fn, w, v, h=1e-5):
    v = v / np.linalg.norm(v)
    return (grad_fn(w + h * v) - grad_fn(w - h * v)) / (2 * h)


# %% h_ignored | fails: test_hessian_vector_product | hint: The h that was passed is not the one that is used.
def hvp(grad_fn, w, v, h=1e-5):
    return (grad_fn(w + 1e-5 * v) - grad_fn(w - 1e-5 * v)) / 2e-5


# %% one_coordinate_at_a_time | fails: test_hessian_vector_product | hint: This is the diagonal of the Hessian times v; the step has to go along the whole of v.
def hvp(grad_fn, w, v, h=1e-5):
    eye = np.eye(len(w))
    diagonal = np.array([(grad_fn(w + h * e) - grad_fn(w - h * e))[i] / (2 * h) for i, e in enumerate(eye)])
    return diagonal * v


# %% hvp_changes_w | fails: test_what_is_returned_and_that_nothing_changes | hint: w was moved in place; the caller's w is another one afterwards.
def hvp(grad_fn, w, v, h=1e-5):
    w += h * v
    above = grad_fn(w)
    return (above - grad_fn(w - 2 * h * v)) / (2 * h)


# %% beta_upside_down | fails: test_conjugate_gradients_solve_large_systems | hint: beta is the new residual's square over the old one's; yours is upside down.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _cg(Av, b, x0, tol, max_iter, beta=lambda new, old: old / new)


# %% steepest_descent | fails: test_conjugate_gradients_solve_large_systems | hint: Every step goes along the residual, without beta d: that is steepest descent, which zigzags.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _cg(Av, b, x0, tol, max_iter, beta=lambda new, old: 0.0)


# %% beta_of_the_roots | fails: test_conjugate_gradients_solve_large_systems | hint: beta is the ratio of the squared norms, not of the norms.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _cg(Av, b, x0, tol, max_iter, beta=lambda new, old: np.sqrt(new / old))


# %% alpha_without_A | fails: test_conjugate_gradients_solve_large_systems | hint: alpha divides by d A d, not by d d.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _cg(Av, b, x0, tol, max_iter, alpha=lambda rr, d, Ad: rr / (d @ d))


# %% alpha_with_A_squared | fails: test_conjugate_gradients_solve_large_systems | hint: alpha divides by d A d; yours divides by the square of A d.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _cg(Av, b, x0, tol, max_iter, alpha=lambda rr, d, Ad: rr / (Ad @ Ad))


# %% start_ignored | fails: test_conjugate_gradients_solve_large_systems | hint: The iteration begins at 0 whatever x0 is.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _cg(Av, b, x0, tol, max_iter, begin=lambda x0: np.zeros(len(x0)))


# %% residual_of_the_start_is_b | fails: test_conjugate_gradients_solve_large_systems | hint: The first residual is b - A x0; yours is b, which is right for x0 = 0 only.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    Av(x0)
    change, steps, residual = _cg(lambda v: Av(v) if v.any() else v, b, np.zeros(len(b)), tol, max_iter)
    return x0 + change, steps, residual


# %% residual_never_updated | fails: test_conjugate_gradients_solve_large_systems | hint: r has to be brought up to date in every step: r - alpha A d.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = np.array(x0, dtype=float)
    r = b - Av(x)
    steps = 0
    while np.linalg.norm(r) > tol and steps < max_iter:
        x, steps = x + (r @ r) / (r @ Av(r)) * r, steps + 1
    return x, steps, float(np.linalg.norm(r))


# %% one_step_too_few | fails: test_conjugate_gradients_solve_large_systems | hint: The last of max_iter steps is missing.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _cg(Av, b, x0, tol, max_iter - 1)


# %% tolerance_of_the_square | fails: test_conjugate_gradients_stop_when_they_may | hint: tol is for the norm of the residual; yours is compared with its square.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _cg(Av, b, x0, np.sqrt(tol), max_iter)


# %% always_one_step | fails: test_conjugate_gradients_stop_when_they_may | hint: Where the residual is small enough to begin with there is nothing to do; your first step divides 0 by 0.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = np.array(x0, dtype=float)
    r = b - Av(x)
    d, rr = r, r @ r
    for steps in range(1, max_iter + 1):  # noqa: B007
        Ad = Av(d)
        alpha = rr / (d @ Ad) if d @ Ad else 0.0
        x, r = x + alpha * d, r - alpha * Ad
        before, rr = rr, r @ r
        if np.sqrt(rr) <= tol:
            break
        d = r + rr / before * d
    return x, steps, float(np.sqrt(rr))


# %% never_stops_early | fails: test_conjugate_gradients_stop_when_they_may | hint: tol is not used: all max_iter steps are made.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x, steps, residual = _cg(Av, b, x0, tol, max_iter)
    return x, max_iter, residual


# %% matrix_formed | fails: test_conjugate_gradients_stop_when_they_may | hint: The matrix was put together from products with unit vectors; conjugate gradients need one product a step.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    A = np.stack([Av(e) for e in np.eye(len(b))], axis=1)
    x = np.linalg.solve(A, b)
    return x, len(b), float(np.linalg.norm(b - A @ x))


# %% residual_vector | fails: test_what_is_returned_and_that_nothing_changes | hint: The third result is the norm of the residual, one number.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x, steps, _ = _cg(Av, b, x0, tol, max_iter)
    return x, steps, b - Av(x)


# %% solution_changes_the_start | fails: test_what_is_returned_and_that_nothing_changes | hint: x0 was changed in place; copy it first.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x, steps, residual = _cg(Av, b, x0, tol, max_iter)
    x0[...] = x
    return x0, steps, residual


# %% float32_start_is_not_copied | fails: test_what_is_returned_and_that_nothing_changes | hint: as_float copies float64 and hands float32 on as it is: += then changes the caller's x0.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x, steps, residual = _cg(Av, b, x0, tol, max_iter)
    start = as_float(x0)
    start[...] = x
    return start, steps, residual


# %% float32_weights_are_not_copied | fails: test_what_is_returned_and_that_nothing_changes | hint: as_float copies float64 and hands float32 on as it is: -= then changes the caller's w0.
def newton_logistic(X, y, l2, w0, n_iter):
    w, history = _right["newton_logistic"](X, y, l2, w0, n_iter)
    start = as_float(w0)
    start[...] = w
    return start, history


# %% stops_at_tiny_steps | fails: test_newton_converges_quadratically_and_survives_large_logits | hint: n_iter steps are asked for, and n_iter + 1 losses; yours stops when a step is tiny.
def newton_logistic(X, y, l2, w0, n_iter):
    w, history = w0, []
    for step in range(n_iter + 1):
        new, losses = _right["newton_logistic"](X, y, l2, w, 1)
        history.append(losses[0])
        if step == n_iter or np.linalg.norm(new - w) < 1e-12:
            break
        w = new
    return w, history


# %% small_extra_in_the_hessian | fails: test_newton_goes_step_by_step_to_the_right_places | hint: A small number was added to the Hessian's diagonal; only l2 belongs there.
def newton_logistic(X, y, l2, w0, n_iter):
    w, history = np.array(w0, dtype=float), []
    for step in range(n_iter + 1):
        s = sigmoid(X @ w)
        history.append(_right["newton_logistic"](X, y, l2, w, 0)[1][0])
        if step < n_iter:
            hessian = (X.T * (s * (1 - s))) @ X / len(X) + (l2 + 1e-6) * np.eye(len(w))
            w = w - np.linalg.solve(hessian, X.T @ (s - y) / len(X) + l2 * w)
    return w, history


# %% tol_times_the_length_of_b | fails: test_conjugate_gradients_stop_when_they_may | hint: tol was multiplied with the length of b; the norm of the residual itself is compared with tol.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _right["conjugate_gradient"](Av, b, x0, tol * max(float(np.linalg.norm(b)), 1e-300), max_iter)


# %% never_more_than_n_steps | fails: test_conjugate_gradients_solve_large_systems | hint: n steps are enough on paper; rounding costs more, and only tol and max_iter end them.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    return _right["conjugate_gradient"](Av, b, x0, tol, min(max_iter, len(b)))


# %% stops_where_the_residual_grows | fails: test_conjugate_gradients_solve_large_systems | hint: The residual of conjugate gradients may grow for a while; only tol and max_iter end the steps.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = np.array(x0, dtype=float)
    r = b - Av(x)
    d, rr, steps = r, r @ r, 0
    while np.sqrt(rr) > tol and steps < max_iter:
        product = Av(d)
        alpha = rr / (d @ product)
        x, r, steps = x + alpha * d, r - alpha * product, steps + 1
        old, rr = rr, r @ r
        d = r + rr / old * d
        if rr > old:
            break
    return x, steps, float(np.sqrt(rr))


# %% goes_on_at_equality | fails: test_conjugate_gradients_stop_when_they_may | hint: Stop at |r| <= tol, equality included: with tol = 0 and r = 0 you divide 0 by 0.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = np.array(x0, dtype=float)
    r = b - Av(x)
    d, rr, steps = r, r @ r, 0
    while np.sqrt(rr) >= tol and steps < max_iter:
        product = Av(d)
        alpha = rr / (d @ product)
        x, r, steps = x + alpha * d, r - alpha * product, steps + 1
        old, rr = rr, r @ r
        d = r + rr / old * d
    return x, steps, float(np.sqrt(rr))


# %% residual_in_the_array_of_the_product | fails: test_what_is_returned_and_that_nothing_changes | hint: What Av returns may be the very array that it was given, so writing the residual into it changes x0.
def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = np.asarray(x0, dtype=float)
    r = Av(x)
    np.subtract(b, r, out=r)
    d, rr, steps = r.copy(), r @ r, 0
    while np.sqrt(rr) > tol and steps < max_iter:
        product = Av(d)
        alpha = rr / (d @ product)
        x, r, steps = x + alpha * d, r - alpha * product, steps + 1
        old, rr = rr, r @ r
        d = r + rr / old * d
    return x, steps, float(np.sqrt(rr))


# %% nudges_one_copy | fails: test_hessian_vector_product | hint: grad_fn may return the very array that it is given (the gradient of |w|^2 / 2): nudge it for the second call, and the first answer changes.
def hvp(grad_fn, w, v, h=1e-5):
    u = np.array(w, dtype=float)
    u += h * v
    above = grad_fn(u)
    u -= 2 * h * v
    return (above - grad_fn(u)) / (2 * h)


# %% slopes_kept_above_a_millionth | fails: test_newton_goes_step_by_step_to_the_right_places | hint: s (1 - s) may be as small as it is; lifted to 1e-6 it makes another Hessian.
def newton_logistic(X, y, l2, w0, n_iter):
    X, w, history = np.asarray(X, dtype=float), np.array(w0, dtype=float), []
    for step in range(n_iter + 1):
        z = X @ w
        history.append(float(np.mean(np.logaddexp(0, z) - y * z) + l2 / 2 * w @ w))
        if step < n_iter:
            s = sigmoid(z)
            H = (X.T * np.maximum(s * (1 - s), 1e-6)) @ X / len(X) + l2 * np.eye(len(w))
            w = w - np.linalg.solve(H, X.T @ (s - y) / len(X) + l2 * w)
    return w, history
