# A complete solution, written from the released notebook alone by another hand than from_release.py.

# %%
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def as_float(x: np.ndarray) -> np.ndarray:
    """x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


# %%
# q1


def total(rows):
    return torch.einsum("bd->b", rows)


def gaussian_nll(x, mu, logvar):
    z = (x - mu) * (-0.5 * logvar).exp()
    return 0.5 * total(math.log(math.tau) + logvar + z.square())


def bernoulli_nll(x, logits):
    # -x ln s(l) - (1 - x) ln s(-l) = max(l, 0) - x l + ln(1 + e^-|l|)
    return total(logits.clamp(min=0) - x * logits + (-logits.abs()).exp().log1p())


def kl_rows(mu1, logvar1, mu2=None, logvar2=None):
    mu2 = torch.zeros_like(mu1) if mu2 is None else mu2
    logvar2 = torch.zeros_like(logvar1) if logvar2 is None else logvar2
    d = logvar1 - logvar2
    return 0.5 * (torch.expm1(d) - d + ((mu1 - mu2) * (-logvar2 / 2).exp()) ** 2)


def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return total(kl_rows(mu1, logvar1, mu2=mu2, logvar2=logvar2))


# %%
# q2
def reparameterize(mu, logvar, eps):
    return torch.addcmul(mu, torch.exp(0.5 * logvar), eps)


def sample_latent(mu, logvar, n, generator):
    def one():
        eps = torch.empty(mu.shape, dtype=mu.dtype, device=mu.device).normal_(generator=generator)
        return reparameterize(eps=eps, mu=mu, logvar=logvar)

    return torch.stack([one() for _ in range(n)])


# %%
# q3
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    def gaussian():
        spread = dec_logvar if torch.is_tensor(dec_logvar) else torch.tensor(dec_logvar)
        return gaussian_nll(x, dec_out, spread.to(x).expand_as(x))

    table = {"bernoulli": lambda: bernoulli_nll(x, dec_out), "gaussian": gaussian}
    try:
        rec = table[likelihood]().mean()
    except KeyError:
        raise ValueError(likelihood) from None
    kl = kl_rows(mu, logvar).mean(dim=0).clamp(min=free_bits).sum()
    return dict(loss=rec + beta * kl, rec=rec, kl=kl)


def iwae_bound(log_w):
    top = log_w.detach().amax(dim=0)
    return (top + (log_w - top).exp().mean(dim=0).log()).mean()


# %%
# q4
def two_layers(a, hidden, b):
    return nn.Sequential(nn.Linear(a, hidden), nn.Softplus(), nn.Linear(hidden, b))


class VAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden):
        super().__init__()
        self.z_dim = z_dim
        self.inward, self.outward = two_layers(x_dim, hidden, 2 * z_dim), two_layers(z_dim, hidden, x_dim)

    def encode(self, x):
        both = self.inward(x)
        return both[:, 0::2], both[:, 1::2]  # turn by turn

    def decode(self, z):
        return self.outward(z)

    def forward(self, x, eps):
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar, eps)), mu, logvar

    def sample(self, n, generator):
        p = next(self.parameters())
        z = torch.randn(n, self.z_dim, generator=generator, device=generator.device).to(p)
        return self.decode(z).sigmoid()


class CVAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden, n_classes):
        super().__init__()
        self.core = VAE(x_dim, z_dim, hidden)
        self.core.inward = two_layers(x_dim + n_classes, hidden, 2 * z_dim)
        self.core.outward = two_layers(z_dim + n_classes, hidden, x_dim)
        self.register_buffer("labels", torch.eye(n_classes))

    def with_label(self, rows, y):
        return torch.hstack([rows, self.labels[y].to(rows.dtype)])

    def encode(self, x, y):
        return self.core.encode(self.with_label(x, y))

    def decode(self, z, y):
        return self.core.decode(self.with_label(z, y))

    def forward(self, x, eps, y):
        mu, logvar = self.encode(x, y)
        return self.decode(reparameterize(mu, logvar, eps), y), mu, logvar

    def sample(self, y, generator):
        z = torch.randn(len(y), self.core.z_dim, generator=generator, device=generator.device)
        return self.decode(z.to(self.labels.device), y).sigmoid()


def train_linear_vae(X, z_dim, seed):
    import copy

    torch.manual_seed(seed)
    enc, dec = nn.Linear(6, 2 * z_dim).to(X), nn.Linear(z_dim, 6).to(X)
    spread = nn.Parameter(torch.zeros((), device=X.device))
    box = [*enc.parameters(), *dec.parameters(), spread]
    opt = torch.optim.Adam(box, lr=0.02)
    plan = torch.optim.lr_scheduler.OneCycleLR(opt, 0.03, total_steps=900)
    for _ in range(900):
        rows = X[torch.randint(len(X), (256,))]
        mu, logvar = enc(rows).chunk(2, dim=1)
        z = reparameterize(mu, logvar, torch.randn_like(mu))
        loss = elbo_terms(rows, dec(z), mu, logvar, "gaussian", dec_logvar=spread)["loss"]
        opt.zero_grad()
        loss.backward()
        opt.step()
        plan.step()
    enc, dec = copy.deepcopy(enc).requires_grad_(False), copy.deepcopy(dec).requires_grad_(False)

    def encode(x):
        return enc(x).chunk(2, dim=1)

    @torch.no_grad()
    def elbo(x):
        g = torch.Generator().manual_seed(1)
        mu, logvar = encode(x)
        each = [
            elbo_terms(x, dec(z), mu, logvar, "gaussian", dec_logvar=spread)["loss"]
            for z in sample_latent(mu, logvar, 40, g)
        ]
        return -float(torch.stack(each).mean())

    return {"encode": encode, "decode": dec, "obs_logvar": spread.item(), "elbo": elbo}


# %%
# q5
def soft(v):
    return F.softplus(v).mean()


D_LOSSES = {
    "minimax": lambda r, f: soft(-r) + soft(f),
    "nonsaturating": lambda r, f: soft(-r) + soft(f),
    "lsgan": lambda r, f: 0.5 * (r - 1).square().mean() + 0.5 * f.square().mean(),
    "wgan": lambda r, f: f.mean() - r.mean(),
}
G_LOSSES = {
    "minimax": lambda f: -soft(f),
    "nonsaturating": lambda f: soft(-f),
    "lsgan": lambda f: 0.5 * (f - 1).square().mean(),
    "wgan": lambda f: -f.mean(),
}


def chosen(table, kind):
    if kind not in table:
        raise ValueError(f"no loss {kind!r}")
    return table[kind]


def gan_loss_d(kind, real, fake):
    return chosen(D_LOSSES, kind)(real, fake)


def gan_loss_g(kind, fake):
    return chosen(G_LOSSES, kind)(fake)


def gradient_penalty(D, real, fake, u):
    with torch.no_grad():
        u = u.view(-1, *[1] * (real.dim() - 1))
        x = torch.lerp(fake, real, u.to(real.dtype))
    x.requires_grad_()
    (g,) = torch.autograd.grad(D(x).sum() + 0 * x.sum(), x, create_graph=True)
    square = g.double().flatten(1).square().sum(dim=1)
    flat = square == 0
    norm = torch.where(flat, 0.0, torch.where(flat, 1.0, square).sqrt())
    return (norm - 1).square().mean().to(real.dtype)


# %%
# q6
def descend(net, opt, loss):
    """Gradients for net alone, written into .grad by hand."""
    opt.zero_grad()
    moving = [p for p in net.parameters() if p.requires_grad]
    for p in net.parameters():
        p.grad = None
    for p, g in zip(moving, torch.autograd.grad(loss, moving, allow_unused=True)):
        p.grad = g
    opt.step()
    return loss.item()


def d_step(G, D, opt_d, x, z):
    with torch.no_grad():
        fake = G(z)
    r, f = D(torch.cat([x, fake])).split([len(x), len(fake)])
    return descend(D, opt_d, gan_loss_d("nonsaturating", r, f))


def g_step(G, D, opt_g, z):
    return descend(net=G, opt=opt_g, loss=gan_loss_g("nonsaturating", D(G(z))))


# %%
# q7
def doublings(size):
    return size.bit_length() - 3


class DCGenerator(nn.Module):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__()
        wide = [ch * 2**i for i in reversed(range(doublings(size)))]

        def layers():
            before = z_dim
            for n, c in enumerate(wide):
                yield nn.ConvTranspose2d(before, c, 4, *((2, 1) if n else (1, 0)), bias=False)
                yield nn.BatchNorm2d(c)
                yield nn.ReLU(inplace=True)
                before = c
            yield nn.ConvTranspose2d(ch, out_ch, 4, 2, 1)
            yield nn.Tanh()

        self.net = nn.Sequential(*layers())

    def forward(self, z):
        return self.net(z.unflatten(1, (-1, 1, 1)))


class DCDiscriminator(nn.Module):
    def __init__(self, ch, in_ch=1, size=16):
        super().__init__()
        stack = [nn.Conv2d(in_ch, ch, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i in range(doublings(size) - 1):
            a = ch << i
            stack += [nn.Conv2d(a, 2 * a, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * a), nn.LeakyReLU(0.2)]
        stack += [nn.Conv2d(ch << (doublings(size) - 1), 1, 4), nn.Flatten(0)]
        self.stack = nn.ModuleList(stack)

    def forward(self, x):
        for layer in self.stack:
            x = layer(x)
        return x


@torch.no_grad()
def dcgan_init(module):
    from torch.nn.modules.batchnorm import _BatchNorm
    from torch.nn.modules.conv import _ConvNd

    for m in module.modules():
        if isinstance(m, _ConvNd):
            m.weight.normal_(0, 0.02)
        elif isinstance(m, _BatchNorm) and m.affine:
            m.weight.normal_(1, 0.02)
            m.bias.zero_()


class CondGenerator(nn.Module):
    def __init__(self, z_dim, n_classes, out_dim, hidden):
        super().__init__()
        self.table = nn.Parameter(torch.randn(n_classes, z_dim))
        self.net = nn.Sequential(nn.Linear(2 * z_dim, hidden), nn.ReLU(), nn.Linear(hidden, out_dim))

    def forward(self, z, y):
        return self.net(torch.cat((z, self.table[y]), dim=-1))


# %%
# q8
def betas_linear(T, first, last):
    return np.linspace(first, last, T)


def betas_cosine(T, s):
    f = np.cos((np.arange(T + 1) / T + s) / (1 + s) * np.pi / 2) ** 2
    return np.minimum(1 - f[1:] / f[:-1], 0.999)


def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    match kind:
        case "linear":
            beta = betas_linear(T, beta_start, beta_end)
        case "cosine":
            beta = betas_cosine(T, s)
        case _:
            raise ValueError(kind)
    alpha = 1 - beta
    bar = np.exp(np.cumsum(np.log1p(-beta)))
    before = np.r_[1.0, bar[:-1]]
    left = 1 - bar
    left[0] = beta[0]
    tables = dict(
        betas=beta,
        alphas=alpha,
        alpha_bars=bar,
        alpha_bars_prev=before,
        post_var=beta * (1 - before) / left,
        post_c0=beta * np.sqrt(before) / left,
        post_c1=(1 - before) * np.sqrt(alpha) / left,
        snr=bar / left,
        udl_weight=beta / (2 * left * alpha),
    )
    return {key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in tables.items()}


# %%
# q9
def roots(sched, t, like):
    bar = sched["alpha_bars"].to(like.device)[t].reshape(-1, *(1,) * (like.dim() - 1))
    return bar.sqrt(), (1 - bar).sqrt()


def in_double(f):
    def wrapped(first, t, second, sched):
        a, s = roots(sched, t, first)
        return f(first.double(), second.double(), a, s).to(first.dtype)

    return wrapped


q_sample = in_double(lambda x0, noise, a, s: a * x0 + s * noise)
predict_x0 = in_double(lambda x_t, eps, a, s: (x_t - s * eps) / a)
predict_eps = in_double(lambda x_t, x0, a, s: (x_t - a * x0) / s)
v_target = in_double(lambda x0, noise, a, s: a * noise - s * x0)


def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    if target not in ("eps", "x0", "v") or weight not in ("simple", "udl"):
        raise ValueError(f"{target}, {weight}")
    goal = {"eps": noise, "x0": x0, "v": v_target(x0, t, noise, sched)}[target]
    miss = (model(q_sample(x0, t, noise, sched), t) - goal).flatten(1).square().mean(dim=1)
    if weight == "udl":
        miss = miss * sched["udl_weight"].to(miss.device)[t].to(miss.dtype)
    return miss.mean()


# %%
# q10
def guess(x_t, t, eps, sched, clip=None):
    every = torch.full((len(x_t),), t, device=x_t.device)
    x0 = predict_x0(x_t, every, eps, sched)
    return x0 if clip is None else x0.clamp(-clip, clip)


def p_mean_variance(x_t, t, eps, sched, clip=None):
    c0, c1, var = (float(sched[k][t]) for k in ("post_c0", "post_c1", "post_var"))
    return c0 * guess(x_t, t, eps, sched, clip) + c1 * x_t, np.float64(var)


def p_sample(x_t, t, eps, noise, sched, clip=None):
    mean, var = p_mean_variance(x_t, t, eps, sched, clip)
    return mean if t == 0 else mean + math.sqrt(var) * noise


def fresh(shape, generator):
    return torch.randn(tuple(shape), generator=generator, device=generator.device, dtype=torch.float32)


@torch.no_grad()
def ddpm_sample(model, shape, sched, generator, clip=None):
    x = fresh(shape, generator)
    for t in range(len(sched["betas"]))[::-1]:
        eps = model(x, torch.full((shape[0],), t, device=x.device))
        x = p_sample(x, t, eps, fresh(shape, generator) if t else None, sched, clip=clip)
    return x


def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    bar = float(sched["alpha_bars"][t])
    target = float(sched["alpha_bars"][t_prev]) if t_prev >= 0 else 1.0
    sigma = eta * math.sqrt((1 - target) / (1 - bar) * (1 - bar / target))
    step = math.sqrt(target) * guess(x_t, t, eps, sched) + math.sqrt(max(1 - target - sigma**2, 0.0)) * eps
    return step + sigma * noise if sigma else step


@torch.no_grad()
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    T = len(sched["betas"])
    times = [T - 1 - i * T // n_steps for i in range(n_steps + 1)]
    x = fresh(shape, generator)
    for now, then in zip(times, times[1:]):
        eps = model(x, torch.full((shape[0],), now, device=x.device))
        x = ddim_step(x, now, then, eps, sched, eta, fresh(shape, generator) if eta else None)
    return x


# %%
# q11
def timestep_embedding(t, dim, max_period=10000.0):
    h = dim // 2
    omega = max_period ** (-torch.arange(h, dtype=torch.float64, device=t.device) / max(h, 1))
    angle = torch.einsum("b,i->bi", t.double(), omega)
    out = torch.zeros(len(t), dim, device=t.device)
    out[:, :h], out[:, h : 2 * h] = angle.cos(), angle.sin()
    return out


def cfg_eps(eps_cond, eps_uncond, w):
    return torch.lerp(eps_uncond, eps_cond, w)


def drop_labels(y, null, p, generator):
    return y.clone().masked_fill_(torch.rand(len(y), generator=generator, device=y.device) < p, null)


def guided_sample(model, y, shape, sched, w, generator, null):
    y = y.to(generator.device)
    labels = torch.cat([torch.full_like(y, null), y])

    def guided(x, t):
        plain, told = model(torch.cat([x, x]), torch.cat([t, t]), labels).chunk(2)
        return cfg_eps(told, plain, w)

    return ddpm_sample(guided, shape, sched, generator)


# %%
# q12
class Machine:
    __slots__ = ("W", "b", "c")

    def __init__(self, W, b, c):
        self.W, self.b, self.c = as_float(W), as_float(b), as_float(c)

    @staticmethod
    def squash(z):
        return 0.5 * (1 + np.tanh(0.5 * z))

    def up(self, v):
        return self.squash(self.c + v @ self.W)

    def down(self, h):
        return self.squash(self.b + h @ self.W.T)


def free_energy(v, W, b, c):
    v, W, b, c = (as_float(each) for each in (v, W, b, c))
    return -(v @ b) - np.logaddexp(0, c + v @ W).sum(axis=1)


def gibbs_step(v, W, b, c, rng):
    m, v = Machine(W, b, c), as_float(v)
    ph = m.up(v)
    pv = m.down(rng.binomial(1, ph).astype(ph.dtype))
    return rng.binomial(1, pv).astype(pv.dtype), ph, pv


def cd_gradient(v0, W, b, c, k, rng):
    v0, m = as_float(v0), Machine(W, b, c)

    def walk(v, left):
        return v if left == 0 else walk(gibbs_step(v, W, b, c, rng)[0], left - 1)

    vk = walk(v0, k)
    h0, hk, n = m.up(v0), m.up(vk), len(v0)
    return {
        "W": (np.einsum("ni,nj->ij", v0, h0) - np.einsum("ni,nj->ij", vk, hk)) / n,
        "b": (v0 - vk).mean(axis=0),
        "c": (h0 - hk).mean(axis=0),
    }


# %%
# q13
def directed(x, least=0.0):
    size = x.detach().abs().amax(dim=-1, keepdim=True)
    nothing = size <= least
    x = x / torch.where(nothing, torch.ones_like(size), size)
    x = torch.where(nothing, torch.zeros_like(x), x)
    length = torch.where(nothing, torch.ones_like(x[..., :1]), x.square().sum(-1, keepdim=True)).sqrt()
    return x / length


def clip_logits(img, txt, log_scale):
    scale = torch.clamp(log_scale, max=math.log(100)).exp()
    return scale * torch.einsum("bd,md->bm", directed(img), directed(txt))


def clip_loss(img, txt, log_scale):
    L = clip_logits(img, txt, log_scale)
    truth = torch.arange(len(L), device=L.device)
    return sum(F.nll_loss(M.log_softmax(dim=1), truth) for M in (L, L.T)) / 2


def zero_shot(img, prompts):
    classes = directed(directed(prompts).mean(dim=1), least=1e-6)
    return (directed(img) @ classes.mT).argmax(dim=1)


# %%
# q14


def pairs(a, b, same):
    d = torch.linalg.vector_norm(a.double()[:, None] - b.double()[None], dim=2)
    return d[~torch.eye(len(a), dtype=torch.bool, device=a.device)] if same else d.flatten()


def energy_distance(a, b):
    return (2 * pairs(a, b, False).mean() - pairs(a, a, True).mean() - pairs(b, b, True).mean()).item()


def mmd2_rbf(a, b, sigma):
    def k(*args):
        return torch.exp(-pairs(*args).square() / (2 * sigma**2)).mean()

    return np.float64(k(a, a, True) + k(b, b, True) - 2 * k(a, b, False))


def frechet(mu1, S1, mu2, S2):
    S1, S2 = S1.double(), S2.double()
    values, vectors = torch.linalg.eigh(S1)
    half = vectors * values.clamp(min=0).sqrt() @ vectors.mT
    between = torch.linalg.eigvalsh(half @ S2 @ half).clamp(min=0).sqrt().sum()
    return max(0.0, float((mu1 - mu2).double().square().sum() + S1.trace() + S2.trace() - 2 * between))


def mode_coverage(x, centres, radius, min_share):
    distance, nearest = torch.linalg.vector_norm(x[:, None] - centres, dim=2).min(dim=1)
    good = nearest[distance <= radius]
    hits = torch.bincount(good, minlength=len(centres))
    return int((hits >= min_share * len(x)).sum()), len(good) / len(x)


def cycle(parameters, top, steps):
    opt = torch.optim.Adam(parameters, lr=top)
    return opt, torch.optim.lr_scheduler.OneCycleLR(opt, top, total_steps=steps)


def train_vae(X, seed):
    torch.manual_seed(seed)
    vae = VAE(64, 8, 128).to(X.device)
    epochs = 80
    opt, plan = cycle(vae.parameters(), 0.003, epochs * (len(X) // 64))
    for _ in range(epochs):
        for rows in X[torch.randperm(len(X), device=X.device)][: len(X) // 64 * 64].split(64):
            out, mu, logvar = vae(rows, torch.randn(64, 8, device=X.device))
            loss = elbo_terms(rows, out, mu, logvar, "bernoulli")["loss"]
            opt.zero_grad()
            loss.backward()
            opt.step()
            plan.step()
    return vae.eval()


def train_gan(X, seed):
    torch.manual_seed(seed)
    G = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
    G, D = G.to(X.device), D.to(X.device)
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.99)) for net in (G, D))
    for _ in range(2000):
        x = X[torch.randint(len(X), (128,))]
        d_step(G, D, opt_d, x, torch.randn(128, 4, device=X.device))
        g_step(G, D, opt_g, torch.randn(128, 4, device=X.device))
    return G.eval()


class Denoiser(nn.Module):
    def __init__(self, width=96, waves=16):
        super().__init__()
        self.waves = waves
        sizes = [2 + waves, width, width, width]
        self.body = nn.Sequential(*(m for a, b in zip(sizes, sizes[1:]) for m in (nn.Linear(a, b), nn.SiLU())))
        self.end = nn.Linear(width, 2)

    def forward(self, x_t, t):
        return self.end(self.body(torch.cat([x_t, timestep_embedding(t, self.waves)], dim=1)))


def train_ddpm(X, seed):
    torch.manual_seed(seed)
    sched = make_schedule("linear", 50, 0.002, 0.2)
    model = Denoiser().to(X.device)
    opt, plan = cycle(model.parameters(), 0.006, 2000)
    for _ in range(2000):
        x0 = X[torch.randint(len(X), (512,))]
        loss = ddpm_loss(model, x0, torch.randint(50, (512,)).to(X.device), torch.randn_like(x0), sched)
        opt.zero_grad()
        loss.backward()
        opt.step()
        plan.step()
    model.eval()
    return lambda n, generator: ddpm_sample(model, (n, 2), sched, generator)
