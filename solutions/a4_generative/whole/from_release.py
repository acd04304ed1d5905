# A complete solution, written from the released notebook alone.

# %%
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def as_float(x):
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


# %%
# q1
def gaussian_nll(x, mu, logvar):
    return 0.5 * (math.log(2 * math.pi) + logvar + (x - mu) ** 2 * torch.exp(-logvar)).sum(dim=1)


def bernoulli_nll(x, logits):
    return (F.softplus(logits) - x * logits).sum(dim=1)


def kl_each(mu1, logvar1, mu2=None, logvar2=None):
    mu2 = torch.zeros_like(mu1) if mu2 is None else mu2
    logvar2 = torch.zeros_like(logvar1) if logvar2 is None else logvar2
    ratio = logvar1 - logvar2
    return 0.5 * (torch.expm1(ratio) - ratio + (mu1 - mu2) ** 2 * torch.exp(-logvar2))


def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return kl_each(mu1, logvar1, mu2, logvar2).sum(dim=1)


# %%
# q2
def reparameterize(mu, logvar, eps):
    return mu + torch.exp(0.5 * logvar) * eps


def sample_latent(mu, logvar, n, generator):
    eps = torch.randn((n, *mu.shape), generator=generator, device=generator.device, dtype=mu.dtype)
    return reparameterize(mu, logvar, eps.to(mu.device))


# %%
# q3
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    if likelihood == "bernoulli":
        surprise = bernoulli_nll(x, dec_out)
    elif likelihood == "gaussian":
        spread = torch.as_tensor(dec_logvar, dtype=dec_out.dtype, device=dec_out.device).expand_as(dec_out)
        surprise = gaussian_nll(x, dec_out, spread)
    else:
        raise ValueError(f"unknown likelihood {likelihood!r}")
    rec = surprise.mean()
    each = kl_each(mu, logvar).mean(dim=0)
    kl = torch.clamp(each, min=free_bits).sum() if free_bits else each.sum()
    return {"loss": rec + beta * kl, "rec": rec, "kl": kl}


def iwae_bound(log_w):
    return (torch.logsumexp(log_w, dim=0) - math.log(len(log_w))).mean()


# %%
# q4
class VAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden):
        super().__init__()
        self.z_dim = z_dim
        self.encoder = nn.Sequential(nn.Linear(x_dim, hidden), nn.ReLU(), nn.Linear(hidden, 2 * z_dim))
        self.decoder = nn.Sequential(nn.Linear(z_dim, hidden), nn.ReLU(), nn.Linear(hidden, x_dim))

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=1)

    def decode(self, z):
        return self.decoder(z)

    def forward(self, x, eps):
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar, eps)), mu, logvar

    def sample(self, n, generator):
        like = next(self.parameters())
        z = torch.randn((n, self.z_dim), generator=generator, device=generator.device, dtype=like.dtype)
        return torch.sigmoid(self.decode(z.to(like.device)))


class CVAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden, n_classes):
        super().__init__()
        self.inner = VAE(x_dim, z_dim, hidden)
        self.inner.encoder[0] = nn.Linear(x_dim + n_classes, hidden)
        self.inner.decoder[0] = nn.Linear(z_dim + n_classes, hidden)
        self.n_classes = n_classes

    def told(self, a, y):
        return torch.cat([a, F.one_hot(y, self.n_classes).to(a.dtype)], dim=1)

    def encode(self, x, y):
        return self.inner.encode(self.told(x, y))

    def decode(self, z, y):
        return self.inner.decode(self.told(z, y))

    def forward(self, x, eps, y):
        mu, logvar = self.encode(x, y)
        return self.decode(reparameterize(mu, logvar, eps), y), mu, logvar

    def sample(self, y, generator):
        like = next(self.parameters())
        z = torch.randn((len(y), self.inner.z_dim), generator=generator, device=generator.device, dtype=like.dtype)
        return torch.sigmoid(self.decode(z.to(like.device), y))


