"""Right solutions of question 9 that look different from the reference."""

# %% one_sample_at_a_time | why: loops over the batch with Python numbers, the squared error by torch's own function


def _rows(x, t, sched, f):
    bars = [float(sched["alpha_bars"][int(k)]) for k in t]
    return torch.stack([f(i, bar**0.5, (1 - bar) ** 0.5) for i, bar in enumerate(bars)])


def q_sample(x0, t, noise, sched):
    return _rows(x0, t, sched, lambda i, a, b: a * x0[i] + b * noise[i])


def predict_x0(x_t, t, eps, sched):
    return _rows(x_t, t, sched, lambda i, a, b: x_t[i] / a - b / a * eps[i])


def predict_eps(x_t, t, x0, sched):
    return _rows(x_t, t, sched, lambda i, a, b: (x_t[i] - a * x0[i]) / b)


def v_target(x0, t, noise, sched):
    return _rows(x0, t, sched, lambda i, a, b: a * noise[i] - b * x0[i])


def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    if target == "eps":
        aim = noise
    elif target == "x0":
        aim = x0
    elif target == "v":
        aim = v_target(x0, t, noise, sched)
    else:
        raise ValueError("unknown target")
    if weight not in {"simple", "udl"}:
        raise ValueError("unknown weight")
    out = model(q_sample(x0, t, noise, sched), t)
    total = 0.0
    for i in range(len(x0)):
        each = F.mse_loss(out[i], aim[i])
        total = total + (each * float(sched["udl_weight"][t[i]]) if weight == "udl" else each)
    return total / len(x0)


# %% angles | why: signal and noise as cosine and sine of an angle, factors moved by transposing, weight calculated anew


def _angle(x, t, sched):
    return torch.acos(sched["alpha_bars"].to(x.device).gather(0, t).sqrt())


def _mix(x, y, cos, sin):
    """cos x + sin y with one cos and sin for each sample."""
    back = tuple(range(x.dim() - 1, -1, -1))
    mixed = x.permute(back) * cos.to(x.dtype) + y.permute(back) * sin.to(x.dtype)
    return mixed.permute(back)


def q_sample(x0, t, noise, sched):
    phi = _angle(x0, t, sched)
    return _mix(x0, noise, phi.cos(), phi.sin())


def v_target(x0, t, noise, sched):
    phi = _angle(x0, t, sched)
    return _mix(noise, x0, phi.cos(), -phi.sin())


def predict_x0(x_t, t, eps, sched):
    a = sched["alpha_bars"].to(x_t.device)[t]
    return _mix(x_t, eps, 1 / a.sqrt(), -((1 / a - 1).sqrt()))


def predict_eps(x_t, t, x0, sched):
    a = sched["alpha_bars"].to(x_t.device)[t]
    return _mix(x_t, x0, (1 - a).rsqrt(), -(a / (1 - a)).sqrt())


def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    targets = {"eps": lambda: noise, "x0": lambda: x0, "v": lambda: v_target(x0, t, noise, sched)}
    if target not in targets:
        raise ValueError(target)
    weights = {"simple": lambda: torch.ones(len(x0)), "udl": lambda: sched["udl_weight"][t]}
    if weight not in weights:
        raise ValueError(weight)
    error = model(q_sample(x0, t, noise, sched), t).sub(targets[target]())
    w = weights[weight]().to(error).reshape([len(x0)] + [1] * (x0.dim() - 1))
    return torch.mean(w * error.square())


# %% signal_and_noise | why: both roots by one helper in the sample's own dtype, the axis of samples moved to the end, targets in a table
def _roots(sched, t, like):
    bars = torch.index_select(sched["alpha_bars"], 0, t.to(sched["alpha_bars"].device))
    pair = torch.stack([bars.sqrt(), torch.sqrt(1 - bars)]).to(like)
    return pair.reshape(2, -1, *[1] * (like.dim() - 1)).unbind()


def q_sample(x0, t, noise, sched):
    a, b = _roots(sched, t, x0)
    return torch.addcmul(a * x0, b, noise)


def predict_x0(x_t, t, eps, sched):
    a, b = _roots(sched, t, x_t)
    return x_t / a - eps * (b / a)


def predict_eps(x_t, t, x0, sched):
    a, b = _roots(sched, t, x_t)
    return (x_t - a * x0).div(b)


def v_target(x0, t, noise, sched):
    a, b = _roots(sched, t, x0)
    return a * noise - b * x0


def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    try:
        wanted = {"eps": lambda: noise, "x0": lambda: x0, "v": lambda: v_target(x0, t, noise, sched)}[target]()
        w = {"simple": lambda: torch.ones(len(t)), "udl": lambda: sched["udl_weight"][t]}[weight]()
    except KeyError as unknown:
        raise ValueError(f"{unknown} is neither a target nor a weight") from None
    error = F.mse_loss(model(q_sample(x0, t, noise, sched), t), wanted, reduction="none").flatten(1).mean(1)
    return torch.mean(w.to(error) * error)
