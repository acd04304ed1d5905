# %% [raw]
# # BEGIN QUESTION
# name: q4
# points: 0

# %% [markdown]
# ## q4. Variational autoencoders, and one that can be checked (7 points)
#
# The pieces become a network. The **encoder** turns $x$ into $\mu$ and `logvar` of $q(z \mid x)$, a sample $z$ is made of
# them (q2), the **decoder** turns $z$ into the parameters of $p(x \mid z)$; q3 is the loss. Once trained, the encoder can be
# thrown away: $z \sim \mathcal N(0, 1)$ through the decoder is a new $x$. A **conditional** VAE is told in addition which
# class is meant, in both halves: the code then need not say what the label says already.
#
# | class | method | arguments | returns |
# |---|---|---|---|
# | `VAE(x_dim, z_dim, hidden)` | `encode` | `x (B, x_dim)` | `mu, logvar`, both `(B, z_dim)` |
# | | `decode` | `z (B, z_dim)` | logits `(B, x_dim)` |
# | | `forward` | `x`, `eps (B, z_dim)` | `logits, mu, logvar` |
# | | `sample` | `n`, `generator` | `(n, x_dim)` probabilities in [0, 1] |
# | `CVAE(x_dim, z_dim, hidden, n_classes)` | the same | `encode(x, y)`, `decode(z, y)`, `forward(x, eps, y)`, `sample(y, generator)` | as above, n is `len(y)` |
#
# Encoder and decoder have **one hidden layer** of `hidden` units each, with an activation of your choice and biases everywhere:
# `x_dim -> hidden -> mu and logvar` and `z_dim -> hidden -> x_dim`. In a CVAE the one-hot label of `n_classes` numbers is appended to the input of
# both. `y (B,)` is int64. `VAE(5, 2, 7)` has $5 \cdot 7 + 7 + 7 \cdot 4 + 4 + 2 \cdot 7 + 7 + 7 \cdot 5 + 5 = 135$ parameters.
#
# **One that can be checked.** If encoder and decoder are single linear layers and $p(x \mid z) = \mathcal N(Wz + m,
# \sigma^2)$, the integral can be done: $x$ is normal with mean $m$ and covariance $W W^\top + \sigma^2 I$. This is probabilistic
# PCA, and on data of this kind the ELBO of a well-trained VAE *reaches* the exact log-likelihood. It can never exceed it.
#
# `train_linear_vae(X, z_dim, seed)` trains such a VAE on `X (4000, 6)`, float32, and returns a dict:
#
# | key | value |
# |---|---|
# | `"encode"` | function: `x (N, 6)` to `mu, logvar` `(N, z_dim)` |
# | `"decode"` | function: `z (N, z_dim)` to means `(N, 6)` |
# | `"obs_logvar"` | $\ln \sigma^2$, one learnt number: a float or a tensor |
# | `"elbo"` | function: `x (N, 6)` to a float: the mean ELBO of these rows, in nats, over 20 samples or more for each row (or exactly) |
#
# It is judged on other rows of the same distribution: the ELBO that *we* compute from `encode`, `decode` and `obs_logvar`
# may be at most 0.05 nats below and 0.03 above the exact likelihood, and so may the one that you report. You have 20 s;
# one second is enough. The same seed gives the same result (`torch.manual_seed` is allowed here, too).
#
# **What usually goes wrong**
# - Reported 5.5 nats *above* the exact likelihood: whose constant is missing? 1.5 above: which sum became a mean?
# - Which of the outputs has a sigmoid, which has not? Who applies it, and how often?
# - Does `sample` need the encoder? With which spread is $z$ drawn, and is every row drawn for itself?
# - `mu` and `logvar` are two halves of one output, or two layers. What if they are the same layer?
# - Layers that are kept in a plain Python list: what does `parameters()` say?
# - The number 7 is not "one more" than the number 6 when it is a class. What becomes of the label?
# - In `train_linear_vae`: is $\sigma$ learnt, or is it 1? Is the printed loss of the last batch the ELBO of the rows?
#
# *Read:* Prince ch. 17; Goodfellow §20.10.3 and §13.1; Bishop §12.2. Papers: Kingma and Welling 2014; Sohn, Lee and Yan 2015
# (conditional); Tipping and Bishop 1999 (probabilistic PCA); Lucas et al. 2019 (linear VAEs).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q4


