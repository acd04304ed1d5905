# A complete solution, written from the released notebook alone: match and partial, parameter dicts, LBFGS on the exact bound.


# %%
# given: numpy, torch, the rule about float types, and a way to run experiments
import math
import sys
import traceback

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def as_float(x: np.ndarray) -> np.ndarray:
    """x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


def experiment(run):
    """Run an experiment at once; what is not implemented yet, or wrong, ends it with a remark instead of an error."""
    try:
        run()
        return
    except NotImplementedError as gap:
        print(f"Nothing to see yet. {gap}")
    except Exception:
        print("This experiment ended early: one of your functions, perhaps of a question above, is not right yet.")
        traceback.print_exc()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")  # axes that were begun would be shown with nothing in them


# %%
# my own imports and small helpers, used by several questions
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial


def _mlp(*widths: int, act: Callable[[], nn.Module] = nn.SiLU) -> nn.Sequential:
    """Linear layers of these widths with an activation between them, none at the end."""

    def layers() -> Iterator[nn.Module]:
        for depth, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
            if depth:
                yield act()
            yield nn.Linear(n_in, n_out)

    return nn.Sequential(*layers())


def _noise(shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Standard normal noise, drawn from (and on the device of) the generator."""
    return torch.randn(tuple(shape), generator=generator, device=generator.device, dtype=dtype)


# %%
# q1


def _kl_terms(
    mu1: torch.Tensor, logvar1: torch.Tensor, mu2: torch.Tensor | None = None, logvar2: torch.Tensor | None = None
) -> torch.Tensor:
    """The summands of the divergence, (B, D).  With r = ln var1 - ln var2 they are (e^r - 1 - r + shift^2) / 2."""
    mu2 = torch.zeros_like(mu1) if mu2 is None else mu2
    logvar2 = torch.zeros_like(logvar1) if logvar2 is None else logvar2
    ratio = logvar1 - logvar2
    shift = (mu1 - mu2) * torch.exp(-logvar2 / 2)
    return (torch.expm1(ratio) - ratio + shift.square()) / 2


