"""Right solutions of question 5 that look different from the reference."""


# %% softplus_and_tables | why: softplus, a table of functions, gradients sample by sample
def gan_loss_d(kind, real, fake):
    real, fake = real.reshape(-1), fake.reshape(-1)
    zero = torch.zeros((), dtype=real.dtype, device=real.device)
    log_loss = lambda: torch.logaddexp(zero, -real).mean() + torch.logaddexp(zero, fake).mean()  # noqa: E731
    table = {
        "minimax": log_loss,
        "nonsaturating": log_loss,
        "lsgan": lambda: ((real - 1).pow(2).mean() + fake.pow(2).mean()) / 2,
        "wgan": lambda: -(real.mean() - fake.mean()),
    }
    if kind not in table:
        raise ValueError(kind)
    return table[kind]()


def gan_loss_g(kind, fake):
    match kind:
        case "minimax":
            return -F.softplus(fake).mean()
        case "nonsaturating":
            return F.softplus(-fake).mean()
        case "lsgan":
            return F.mse_loss(fake, torch.ones_like(fake)) / 2
        case "wgan":
            return -1 * torch.mean(fake)
    raise ValueError("unknown")


def gradient_penalty(D, real, fake, u):
    total = 0.0
    for b in range(len(real)):
        x = torch.lerp(fake[b : b + 1], real[b : b + 1], u[b]).detach().clone().requires_grad_()
        slope = torch.autograd.grad(D(x).squeeze(), x, create_graph=True)[0]
        total = total + (torch.linalg.vector_norm(slope) - 1) ** 2
    return total / len(real)


# %% with_ones_as_cotangent | why: grad_outputs of ones instead of a sum, view for u, losses by loops over rows
def gan_loss_d(kind, real, fake):
    if kind == "wgan":
        return torch.mean(fake) - torch.mean(real)
    if kind == "lsgan":
        return sum((r.sum() - 1) ** 2 / 2 for r in real) / len(real) + sum(f.sum() ** 2 / 2 for f in fake) / len(fake)
    if kind in {"minimax", "nonsaturating"}:
        return sum(F.softplus(-r).sum() for r in real) / len(real) + sum(F.softplus(f).sum() for f in fake) / len(fake)
    raise ValueError(f"unknown kind: {kind}")


def gradient_penalty(D, real, fake, u):
    shape = (real.size(0),) + (1,) * (real.dim() - 1)
    x = fake + u.view(shape) * (real - fake)
    x.requires_grad_(True)
    out = D(x)
    slope = torch.autograd.grad(out, x, grad_outputs=torch.ones_like(out), create_graph=True, retain_graph=True)[0]
    norms = torch.einsum("bi,bi->b", slope.reshape(len(x), -1), slope.reshape(len(x), -1))
    norms = (norms + 1e-20).sqrt()  # the slope of the root is finite at 0
    return torch.square(norms - 1).mean()


# %% table_of_lambdas | why: F.softplus and F.mse_loss in a table, vector_norm of flattened slopes, grad of a sum
_D = {
    "minimax": lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(),
    "lsgan": lambda r, f: (F.mse_loss(r, torch.ones_like(r)) + F.mse_loss(f, torch.zeros_like(f))) / 2,
    "wgan": lambda r, f: f.mean() - r.mean(),
}
_D["nonsaturating"] = _D["minimax"]
_G = {
    "minimax": lambda f: -F.softplus(f).mean(),
    "nonsaturating": lambda f: F.softplus(-f).mean(),
    "lsgan": lambda f: F.mse_loss(f, torch.ones_like(f)) / 2,
    "wgan": lambda f: -f.mean(),
}


def _look_up(table, kind):
    if kind not in table:
        raise ValueError(f"{kind!r} is none of {', '.join(table)}")
    return table[kind]


def gan_loss_d(kind, real, fake):
    return _look_up(_D, kind)(real, fake)


def gan_loss_g(kind, fake):
    return _look_up(_G, kind)(fake)


def gradient_penalty(D, real, fake, u):
    u = u.reshape(len(u), *[1] * (real.dim() - 1))
    between = torch.lerp(fake.detach(), real.detach(), u.expand_as(real)).requires_grad_(True)
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(D(between).sum(), [between], create_graph=True)
    return (torch.linalg.vector_norm(slope.flatten(1), dim=1) - 1).square().mean()