def descend(parameters, loss_of, steps, rate):
    optimiser = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(steps):
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def train_linear_vae(X, z_dim, seed):
    torch.manual_seed(seed)
    D = X.shape[1]
    encoder, decoder = nn.Linear(D, 2 * z_dim).to(X.device), nn.Linear(z_dim, D).to(X.device)
    obs = nn.Parameter(torch.zeros((), device=X.device))

    def encode(x):
        return encoder(x).chunk(2, dim=1)

    def loss():
        x = X[torch.randint(len(X), (256,), device=X.device)]
        mu, logvar = encode(x)
        eps = torch.randn_like(mu)
        return elbo_terms(x, decoder(reparameterize(mu, logvar, eps)), mu, logvar, "gaussian", obs)["loss"]

    descend([*encoder.parameters(), *decoder.parameters(), obs], loss, 3000, 0.02)

    @torch.no_grad()
    def elbo(x):
        noise = torch.Generator(device="cpu").manual_seed(seed)
        mu, logvar = encode(x)
        total = 0.0
        for z in sample_latent(mu.cpu(), logvar.cpu(), 50, noise).to(x.device):
            total -= float(elbo_terms(x, decoder(z), mu, logvar, "gaussian", obs)["loss"])
        return total / 50

    return {"encode": encode, "decode": decoder, "obs_logvar": float(obs), "elbo": elbo}


# %%
# q5
def gan_loss_d(kind, real, fake):
    if kind in ("minimax", "nonsaturating"):
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    if kind == "lsgan":
        return 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()
    if kind == "wgan":
        return fake.mean() - real.mean()
    raise ValueError(f"unknown kind {kind!r}")


def gan_loss_g(kind, fake):
    if kind == "minimax":
        return -F.softplus(fake).mean()
    if kind == "nonsaturating":
        return F.softplus(-fake).mean()
    if kind == "lsgan":
        return 0.5 * ((fake - 1) ** 2).mean()
    if kind == "wgan":
        return -fake.mean()
    raise ValueError(f"unknown kind {kind!r}")


def gradient_penalty(D, real, fake, u):
    share = u.reshape(-1, *([1] * (real.dim() - 1)))
    between = (share * real + (1 - share) * fake).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    squares = slope.flatten(1).pow(2).sum(dim=1)
    steep = squares > 0
    norm = torch.where(steep, torch.where(steep, squares, torch.ones_like(squares)).sqrt(), torch.zeros_like(squares))
    return ((norm - 1) ** 2).mean()


# %%
# q6
def step_on(network, optimiser, loss):
    parameters = [p for p in network.parameters() if p.requires_grad]
    grads = torch.autograd.grad(loss, parameters, allow_unused=True)
    for p, g in zip(parameters, grads):
        p.grad = g
    optimiser.step()
    return float(loss.detach())


def d_step(G, D, opt_d, x, z):
    with torch.no_grad():
        fake = G(z)
    return step_on(D, opt_d, gan_loss_d("nonsaturating", D(x), D(fake)))


def g_step(G, D, opt_g, z):
    return step_on(G, opt_g, gan_loss_g("nonsaturating", D(G(z))))


