# %% [raw]
# # BEGIN QUESTION
# name: q1
# points: 0

# %% [markdown]
# ## q1. Log-densities and KL divergences (7 points)
#
# Every likelihood-based model ends in a number "how surprised am I by this $x$", the negative log-likelihood, and most
# of them also compare two distributions, with the Kullback-Leibler divergence. Both are sums over the coordinates here,
# because the coordinates are independent given the parameters. Two habits save a lot of trouble: networks output
# $\ln \sigma^2$ (any number, negative or not, stands for a variance; here they lie between -80 and 80, those of two distributions at most 80 apart) and logits (never probabilities).
#
# $$-\ln \mathcal N(x; \mu, \sigma^2) = \tfrac12 \sum_{d=1}^{D} \Bigl[ \ln 2\pi + \ln \sigma_d^2 +
# \frac{(x_d - \mu_d)^2}{\sigma_d^2} \Bigr] \qquad
# -\ln \mathrm{Bern}(x; \ell) = -\sum_{d=1}^{D} \bigl[ x_d \ln \sigma(\ell_d) + (1 - x_d) \ln (1 - \sigma(\ell_d)) \bigr]$$
#
# $$\mathrm{KL}(\mathcal N_1 \,\|\, \mathcal N_2) = \tfrac12 \sum_{d=1}^{D} \Bigl[ \ln \frac{\sigma_{2d}^2}{\sigma_{1d}^2} +
# \frac{\sigma_{1d}^2 + (\mu_{1d} - \mu_{2d})^2}{\sigma_{2d}^2} - 1 \Bigr]$$
#
# | function | arguments | returns |
# |---|---|---|
# | `gaussian_nll` | `x`, `mu`, `logvar`, all `(B, D)` | `(B,)`: one number for each row, summed over D |
# | `bernoulli_nll` | `x (B, D)` anywhere in [0, 1], `logits (B, D)` | `(B,)` |
# | `kl_gauss` | `mu1`, `logvar1`, `mu2`, `logvar2`, all `(B, D)` | `(B,)`: KL of the first from the second |
#
# `mu2=None` means zeros, `logvar2=None` means zeros: with both left out, the second distribution is the standard normal.
# `torch.distributions`, `F.binary_cross_entropy`, `F.binary_cross_entropy_with_logits`, `F.kl_div` and `F.gaussian_nll_loss`
# are ruled out.
#
# **On paper.** $x = 3$, $\mu = 1$, $\sigma = 2$, so `logvar` is $\ln 4$: the negative log-density is
# $\frac12 (\ln 2\pi + \ln 4 + \frac44) = 2.112086$. A coin with logit $\ln 3$ has probability $\frac34$: heads costs
# $\ln \frac43 = 0.287682$, tails $\ln 4 = 1.386294$. And $\mathrm{KL}(\mathcal N(1, 4) \,\|\, \mathcal N(0, 1)) =
# \frac12 (-\ln 4 + 4 + 1 - 1) = 1.306853$. What is it the other way round?
#
# **What usually goes wrong**
# - The network says `logvar`. Where does its half belong, and where not? What is $\sigma^2$, what is $\sigma$?
# - Constants such as $\ln 2\pi$ do not change a gradient. Why must they be there all the same when someone compares
#   your bound with another model's?
# - Logits of $10^4$ occur in a network that is sure of itself. What does `log(sigmoid(l) + 1e-8)` say to a sure mistake?
# - $\ln(1 + e^{\ell})$ overflows. Which of its two summands can be taken out before the exponential is computed?
# - Mean or sum over D? If the KL is averaged over 20 latent dimensions, how much does it weigh beside the likelihood?
# - Is $\mathrm{KL}(p \| q)$ the same as $\mathrm{KL}(q \| p)$? Which of the two variances is divided by?
#
# *Read:* Prince §5.1-5.4 and appendix C.5; Goodfellow §3.13; Bishop §1.6.1 and §2.3. Paper: Kullback and Leibler 1951.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q1


