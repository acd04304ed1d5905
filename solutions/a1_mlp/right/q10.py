"""Right solutions of question 10 that look different from the reference."""


# %% sums_over_samples | why: Hessian as a sum of outer products; the inverse instead of solve; beta as Polak and Ribiere write it
def newton_logistic(X, y, l2, w0, n_iter):
    def loss(w):
        total = 0.0
        for x, t in zip(X, y, strict=True):
            z = float(x @ w)
            total += max(z, 0.0) - t * z + math.log1p(math.exp(-abs(z)))
        return total / len(X) + 0.5 * l2 * sum(v * v for v in w)

    w = w0.copy()
    history = [loss(w)]
    while len(history) <= n_iter:
        g, H = l2 * w, l2 * np.identity(len(w))
        for x, t in zip(X, y, strict=True):
            s = 0.5 * (1 + math.tanh(float(x @ w) / 2))
            g = g + (s - t) * x / len(X)
            H = H + s * (1 - s) * np.outer(x, x) / len(X)
        w = w - np.linalg.inv(H) @ g
        history.append(loss(w))
    return w, tuple(history)


def hvp(grad_fn, w, v, h=1e-5):
    step = np.multiply(h, v)
    up, down = np.asarray(grad_fn(w + step)), np.asarray(grad_fn(w - step))
    return up / (2 * h) - down / (2 * h)


def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = x0 + 0.0
    r = b - Av(x)
    d = r.copy()
    for k in range(max_iter):
        if np.linalg.norm(r) <= tol:
            return x, k, np.linalg.norm(r)
        q = Av(d)
        a = (d @ r) / (d @ q)
        x += a * d
        fresh = r - a * q
        d = fresh + max(0.0, fresh @ (fresh - r) / (r @ r)) * d
        r = fresh
    return x, max_iter, np.linalg.norm(r)


# %% least_squares_and_conjugacy | why: Newton's step as weighted least squares (IRLS); beta from conjugacy, without any residual's square
def newton_logistic(X, y, l2, w0, n_iter):
    X, w, N = np.asarray(X, float), np.asarray(w0, float).copy(), len(X)
    losses = []
    for k in range(n_iter + 1):
        z = X @ w
        losses.append(np.mean(np.logaddexp(0, z) - y * z) + l2 / 2 * np.dot(w, w))
        if k < n_iter:
            s = sigmoid(z)
            R = s * (1 - s)
            w = np.linalg.solve(np.einsum("ni,n,nj->ij", X, R, X) + N * l2 * np.eye(len(w)), X.T @ (R * z - (s - y)))
    return w, losses


def hvp(grad_fn, w, v, h=1e-5):
    points = [w + sign * h * v for sign in (1, -1)]
    above, below = map(grad_fn, points)
    return 0.5 * (above - below) / h


def conjugate_gradient(Av, b, x0, tol, max_iter):
    x, steps = np.array(x0, dtype=np.float64), 0
    residual = b - Av(x)
    direction = residual
    while steps < max_iter and residual @ residual > tol**2:
        image = Av(direction)
        curvature = direction @ image
        length = direction @ residual / curvature
        x, residual = x + length * direction, residual - length * image
        direction, steps = residual - (residual @ image) / curvature * direction, steps + 1
    return [x, np.int64(steps), math.sqrt(residual @ residual)]


# %% cholesky | why: a Cholesky factor solves Newton's system, slopes by logaddexp, np.int64 and 0-d numbers as answers
def newton_logistic(X, y, l2, w0, n_iter):
    X, y, w = as_float(X), as_float(y), as_float(w0).copy()

    def loss():
        z = X @ w
        return (np.logaddexp(0, z) - y * z).mean() + l2 / 2 * w.dot(w)

    history = [loss()]
    for _ in range(n_iter):
        s = np.exp(-np.logaddexp(0, -(X @ w)))
        s1 = np.exp(-np.logaddexp(0, X @ w))
        H = np.einsum("ni,n,nj->ij", X, s * s1, X) / len(X) + l2 * np.eye(len(w))
        g = (s - y) @ X / len(X) + l2 * w
        w = w - np.linalg.inv(H) @ g
        history.append(loss())
    return w, history


def hvp(grad_fn, w, v, h=1e-5):
    ahead, behind = (np.array(grad_fn(w + sign * h * v)) for sign in (1, -1))
    return (ahead - behind) * (0.5 / h)


def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = np.array(x0, dtype=float)
    r = np.asarray(b, dtype=float) - Av(x)
    d, rr, steps = r, np.inner(r, r), np.int64(0)
    while np.sqrt(rr) > tol and steps < max_iter:
        Ad = np.array(Av(d))
        alpha = rr / np.inner(d, Ad)
        x, r = x + alpha * d, r - alpha * Ad
        rr, old = np.inner(r, r), rr
        d = r + rr / old * d
        steps += 1
    return [x, steps, np.linalg.norm(r)]
