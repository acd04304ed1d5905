# %% [raw]
# # BEGIN QUESTION
# name: q14
# points: 0

# %% [markdown]
# ## q14. Sample metrics, and three models to train (9 points)
#
# Is a generator good? Its loss does not say: that of a GAN means nothing, those of a VAE and of a diffusion cannot be
# compared. What can be compared are two heaps of points, samples and data.
#
# | function | returns |
# |---|---|
# | `energy_distance(a, b)` | $2\,\mathbb E\|a - b\| - \mathbb E\|a - a'\| - \mathbb E\|b - b'\|$, a float |
# | `mmd2_rbf(a, b, sigma)` | $\mathbb E\,k(a, a') + \mathbb E\,k(b, b') - 2\,\mathbb E\,k(a, b)$ with $k(u, v) = e^{-\|u - v\|^2 / 2 \sigma^2}$, a float |
# | `frechet(mu1, S1, mu2, S2)` | $\|\mu_1 - \mu_2\|^2 + \operatorname{tr}\bigl(S_1 + S_2 - 2 (S_1 S_2)^{1/2}\bigr)$, a float, real and never negative |
# | `mode_coverage(x, centres, radius, min_share)` | `(modes, share)`, an int and a float, see below |
#
# - `a` is `(n, d)`, `b` is `(m, d)`, with two rows each at least. Both distances are **unbiased**: $a, a'$ are two *different* rows, so the mean runs over
#   $n (n - 1)$ pairs. If both heaps come from one distribution, the result is 0 on average (and may be negative).
# - $(S_1 S_2)^{1/2}$ is a root of matrices, not of entries. Its trace is the sum of the roots of the eigenvalues of $S_1 S_2$,
#   or of the symmetric $S_1^{1/2} S_2 S_1^{1/2}$. Covariances may be singular.
# - Each point of `x (n, 2)` belongs to the nearest of the `centres (k, 2)`, and is good if it lies within `radius` of it. A mode
#   counts if at least `min_share` of all $n$ points are good points of it; `share` is the share of good points. No point lies at a distance of just `radius`.
#
# **And then train.** The functions below get data and a seed. They return something that makes samples (what is called a function may be a module, too):
#
# | function | data | returns | full marks |
# |---|---|---|---|
# | `train_vae(X, seed)` | `X (1300, 64)`: digits, pixels 0 or 1 | a `VAE` of q4 | minus ELBO at most 19.2 nats on 497 other digits |
# | `train_gan(X, seed)` | `X (4000, 2)`: a ring of eight Gaussians | a function `z (n, 4)` -> `(n, 2)`, $z$ standard normal | 7 modes at least, energy distance from fresh data at most 0.04 |
# | `train_ddpm(X, seed)` | `X (4000, 2)`: a ring of five Gaussians | a function `(n, generator)` -> `(n, 2)` | energy distance at most 0.008 |
#
# All are float32; train where `X` lies (`X.device`). `torch.manual_seed` is allowed here, because layers draw their first
# weights from the global generator. The rings are those of `datasets.ring` with `k=8` and `k=5`, turned by an angle that you do not know. Learn, by gradients of a loss; do not store: samples may
# on average not lie nearer to `X` than to other data of the same ring, a nudge of $z$ by 0.001 may move the median sample of the GAN by at most 100 times as much, and
# `decode` has to explain digits that `encode` has not seen yet, too. A GAN may lose the ring by bad luck: yours has up to four
# tries, with different seeds; the other two have up to three, if a miss is narrow (half a nat; 0.02 of energy distance). Half of the points is given for less: minus ELBO 22; the GAN 6 modes; the diffusion model an
# energy distance of 0.03. A mode counts with 2% of the samples within 0.4. You have 90 s for each; on one slow processor 4 s are enough with these:
#
# - VAE: 8 latent dimensions, 128 hidden units, Adam, batches of 130, 50 epochs.
# - GAN: two hidden layers of 64 in both networks, LeakyReLU in the discriminator, Adam with betas (0.5, 0.99) and a step
#   that falls evenly from 0.004 to a tenth of it (`LinearLR`), batches of 128, 800 steps.
# - Diffusion: the network predicts $\epsilon$ (`target="eps"`, `weight="simple"` of q9; another target needs a recipe of its own).
#   $T = 50$, linear from 0.002 to 0.2; a network of $x_t$ and the embedding of $t$ with three hidden layers of 64
#   and SiLU; Adam, batches of 256, 1200 steps.
# - In the first and the last a step size that rises and then falls to 0 (`torch.optim.lr_scheduler.OneCycleLR`, up to 0.008 and
#   0.01) makes the difference between nearly and clearly. `fused=True` makes a step of Adam cheaper where networks are small.
#
# **On paper.** $a = (0, 2)$, $b = (1, 1, 4)$ in one dimension. Between: $(1 + 1 + 4 + 1 + 1 + 2)/6 = 5/3$. Within $a$: the only
# pair has distance 2. Within $b$: $0, 3, 3$, so 2. Energy distance: $10/3 - 2 - 2 = -2/3$. Negative! With the pairs
# of a point with itself it would be $10/3 - 1 - 4/3 = 1$.
#
# **What usually goes wrong**
# - `.mean()` of the matrix of distances within a heap: what stands on its diagonal?
# - Squared distances in place of distances: which difference between the heaps can the energy distance then still see?
# - The root of each entry of $S_1 S_2$: when is it the root of the matrix? (Never try only diagonal matrices.)
# - 2000 samples near one centre: what is the share of good points, and how many modes is that?
# - A VAE whose pictures all look like the mean digit: which of its two terms was averaged over the wrong axis?
# - A GAN needs both networks to learn, a little each. What happens to the ring if one gets ahead?
#
# *Read:* Prince §14.3, ch. 15, 17, 18; Goodfellow §20.14. Papers: Gretton et al. 2012 (MMD); Heusel et al. 2017 (the Fréchet
# distance); Székely, Rizzo 2013 (energy distance).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q14


