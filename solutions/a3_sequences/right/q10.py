"""Right solutions of question 10 that look different from the reference."""


# %% the_well_known_recipe | why: exp and log in float32, strided assignment; var and rsqrt of torch
def sinusoidal_pe(T, d, base=10000.0):
    if d % 2 != 0:
        raise ValueError("d must be even")
    table = torch.zeros(T, d)
    position = torch.arange(0, T).unsqueeze(1).float()
    slower = torch.exp(torch.arange(0, d, 2).float() * (-math.log(base) / d))
    table[:, 0::2] = torch.sin(position * slower)
    table[:, 1::2] = torch.cos(position * slower)
    return table


class LayerNorm(nn.Module):
    def __init__(self, d, eps=1e-5):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(d))
        self.weight = nn.Parameter(torch.ones(d))
        self.register_buffer("eps", torch.tensor(float(eps)))
        self.eps_value = eps

    def forward(self, x):
        variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
        return torch.addcmul(self.bias, (x - mean) * torch.rsqrt(variance + self.eps_value), self.weight)


# %% entry_by_entry | why: loops with the math module; a layer norm that goes through every vector
def sinusoidal_pe(T, d, base=10000.0):
    if d & 1:
        raise ValueError(f"an odd width: {d}")
    rows = []
    for p in range(T):
        row = []
        for i in range(d // 2):
            angle = p * math.pow(base, -2.0 * i / d)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return torch.tensor(rows)


class LayerNorm(nn.Module):
    def __init__(self, d, eps=1e-5):
        super().__init__()
        self.d, self.eps = d, eps
        self.weight, self.bias = nn.Parameter(torch.ones((d,))), nn.Parameter(torch.zeros((d,)))

    def forward(self, x):
        out = []
        for v in x.reshape(-1, self.d):
            centred = v - torch.sum(v) / self.d
            out.append(self.weight * centred / (torch.dot(centred, centred) / self.d + self.eps) ** 0.5 + self.bias)
        return torch.stack(out).reshape(x.shape)


# %% turning_numbers | why: positions as powers of complex numbers; layer norm as a projection and a vector norm
def sinusoidal_pe(T, d, base=10000.0):
    if d % 2:
        raise ValueError("no pairs")
    angle = np.outer(np.arange(T), np.power(float(base), -np.arange(0, d, 2) / d))
    turned = np.exp(1j * angle)
    return torch.from_numpy(np.stack([turned.imag, turned.real], axis=2).reshape(T, d).astype(np.float32))


class LayerNorm(nn.Module):
    def __init__(self, d, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.full((d,), 1.0))
        self.bias = nn.Parameter(torch.full((d,), 0.0))
        self.eps = eps

    def forward(self, x):
        d = x.size(-1)
        centred = x - torch.einsum("...d->...", x)[..., None] / d
        mean_square = torch.einsum("...d,...d->...", centred, centred)[..., None] / d
        return torch.einsum("...d,d->...d", centred * (mean_square + self.eps).pow(-0.5), self.weight) + self.bias


# %% complex_hands | why: the hands of the clock as complex numbers, layer norm as an RMS norm of what is centred
def sinusoidal_pe(T, d, base=10000.0):
    if d % 2:
        raise ValueError("d must be even")
    speed = base ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    hands = torch.exp(1j * torch.arange(T, dtype=torch.float64)[:, None] * speed)
    return torch.stack((hands.imag, hands.real), dim=-1).reshape(T, d).to(torch.float32)


class LayerNorm(nn.Module):
    def __init__(self, d, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight, self.bias = nn.Parameter(torch.ones(d)), nn.Parameter(torch.zeros(d))

    def forward(self, x):
        centred = x - x.mean(dim=-1, keepdim=True)
        return F.rms_norm(centred, centred.shape[-1:], self.weight, self.eps) + self.bias