# %%
# q7
class DCGenerator(nn.Module):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__()
        maps = ch * size // 8
        layers = [nn.ConvTranspose2d(z_dim, maps, 4, 1, 0, bias=False), nn.BatchNorm2d(maps), nn.ReLU()]
        while maps > ch:
            layers += [nn.ConvTranspose2d(maps, maps // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(maps // 2), nn.ReLU()]
            maps //= 2
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(ch, out_ch, 4, 2, 1), nn.Tanh())

    def forward(self, z):
        return self.layers(z[:, :, None, None])


class DCDiscriminator(nn.Module):
    def __init__(self, ch, in_ch=1, size=16):
        super().__init__()
        layers, maps = [nn.Conv2d(in_ch, ch, 4, 2, 1), nn.LeakyReLU(0.2)], ch
        while maps < ch * size // 8:
            layers += [nn.Conv2d(maps, 2 * maps, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * maps), nn.LeakyReLU(0.2)]
            maps *= 2
        self.layers = nn.Sequential(*layers, nn.Conv2d(maps, 1, 4, 1, 0))

    def forward(self, x):
        return self.layers(x).reshape(len(x))


def dcgan_init(module):
    for part in module.modules():
        if isinstance(part, (nn.modules.conv._ConvNd,)):
            nn.init.normal_(part.weight, 0.0, 0.02)
        elif isinstance(part, nn.modules.batchnorm._BatchNorm) and part.weight is not None:
            nn.init.normal_(part.weight, 1.0, 0.02)
            nn.init.zeros_(part.bias)


class CondGenerator(nn.Module):
    def __init__(self, z_dim, n_classes, out_dim, hidden):
        super().__init__()
        self.classes = nn.Embedding(n_classes, z_dim)
        self.layers = nn.Sequential(nn.Linear(2 * z_dim, hidden), nn.ReLU(), nn.Linear(hidden, out_dim))

    def forward(self, z, y):
        return self.layers(torch.cat([z, self.classes(y)], dim=1))


# %%
# q8
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind == "linear":
        betas = torch.linspace(beta_start, beta_end, T, dtype=torch.float64)
    elif kind == "cosine":
        t = torch.arange(T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * math.pi / 2) ** 2
        betas = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    else:
        raise ValueError(f"unknown schedule {kind!r}")
    alphas = 1 - betas
    bars = torch.cumprod(alphas, dim=0)
    before = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
    return {
        "betas": betas,
        "alphas": alphas,
        "alpha_bars": bars,
        "alpha_bars_prev": before,
        "post_var": betas * (1 - before) / (1 - bars),
        "post_c0": betas * before.sqrt() / (1 - bars),
        "post_c1": (1 - before) * alphas.sqrt() / (1 - bars),
        "snr": bars / (1 - bars),
        "udl_weight": betas / (2 * (1 - bars) * (1 - betas)),
    }


# %%
# q9
def entry(table, t, x):
    """The entries of a table at the times of a batch, ready to be multiplied with x in float64."""
    return table.to(x.device)[t].reshape(-1, *([1] * (x.dim() - 1)))


def roots(t, x, sched):
    bar = entry(sched["alpha_bars"], t, x)
    return bar.sqrt(), (1 - bar).sqrt()


def q_sample(x0, t, noise, sched):
    signal, spread = roots(t, x0, sched)
    return (signal * x0 + spread * noise).to(x0.dtype)


def predict_x0(x_t, t, eps, sched):
    signal, spread = roots(t, x_t, sched)
    return ((x_t - spread * eps) / signal).to(x_t.dtype)


def predict_eps(x_t, t, x0, sched):
    signal, spread = roots(t, x_t, sched)
    return ((x_t - signal * x0) / spread).to(x_t.dtype)


def v_target(x0, t, noise, sched):
    signal, spread = roots(t, x0, sched)
    return (signal * noise - spread * x0).to(x0.dtype)


def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    if target == "eps":
        wanted = noise
    elif target == "x0":
        wanted = x0
    elif target == "v":
        wanted = v_target(x0, t, noise, sched)
    else:
        raise ValueError(f"unknown target {target!r}")
    if weight not in ("simple", "udl"):
        raise ValueError(f"unknown weight {weight!r}")
    errors = ((model(q_sample(x0, t, noise, sched), t) - wanted) ** 2).flatten(1).mean(dim=1)
    if weight == "udl":
        errors = errors * sched["udl_weight"].to(errors.device)[t].to(errors.dtype)
    return errors.mean()


# %%
# q10
def p_mean_variance(x_t, t, eps, sched, clip=None):
    x0 = predict_x0(x_t.double(), torch.full((len(x_t),), t, device=x_t.device), eps.double(), sched)
    if clip is not None:
        x0 = x0.clamp(-clip, clip)
    mean = float(sched["post_c0"][t]) * x0 + float(sched["post_c1"][t]) * x_t.double()
    return mean.to(x_t.dtype), float(sched["post_var"][t])


def p_sample(x_t, t, eps, noise, sched, clip=None):
    mean, variance = p_mean_variance(x_t, t, eps, sched, clip)
    return mean if t == 0 else (mean + math.sqrt(variance) * noise).to(x_t.dtype)


def normal(shape, generator):
    return torch.randn(shape, generator=generator, device=generator.device)


@torch.no_grad()
def ddpm_sample(model, shape, sched, generator, clip=None):
    x = normal(shape, generator)
    for t in reversed(range(len(sched["betas"]))):
        eps = model(x, torch.full((shape[0],), t, dtype=torch.int64, device=x.device))
        noise = normal(shape, generator) if t else torch.zeros_like(x)
        x = p_sample(x, t, eps, noise, sched, clip)
    return x


def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    bar = float(sched["alpha_bars"][t])
    bar_prev = float(sched["alpha_bars"][t_prev]) if t_prev >= 0 else 1.0
    x0 = (x_t.double() - math.sqrt(1 - bar) * eps) / math.sqrt(bar)
    sigma = eta * math.sqrt((1 - bar_prev) / (1 - bar)) * math.sqrt(max(1 - bar / bar_prev, 0.0))
    rest = math.sqrt(max(1 - bar_prev - sigma**2, 0.0))
    return (math.sqrt(bar_prev) * x0 + rest * eps + sigma * noise).to(x_t.dtype)


@torch.no_grad()
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    T = len(sched["betas"])
    times = [T - 1 - i * T // n_steps for i in range(n_steps + 1)]
    x = normal(shape, generator)
    for t, t_prev in zip(times, times[1:]):
        eps = model(x, torch.full((shape[0],), t, dtype=torch.int64, device=x.device))
        x = ddim_step(x, t, t_prev, eps, sched, eta, normal(shape, generator))
    return x


# %%
# q11
def timestep_embedding(t, dim, max_period=10000.0):
    half = dim // 2
    speeds = max_period ** (-torch.arange(half, dtype=torch.float64, device=t.device) / half)
    angles = t.double()[:, None] * speeds
    waves = torch.cat([angles.cos(), angles.sin()], dim=1).float()
    return F.pad(waves, (0, 1)) if dim % 2 else waves


def cfg_eps(eps_cond, eps_uncond, w):
    return eps_uncond + w * (eps_cond - eps_uncond)


def drop_labels(y, null, p, generator):
    coin = torch.rand(y.shape, generator=generator, device=generator.device).to(y.device)
    return torch.where(coin < p, torch.full_like(y, null), y)


def guided_sample(model, y, shape, sched, w, generator, null):
    nothing = torch.full_like(y, null)

    def guided(x, t):
        return cfg_eps(model(x, t, y), model(x, t, nothing), w)

    return ddpm_sample(guided, shape, sched, generator)


# %%
# q12
def np_sigmoid(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1 / (1 + e), e / (1 + e))


def wide(*arrays):
    return [np.asarray(a, dtype=np.float64) for a in arrays]


def free_energy(v, W, b, c):
    dtype = as_float(v).dtype
    v, W, b, c = wide(v, W, b, c)
    return (-(v @ b) - np.logaddexp(0, c + v @ W).sum(axis=1)).astype(dtype)


def gibbs_step(v, W, b, c, rng):
    dtype = as_float(v).dtype
    v, W, b, c = wide(v, W, b, c)
    ph = np_sigmoid(c + v @ W)
    h = (rng.random(ph.shape) < ph).astype(float)
    pv = np_sigmoid(b + h @ W.T)
    drawn = rng.random(pv.shape) < pv
    return drawn.astype(dtype), ph.astype(dtype), pv.astype(dtype)


def cd_gradient(v0, W, b, c, k, rng):
    dtype = as_float(v0).dtype
    v0, W, b, c = wide(v0, W, b, c)
    vk = v0
    for _ in range(k):
        vk = gibbs_step(vk, W, b, c, rng)[0]
    h0, hk = np_sigmoid(c + v0 @ W), np_sigmoid(c + vk @ W)
    found = {"W": (v0.T @ h0 - vk.T @ hk) / len(v0), "b": (v0 - vk).mean(axis=0), "c": (h0 - hk).mean(axis=0)}
    return {name: value.astype(dtype) for name, value in found.items()}


# %%
# q13
def unit(x):
    """Rows of length 1; rows of zeros stay, with a finite gradient."""
    largest = x.abs().amax(dim=-1, keepdim=True)
    there = largest > 0
    scaled = x / torch.where(there, largest, torch.ones_like(largest)).detach()
    squares = (scaled**2).sum(dim=-1, keepdim=True)
    return scaled / torch.where(there, squares, torch.ones_like(squares)).sqrt()


def clip_logits(img, txt, log_scale):
    scale = torch.exp(torch.clamp(log_scale, max=math.log(100)))
    return scale * (unit(img) @ unit(txt).T)


def clip_loss(img, txt, log_scale):
    L = clip_logits(img, txt, log_scale)
    rows, columns = F.log_softmax(L, dim=1).diagonal(), F.log_softmax(L, dim=0).diagonal()
    return -(rows.mean() + columns.mean()) / 2


def zero_shot(img, prompts):
    mean = unit(prompts).mean(dim=1)
    cancelled = mean.norm(dim=-1, keepdim=True) < 1e-6
    classes = torch.where(cancelled, torch.zeros_like(mean), unit(mean))
    return (unit(img) @ classes.T).argmax(dim=1)


# %%
# q14
def pairs(a, b):
    return torch.cdist(a.double(), b.double(), compute_mode="donot_use_mm_for_euclid_dist")


def within(distances):
    n = len(distances)
    return float((distances.sum() - distances.diagonal().sum()) / (n * (n - 1)))


def energy_distance(a, b):
    return 2 * float(pairs(a, b).mean()) - within(pairs(a, a)) - within(pairs(b, b))


def mmd2_rbf(a, b, sigma):
    def kernel(d):
        return torch.exp(-(d**2) / (2 * sigma**2))

    return within(kernel(pairs(a, a))) + within(kernel(pairs(b, b))) - 2 * float(kernel(pairs(a, b)).mean())


def root(S):
    values, vectors = torch.linalg.eigh((S + S.T) / 2)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def frechet(mu1, S1, mu2, S2):
    mu1, S1, mu2, S2 = mu1.double(), S1.double(), mu2.double(), S2.double()
    half = root(S1)
    middle = half @ S2 @ half
    trace = torch.linalg.eigvalsh((middle + middle.T) / 2).clamp(min=0).sqrt().sum()
    return max(float(((mu1 - mu2) ** 2).sum() + torch.trace(S1) + torch.trace(S2) - 2 * trace), 0.0)


def mode_coverage(x, centres, radius, min_share):
    distance, nearest = pairs(x, centres).min(dim=1)
    good = distance <= radius
    counts = torch.bincount(nearest[good], minlength=len(centres))
    modes = int(((counts > 0) & (counts >= min_share * len(x))).sum())
    return modes, float(good.double().mean())


def train_vae(X, seed):
    torch.manual_seed(seed)
    net = VAE(64, 8, 128).to(X.device)
    order = iter(())

    def loss():
        nonlocal order
        rows = next(order, None)
        if rows is None:
            order = iter(torch.randperm(len(X), device=X.device).split(64))
            rows = next(order)
        logits, mu, logvar = net(X[rows], torch.randn(len(rows), 8, device=X.device))
        return elbo_terms(X[rows], logits, mu, logvar, "bernoulli")["loss"]

    descend(net.parameters(), loss, 80 * 21, 0.003)
    return net


def train_gan(X, seed):
    torch.manual_seed(seed)
    G = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)).to(X.device)
    D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)).to(
        X.device
    )
    opt_g = torch.optim.Adam(G.parameters(), lr=0.001, betas=(0.5, 0.99))
    opt_d = torch.optim.Adam(D.parameters(), lr=0.001, betas=(0.5, 0.99))
    for _ in range(2500):
        x = X[torch.randint(len(X), (128,), device=X.device)]
        d_step(G, D, opt_d, x, torch.randn(128, 4, device=X.device))
        g_step(G, D, opt_g, torch.randn(128, 4, device=X.device))
    return G.eval()


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 + 32, 96),
            nn.SiLU(),
            nn.Linear(96, 96),
            nn.SiLU(),
            nn.Linear(96, 96),
            nn.SiLU(),
            nn.Linear(96, 2),
        )

    def forward(self, x, t):
        return self.layers(torch.cat([x, timestep_embedding(t, 32)], dim=1))


def train_ddpm(X, seed):
    torch.manual_seed(seed)
    sched = make_schedule("linear", 50, 0.002, 0.2)
    net = Denoiser().to(X.device)

    def loss():
        x0 = X[torch.randint(len(X), (512,), device=X.device)]
        t = torch.randint(50, (512,), device=X.device)
        return ddpm_loss(net, x0, t, torch.randn_like(x0), sched)

    descend(net.parameters(), loss, 2000, 0.006)
    return lambda n, generator: ddpm_sample(net, (n, 2), sched, generator)
