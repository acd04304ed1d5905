# %% [raw]
# # BEGIN QUESTION
# name: q2
# points: 0

# %% [markdown]
# ## q2. Reparametrisation (5 points)
#
# An encoder says "for this $x$ the hidden cause is normal with mean $\mu$ and variance $\sigma^2$", a sample is drawn,
# a decoder is judged by what it makes of the sample. How should the encoder learn from that? A drawn number has no
# derivative with respect to the parameters it was drawn with. The trick is to draw something else, a standard normal
# $\varepsilon$ that depends on no parameter, and to *compute* the sample:
#
# $$z = \mu + \sigma \varepsilon, \qquad \sigma = e^{\text{logvar} / 2}, \qquad \varepsilon \sim \mathcal N(0, 1)
# \qquad \Longrightarrow \qquad \frac{\partial z}{\partial \mu} = 1, \qquad
# \frac{\partial z}{\partial\, \text{logvar}} = \frac{\sigma \varepsilon}{2}$$
#
# The expectation is unchanged, and its gradient can now be moved inside it:
# $\nabla\, \mathbb E_z [f(z)] = \mathbb E_\varepsilon [\nabla f(\mu + \sigma \varepsilon)]$.
#
# | function | arguments | returns |
# |---|---|---|
# | `reparameterize` | `mu`, `logvar`, `eps`, all `(B, D)` | `(B, D)`; nothing random happens |
# | `sample_latent` | `mu`, `logvar` `(B, D)`, `n`, `generator` | `(n, B, D)`: n samples for every row |
#
# All numbers of `sample_latent` come from `generator`, which lies on the device of `mu`. Its samples are independent:
# over $n$, over the batch, over the coordinates. Gradients flow through both functions to `mu` and `logvar`.
#
# **On paper.** $\mu = 1$, $\sigma = 2$ (so `logvar` is $\ln 4$), $\varepsilon = -1$: $z = -1$. When `logvar` grows by a
# little $\delta$, $\sigma$ grows by $\delta$, and $z$ falls by $\delta$: the derivative is $2 \cdot (-1) / 2 = -1$.
#
# **What usually goes wrong**
# - Where does the half belong in $e^{\text{logvar}/2}$? What is $\sqrt{\text{logvar}}$ for a variance below 1?
# - Somewhere a `.detach()`, a `.item()` or `torch.no_grad()` makes everything run and nothing learn. Which of the two
#   gradients would be lost?
# - `torch.randn(D)` is one noise for the whole batch. Would the loss notice? Would a picture of the samples?
# - `torch.normal(mu, sigma)` draws from the right distribution. What does it know of gradients?
# - Are `torch.rand(...)` and `torch.randn(...)` the same up to scale?
# - `torch.randn_like(mu)` takes no generator in older versions of torch. What does, and on which device and in which
#   dtype does it draw?
#
# *Read:* Prince §17.4; Goodfellow §20.9. Papers: Kingma and Welling 2014; Rezende, Mohamed and Wierstra 2014.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q2


def reparameterize(mu: torch.Tensor, logvar: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    """The sample of N(mu, exp(logvar)) that the standard normal noise eps stands for.

    mu, logvar, eps: (B, D);  returns (B, D), differentiable in mu and logvar
    """
    # BEGIN SOLUTION NO PROMPT
    return mu + torch.exp(0.5 * logvar) * eps
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q2: reparameterize is not implemented yet")
    """  # END PROMPT


def sample_latent(mu: torch.Tensor, logvar: torch.Tensor, n: int, generator: torch.Generator) -> torch.Tensor:
    """n independent samples of N(mu, exp(logvar)) for every row.

    mu, logvar: (B, D);  returns (n, B, D), differentiable in mu and logvar
    """
    # BEGIN SOLUTION NO PROMPT
    eps = torch.randn(n, *mu.shape, generator=generator, dtype=mu.dtype, device=mu.device)  # (n, B, D)
    return reparameterize(mu, logvar, eps)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q2: sample_latent is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_sample_by_hand(reparameterize):
    """z for mu = 1, sigma = 2 and eps = -1, 0, 3"""
    import torch

    mu, logvar = torch.ones(1, 3), torch.full((1, 3), 4.0).log()
    z = reparameterize(mu, logvar, torch.tensor([[-1.0, 0.0, 3.0]]))
    assert near(z, [[-1, 1, 7]], 1e-5), f"1 + 2 * (-1, 0, 3) = (-1, 1, 7), yours is {z}"


# %%
def test_gradient_by_hand(reparameterize):
    """dz/dmu = 1 and dz/dlogvar = sigma eps / 2"""
    import torch

    mu, logvar = torch.ones(1, 2, requires_grad=True), torch.full((1, 2), 4.0).log().requires_grad_(True)
    z = reparameterize(mu, logvar, torch.tensor([[-1.0, 3.0]]))
    assert z.requires_grad, "no gradient flows through your z"
    z.sum().backward()
    print(f"dz/dmu = {mu.grad}, dz/dlogvar = {logvar.grad}")
    assert mu.grad is not None and near(mu.grad, [[1, 1]]), f"dz/dmu = 1, yours is {mu.grad}"
    assert logvar.grad is not None, "no gradient reaches logvar"
    assert near(logvar.grad, [[-1, 3]], 1e-5), f"sigma eps / 2 = (-1, 3), yours is {logvar.grad}"


# %%
def test_samples(sample_latent):
    """sample_latent: its shape, its spread, and the same samples from the same seed"""
    import torch

    mu, logvar = torch.tensor([[5.0, -5.0, 0.0]]), torch.tensor([[1.0, 4.0, 0.01]]).log()
    z, again = (sample_latent(mu, logvar, 4000, torch.Generator().manual_seed(0)) for _ in range(2))
    assert tuple(z.shape) == (4000, 1, 3), f"n = 4000, B = 1, D = 3: the shape is (4000, 1, 3), yours {tuple(z.shape)}"
    assert near(z, again.detach()), "the same seed has to give the same samples"
    assert near(z.mean(dim=(0, 1)), [5, -5, 0], 0.2), f"the means are (5, -5, 0), yours about {z.mean(dim=(0, 1))}"
    assert near(z.std(dim=(0, 1)), [1, 2, 0.1], 0.1), f"the spreads are (1, 2, 0.1), yours {z.std(dim=(0, 1))}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the same gradient, estimated in two ways


@experiment
def two_estimators():
    import matplotlib.pyplot as plt

    # f(z) = z^2 has E f = mu^2 + sigma^2, so the gradient with respect to mu is 2 mu = 3
    generator = torch.Generator().manual_seed(0)
    mu, logvar = torch.full((1, 1), 1.5), torch.zeros(1, 1)
    z = sample_latent(mu, logvar, 20_000, generator).flatten()
    through_z = 2 * z  # reparametrised: f'(z) dz/dmu
    score = z**2 * (z - mu.flatten())  # "REINFORCE": f(z) d ln p(z) / dmu, needs no derivative of f
    plt.figure(figsize=(9, 3.2))
    bins = torch.linspace(-15, 25, 161).tolist()
    plt.hist(score.tolist(), bins, alpha=0.6, label=f"score function: mean {score.mean():.2f}, std {score.std():.1f}")
    plt.hist(
        through_z.tolist(), bins, alpha=0.6, label=f"through z: mean {through_z.mean():.2f}, std {through_z.std():.1f}"
    )
    plt.axvline(3, color="black", linestyle=":", label="the truth: 3")
    plt.title("20 000 one-sample estimates of the same gradient")
    plt.legend()
    plt.show()
