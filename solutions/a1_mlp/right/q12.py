"""Right solutions of question 12 that look different from the reference."""


# %% step_by_step | why: a feature at a time; the gradient goes through variance and mean one after the other; statistics move in place
class BatchNorm1d:
    def __init__(self, D, eps=1e-5, momentum=0.1):
        self.D, self.eps, self.rho = D, eps, momentum
        self.gamma, self.beta = np.full(D, 1.0), np.full(D, 0.0)
        self.running_mean, self.running_var = np.zeros(D), np.ones(D)
        self.dgamma, self.dbeta = np.zeros(D), np.zeros(D)

    def forward(self, X, train):
        n = len(X)
        if train and n == 1:
            raise ValueError("a batch of one has no variance")
        Y = np.empty_like(as_float(X))
        self.seen = []
        for d in range(self.D):
            x = np.asarray(X)[:, d].astype(np.float64)
            mu, var = (x.mean(), x.var()) if train else (self.running_mean[d], self.running_var[d])
            if train:
                self.running_mean[d] += self.rho * (mu - self.running_mean[d])
                self.running_var[d] += self.rho * (x.var(ddof=1) - self.running_var[d])
            sd = math.sqrt(var + self.eps)
            Y[:, d] = self.gamma[d] * (x - mu) / sd + self.beta[d]
            self.seen.append((x - mu, sd, train))
        return Y

    def backward(self, dY):
        dX = np.empty_like(as_float(dY))
        for d, (centred, sd, train) in enumerate(self.seen):
            g = dY[:, d].astype(np.float64)
            self.dgamma[d], self.dbeta[d] = float(g @ centred) / sd, g.sum()
            g = g * self.gamma[d]
            if not train:
                dX[:, d] = g / sd
                continue
            d_var = -0.5 * (g @ centred) / sd**3
            d_centred = g / sd + 2 * centred * d_var / len(g)
            dX[:, d] = d_centred - d_centred.mean()
        return dX


# %% functions_behind_a_class | why: pure functions with a closure for the backward pass; the jacobian as a projection matrix
def _normalised(X, mean, var, eps):
    return (X - mean) / np.sqrt(var + eps)


class BatchNorm1d:
    def __init__(self, D, eps=1e-5, momentum=0.1):
        self.settings = {"eps": eps, "momentum": momentum}
        self.gamma, self.beta, self.running_mean, self.running_var = np.ones(D), np.zeros(D), np.zeros(D), np.ones(D)

    def forward(self, X, train):
        X, eps, rho = as_float(X), self.settings["eps"], self.settings["momentum"]
        N = X.shape[0]
        if not train:
            var = self.running_var.copy()
            Xhat = _normalised(X, self.running_mean, var, eps)
            self.pull = lambda g: g / np.sqrt(var + eps)
        elif N == 1:
            raise ValueError
        else:
            var = X.var(axis=0)
            Xhat = _normalised(X, X.mean(axis=0), var, eps)
            self.running_mean = rho * X.mean(axis=0) + self.running_mean * (1 - rho)
            self.running_var = rho * X.var(axis=0, ddof=1) + self.running_var * (1 - rho)
            centre = np.eye(N) - 1 / N

            def pull(g):
                return np.stack(
                    [(centre - np.outer(h, h) / N) @ column for h, column in zip(Xhat.T, g.T, strict=True)], axis=1
                ) / np.sqrt(var + eps)

            self.pull = pull
        self.kept = Xhat
        return np.asarray(self.gamma * Xhat + self.beta, dtype=X.dtype)

    def backward(self, dY):
        self.dgamma, self.dbeta = np.einsum("nd,nd->d", dY, self.kept), np.einsum("nd->d", dY)
        return self.pull(dY * self.gamma)


# %% jacobian | why: the whole N x N Jacobian of a feature, applied by einsum; running statistics replaced and not overwritten
class BatchNorm1d:
    def __init__(self, D, eps=1e-5, momentum=0.1):
        self.eps, self.momentum = eps, momentum
        self.gamma, self.running_var = np.ones((2, D))
        self.beta, self.running_mean = np.zeros((2, D))

    def forward(self, X, train):
        X = as_float(X)
        N = X.shape[0]
        if train:
            if N < 2:
                raise ValueError("the variance of one row is no variance")
            wide = X.astype(np.float64)
            mean, var = wide.mean(0), wide.var(0)
            m = self.momentum
            self.running_mean = (1 - m) * self.running_mean + m * mean
            self.running_var = (1 - m) * self.running_var + m * wide.var(0, ddof=1)
        else:
            mean, var = self.running_mean, self.running_var
        xhat = (X - mean) / np.sqrt(var + self.eps)
        scale = self.gamma / np.sqrt(var + self.eps)
        if train:
            J = np.eye(N) - 1 / N - np.einsum("id,jd->dij", xhat, xhat) / N
        else:
            J = np.broadcast_to(np.eye(N), (X.shape[1], N, N))
        self.last = J * scale[:, None, None], xhat, X.dtype
        return (self.gamma * xhat + self.beta).astype(X.dtype)

    def backward(self, dY):
        J, xhat, dtype = self.last
        self.dbeta = np.sum(dY, axis=0)
        self.dgamma = np.einsum("nd,nd->d", dY, xhat)
        return np.einsum("dij,jd->id", J, dY).astype(dtype)