def energy_distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """2 E|a - b| - E|a - a'| - E|b - b'| over pairs of different rows. a: (n, d);  b: (m, d)"""
    # BEGIN SOLUTION NO PROMPT
    return float(
        2 * _distances(a, b).mean() - _off_diagonal_mean(_distances(a, a)) - _off_diagonal_mean(_distances(b, b))
    )


def _distances(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")  # (n, m); the fast way loses digits


def _off_diagonal_mean(K: torch.Tensor) -> torch.Tensor:
    n = len(K)
    return (K.sum() - K.trace()) / (n * (n - 1))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: energy_distance is not implemented yet")
    """  # END PROMPT


def mmd2_rbf(a: torch.Tensor, b: torch.Tensor, sigma: float) -> float:
    """Squared maximum mean discrepancy, unbiased, kernel exp(-|u - v|^2 / (2 sigma^2)). a: (n, d);  b: (m, d)"""

    # BEGIN SOLUTION NO PROMPT
    def kernel(u, v):
        return torch.exp(-(_distances(u, v) ** 2) / (2 * sigma**2))

    return float(_off_diagonal_mean(kernel(a, a)) + _off_diagonal_mean(kernel(b, b)) - 2 * kernel(a, b).mean())
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: mmd2_rbf is not implemented yet")
    """  # END PROMPT


def frechet(mu1: torch.Tensor, S1: torch.Tensor, mu2: torch.Tensor, S2: torch.Tensor) -> float:
    """Squared Frechet distance of two normal distributions. mu: (d,);  S: (d, d) covariances, possibly singular"""
    # BEGIN SOLUTION NO PROMPT
    values, vectors = torch.linalg.eigh(S1)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T  # S1^(1/2)
    cross = torch.linalg.eigvalsh(root @ S2 @ root).clamp(min=0).sqrt().sum()
    return max(float(((mu1 - mu2) ** 2).sum() + S1.trace() + S2.trace() - 2 * cross), 0.0)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: frechet is not implemented yet")
    """  # END PROMPT


def mode_coverage(x: torch.Tensor, centres: torch.Tensor, radius: float, min_share: float) -> tuple[int, float]:
    """Number of modes with at least min_share of all points near them, and the share of points near any.

    x: (n, 2);  centres: (k, 2);  near: within radius of the nearest centre
    """
    # BEGIN SOLUTION NO PROMPT
    distance, nearest = _distances(x, centres).min(dim=1)  # (n,)
    good = distance <= radius
    counts = torch.bincount(nearest[good], minlength=len(centres))  # (k,)
    return int((counts >= min_share * len(x)).sum()), float(good.double().mean())
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: mode_coverage is not implemented yet")
    """  # END PROMPT


def train_vae(X: torch.Tensor, seed: int) -> "VAE":
    """Train a VAE (q4) on pictures. X: (1300, 64) float32, pixels 0 or 1"""
    # BEGIN SOLUTION NO PROMPT
    epochs, batch, z_dim = 50, 130, 8
    torch.manual_seed(seed)
    vae = VAE(X.shape[1], z_dim, 128).to(X.device)
    adam = torch.optim.Adam(vae.parameters(), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 8e-3, total_steps=epochs * math.ceil(len(X) / batch))
    for _ in range(epochs):
        for rows in torch.randperm(len(X), device=X.device).split(batch):
            pixels, mu, logvar = vae(X[rows], torch.randn(len(rows), z_dim, device=X.device))
            adam.zero_grad()
            elbo_terms(X[rows], pixels, mu, logvar, "bernoulli")["loss"].backward()
            adam.step()
            schedule.step()
    return vae
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: train_vae is not implemented yet")
    """  # END PROMPT


def train_gan(X: torch.Tensor, seed: int):
    """Train a GAN. X: (4000, 2) float32;  returns the generator: z (n, 4), standard normal -> samples (n, 2)"""
    # BEGIN SOLUTION NO PROMPT
    steps, batch, hidden = 800, 128, 64
    torch.manual_seed(seed)
    G = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2))
    D = nn.Sequential(
        nn.Linear(2, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1)
    )
    G, D = G.to(X.device), D.to(X.device)
    adam_g, adam_d = (torch.optim.Adam(net.parameters(), lr=4e-3, betas=(0.5, 0.99), fused=True) for net in (G, D))
    schedules = [torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.1, steps) for adam in (adam_g, adam_d)]
    for _ in range(steps):
        real = X[torch.randint(len(X), (batch,), device=X.device)]
        fake = G(torch.randn(batch, 4, device=X.device)).detach()
        adam_d.zero_grad()
        (F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()).backward()
        adam_d.step()
        adam_g.zero_grad()
        F.softplus(-D(G(torch.randn(batch, 4, device=X.device)))).mean().backward()
        adam_g.step()
        for schedule in schedules:
            schedule.step()
    return torch.no_grad()(G.forward)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: train_gan is not implemented yet")
    """  # END PROMPT


def train_ddpm(X: torch.Tensor, seed: int):
    """Train a diffusion model. X: (4000, 2) float32;  returns a function (n, generator) -> samples (n, 2)"""
    # BEGIN SOLUTION NO PROMPT
    steps, batch, hidden, T, emb = 1200, 256, 64, 50, 32
    torch.manual_seed(seed)
    sched = {name: table.to(X.device) for name, table in make_schedule("linear", T, 0.002, 0.2).items()}
    clock = timestep_embedding(torch.arange(T, device=X.device), emb)  # (T, emb)
    net = nn.Sequential(
        *(nn.Linear(2 + emb, hidden), nn.SiLU()),
        *(nn.Linear(hidden, hidden), nn.SiLU()),
        *(nn.Linear(hidden, hidden), nn.SiLU()),
        nn.Linear(hidden, 2),
    ).to(X.device)

    def model(x_t, t):  # the network with its clock
        return net(torch.cat([x_t, clock[t]], dim=1))

    adam = torch.optim.Adam(net.parameters(), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 1e-2, total_steps=steps)
    for _ in range(steps):
        x0 = X[torch.randint(len(X), (batch,), device=X.device)]
        t = torch.randint(T, (batch,), device=X.device)
        adam.zero_grad()
        ddpm_loss(model, x0, t, torch.randn_like(x0), sched).backward()
        adam.step()
        schedule.step()
    return lambda n, generator: ddpm_sample(model, (n, 2), sched, generator)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: train_ddpm is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_energy_by_hand(energy_distance):
    """energy_distance: the example on paper"""
    import torch

    yours = energy_distance(torch.tensor([[0.0], [2.0]]).double(), torch.tensor([[1.0], [1.0], [4.0]]).double())
    assert near(yours, -2 / 3), f"10/3 - 2 - 2 = -2/3, yours is {yours}"


# %%
def test_kernel_by_hand(mmd2_rbf):
    """mmd2_rbf: two rows each, with kernels 1/2 and 1/16"""
    import torch

    # sigma is such that k = 2^-(distance squared); distances: 1 within a, 1 within b, 2, 2, 1 and 3 between
    sigma = float(1 / np.sqrt(2 * np.log(2)))
    a, b = torch.tensor([[0.0], [1.0]]).double(), torch.tensor([[2.0], [3.0]]).double()
    yours, expected = mmd2_rbf(a, b, sigma), 0.5 + 0.5 - 2 * (1 / 16 + 1 / 512 + 1 / 2 + 1 / 16) / 4
    assert near(yours, expected), f"1/2 + 1/2 - 2 (1/16 + 1/512 + 1/2 + 1/16)/4 = {expected:.6f}, yours is {yours}"


# %%
def test_frechet_by_hand(frechet):
    """frechet: normal distributions in the plane"""
    import torch

    mu1, mu2 = torch.tensor([0.0, 0.0]).double(), torch.tensor([3.0, 4.0]).double()
    S1, S2 = torch.diag(torch.tensor([1.0, 4.0])).double(), torch.diag(torch.tensor([9.0, 16.0])).double()
    yours = frechet(mu1, S1, mu2, S2)
    assert near(yours, 33), f"25 + (1 - 3)^2 + (2 - 4)^2 = 33, yours is {yours}"
    A, B = (torch.tensor([[2.0, s], [s, 2.0]]).double() for s in (1.0, -1.0))  # eigenvalues 1 and 3, swapped
    yours = frechet(mu1, A, mu1, B)
    assert near(yours, 8 - 4 * 3**0.5), f"4 + 4 - 2 (sqrt 3 + sqrt 3) = {8 - 4 * 3**0.5:.6f}, yours is {yours}"


# %%
def test_coverage_by_hand(mode_coverage):
    """mode_coverage: ten points, three centres"""
    import torch

    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    x = torch.tensor([[0.0, 0.1]] * 6 + [[10.0, 0.5]] * 2 + [[0.2, 10.0]] + [[5.0, 5.0]])
    for min_share, modes in ((0.15, 2), (0.05, 3), (0.5, 1)):
        yours = mode_coverage(x, centres, 1.0, min_share)
        assert near(yours, [modes, 0.9]), f"6, 2, 1 of 10 points: ({modes}, 0.9) with {min_share}, yours is {yours}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: two generators and their rings, with the numbers that are asked for


@experiment
def two_generators_and_their_rings():
    import time

    import datasets
    import matplotlib.pyplot as plt

    g = torch.Generator().manual_seed(0)
    start = time.process_time()
    gan = train_gan(datasets.ring(4000, g, k=8), 0)
    middle = time.process_time()
    ddpm = train_ddpm(datasets.ring(4000, g, k=5), 0)
    end = time.process_time()
    heaps = {
        "eight Gaussians": (8, datasets.ring(2000, g, k=8)),
        f"GAN, {middle - start:.1f} s": (8, gan(torch.randn(2000, 4, generator=g)).detach()),
        "five Gaussians": (5, datasets.ring(2000, g, k=5)),
        f"diffusion, {end - middle:.1f} s": (5, ddpm(2000, g)),
    }
    fig, axes = plt.subplots(1, 4, figsize=(15, 4.2), sharex=True, sharey=True)
    for ax, (name, (k, x)) in zip(axes, heaps.items(), strict=True):
        modes, share = mode_coverage(x, datasets.ring_centres(k), 0.4, 0.02)
        distance = energy_distance(x, datasets.ring(2000, g, k=k))
        ax.scatter(*x.T, s=2)
        ax.set_title(f"{name}\n{modes} modes, {share:.0%} good, energy distance {distance:.4f}", fontsize=9)
    fig.tight_layout()
    plt.show()


# %%
# experiment: digits on a grid in latent space


@experiment
def latent_grid():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    digits = load_digits()
    X = torch.tensor(digits.data / 16 > 0.5).float()
    vae = train_vae(X[:1300], 0)
    with torch.no_grad():
        mu, logvar = vae.encode(X[1300:])
        terms = [
            elbo_terms(X[1300:], vae.decode(mu + torch.exp(logvar / 2) * torch.randn_like(mu)), mu, logvar, "bernoulli")
            for _ in range(20)
        ]
        print(f"minus ELBO on the other digits: {np.mean([float(each['loss']) for each in terms]):.2f} nats")
        centre = mu.mean(dim=0)
        _, sizes, axes = torch.linalg.svd(mu - centre, full_matrices=False)
        spread = 2 * sizes[:2] / len(mu) ** 0.5
        steps = torch.linspace(-1, 1, 15)
        plane = [centre + u * spread[0] * axes[0] - v * spread[1] * axes[1] for v in steps for u in steps]
        grid = torch.sigmoid(vae.decode(torch.stack(plane))).reshape(15, 15, 8, 8)
        samples = vae.sample(100, torch.Generator().manual_seed(0)).reshape(10, 10, 8, 8)

    def side_by_side(pictures):  # (rows, columns, 8, 8), each with a white frame
        rows, columns = pictures.shape[:2]
        return F.pad(pictures, (1, 1, 1, 1)).permute(0, 2, 1, 3).reshape(rows * 10, columns * 10)

    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.8))
    codes = (mu - centre) @ axes[:2].T
    dots = left.scatter(*codes.T, c=digits.target[1300:], cmap="tab10", vmin=-0.5, vmax=9.5, s=10)
    fig.colorbar(dots, ax=left, ticks=range(10), fraction=0.046)
    left.set(title="codes of other digits, coloured by class")
    middle.imshow(side_by_side(grid), cmap="gray_r")
    middle.set(title="decoded from a grid in that plane", xticks=[], yticks=[])
    right.imshow(side_by_side(samples), cmap="gray_r")
    right.set(title="decoded from the prior", xticks=[], yticks=[])
    fig.tight_layout()
    plt.show()