def gaussian_nll(x: torch.Tensor, mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """-ln N(x; mu, exp(logvar)) of every row, with the ln 2 pi term.

    x, mu, logvar: (B, D);  returns (B,), summed over D
    """
    standardised = (x - mu) * torch.exp(-logvar / 2)
    return (math.log(2 * math.pi) + logvar + standardised.square()).sum(dim=1) / 2


def bernoulli_nll(x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """-ln Bernoulli(x; sigmoid(logits)) of every row, for logits of any size.

    x: (B, D) in [0, 1];  logits: (B, D);  returns (B,), summed over D
    """
    # ln(1 - sigmoid(l)) = ln sigmoid(-l)
    return -(x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(dim=1)


def kl_gauss(
    mu1: torch.Tensor, logvar1: torch.Tensor, mu2: torch.Tensor | None = None, logvar2: torch.Tensor | None = None
) -> torch.Tensor:
    """KL(N(mu1, exp(logvar1)) || N(mu2, exp(logvar2))) of every row.

    all (B, D);  None stands for zeros: the standard normal;  returns (B,), summed over D
    """
    return _kl_terms(mu1, logvar1, mu2, logvar2).sum(dim=1)


# %%
# q2


def reparameterize(mu: torch.Tensor, logvar: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    """The sample of N(mu, exp(logvar)) that the standard normal noise eps stands for.

    mu, logvar, eps: (B, D);  returns (B, D), differentiable in mu and logvar
    """
    return torch.addcmul(mu, torch.exp(0.5 * logvar), eps)


def sample_latent(mu: torch.Tensor, logvar: torch.Tensor, n: int, generator: torch.Generator) -> torch.Tensor:
    """n independent samples of N(mu, exp(logvar)) for every row.

    mu, logvar: (B, D);  returns (n, B, D), differentiable in mu and logvar
    """
    return reparameterize(mu, logvar, _noise((n, *mu.shape), generator, mu.dtype))


# %%
# q3


def _observation_model(
    likelihood: str, dec_out: torch.Tensor, dec_logvar: float | torch.Tensor
) -> torch.distributions.Distribution:
    """p(x | z) with independent coordinates, from the outputs of the decoder."""
    match likelihood:
        case "bernoulli":  # no validation: grey pixels between 0 and 1 are allowed
            return torch.distributions.Bernoulli(logits=dec_out, validate_args=False)
        case "gaussian":
            logvar = torch.as_tensor(dec_logvar, dtype=dec_out.dtype, device=dec_out.device)
            return torch.distributions.Normal(dec_out, torch.exp(logvar / 2), validate_args=False)
        case _:
            raise ValueError(f"likelihood is 'bernoulli' or 'gaussian', not {likelihood!r}")


def elbo_terms(
    x: torch.Tensor,
    dec_out: torch.Tensor,
    mu: torch.Tensor,
    logvar: torch.Tensor,
    likelihood: str,
    dec_logvar: float | torch.Tensor = 0.0,
    beta: float = 1.0,
    free_bits: float = 0.0,
) -> dict[str, torch.Tensor]:
    """Minus the evidence lower bound, and its two parts; means over the batch.

    x, dec_out: (B, D), logits for "bernoulli", means for "gaussian";  mu, logvar: (B, Z) of q(z | x)
    dec_logvar: log-variance of the Gaussian likelihood, broadcasts to (B, D)
    free_bits: the least that each dimension's batch-mean KL counts for
    returns {"loss": rec + beta * kl, "rec": ..., "kl": ...}, scalars.  Raises ValueError for another likelihood.
    """
    rec = -_observation_model(likelihood, dec_out, dec_logvar).log_prob(x).sum(dim=1).mean()
    kl = _kl_terms(mu, logvar).mean(dim=0).clamp(min=free_bits).sum()
    return {"loss": rec + beta * kl, "rec": rec, "kl": kl}


def iwae_bound(log_w: torch.Tensor) -> torch.Tensor:
    """The importance-weighted bound: ln of the mean weight, averaged over the batch.

    log_w: (K, B), log importance weights of K samples for each row;  returns a scalar
    """
    return (log_w.logsumexp(dim=0) - math.log(len(log_w))).mean()


# %%
# q4


class VAE(nn.Module):
    """A variational autoencoder with Bernoulli pixels; one hidden layer in the encoder, one in the decoder."""

    def __init__(self, x_dim: int, z_dim: int, hidden: int) -> None:
        super().__init__()
        self.z_dim = z_dim
        self.halves = nn.ModuleDict({"encoder": _mlp(x_dim, hidden, 2 * z_dim), "decoder": _mlp(z_dim, hidden, x_dim)})

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x: (B, x_dim);  returns mu, logvar of q(z | x), each (B, z_dim)"""
        mu, logvar = self.halves["encoder"](x).split(self.z_dim, dim=1)
        return mu, logvar

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """z: (B, z_dim);  returns logits (B, x_dim)"""
        return self.halves["decoder"](z)

    def forward(self, x: torch.Tensor, eps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """x: (B, x_dim);  eps: (B, z_dim) standard normal;  returns logits, mu, logvar"""
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar, eps)), mu, logvar

    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """returns (n, x_dim) probabilities of new pictures, from z of the prior"""
        dtype = next(self.parameters()).dtype
        return self.decode(_noise((n, self.z_dim), generator, dtype)).sigmoid()


class CVAE(nn.Module):
    """A VAE whose encoder and decoder are told the class: its one-hot vector is appended to their inputs."""

    def __init__(self, x_dim: int, z_dim: int, hidden: int, n_classes: int) -> None:
        super().__init__()
        self.z_dim, self.n_classes = z_dim, n_classes
        self.halves = nn.ModuleDict(
            {
                "encoder": _mlp(x_dim + n_classes, hidden, 2 * z_dim),
                "decoder": _mlp(z_dim + n_classes, hidden, x_dim),
            }
        )

    def _told(self, rows: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.cat([rows, F.one_hot(y, self.n_classes).to(rows)], dim=1)

    def encode(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x: (B, x_dim);  y: (B,) int64;  returns mu, logvar of q(z | x, y), each (B, z_dim)"""
        mu, logvar = self.halves["encoder"](self._told(x, y)).split(self.z_dim, dim=1)
        return mu, logvar

    def decode(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """z: (B, z_dim);  y: (B,) int64;  returns logits (B, x_dim)"""
        return self.halves["decoder"](self._told(z, y))

    def forward(
        self, x: torch.Tensor, eps: torch.Tensor, y: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """x: (B, x_dim);  eps: (B, z_dim) standard normal;  y: (B,) int64;  returns logits, mu, logvar"""
        mu, logvar = self.encode(x, y)
        return self.decode(reparameterize(mu, logvar, eps), y), mu, logvar

    def sample(self, y: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """y: (n,) int64;  returns (n, x_dim) probabilities of new pictures of these classes"""
        dtype = next(self.parameters()).dtype
        return self.decode(_noise((len(y), self.z_dim), generator, dtype), y).sigmoid()


class _LinearVAE(nn.Module):
    """Linear encoder, linear decoder, one observation variance; first weights from a generator of its own."""

    def __init__(self, x_dim: int, z_dim: int, generator: torch.Generator) -> None:
        super().__init__()
        shapes = {"A": (2 * z_dim, x_dim), "a": (2 * z_dim,), "W": (x_dim, z_dim), "m": (x_dim,), "obs_logvar": ()}
        self.p = nn.ParameterDict({key: nn.Parameter(0.1 * _noise(shape, generator)) for key, shape in shapes.items()})

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mu, logvar = (torch.einsum("nd,kd->nk", x, self.p["A"]) + self.p["a"]).chunk(2, dim=1)
        return mu, logvar

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.einsum("nz,dz->nd", z, self.p["W"]) + self.p["m"]

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Minus the ELBO with the expectation over z done on paper: a linear decoder needs no samples.

        E |x - W z - m|^2 = |x - W mu - m|^2 + sum_j var_j |W_j|^2 for z ~ N(mu, var)
        """
        mu, logvar = self.encode(x)
        plain = gaussian_nll(x, self.decode(mu), self.p["obs_logvar"].expand_as(x))
        extra = torch.einsum("nz,dz->n", logvar.exp(), self.p["W"].square()) * torch.exp(-self.p["obs_logvar"]) / 2
        return (plain + extra + kl_gauss(mu, logvar)).mean()


def train_linear_vae(X: torch.Tensor, z_dim: int, seed: int) -> dict:
    """Train a VAE with a linear encoder, a linear decoder and a learnt observation variance.

    X: (4000, 6) float32
    returns {"encode": (N, 6) -> mu, logvar (N, z_dim), "decode": (N, z_dim) -> means (N, 6), "obs_logvar": float,
             "elbo": (N, 6) -> float, the mean ELBO in nats}
    """
    model = _LinearVAE(X.shape[1], z_dim, torch.Generator().manual_seed(seed)).to(X.device)
    optimiser = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=400, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = model.loss(X)
        loss.backward()
        return loss

    optimiser.step(closure)
    model.requires_grad_(False)
    obs_logvar = model.p["obs_logvar"].item()

    def elbo(x: torch.Tensor, samples: int = 64) -> float:
        """The mean ELBO of these rows over `samples` samples for each of them, always the same ones."""
        generator = torch.Generator(device=x.device).manual_seed(seed + 1)
        mu, logvar = model.encode(x)
        draws = sample_latent(mu, logvar, samples, generator)
        losses = [elbo_terms(x, model.decode(z), mu, logvar, "gaussian", obs_logvar)["loss"].item() for z in draws]
        return -sum(losses) / samples

    return {"encode": model.encode, "decode": model.decode, "obs_logvar": obs_logvar, "elbo": elbo}


# %%
# q5


def gan_loss_d(kind: str, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """The discriminator's loss, to be minimised.

    kind: "minimax", "nonsaturating", "lsgan" or "wgan", otherwise ValueError
    real, fake: logits (B,) or (B, 1), batches of possibly different sizes;  returns a scalar
    """
    match kind:
        case "minimax" | "nonsaturating":
            return -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()
        case "lsgan":
            return ((real - 1).square().mean() + fake.square().mean()) / 2
        case "wgan":
            return fake.mean() - real.mean()
        case _:
            raise ValueError(f"unknown kind of GAN: {kind!r}")


def gan_loss_g(kind: str, fake: torch.Tensor) -> torch.Tensor:
    """The generator's loss, to be minimised.

    kind: as above;  fake: logits (B,) or (B, 1);  returns a scalar
    """
    match kind:
        case "minimax":
            return F.logsigmoid(-fake).mean()
        case "nonsaturating":
            return -F.logsigmoid(fake).mean()
        case "lsgan":
            return (fake - 1).square().mean() / 2
        case "wgan":
            return -fake.mean()
        case _:
            raise ValueError(f"unknown kind of GAN: {kind!r}")


def gradient_penalty(D, real: torch.Tensor, fake: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """How far the slope of D is from 1 at u * real + (1 - u) * fake: mean of (norm - 1)^2.

    D: callable, (B, ...) -> (B,) or (B, 1);  real, fake: (B, ...);  u: (B,) in [0, 1]
    returns a scalar that can be differentiated with respect to the parameters of D
    """
    weight = u.to(real.dtype).reshape(-1, *itertools.repeat(1, real.dim() - 1))
    between = (weight * real + (1 - weight) * fake).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True, materialize_grads=True)
    # vector_norm has gradient 0 (not nan) where the slope is 0
    return (torch.linalg.vector_norm(slope.reshape(len(slope), -1), dim=1) - 1).square().mean()


# %%
# q6


def _descend(net: nn.Module, opt: torch.optim.Optimizer, loss: torch.Tensor) -> float:
    """One step of opt with the gradient of the loss, which is left in the parameters of net and nowhere else."""
    net.zero_grad(set_to_none=True)
    opt.zero_grad(set_to_none=True)
    trained = [p for p in net.parameters() if p.requires_grad]
    if trained:
        loss.backward(inputs=trained)
    opt.step()
    return loss.item()


def d_step(G: nn.Module, D: nn.Module, opt_d: torch.optim.Optimizer, x: torch.Tensor, z: torch.Tensor) -> float:
    """Update D once, in place, with the nonsaturating loss; touch nothing of G.

    x: (B, ...) real rows;  z: (B, z_dim) noise;  returns the loss before the step
    """
    with torch.no_grad():
        fake = G(z)
    return _descend(D, opt_d, gan_loss_d("nonsaturating", D(x), D(fake)))


def g_step(G: nn.Module, D: nn.Module, opt_g: torch.optim.Optimizer, z: torch.Tensor) -> float:
    """Update G once, in place, with the nonsaturating loss; touch nothing of D, its .grad included.

    z: (B, z_dim) noise;  returns the loss before the step
    """
    return _descend(G, opt_g, gan_loss_g("nonsaturating", D(G(z))))


# %%
# q7


def _doublings(size: int) -> int:
    """k = log2(size / 4)"""
    return (size // 4).bit_length() - 1


class DCGenerator(nn.Module):
    """Noise (B, z_dim) to pictures (B, out_ch, size, size) in [-1, 1]; size 16 or 32."""

    def __init__(self, z_dim: int, ch: int, out_ch: int = 1, size: int = 16) -> None:
        super().__init__()

        def layers() -> Iterator[nn.Module]:
            widths = [ch * 2**i for i in reversed(range(_doublings(size)))]
            geometry = itertools.chain([(1, 0)], itertools.repeat((2, 1)))  # stride and padding: 1 to 4, then doublings
            for (n_in, n_out), (stride, padding) in zip(itertools.pairwise([z_dim, *widths]), geometry, strict=False):
                yield nn.ConvTranspose2d(n_in, n_out, 4, stride, padding, bias=False)
                yield nn.BatchNorm2d(n_out)
                yield nn.ReLU()
            yield nn.ConvTranspose2d(ch, out_ch, 4, 2, 1)
            yield nn.Tanh()

        self.layers = nn.Sequential(*layers())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """z: (B, z_dim);  returns (B, out_ch, size, size)"""
        return self.layers(z[:, :, None, None])


class DCDiscriminator(nn.Module):
    """Pictures (B, in_ch, size, size) to logits (B,); size 16 or 32."""

    def __init__(self, ch: int, in_ch: int = 1, size: int = 16) -> None:
        super().__init__()

        def layers() -> Iterator[nn.Module]:
            widths = [ch * 2**i for i in range(_doublings(size))]
            yield nn.Conv2d(in_ch, ch, 4, 2, 1)
            yield nn.LeakyReLU(0.2)
            for n_in, n_out in itertools.pairwise(widths):
                yield nn.Conv2d(n_in, n_out, 4, 2, 1, bias=False)
                yield nn.BatchNorm2d(n_out)
                yield nn.LeakyReLU(0.2)
            yield nn.Conv2d(widths[-1], 1, 4, 1, 0)
            yield nn.Flatten(start_dim=0)  # (B, 1, 1, 1) to (B,)

        self.layers = nn.Sequential(*layers())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (B, in_ch, size, size);  returns (B,)"""
        return self.layers(x)


def dcgan_init(module: nn.Module) -> None:
    """Draw the weights of (transposed) convolutions and batch norms anew, in place; leave other layers alone."""
    for layer in module.modules():
        match layer:
            case (
                nn.Conv1d()
                | nn.Conv2d()
                | nn.Conv3d()
                | nn.ConvTranspose1d()
                | nn.ConvTranspose2d()
                | nn.ConvTranspose3d()
            ):
                nn.init.normal_(layer.weight, mean=0.0, std=0.02)
            case nn.BatchNorm1d() | nn.BatchNorm2d() | nn.BatchNorm3d() if layer.affine:
                nn.init.normal_(layer.weight, mean=1.0, std=0.02)
                nn.init.zeros_(layer.bias)


class CondGenerator(nn.Module):
    """Noise and a class to a vector: the class's embedding is appended to the noise; one hidden layer."""

    def __init__(self, z_dim: int, n_classes: int, out_dim: int, hidden: int) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(
            {"classes": nn.Embedding(n_classes, z_dim), "net": _mlp(2 * z_dim, hidden, out_dim, act=nn.ReLU)}
        )

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """z: (B, z_dim);  y: (B,) int64;  returns (B, out_dim)"""
        return self.parts["net"](torch.cat([z, self.parts["classes"](y)], dim=1))


# %%
# q8


def _betas(kind: str, T: int, beta_start: float, beta_end: float, s: float) -> torch.Tensor:
    match kind:
        case "linear":
            return torch.linspace(beta_start, beta_end, T, dtype=torch.float64)
        case "cosine":
            times = torch.arange(T + 1, dtype=torch.float64)
            f = torch.cos((times / T + s) / (1 + s) * (math.pi / 2)).square()
            return (1 - f[1:] / f[:-1]).clamp(max=0.999)
        case _:
            raise ValueError(f"kind is 'linear' or 'cosine', not {kind!r}")


def make_schedule(
    kind: str, T: int, beta_start: float = 1e-4, beta_end: float = 0.02, s: float = 0.008
) -> dict[str, torch.Tensor]:
    """The tables of a diffusion with T steps.

    kind: "linear" (beta_start, beta_end are used) or "cosine" (s is used); anything else is a ValueError
    returns betas, alphas, alpha_bars, alpha_bars_prev, post_var, post_c0, post_c1, snr, udl_weight: float64, (T,) each
    """
    betas = _betas(kind, T, beta_start, beta_end, s)
    alphas = 1 - betas
    bars = alphas.cumprod(dim=0)
    before = F.pad(bars[:-1], (1, 0), value=1.0)
    spent, spent_before = 1 - bars, 1 - before
    return {
        "betas": betas,
        "alphas": alphas,
        "alpha_bars": bars,
        "alpha_bars_prev": before,
        "post_var": betas * spent_before / spent,
        "post_c0": betas * before.sqrt() / spent,
        "post_c1": spent_before * alphas.sqrt() / spent,
        "snr": bars / spent,
        "udl_weight": betas / (2 * spent * alphas),
    }


# %%
# q9


def _signal_and_noise(t: torch.Tensor, like: torch.Tensor, sched: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """sqrt(abar_t) and sqrt(1 - abar_t), float64, shaped (B, 1, ..., 1) to go with `like` (B, ...)."""
    bars = sched["alpha_bars"].to(like.device)[t.to(like.device)]
    bars = bars.reshape(-1, *itertools.repeat(1, like.dim() - 1))
    return bars.sqrt(), (1 - bars).sqrt()


# In the four functions below the float64 of the tables carries the arithmetic; the result is cast once, at the end.


def q_sample(x0: torch.Tensor, t: torch.Tensor, noise: torch.Tensor, sched: dict[str, torch.Tensor]) -> torch.Tensor:
    """Noise the data: x_t. x0, noise: (B, ...); t: (B,) int64; returns shape and dtype of x0."""
    signal, spread = _signal_and_noise(t, x0, sched)
    return (signal * x0 + spread * noise).to(x0.dtype)


def predict_x0(x_t: torch.Tensor, t: torch.Tensor, eps: torch.Tensor, sched: dict[str, torch.Tensor]) -> torch.Tensor:
    """The data that give x_t with the noise eps. x_t, eps: (B, ...); returns shape and dtype of x_t."""
    signal, spread = _signal_and_noise(t, x_t, sched)
    return ((x_t - spread * eps) / signal).to(x_t.dtype)


def predict_eps(x_t: torch.Tensor, t: torch.Tensor, x0: torch.Tensor, sched: dict[str, torch.Tensor]) -> torch.Tensor:
    """The noise that makes x_t of the data x0. x_t, x0: (B, ...); returns shape and dtype of x_t."""
    signal, spread = _signal_and_noise(t, x_t, sched)
    return ((x_t - signal * x0) / spread).to(x_t.dtype)


def v_target(x0: torch.Tensor, t: torch.Tensor, noise: torch.Tensor, sched: dict[str, torch.Tensor]) -> torch.Tensor:
    """sqrt(abar) noise - sqrt(1 - abar) x0. x0, noise: (B, ...); returns shape and dtype of x0."""
    signal, spread = _signal_and_noise(t, x0, sched)
    return (signal * noise - spread * x0).to(x0.dtype)


def ddpm_loss(
    model,
    x0: torch.Tensor,
    t: torch.Tensor,
    noise: torch.Tensor,
    sched: dict,
    target: str = "eps",
    weight: str = "simple",
) -> torch.Tensor:
    """Mean over the batch of weight times the mean squared error of one sample.

    model: called once as model(x_t, t) -> shape of x0;  x0, noise: (B, ...);  t: (B,) int64
    target: "eps", "x0" or "v";  weight: "simple" (1) or "udl" (sched["udl_weight"]);  returns a scalar
    """
    match target:
        case "eps":
            wanted = noise
        case "x0":
            wanted = x0
        case "v":
            wanted = v_target(x0, t, noise, sched)
        case _:
            raise ValueError(f"target is 'eps', 'x0' or 'v', not {target!r}")
    match weight:
        case "simple":
            w = x0.new_ones(len(x0))
        case "udl":
            w = sched["udl_weight"].to(x0.device)[t].to(x0.dtype)
        case _:
            raise ValueError(f"weight is 'simple' or 'udl', not {weight!r}")
    errors = (model(q_sample(x0, t, noise, sched), t) - wanted).square().reshape(len(x0), -1).mean(dim=1)
    return (w * errors).mean()


# %%
# q10


def _everywhere(t: int, x: torch.Tensor) -> torch.Tensor:
    """The time of the whole batch as (B,) int64."""
    return torch.full((len(x),), int(t), dtype=torch.int64, device=x.device)


def p_mean_variance(
    x_t: torch.Tensor, t: int, eps: torch.Tensor, sched: dict[str, torch.Tensor], clip: float | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean (shape of x_t) and variance (one number) of x_(t-1), if eps is the noise in x_t.

    clip: limits the predicted data to between -clip and clip; None does not
    """
    guess = predict_x0(x_t, _everywhere(t, x_t), eps, sched)
    if clip is not None:
        guess = guess.clamp(-clip, clip)
    c0, c1, var = (sched[key][t].to(x_t) for key in ("post_c0", "post_c1", "post_var"))
    return c0 * guess + c1 * x_t, var


def p_sample(
    x_t: torch.Tensor,
    t: int,
    eps: torch.Tensor,
    noise: torch.Tensor,
    sched: dict[str, torch.Tensor],
    clip: float | None = None,
) -> torch.Tensor:
    """One DDPM step to x_(t-1), with the noise that is passed; at t = 0 without noise."""
    mean, var = p_mean_variance(x_t, t, eps, sched, clip)
    return mean if t == 0 else mean + var.sqrt() * noise


@torch.no_grad()
def ddpm_sample(
    model, shape: tuple[int, ...], sched: dict[str, torch.Tensor], generator: torch.Generator, clip: float | None = None
) -> torch.Tensor:
    """Samples of this shape, from standard normal noise through all T steps. model: (x_t, t of (B,)) -> eps."""
    x = _noise(shape, generator)
    for t in reversed(range(len(sched["betas"]))):
        eps = model(x, _everywhere(t, x))
        x = p_sample(x, t, eps, _noise(shape, generator), sched, clip)
    return x


def ddim_step(
    x_t: torch.Tensor,
    t: int,
    t_prev: int,
    eps: torch.Tensor,
    sched: dict[str, torch.Tensor],
    eta: float,
    noise: torch.Tensor,
) -> torch.Tensor:
    """One DDIM step from time t to an earlier t_prev; t_prev = -1 is the data, where abar is 1. 0 <= eta <= 1."""
    now = float(sched["alpha_bars"][t])
    then = float(sched["alpha_bars"][t_prev]) if t_prev >= 0 else 1.0
    sigma = eta * math.sqrt((1 - then) / (1 - now)) * math.sqrt(1 - now / then)
    along = math.sqrt(max(0.0, 1 - then - sigma**2))
    guess = predict_x0(x_t, _everywhere(t, x_t), eps, sched)
    return (math.sqrt(then) * guess + along * eps + sigma * noise).to(x_t.dtype)


@torch.no_grad()
def ddim_sample(
    model, shape: tuple[int, ...], sched: dict[str, torch.Tensor], n_steps: int, eta: float, generator: torch.Generator
) -> torch.Tensor:
    """Samples of this shape, from standard normal noise in n_steps steps from T-1 to -1."""
    T = len(sched["betas"])
    x = _noise(shape, generator)
    for t, t_prev in itertools.pairwise(T - 1 - i * T // n_steps for i in range(n_steps + 1)):
        eps = model(x, _everywhere(t, x))
        x = ddim_step(x, t, t_prev, eps, sched, eta, _noise(shape, generator))
    return x


# %%
# q11


def timestep_embedding(t: torch.Tensor, dim: int, max_period: float = 10000.0) -> torch.Tensor:
    """Cosines, then sines, of t with frequencies from 1 down towards 1 / max_period.

    t: (B,) integers or floats;  returns (B, dim) float32; the last column is 0 if dim is odd
    """
    half = dim // 2
    exponents = -torch.arange(half, dtype=torch.float64, device=t.device) / max(half, 1)
    angles = torch.einsum("b,h->bh", t.double(), float(max_period) ** exponents)
    return F.pad(torch.cat([angles.cos(), angles.sin()], dim=1), (0, dim % 2)).float()


def cfg_eps(eps_cond: torch.Tensor, eps_uncond: torch.Tensor, w: float) -> torch.Tensor:
    """The prediction without the label, and from there w times the way to the one with it."""
    return torch.lerp(eps_uncond, eps_cond, float(w))


def drop_labels(y: torch.Tensor, null: int, p: float, generator: torch.Generator) -> torch.Tensor:
    """Labels (B,) of which each is replaced by null with probability p. y stays as it is."""
    return y.masked_fill(torch.rand(y.shape, generator=generator, device=y.device) < p, null)


def guided_sample(
    model,
    y: torch.Tensor,
    shape: tuple[int, ...],
    sched: dict[str, torch.Tensor],
    w: float,
    generator: torch.Generator,
    null: int,
) -> torch.Tensor:
    """DDPM samples, row b guided towards label y[b]. model: (x_t, t of (B,), y of (B,)) -> eps; y: (B,) int64."""
    y = y.to(generator.device)
    both = torch.cat([y, torch.full_like(y, null)])  # first half with labels, second half without

    def guided(x_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        eps_cond, eps_uncond = model(torch.cat([x_t, x_t]), torch.cat([t, t]), both).chunk(2)
        return cfg_eps(eps_cond, eps_uncond, w)

    return ddpm_sample(guided, shape, sched, generator)


# %%
# q12


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -a))


def _coins(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """0.0 or 1.0 for every entry of p, 1 with probability p."""
    return (rng.random(p.shape) < p).astype(p.dtype)


def _hidden(v: np.ndarray, W: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The inputs c + v W of the hidden units, (N, nh)."""
    return as_float(c) + np.einsum("ni,ij->nj", as_float(v), as_float(W), optimize=True)


def free_energy(v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """F(v), which makes p(v) = exp(-F(v)) / Z.

    v: (N, nv);  W: (nv, nh);  b: (nv,);  c: (nh,);  returns (N,)
    """
    return -as_float(v) @ as_float(b) - np.logaddexp(0, _hidden(v, W, c)).sum(axis=1)


def gibbs_step(
    v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw h given v, then v' given h.

    v: (N, nv) of 0 and 1;  W: (nv, nh);  b: (nv,);  c: (nh,)
    returns (v' (N, nv) of 0.0 and 1.0, p(h = 1 | v) (N, nh), p(v = 1 | h) (N, nv))
    """
    ph = _sigmoid(_hidden(v, W, c))
    pv = _sigmoid(as_float(b) + np.einsum("nj,ij->ni", _coins(ph, rng), as_float(W), optimize=True))
    return _coins(pv, rng), ph, pv


def cd_gradient(
    v0: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray, k: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Contrastive divergence: the direction, as an average over the batch, in which the data gets more probable.

    v0: (N, nv) of 0 and 1;  k: number of Gibbs steps, 0 or more
    returns {"W": (nv, nh), "b": (nv,), "c": (nh,)}
    """
    v0 = as_float(v0)
    vk = v0
    for _ in range(k):
        vk, _, _ = gibbs_step(vk, W, b, c, rng)
    h0, hk = (_sigmoid(_hidden(v, W, c)) for v in (v0, vk))
    return {"W": (v0.T @ h0 - vk.T @ hk) / len(v0), "b": (v0 - vk).mean(axis=0), "c": (h0 - hk).mean(axis=0)}


# %%
# q13


def _directions(x: torch.Tensor, least: float = 0.0) -> torch.Tensor:
    """Vectors along the last axis, made of length 1; those not longer than `least` become (about) zero vectors.

    Each is divided by its largest entry first: then neither huge nor tiny numbers get lost when they are squared.
    """
    largest = x.detach().abs().amax(dim=-1, keepdim=True)
    x = x / torch.where(largest > least, largest, 1.0)
    x = torch.where(largest > least, x, torch.zeros_like(x))
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / torch.where(length > 0, length, 1.0)


def clip_logits(img: torch.Tensor, txt: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """Cosines of all pairs times min(exp(log_scale), 100).

    img: (B, d);  txt: (M, d);  log_scale: ();  returns (B, M)
    """
    scale = log_scale.clamp(max=math.log(100.0)).exp()  # the limit before exp: inf * 0 would be the gradient else
    return scale * torch.einsum("bd,md->bm", _directions(img), _directions(txt))


def clip_loss(img: torch.Tensor, txt: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """Each picture picks its caption and each caption its picture: the mean of the two cross-entropies.

    img, txt: (B, d), row i of one belongs to row i of the other;  returns a scalar
    """
    logits = clip_logits(img, txt, log_scale)
    return -sum(torch.einsum("ii->i", logits.log_softmax(dim=axis)).mean() for axis in (0, 1)) / 2


def zero_shot(img: torch.Tensor, prompts: torch.Tensor) -> torch.Tensor:
    """The class whose prompts point most nearly where the picture does.

    img: (B, d);  prompts: (C, P, d);  returns (B,) int64
    """
    # prompts that cancel leave a rounding error, which is no direction
    classes = _directions(_directions(prompts).mean(dim=1), least=8 * torch.finfo(prompts.dtype).eps)
    return torch.einsum("bd,cd->bc", _directions(img), classes).argmax(dim=1)


# %%
# q14: metrics


def _pairs(a: torch.Tensor) -> torch.Tensor:
    """Distances of all pairs of different rows, each pair once, float64."""
    return F.pdist(a.detach().double())


def _between(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Distances of all rows of a from all rows of b, (n, m), without the shortcut that loses digits."""
    return torch.cdist(a.detach(), b.detach(), compute_mode="donot_use_mm_for_euclid_dist")


def energy_distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """2 E|a - b| - E|a - a'| - E|b - b'| over pairs of different rows. a: (n, d);  b: (m, d)"""
    between = _between(a.double(), b.double()).mean()
    return (2 * between - _pairs(a).mean() - _pairs(b).mean()).item()


def mmd2_rbf(a: torch.Tensor, b: torch.Tensor, sigma: float) -> float:
    """Squared maximum mean discrepancy, unbiased, kernel exp(-|u - v|^2 / (2 sigma^2)). a: (n, d);  b: (m, d)"""

    def kernel(distances: torch.Tensor) -> torch.Tensor:
        return torch.exp(-(distances / sigma).square() / 2)

    within = kernel(_pairs(a)).mean() + kernel(_pairs(b)).mean()
    return (within - 2 * kernel(_between(a.double(), b.double())).mean()).item()


def frechet(mu1: torch.Tensor, S1: torch.Tensor, mu2: torch.Tensor, S2: torch.Tensor) -> float:
    """Squared Frechet distance of two normal distributions. mu: (d,);  S: (d, d) covariances, possibly singular"""

    def root(S: torch.Tensor) -> torch.Tensor:
        values, vectors = torch.linalg.eigh(S.detach().double())
        return torch.einsum("ik,k,jk->ij", vectors, values.clamp(min=0).sqrt(), vectors)

    # with R = S1^(1/2) S2^(1/2): S1^(1/2) S2 S1^(1/2) = R R^T, the roots of its eigenvalues are the singular values of R
    overlap = torch.linalg.svdvals(root(S1) @ root(S2)).sum()
    shift = (mu1.detach().double() - mu2.detach().double()).square().sum()
    spread = S1.detach().double().trace() + S2.detach().double().trace() - 2 * overlap
    return max(0.0, (shift + spread).item())


def mode_coverage(x: torch.Tensor, centres: torch.Tensor, radius: float, min_share: float) -> tuple[int, float]:
    """Number of modes with at least min_share of all points near them, and the share of points near any.

    x: (n, 2);  centres: (k, 2);  near: within radius of the nearest centre
    """
    distance, nearest = _between(x, centres.to(x)).min(dim=1)
    good = nearest[distance <= radius]
    shares = torch.bincount(good, minlength=len(centres)).double() / len(x)
    return int((shares >= min_share).sum()), len(good) / len(x)


# %%
# q14: three models to train


@dataclass(frozen=True)
class _Recipe:
    """How long and how fast a network learns: AdamW, a rate that rises and then falls along a cosine."""

    steps: int
    batch: int
    lr: float
    decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.99)
    warm_up: float = 0.1
    clip: float = math.inf  # the largest norm of the gradient
    ema: float = 0.0  # how much of the averaged weights is kept in each step

    def rate(self, step: int) -> float:
        rise = max(1.0, self.warm_up * self.steps)
        return min((step + 1) / rise, (1 + math.cos(math.pi * max(0.0, step - rise) / (self.steps - rise))) / 2)

    def optimiser(self, net: nn.Module) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        opt = torch.optim.AdamW(net.parameters(), self.lr, betas=self.betas, weight_decay=self.decay, fused=True)
        return opt, torch.optim.lr_scheduler.LambdaLR(opt, self.rate)

    def batches(self, X: torch.Tensor, generator: torch.Generator) -> Iterator[torch.Tensor]:
        """One batch for each step: the rows are shuffled anew whenever they are used up."""

        def endless() -> Iterator[torch.Tensor]:
            while True:
                for rows in torch.randperm(len(X), generator=generator, device=X.device).split(self.batch):
                    if len(rows) == self.batch or len(X) < self.batch:
                        yield X[rows]

        return itertools.islice(endless(), self.steps)


class _Average:
    """An exponential moving average of the weights of a network."""

    def __init__(self, net: nn.Module, keep: float) -> None:
        self.net, self.keep, self.seen = net, keep, 0
        self.weights = [p.detach().clone() for p in net.parameters()]

    @torch.no_grad()
    def update(self) -> None:
        self.seen += 1
        keep = min(self.keep, self.seen / (self.seen + 10))  # short memory at first
        torch._foreach_lerp_(self.weights, [p.detach() for p in self.net.parameters()], 1 - keep)

    @torch.no_grad()
    def install(self) -> nn.Module:
        """Put the average in the place of the weights; the network is finished then."""
        for p, mean in zip(self.net.parameters(), self.weights, strict=True):
            p.copy_(mean)
        return self.net.requires_grad_(False).eval()


def _fresh(seed: int, device: torch.device, *builders: Callable[[], nn.Module]) -> list[nn.Module]:
    """Networks whose first weights depend on the seed alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return [build().to(device) for build in builders]


def train_vae(X: torch.Tensor, seed: int) -> "VAE":
    """Train a VAE (q4) on pictures. X: (1300, 64) float32, pixels 0 or 1"""
    how = _Recipe(steps=60 * 13, batch=100, lr=0.005, clip=20.0, ema=0.98)
    (vae,) = _fresh(seed, X.device, partial(VAE, X.shape[1], 8, 128))
    generator = torch.Generator(device=X.device).manual_seed(seed)
    (opt, schedule), average = how.optimiser(vae), _Average(vae, how.ema)
    for x in how.batches(X, generator):
        logits, mu, logvar = vae(x, _noise((len(x), vae.z_dim), generator))
        opt.zero_grad()
        elbo_terms(x, logits, mu, logvar, "bernoulli")["loss"].backward()
        nn.utils.clip_grad_norm_(vae.parameters(), how.clip)
        opt.step()
        schedule.step()
        average.update()
    return average.install()


def train_gan(X: torch.Tensor, seed: int):
    """Train a GAN. X: (4000, 2) float32;  returns the generator: z (n, 4), standard normal -> samples (n, 2)"""
    how = _Recipe(steps=2000, batch=128, lr=0.001, betas=(0.5, 0.99), warm_up=0.02, ema=0.99)
    G, D = _fresh(
        seed,
        X.device,
        partial(_mlp, 4, 64, 64, X.shape[1]),
        partial(_mlp, X.shape[1], 64, 64, 1, act=partial(nn.LeakyReLU, 0.2)),
    )
    generator = torch.Generator(device=X.device).manual_seed(seed)
    (opt_g, schedule_g), (opt_d, schedule_d) = how.optimiser(G), how.optimiser(D)
    average = _Average(G, how.ema)
    for x in how.batches(X, generator):
        d_step(G, D, opt_d, x, _noise((len(x), 4), generator))
        g_step(G, D, opt_g, _noise((len(x), 4), generator))
        schedule_d.step(), schedule_g.step()
        average.update()
    return average.install()


class _NoiseNet(nn.Module):
    """(x_t, t) -> eps: a network of the point and the embedding of its time."""

    def __init__(self, x_dim: int, hidden: int, T: int, dim: int = 32) -> None:
        super().__init__()
        self.net = _mlp(x_dim + dim, hidden, hidden, hidden, x_dim)
        self.register_buffer("times", timestep_embedding(torch.arange(T), dim, max_period=1000.0))

    def forward(self, x_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return self.net(torch.cat([x_t, self.times[t]], dim=1))


def train_ddpm(X: torch.Tensor, seed: int):
    """Train a diffusion model. X: (4000, 2) float32;  returns a function (n, generator) -> samples (n, 2)"""
    T = 50
    how = _Recipe(steps=2000, batch=512, lr=0.006, warm_up=0.15, clip=1.0, ema=0.99)
    sched = make_schedule("cosine", T)
    (net,) = _fresh(seed, X.device, partial(_NoiseNet, X.shape[1], 96, T))
    generator = torch.Generator(device=X.device).manual_seed(seed)
    (opt, schedule), average = how.optimiser(net), _Average(net, how.ema)
    for x in how.batches(X, generator):
        t = torch.randint(T, (len(x),), generator=generator, device=X.device)
        opt.zero_grad()
        ddpm_loss(net, x, t, _noise(x.shape, generator), sched).backward()
        nn.utils.clip_grad_norm_(net.parameters(), how.clip)
        opt.step()
        schedule.step()
        average.update()
    model, x_dim = average.install(), X.shape[1]

    def samples(n: int, generator: torch.Generator) -> torch.Tensor:
        return ddpm_sample(model, (n, x_dim), sched, generator)

    return samples