def gaussian_nll(x: torch.Tensor, mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """-ln N(x; mu, exp(logvar)) of every row, with the ln 2 pi term.

    x, mu, logvar: (B, D);  returns (B,), summed over D
    """
    # BEGIN SOLUTION NO PROMPT
    squared = (x - mu) ** 2 * torch.exp(-logvar)  # (B, D)
    return 0.5 * (math.log(2 * math.pi) + logvar + squared).sum(dim=-1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: gaussian_nll is not implemented yet")
    """  # END PROMPT


def bernoulli_nll(x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """-ln Bernoulli(x; sigmoid(logits)) of every row, for logits of any size.

    x: (B, D) in [0, 1];  logits: (B, D);  returns (B,), summed over D
    """
    # BEGIN SOLUTION NO PROMPT
    softplus = torch.clamp(logits, min=0) + torch.log1p(torch.exp(-logits.abs()))  # ln(1 + e^l), no large exponent
    return (softplus - x * logits).sum(dim=-1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: bernoulli_nll is not implemented yet")
    """  # END PROMPT


def kl_gauss(
    mu1: torch.Tensor, logvar1: torch.Tensor, mu2: torch.Tensor | None = None, logvar2: torch.Tensor | None = None
) -> torch.Tensor:
    """KL(N(mu1, exp(logvar1)) || N(mu2, exp(logvar2))) of every row.

    all (B, D);  None stands for zeros: the standard normal;  returns (B,), summed over D
    """
    # BEGIN SOLUTION NO PROMPT
    mu2 = torch.zeros_like(mu1) if mu2 is None else mu2
    logvar2 = torch.zeros_like(logvar1) if logvar2 is None else logvar2
    ratio = torch.exp(logvar1 - logvar2)
    squared = (mu1 - mu2) ** 2 * torch.exp(-logvar2)
    return 0.5 * (logvar2 - logvar1 + ratio + squared - 1).sum(dim=-1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: kl_gauss is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_gaussian_by_hand(gaussian_nll):
    """gaussian_nll of the example on paper, and its shape"""
    import torch

    x, mu = torch.tensor([[3.0, 0.0, 1.0], [3.0, 3.0, 3.0]]), torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    logvar = torch.log(torch.tensor([[4.0, 1.0, 1.0], [4.0, 4.0, 4.0]]))
    yours = gaussian_nll(x, mu, logvar)
    assert tuple(yours.shape) == (2,), f"2 rows: the result has shape (2,), yours has {tuple(yours.shape)}"
    first = 2.112086 + 2 * 0.918939
    assert near(yours[0], first, 1e-5), f"row 0: 2.112086 + 0.918939 + 0.918939 = {first:.6f}, yours is {yours[0]}"
    assert near(yours[1], 3 * 2.112086, 1e-5), f"row 1: three times 2.112086 = 6.336258, yours is {yours[1]}"


# %%
def test_coin_by_hand(bernoulli_nll):
    """bernoulli_nll: heads and tails of a coin with logit ln 3"""
    import torch

    logits = torch.full((3, 2), 3.0).log()
    x = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.5, 0.0]])
    yours = bernoulli_nll(x, logits)
    expected = [0.287682 + 1.386294, 2 * 0.287682, 0.836988 + 1.386294]
    assert near(yours, expected, 1e-5), f"expected {expected} for heads and tails, twice heads, half and half; {yours}"
    large = bernoulli_nll(torch.tensor([[0.0]]), torch.tensor([[100.0]]))
    assert near(large, [100.0], 1e-3), f"tails at logit 100 costs 100, yours is {large}"


# %%
def test_divergence(kl_gauss):
    """kl_gauss of the example on paper, and 0 for equal distributions"""
    import torch

    mu, logvar = torch.tensor([[1.0, 0.0]]), torch.tensor([[4.0, 1.0]]).log()
    yours = kl_gauss(mu, logvar)
    assert near(yours, [1.306853], 1e-5), f"KL(N(1, 4) || N(0, 1)) = 1.306853, yours is {yours}"
    back = kl_gauss(torch.zeros(1, 2), torch.zeros(1, 2), mu, logvar)
    assert near(back, [0.443147], 1e-5), f"the other way round it is (ln 4 + 2/4 - 1) / 2 = 0.443147, yours is {back}"
    zero = kl_gauss(mu, logvar, mu, logvar)
    assert near(zero, [0.0]), f"KL of a distribution from itself is 0, yours is {zero}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the two directions of the divergence do not want the same


@experiment
def two_directions():
    import matplotlib.pyplot as plt

    # a target that a single normal distribution cannot be: two bumps
    x = torch.linspace(-5, 6, 1101).unsqueeze(1)  # (1101, 1)
    log_p = torch.logaddexp(
        math.log(0.6) - gaussian_nll(x, torch.tensor(-1.5), torch.tensor(-0.5)),
        math.log(0.4) - gaussian_nll(x, torch.tensor(2.5), torch.tensor(-1.0)),
    )
    p = log_p.exp()
    best = {}
    for m in torch.linspace(-4, 4, 81):
        for s in torch.linspace(0.3, 3, 55):
            log_q = -gaussian_nll(x, m, 2 * s.log())
            for name, value in {
                "KL(p || q), covers": (p * (log_p - log_q)).sum(),
                "KL(q || p), picks": (log_q.exp() * (log_q - log_p)).sum(),
            }.items():
                if name not in best or value < best[name][0]:
                    best[name] = value, m, s
    plt.figure(figsize=(9, 3.2))
    plt.fill_between(x[:, 0], p, alpha=0.3, label="p")
    for name, (value, m, s) in best.items():
        plt.plot(x, torch.exp(-gaussian_nll(x, m, 2 * s.log())), label=f"{name}: mean {m:.1f}, std {s:.2f}")
        print(f"{name}: {value * 0.01:.3f} nats")
    plt.title("the best normal distribution depends on the direction")
    plt.legend()
    plt.show()