# %%
# experiment: how a GAN finds its modes, with the two steps of q6


@experiment
def modes_over_training():
    import datasets
    import matplotlib.pyplot as plt

    g, centres = torch.Generator().manual_seed(0), datasets.ring_centres()
    data, z = datasets.ring(4000, g), torch.randn(1000, 4, generator=g)
    torch.manual_seed(0)
    maker = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    judge = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
    makes, judges = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.99)) for net in (maker, judge))
    shown, curve, snapshots = [100, 300, 500, 800, 1200, 2400], [], []
    for k in range(1, shown[-1] + 1):
        d_step(maker, judge, judges, data[torch.randint(4000, (128,), generator=g)], torch.randn(128, 4, generator=g))
        g_step(maker, judge, makes, torch.randn(128, 4, generator=g))
        if k % 50 == 0:
            with torch.no_grad():
                x = maker(z)
            curve.append((k, *mode_coverage(x, centres, 0.4, 0.02)))
            snapshots += [x] if k in shown else []
    fig, axes = plt.subplots(1, 7, figsize=(17, 2.9))
    for ax, k, x in zip(axes, shown, snapshots, strict=False):
        ax.scatter(*x.T, s=2)
        ax.set(title=f"step {k}", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xticks=[], yticks=[])
    steps, modes, share = zip(*curve, strict=True)
    axes[6].plot(steps, modes, label="modes")
    axes[6].plot(steps, 8 * np.array(share), label="good, of 8")
    axes[6].legend()
    fig.tight_layout()
    plt.show()


# %% [markdown]
# ## Before you hand in
#
# 1. *Restart the kernel and run all cells.* What works only because of a cell that you have deleted since does
#    not work for us.
# 2. Look at every `grader.check(...)`. A check that passes is no proof; one that fails is.
# 3. Hand in this one file, under any name. Its outputs are not read.
