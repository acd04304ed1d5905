"""Right solutions of question 12 that look different from the reference."""


# %% loops_and_means | why: np.add.at; the mean instead of the sum, which the norms cancel; residuals in one tensor (B, n, K, d)
def vlad(X, centers):
    X = as_float(X)
    centers = as_float(centers).astype(X.dtype)
    K, d = centers.shape
    nearest = np.array([np.argmin(np.linalg.norm(centers - x, axis=1)) for x in X])
    V, count = np.zeros_like(centers), np.zeros(K, dtype=X.dtype)
    np.add.at(V, nearest, X - centers[nearest])
    np.add.at(count, nearest, 1)
    V /= np.maximum(count, 1)[:, None]
    for k in range(K):
        norm = np.sqrt((V[k] ** 2).sum())
        if norm > 0:
            V[k] /= norm
    v = V.ravel()
    total = np.sqrt(v @ v)
    return v / total if total > 0 else v


class NetVLAD(nn.Module):
    def __init__(self, centers, alpha):
        super().__init__()
        with torch.no_grad():
            self.centers = nn.Parameter(centers.detach().clone())
            self.w = nn.Parameter((centers + centers) * alpha)
            self.b = nn.Parameter(-alpha * centers.pow(2).sum(1))

    def forward(self, x):
        B, n, d = x.shape
        share = (torch.einsum("bnd,kd->bnk", x, self.w) + self.b).softmax(-1)
        residual = x.unsqueeze(2) - self.centers.view(1, 1, -1, d)
        V = (share.unsqueeze(-1) * residual).mean(1)
        V = V / V.norm(dim=2, keepdim=True).clamp_min(1e-12)
        V = V.reshape(B, -1)
        return V / V.norm(dim=1, keepdim=True).clamp_min(1e-12)


# %% one_hot_products | why: a one-hot matrix for vlad; log-softmax and a loop over the centres for NetVLAD
def vlad(X, centers):
    X = as_float(X)
    centers = as_float(centers).astype(X.dtype)
    nearest = np.stack([np.sum((X - c) ** 2, axis=1) for c in centers]).argmin(axis=0)
    chosen = (nearest[:, None] == np.arange(len(centers))).astype(X.dtype)
    V = np.einsum("nk,nd->kd", chosen, X) - chosen.sum(axis=0)[:, None] * centers
    V = np.where(np.abs(V) < 1e-13, 0, V)
    norms = np.sqrt((V * V).sum(axis=1))
    norms[norms == 0] = 1
    v = (V / norms[:, None]).flatten()
    return v / (np.linalg.norm(v) or 1)


class NetVLAD(nn.Module):
    def __init__(self, centers, alpha):
        super().__init__()
        self.register_parameter("w", nn.Parameter(alpha * 2 * centers.detach()))
        self.register_parameter("b", nn.Parameter(torch.stack([-alpha * c.dot(c) for c in centers])))
        self.register_parameter("centers", nn.Parameter(centers.clone()))

    def forward(self, x):
        logs = F.log_softmax(F.linear(x, self.w, self.b), dim=-1).exp()
        rows = []
        for k, c in enumerate(self.centers):
            rows.append(F.normalize((logs[:, :, k : k + 1] * (x - c)).sum(dim=1), dim=-1))
        return F.normalize(torch.cat(rows, dim=-1), dim=-1)


# %% sums_and_counts | why: add.at over the nearest centres, 1e-12 added to the norm; NetVLAD as a product minus weighted centres, F.normalize twice
def vlad(X, centers):
    X, C = as_float(X), np.asarray(centers)
    nearest = np.array([np.square(x - C).sum(axis=1).argmin() for x in X], dtype=int)
    V = np.zeros(C.shape, X.dtype)
    np.add.at(V, nearest, X - C[nearest])
    V = V / (np.sqrt((V * V).sum(axis=1, keepdims=True)) + 1e-12)
    flat = V.reshape(-1)
    return flat / max(np.sqrt(flat @ flat), 1e-12)


class NetVLAD(nn.Module):
    def __init__(self, centers, alpha):
        super().__init__()
        c = centers.detach().clone()
        self.w = nn.Parameter(2 * alpha * c)
        self.b = nn.Parameter(-alpha * (c * c).sum(dim=1))
        self.centers = nn.Parameter(c)

    def forward(self, x):
        a = F.linear(x, self.w, self.b).softmax(dim=2)
        V = a.mT @ x - a.sum(dim=1).unsqueeze(2) * self.centers
        return F.normalize(F.normalize(V, dim=2).flatten(1), dim=1)
