"""Right solutions of question 8 that look different from the reference."""

# %% step_by_step | why: plain Python numbers in a loop, tensors only at the end


def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind not in ("linear", "cosine"):
        raise ValueError(kind)

    def f(t):
        return math.cos((t / T + s) / (1 + s) * math.pi / 2) ** 2

    rows, bar = [], 1.0
    for t in range(T):
        if kind == "linear":
            beta = beta_start + (t / (T - 1) if T > 1 else 0) * (beta_end - beta_start)
        else:
            beta = min(1 - f(t + 1) / f(t), 0.999)
        before, bar = bar, bar * (1 - beta)
        rows.append(
            {
                "betas": beta,
                "alphas": 1 - beta,
                "alpha_bars": bar,
                "alpha_bars_prev": before,
                "post_var": beta * (1 - before) / (1 - bar),
                "post_c0": beta * before**0.5 / (1 - bar),
                "post_c1": (1 - before) * (1 - beta) ** 0.5 / (1 - bar),
                "snr": bar / (1 - bar),
                "udl_weight": beta / 2 / (1 - bar) / (1 - beta),
            }
        )
    return {key: torch.tensor([row[key] for row in rows], dtype=torch.float64) for key in rows[0]}


# %% numpy_and_logarithms | why: products as sums of logarithms, 1 - abar by expm1, and a table more than is asked for


def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind == "linear":
        betas = np.linspace(beta_start, beta_end, T)
    elif kind == "cosine":

        def f(t):
            return np.cos((t / T + s) / (1 + s) * np.pi / 2) ** 2 / np.cos(s / (1 + s) * np.pi / 2) ** 2

        t = np.arange(T)
        betas = np.minimum(1 - f(t + 1) / f(t), 0.999)
    else:
        raise ValueError("no such kind")
    log_bars = np.cumsum(np.log1p(-betas))
    log_before = np.insert(log_bars, 0, 0.0)[:T]
    noise, noise_before = -np.expm1(log_bars), -np.expm1(log_before)
    tables = {
        "betas": betas,
        "alphas": 1.0 - betas,
        "alpha_bars": np.exp(log_bars),
        "alpha_bars_prev": np.exp(log_before),
        "post_var": betas * noise_before / noise,
        "post_c0": betas * np.exp(log_before / 2) / noise,
        "post_c1": noise_before * np.sqrt(1 - betas) / noise,
        "snr": np.exp(log_bars) / noise,
        "udl_weight": 0.5 * betas / (1 - betas) / noise,
        "sqrt_alpha_bars": np.exp(log_bars / 2),
    }
    return {key: torch.as_tensor(np.ascontiguousarray(values)) for key, values in tables.items()}


# %% numpy_tables | why: tables by NumPy, the running product as exp of a sum of log1p, cosine by np.cos of T + 1 places
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind == "linear":
        betas = np.linspace(beta_start, beta_end, T)
    elif kind == "cosine":
        f = np.square(np.cos((np.arange(T + 1) / T + s) / (1 + s) * np.pi / 2))
        betas = np.minimum(1 - f[1:] / f[:-1], 0.999)
    else:
        raise ValueError(kind)
    logs = np.cumsum(np.log1p(-betas))
    bars, left = np.exp(logs), -np.expm1(logs)
    before = np.append(1.0, bars[:-1])
    gone = np.append(0.0, left[:-1])
    tables = {
        "betas": betas,
        "alphas": 1 - betas,
        "alpha_bars": bars,
        "alpha_bars_prev": before,
        "post_var": betas * gone / left,
        "post_c0": betas * np.sqrt(before) / left,
        "post_c1": gone * np.sqrt(1 - betas) / left,
        "snr": bars / left,
        "udl_weight": betas / (2 * left * (1 - betas)),
    }
    return {name: torch.from_numpy(np.ascontiguousarray(table)) for name, table in tables.items()}
