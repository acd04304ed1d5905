# %% [raw]
# # BEGIN QUESTION
# name: q3
# points: 0

# %% [markdown]
# ## q3. The evidence lower bound, and a tighter one (8 points)
#
# The likelihood of a latent-variable model is an integral nobody can do. For *any* distribution $q(z)$ there is a bound
# below it, and the bound is a pleasant sum: how well the decoder explains $x$, minus what the code costs.
#
# $$\ln p(x) \;\ge\; \mathbb E_{q(z \mid x)} \ln p(x \mid z) - \mathrm{KL}(q(z \mid x) \,\|\, p(z)) \;=\; \text{ELBO}
# \qquad \text{loss} = \underbrace{\frac1B \sum_b -\ln p(x_b \mid z_b)}_{\text{rec}} + \beta
# \underbrace{\frac1B \sum_b \mathrm{KL}_b}_{\text{kl}}$$
#
# with $p(z) = \mathcal N(0, 1)$. $\beta = 1$ is the bound; another $\beta$ is a compromise. With **free bits** every latent
# dimension may spend $\lambda$ nats for nothing, so that no dimension is switched off early in training:
# $\text{kl} = \sum_j \max\bigl(\lambda, \frac1B \sum_b \mathrm{KL}_{bj}\bigr)$: first the mean over the batch, then the
# maximum of each dimension, then the sum. This is the "kl" that is returned and that $\beta$ multiplies; with $\lambda = 0$ it is the plain one.
#
# With $K$ samples a tighter bound can be had, from the importance weights $w_k = p(x, z_k) / q(z_k \mid x)$:
#
# $$\ln p(x) \;\ge\; \mathbb E \ln \frac1K \sum_{k=1}^{K} w_k \;\ge\; \text{ELBO}$$
#
# | function | arguments | returns |
# |---|---|---|
# | `elbo_terms` | `x`, `dec_out` `(B, D)`; `mu`, `logvar` `(B, Z)`; the options below | `{"loss", "rec", "kl"}`, scalar tensors, loss = rec + beta kl |
# | `iwae_bound` | `log_w (K, B)`: $\ln w$ of K samples for each of B rows | scalar tensor: the mean over B |
#
# `likelihood="bernoulli"`: `dec_out` holds logits. `"gaussian"`: `dec_out` holds means, and `dec_logvar` is the
# log-variance, a float or a tensor that broadcasts to `(B, D)` and may be learnt. Anything else is a `ValueError`.
#
# **On paper.** One black pixel ($x = 1$) with logit $\ln 3$, one latent dimension with $\mu = 1$, $\sigma^2 = 4$: rec is
# 0.287682, kl is 1.306853 (q1), the loss 1.594535, with $\beta = 4$ it is 5.515093, and with 2 free nats 2.287682. For
# weights 1 and 3 the bound is $\ln \frac{1 + 3}{2} = 0.693147$. What would the mean of the logarithms be?
#
# **What usually goes wrong**
# - Averaging rec over 784 pixels makes it 784 times too light beside the KL. What does the decoder learn then? And
#   what happens when the KL is averaged over the latent dimensions?
# - A batch repeated twice is the same data. Is your loss the same?
# - Which sign has each term in a *loss*? What does the optimiser do with a KL that is subtracted?
# - Does $\beta$ belong to rec or to kl? Is a free-bits KL still inside "kl", so that loss = rec + beta kl?
# - Where the free bits are not used up, which gradient does this dimension get? And the other dimensions?
# - $\ln w$ is about $-10^4$ for a picture. What is $e^{-10\,000}$, and what is its logarithm?
# - K runs along axis 0. Where does the logarithm of K belong, and is it subtracted before or after the mean over B?
#
# *Read:* Prince §17.3-17.5; Goodfellow §19.1 and §20.10.3; Bishop §9.4 and §10.1. Papers: Kingma and Welling 2014;
# Higgins et al. 2017 (beta); Kingma et al. 2016 (free bits); Burda, Grosse and Salakhutdinov 2016 (importance weights).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q3


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
    # BEGIN SOLUTION NO PROMPT
    if likelihood == "bernoulli":
        rec = bernoulli_nll(x, dec_out).mean()
    elif likelihood == "gaussian":
        spread = torch.as_tensor(dec_logvar, dtype=x.dtype, device=x.device).expand(x.shape)  # (B, D)
        rec = gaussian_nll(x, dec_out, spread).mean()
    else:
        raise ValueError(f"likelihood must be 'bernoulli' or 'gaussian', got {likelihood!r}")
    each = 0.5 * (mu**2 + torch.exp(logvar) - 1 - logvar)  # (B, Z)
    kl = torch.clamp(each.mean(dim=0), min=free_bits).sum()
    return {"loss": rec + beta * kl, "rec": rec, "kl": kl}
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: elbo_terms is not implemented yet")
    """  # END PROMPT


def iwae_bound(log_w: torch.Tensor) -> torch.Tensor:
    """The importance-weighted bound: ln of the mean weight, averaged over the batch.

    log_w: (K, B), log importance weights of K samples for each row;  returns a scalar
    """
    # BEGIN SOLUTION NO PROMPT
    K = log_w.shape[0]
    return (torch.logsumexp(log_w, dim=0) - math.log(K)).mean()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: iwae_bound is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_pixel(elbo_terms):
    """the bound of one pixel and one latent dimension, by hand"""
    import torch

    one, three, four = torch.ones(1, 1), torch.full((1, 1), 3.0).log(), torch.full((1, 1), 4.0).log()
    terms = elbo_terms(one, three, one, four, "bernoulli")
    assert set(terms) == {"loss", "rec", "kl"}, f"the keys are loss, rec and kl; yours: {sorted(terms)}"
    assert near(terms["rec"], 0.287682, 1e-5), f"rec = ln 4/3 = 0.287682, yours is {terms['rec']}"
    assert near(terms["kl"], 1.306853, 1e-5), f"kl = 1.306853, yours is {terms['kl']}"
    assert near(terms["loss"], 1.594535, 1e-5), f"loss = rec + kl = 1.594535, yours is {terms['loss']}"
    weighted = elbo_terms(one, three, one, four, "bernoulli", beta=4.0)["loss"]
    assert near(weighted, 5.515093, 1e-5), f"with beta = 4 the loss is 5.515093, yours is {weighted}"
    free = elbo_terms(one, three, one, four, "bernoulli", free_bits=2.0)["loss"]
    assert near(free, 2.287682, 1e-5), f"with 2 free nats the loss is rec + 2 = 2.287682, yours is {free}"


# %%
def test_sums_and_means(elbo_terms):
    """a batch of two equal rows costs what one costs, twice as many pixels cost twice as much"""
    import torch

    x, out = torch.tensor([[1.0, 0.5, -1.0]]), torch.tensor([[0.0, 0.5, 1.0]])
    mu, logvar = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    one = elbo_terms(x, out, mu, logvar, "gaussian", dec_logvar=0.5)
    two = elbo_terms(*(t.repeat(2, 1) for t in (x, out, mu, logvar)), "gaussian", dec_logvar=0.5)
    assert near(two["loss"], float(one["loss"]), 1e-5), f"two equal rows: {two['loss']} is not {one['loss']}"
    wide = elbo_terms(x.repeat(1, 2), out.repeat(1, 2), mu, logvar, "gaussian", dec_logvar=0.5)
    assert near(wide["rec"], 2 * float(one["rec"]), 1e-5), f"twice the pixels: rec {wide['rec']}, not 2 * {one['rec']}"


# %%
def test_importance_weights(iwae_bound):
    """iwae_bound: weights 1 and 3 by hand; one sample is the plain mean; large negative logarithms"""
    import torch

    log_w = torch.tensor([[1.0, 1.0, 4.0], [3.0, 1.0, 4.0]]).log()
    expected = (0.693147 + 0.0 + 1.386294) / 3
    assert near(iwae_bound(log_w), expected, 1e-5), f"(ln 2 + ln 1 + ln 4) / 3 = {expected:.6f}: {iwae_bound(log_w)}"
    assert near(iwae_bound(log_w[1:]), 0.828302, 1e-5), "K = 1: the bound is the mean of log_w, (ln 3 + 0 + ln 4) / 3"
    low = iwae_bound(log_w - 1000)
    assert near(low, expected - 1000, 1e-3), f"1000 less in every logarithm is 1000 less in the bound, yours is {low}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the bound climbs to the truth with K


@experiment
def climbing_bound():
    import matplotlib.pyplot as plt

    # z ~ N(0, 1), x | z ~ N(z, 1): here the integral can be done, x ~ N(0, 2)
    generator = torch.Generator().manual_seed(0)
    x = math.sqrt(2) * torch.randn(400, 1, generator=generator)
    truth = -gaussian_nll(x, torch.zeros_like(x), torch.full_like(x, math.log(2))).mean()
    counts = [1, 2, 5, 10, 20, 50, 100, 200]
    plt.figure(figsize=(9, 3.2))
    for name, mean, variance in [
        ("exact posterior", x / 2, 0.5),
        ("too wide", x / 2, 1.5),
        ("shifted", x / 2 + 0.8, 0.5),
    ]:
        logvar = torch.full_like(x, math.log(variance))
        bounds = []
        for K in counts:
            z = sample_latent(mean, logvar, K, generator).reshape(-1, 1)  # (K 400, 1)
            rows, means, logvars = (a.repeat(K, 1) for a in (x, mean, logvar))
            log_w = -gaussian_nll(rows, z, 0 * z) - gaussian_nll(z, 0 * z, 0 * z) + gaussian_nll(z, means, logvars)
            bounds.append(float(iwae_bound(log_w.reshape(K, 400))))
        plt.semilogx(counts, bounds, "o-", label=f"q: {name}")
    plt.axhline(float(truth), color="black", linestyle=":", label="ln p(x), exact")
    plt.xlabel("samples K (K = 1 is the ELBO)")
    plt.ylabel("bound")
    plt.legend()
    plt.show()