class VAE(nn.Module):
    """A variational autoencoder with Bernoulli pixels; one hidden layer in the encoder, one in the decoder."""

    def __init__(self, x_dim: int, z_dim: int, hidden: int) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        self.z_dim = z_dim
        self.encoder = nn.Sequential(nn.Linear(x_dim, hidden), nn.ReLU(), nn.Linear(hidden, 2 * z_dim))
        self.decoder = nn.Sequential(nn.Linear(z_dim, hidden), nn.ReLU(), nn.Linear(hidden, x_dim))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: VAE is not implemented yet")
        """  # END PROMPT

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x: (B, x_dim);  returns mu, logvar of q(z | x), each (B, z_dim)"""
        # BEGIN SOLUTION NO PROMPT
        mu, logvar = self.encoder(x).chunk(2, dim=-1)
        return mu, logvar
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: VAE.encode is not implemented yet")
        """  # END PROMPT

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """z: (B, z_dim);  returns logits (B, x_dim)"""
        # BEGIN SOLUTION NO PROMPT
        return self.decoder(z)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: VAE.decode is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor, eps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """x: (B, x_dim);  eps: (B, z_dim) standard normal;  returns logits, mu, logvar"""
        # BEGIN SOLUTION NO PROMPT
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar, eps)), mu, logvar
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: VAE.forward is not implemented yet")
        """  # END PROMPT

    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """returns (n, x_dim) probabilities of new pictures, from z of the prior"""
        # BEGIN SOLUTION NO PROMPT
        z = torch.randn(n, self.z_dim, generator=generator, device=generator.device)
        return torch.sigmoid(self.decode(z))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: VAE.sample is not implemented yet")
        """  # END PROMPT


class CVAE(nn.Module):
    """A VAE whose encoder and decoder are told the class: its one-hot vector is appended to their inputs."""

    def __init__(self, x_dim: int, z_dim: int, hidden: int, n_classes: int) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        self.z_dim, self.n_classes = z_dim, n_classes
        self.encoder = nn.Sequential(nn.Linear(x_dim + n_classes, hidden), nn.ReLU(), nn.Linear(hidden, 2 * z_dim))
        self.decoder = nn.Sequential(nn.Linear(z_dim + n_classes, hidden), nn.ReLU(), nn.Linear(hidden, x_dim))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: CVAE is not implemented yet")
        """  # END PROMPT

    def encode(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x: (B, x_dim);  y: (B,) int64;  returns mu, logvar of q(z | x, y), each (B, z_dim)"""
        # BEGIN SOLUTION NO PROMPT
        label = F.one_hot(y, self.n_classes).to(x.dtype)  # (B, n_classes)
        mu, logvar = self.encoder(torch.cat([x, label], dim=-1)).chunk(2, dim=-1)
        return mu, logvar
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: CVAE.encode is not implemented yet")
        """  # END PROMPT

    def decode(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """z: (B, z_dim);  y: (B,) int64;  returns logits (B, x_dim)"""
        # BEGIN SOLUTION NO PROMPT
        label = F.one_hot(y, self.n_classes).to(z.dtype)
        return self.decoder(torch.cat([z, label], dim=-1))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: CVAE.decode is not implemented yet")
        """  # END PROMPT

    def forward(
        self, x: torch.Tensor, eps: torch.Tensor, y: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """x: (B, x_dim);  eps: (B, z_dim) standard normal;  y: (B,) int64;  returns logits, mu, logvar"""
        # BEGIN SOLUTION NO PROMPT
        mu, logvar = self.encode(x, y)
        return self.decode(reparameterize(mu, logvar, eps), y), mu, logvar
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: CVAE.forward is not implemented yet")
        """  # END PROMPT

    def sample(self, y: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """y: (n,) int64;  returns (n, x_dim) probabilities of new pictures of these classes"""
        # BEGIN SOLUTION NO PROMPT
        z = torch.randn(len(y), self.z_dim, generator=generator, device=generator.device)
        return torch.sigmoid(self.decode(z, y))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q4: CVAE.sample is not implemented yet")
        """  # END PROMPT


def train_linear_vae(X: torch.Tensor, z_dim: int, seed: int) -> dict:
    """Train a VAE with a linear encoder, a linear decoder and a learnt observation variance.

    X: (4000, 6) float32
    returns {"encode": (N, 6) -> mu, logvar (N, z_dim), "decode": (N, z_dim) -> means (N, 6), "obs_logvar": float,
             "elbo": (N, 6) -> float, the mean ELBO in nats}
    """
    # BEGIN SOLUTION NO PROMPT
    steps, batch, D = 1000, 256, X.shape[1]
    generator = torch.Generator(X.device).manual_seed(seed)
    encoder = nn.Linear(D, 2 * z_dim, device=X.device)  # mu and logvar
    decoder = nn.Linear(z_dim, D, device=X.device)
    for layer in (encoder, decoder):
        nn.init.normal_(layer.weight, std=0.3, generator=generator)
        nn.init.zeros_(layer.bias)
    obs_logvar = nn.Parameter(torch.zeros((), device=X.device))

    def loss(x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        mu, logvar = encoder(x).chunk(2, dim=-1)
        z = sample_latent(mu, logvar, 1, noise)[0]
        return elbo_terms(x, decoder(z), mu, logvar, "gaussian", dec_logvar=obs_logvar)["loss"]

    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), obs_logvar], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        rows = torch.randint(len(X), (batch,), generator=generator, device=X.device)
        adam.zero_grad()
        loss(X[rows], generator).backward()
        adam.step()
        schedule.step()

    @torch.no_grad()
    def elbo(x: torch.Tensor) -> float:
        noise = torch.Generator(x.device).manual_seed(seed)
        return -sum(loss(x, noise).item() for _ in range(20)) / 20

    return {
        "encode": torch.no_grad()(lambda x: encoder(x).chunk(2, dim=-1)),
        "decode": torch.no_grad()(decoder.forward),
        "obs_logvar": obs_logvar.item(),
        "elbo": elbo,
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: train_linear_vae is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_shapes(VAE):
    """VAE: shapes and the number of parameters"""
    import torch

    vae = VAE(5, 2, 7)
    count = sum(p.numel() for p in vae.parameters())
    assert count == 135, f"VAE(5, 2, 7) has 135 parameters (see the text), yours has {count}"
    logits, mu, logvar = vae(torch.zeros(3, 5), torch.zeros(3, 2))
    assert tuple(logits.shape) == (3, 5), f"3 rows: logits have shape (3, 5), yours {tuple(logits.shape)}"
    assert tuple(mu.shape) == tuple(logvar.shape) == (3, 2), f"mu, logvar: (3, 2), yours {mu.shape}, {logvar.shape}"
    again = vae.decode(vae.encode(torch.zeros(3, 5))[0])
    assert near(again.detach(), logits.detach()), "with eps = 0 the logits are decode(mu)"
    samples = vae.sample(4, torch.Generator().manual_seed(0)).detach()
    assert tuple(samples.shape) == (4, 5), f"4 samples of 5 pixels: (4, 5), yours {tuple(samples.shape)}"
    assert 0 <= float(samples.min()) <= float(samples.max()) <= 1, "samples are probabilities"


# %%
def test_labels(CVAE):
    """CVAE: the label changes what is encoded and what is decoded"""
    import torch

    cvae = CVAE(5, 2, 7, 3)
    x, z, one, two = torch.zeros(1, 5), torch.zeros(1, 2), torch.tensor([1]), torch.tensor([2])
    assert not near(cvae.encode(x, one)[0].detach(), cvae.encode(x, two)[0].detach()), "encode ignores the label"
    assert not near(cvae.decode(z, one).detach(), cvae.decode(z, two).detach()), "decode ignores the label"


# %%
def test_exact_likelihood(train_linear_vae):
    """the linear VAE reaches the exact likelihood of probabilistic PCA"""
    import torch
    from datasets import ppca, ppca_log_likelihood

    X, W, m = ppca(6000, np.random.default_rng(1))
    exact = float(np.mean(ppca_log_likelihood(X[4000:], W, m)))
    fit = train_linear_vae(torch.tensor(X[:4000], dtype=torch.float32), 2, 0)
    reported = fit["elbo"](torch.tensor(X[4000:], dtype=torch.float32))
    print(f"your ELBO {reported:.3f}, exact log-likelihood {exact:.3f}, on 2000 new rows")
    assert reported - exact <= 0.03, f"a bound of {reported:.3f} above the exact {exact:.3f} is none: a term is wrong"
    assert reported - exact >= -0.05, f"the ELBO is {exact - reported:.3f} nats below the likelihood; 0.05 are allowed"
    assert abs(fit["obs_logvar"] - np.log(0.16)) < 0.1, f"ln 0.4^2 = -1.83 was the truth, yours is {fit['obs_logvar']}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a map of all digits


@experiment
def latent_grid():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    generator = torch.Generator().manual_seed(0)
    X = torch.tensor(load_digits().data > 8, dtype=torch.float32)  # (1797, 64)
    vae = VAE(64, 2, 128)
    optimiser = torch.optim.Adam(vae.parameters(), lr=3e-3)
    for _ in range(60):
        for rows in torch.randperm(len(X), generator=generator).split(64):
            eps = torch.randn(len(rows), 2, generator=generator)
            logits, mu, logvar = vae(X[rows], eps)
            optimiser.zero_grad()
            elbo_terms(X[rows], logits, mu, logvar, "bernoulli")["loss"].backward()
            optimiser.step()
    side = torch.special.ndtri(torch.linspace(0.03, 0.97, 15))  # evenly spaced in probability under the prior
    z = torch.cartesian_prod(-side, side).flip(1)  # (225, 2)
    with torch.no_grad():
        pictures = torch.sigmoid(vae.decode(z)).reshape(15, 15, 8, 8)
        mu, _ = vae.encode(X)
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 5.5))
    framed = F.pad(pictures, (1, 1, 1, 1))  # (15, 15, 10, 10): a white frame keeps digits apart
    left.imshow(framed.permute(0, 2, 1, 3).reshape(150, 150), cmap="gray_r")
    left.axis("off")
    left.set_title("decoded grid")
    dots = right.scatter(*mu.T, c=load_digits().target, cmap="tab10", vmin=-0.5, vmax=9.5, s=8)
    fig.colorbar(dots, ticks=range(10))
    right.set_title("where the encoder puts the digits (it never saw a label)")
    plt.show()


# %%
# experiment: digits on demand


@experiment
def on_demand():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    generator = torch.Generator().manual_seed(0)
    X, y = torch.tensor(load_digits().data > 8, dtype=torch.float32), torch.tensor(load_digits().target)
    cvae = CVAE(64, 4, 128, 10)
    optimiser = torch.optim.Adam(cvae.parameters(), lr=3e-3)
    for _ in range(60):
        for rows in torch.randperm(len(X), generator=generator).split(64):
            logits, mu, logvar = cvae(X[rows], torch.randn(len(rows), 4, generator=generator), y[rows])
            optimiser.zero_grad()
            elbo_terms(X[rows], logits, mu, logvar, "bernoulli")["loss"].backward()
            optimiser.step()
    with torch.no_grad():
        pictures = cvae.sample(torch.arange(10).repeat(6), generator).reshape(6, 10, 8, 8)
    plt.figure(figsize=(9, 5))
    framed = F.pad(pictures, (1, 1, 1, 1))
    plt.imshow(framed.permute(0, 2, 1, 3).reshape(60, 100), cmap="gray_r")
    plt.axis("off")
    plt.title("six samples of every digit, asked for by its label")
    plt.show()
