"""Right solutions of question 11 that look different from the reference."""

# %% one_joined_call | why: both predictions from one batch of 2B, frequencies by exp and log, labels dropped on a copy


def timestep_embedding(t, dim, max_period=10000.0):
    half = dim // 2
    freqs = torch.exp(-math.log(max_period) * torch.arange(half, dtype=torch.float64, device=t.device) / half)
    args = torch.outer(t.double(), freqs)
    emb = torch.zeros(t.shape[0], dim, device=t.device)
    emb[:, :half], emb[:, half : 2 * half] = torch.cos(args), torch.sin(args)
    return emb


def cfg_eps(eps_cond, eps_uncond, w):
    return w * eps_cond + (1 - w) * eps_uncond


def drop_labels(y, null, p, generator):
    y = y.clone()
    coin = torch.bernoulli(torch.full(y.shape, p, device=generator.device), generator=generator)
    y[coin.bool().to(y.device)] = null
    return y


def guided_sample(model, y, shape, sched, w, generator, null):
    labels = torch.cat([torch.full_like(y, null), y])

    def guided(x_t, t):
        uncond, cond = model(torch.cat([x_t, x_t]), torch.cat([t, t]), labels).chunk(2)
        return cfg_eps(cond, uncond, w)

    return ddpm_sample(guided, shape, sched, generator)


# %% only_what_is_needed | why: loops over rows, own sampling loop, one call where w makes the other needless


def timestep_embedding(t, dim, max_period=10000.0):
    h = dim // 2
    rows = []
    for each in t.tolist():
        angles = [each / max_period ** (i / h) for i in range(h)]
        rows.append([math.cos(a) for a in angles] + [math.sin(a) for a in angles] + [0.0] * (dim - 2 * h))
    return torch.tensor(rows, dtype=torch.float32, device=t.device)


def cfg_eps(eps_cond, eps_uncond, w):
    return torch.lerp(eps_uncond, eps_cond, w)


def drop_labels(y, null, p, generator):
    kept = []
    for label, u in zip(
        y.tolist(), torch.rand(len(y), generator=generator, device=generator.device).tolist(), strict=True
    ):
        kept.append(null if u < p else label)
    return torch.tensor(kept, device=y.device)


@torch.inference_mode()
def guided_sample(model, y, shape, sched, w, generator, null):
    x = torch.randn(*shape, generator=generator, device=generator.device)
    for t in range(len(sched["betas"]) - 1, -1, -1):
        when = torch.full((shape[0],), t, dtype=torch.int64, device=x.device)
        if w == 0:
            eps = model(x, when, null + 0 * y)
        elif w == 1:
            eps = model(x, when, y)
        else:
            eps = cfg_eps(eps_uncond=model(x, when, null + 0 * y), eps_cond=model(x, when, y), w=w)
        x = p_sample(x, t, eps, torch.randn(*shape, generator=generator, device=x.device), sched)
    return x


# %% lerp_and_polar | why: waves as complex numbers, guidance by torch.lerp, coins by bernoulli_, one call of the model with both halves
def timestep_embedding(t, dim, max_period=10000.0):
    h = dim // 2
    speed = torch.logspace(0, 1, h + 1, base=1 / max_period, dtype=torch.float64, device=t.device)[:-1]
    angle = torch.outer(t.double(), speed)
    waves = torch.polar(torch.ones_like(angle), angle)
    return F.pad(torch.cat([waves.real, waves.imag], dim=1), (0, dim - 2 * h)).float()


def cfg_eps(eps_cond, eps_uncond, w):
    return eps_uncond * (1 - w) + eps_cond * w


def drop_labels(y, null, p, generator):
    coins = torch.empty(y.shape, device=generator.device).bernoulli_(p, generator=generator)
    return torch.where(coins.to(y.device) == 1, null, y)


def guided_sample(model, y, shape, sched, w, generator, null):
    labels = torch.cat([torch.full_like(y, null), y])

    def both(x, t):
        without, with_label = model(x.repeat(2, *[1] * (x.dim() - 1)), t.repeat(2), labels).chunk(2)
        return cfg_eps(with_label, without, w)

    return ddpm_sample(both, shape, sched, generator)
