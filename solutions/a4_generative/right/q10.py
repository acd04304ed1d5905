"""Right solutions of question 10 that look different from the reference."""

# %% the_form_of_the_book | why: means without the guess of x_0 where nothing is clipped, Python floats, DDPM as DDIM


def _numbers(sched, t):
    bar = float(sched["alpha_bars"][t]) if t >= 0 else 1.0
    return bar, (1 - bar) ** 0.5


def p_mean_variance(x_t, t, eps, sched, clip=None):
    beta, var = float(sched["betas"][t]), float(sched["post_var"][t])
    bar, sigma = _numbers(sched, t)
    if clip is None:
        return (x_t - beta / sigma * eps) / (1 - beta) ** 0.5, var
    guess = torch.minimum(
        torch.maximum((x_t - sigma * eps) / bar**0.5, -clip * torch.ones_like(x_t)), clip * torch.ones_like(x_t)
    )
    return float(sched["post_c0"][t]) * guess + float(sched["post_c1"][t]) * x_t, var


def p_sample(x_t, t, eps, noise, sched, clip=None):
    mean, var = p_mean_variance(x_t, t, eps, sched, clip)
    return torch.add(mean, noise, alpha=var**0.5)  # post_var is 0 at t = 0


def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    (bar, spread), (before, spread_before) = _numbers(sched, t), _numbers(sched, t_prev)
    sigma = eta * spread_before / spread * max(1 - bar / before, 0) ** 0.5
    keep = (before / bar) ** 0.5
    return keep * x_t + (max(spread_before**2 - sigma**2, 0) ** 0.5 - keep * spread) * eps + sigma * noise


@torch.no_grad()
def ddpm_sample(model, shape, sched, generator, clip=None):
    T = sched["betas"].shape[0]
    x = torch.empty(shape, device=generator.device).normal_(generator=generator)
    for t in range(T - 1, -1, -1):
        eps = model(x, torch.ones(shape[0], dtype=torch.long, device=x.device) * t)
        noise = torch.zeros_like(x)
        if t:
            noise.normal_(generator=generator)
        x = p_sample(x, t, eps, noise, sched, clip)
    return x


@torch.no_grad()
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    T = sched["betas"].shape[0]
    times = np.linspace(T - 1, -1, n_steps + 1).astype(int).tolist()  # rounded towards 0
    x = torch.empty(shape, device=generator.device).normal_(generator=generator)
    for i in range(n_steps):
        t, t_prev = times[i], times[i + 1]
        eps = model(x, torch.tensor([t] * shape[0], device=x.device))
        noise = torch.zeros_like(x) if eta == 0 else torch.zeros_like(x).normal_(generator=generator)
        x = ddim_step(x, t, t_prev, eps, sched, eta, noise)
    return x


# %% detached_and_in_double | why: chains in float64 that cut the graph by detach, all noise drawn beforehand, times by floor


def ddpm_sample(model, shape, sched, generator, clip=None):
    T = len(sched["alphas"])
    noise = torch.randn(T + 1, *shape, generator=generator, device=generator.device, dtype=torch.float64)
    x = noise[T]
    for t in range(T)[::-1]:
        eps = model(x, torch.full((shape[0],), t, device=x.device)).detach()
        mean, var = p_mean_variance(x, t, eps, sched, clip)
        x = mean + (t > 0) * var**0.5 * noise[t]
    return x


def ddim_sample(model, shape, sched, n_steps, eta, generator):
    T = len(sched["alphas"])
    times = [(T * (n_steps - i)) // n_steps - 1 for i in range(n_steps)] + [-1]
    noise = torch.randn(n_steps + 1, *shape, generator=generator, device=generator.device, dtype=torch.float64)
    x = noise[-1]
    for i, t in enumerate(times[:-1]):
        eps = model(x, torch.full((shape[0],), t, device=x.device)).detach()
        x = ddim_step(x, t, times[i + 1], eps, sched, eta, noise[i])
    return x


# %% python_coefficients | why: coefficients as Python's floats, generators of times, DDPM as a loop over reversed(range), rounding to the nearest time
def p_mean_variance(x_t, t, eps, sched, clip=None):
    pick = {key: float(table[t]) for key, table in sched.items()}
    bar = pick["alpha_bars"]
    x0 = (x_t - (1 - bar) ** 0.5 * eps) / bar**0.5
    if clip is not None:
        x0 = torch.clamp(x0, -clip, clip)
    return pick["post_c0"] * x0 + pick["post_c1"] * x_t, pick["post_var"]


def p_sample(x_t, t, eps, noise, sched, clip=None):
    mean, var = p_mean_variance(x_t, t, eps, sched, clip)
    return mean if t == 0 else torch.add(mean, noise, alpha=math.sqrt(var))


@torch.no_grad()
def ddpm_sample(model, shape, sched, generator, clip=None):
    def draw():
        return torch.randn(*shape, generator=generator, device=generator.device)

    x = draw()
    for t in reversed(range(len(sched["betas"]))):
        times = x.new_full((shape[0],), t).long()
        x = p_sample(x, t, model(x, times), draw() if t else torch.zeros_like(x), sched, clip)
    return x


def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    now = float(sched["alpha_bars"][t])
    then = float(sched["alpha_bars"][t_prev]) if t_prev >= 0 else 1.0
    sigma = eta * math.sqrt((1 - then) / (1 - now) * (1 - now / then))
    x0 = (x_t - math.sqrt(1 - now) * eps) / math.sqrt(now)
    return math.sqrt(then) * x0 + math.sqrt(max(1 - then - sigma**2, 0.0)) * eps + sigma * noise


@torch.no_grad()
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    T = len(sched["betas"])
    times = [round(T - 1 - i * T / n_steps) for i in range(n_steps + 1)]
    x = torch.empty(shape, device=generator.device).normal_(generator=generator)
    for t, then in zip(times, times[1:], strict=False):
        eps = model(x, torch.tensor([t], device=x.device).repeat(len(x)))
        x = ddim_step(x, t, then, eps, sched, eta, torch.empty_like(x).normal_(generator=generator))
    return x


# %% variance_in_float32 | why: the variance as a new tensor, which has torch's own type; the step takes its number from the table


def p_mean_variance(x_t, t, eps, sched, clip=None):
    when = torch.full((len(x_t),), t, device=x_t.device)
    guess = predict_x0(x_t, when, eps, sched)
    if clip is not None:
        guess = torch.where(guess.abs() > clip, clip * guess.sign(), guess)
    first, second, var = (sched[key][t].item() for key in ("post_c0", "post_c1", "post_var"))
    return torch.add(first * guess, x_t, alpha=second), torch.tensor(var)


def p_sample(x_t, t, eps, noise, sched, clip=None):
    mean, _ = p_mean_variance(x_t, t, eps, sched, clip)
    return mean.add(noise, alpha=math.sqrt(sched["post_var"][t].item()))
