"""Right solutions of question 14 that look different from the reference."""

# %% loops_and_pairs | why: metrics by torch.pdist and loops, NumPy inside, weights averaged in training, v as target
from itertools import pairwise


def energy_distance(a, b):
    between = torch.stack([(a - row).norm(dim=1).mean() for row in b]).mean()
    return (2 * between - torch.pdist(a).mean() - torch.pdist(b).mean()).item()


def mmd2_rbf(a, b, sigma):
    a, b = a.detach().cpu().numpy(), b.detach().cpu().numpy()

    def mean(u, v, skip):
        total, pairs = 0.0, 0
        for i, row in enumerate(u):
            k = np.exp(-((v - row) ** 2).sum(axis=1) / 2 / sigma**2)
            total, pairs = total + k.sum() - (k[i] if skip else 0), pairs + len(v) - skip
        return total / pairs

    return mean(a, a, 1) + mean(b, b, 1) - 2 * mean(a, b, 0)


def frechet(mu1, S1, mu2, S2):
    values = torch.linalg.eigvals(S1 @ S2).real.clamp(min=0)
    distance = torch.dot(mu1 - mu2, mu1 - mu2) + torch.trace(S1 + S2) - 2 * torch.sqrt(values).sum()
    return torch.clamp(distance, min=0).item()


def mode_coverage(x, centres, radius, min_share):
    counts = [0] * len(centres)
    for point in x:
        d = (centres - point).norm(dim=1)
        k = int(d.argmin())
        counts[k] += bool(d[k] <= radius)
    return sum(count / len(x) >= min_share for count in counts), sum(counts) / len(x)


def train_vae(X, seed):
    torch.manual_seed(seed)
    vae = VAE(64, 10, 200).to(X.device)
    adam = torch.optim.AdamW(vae.parameters(), lr=2e-3, weight_decay=1e-4)
    epochs = 60
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs)
    for _ in range(epochs):
        order = torch.randperm(len(X), device=X.device)
        for start, stop in pairwise(range(0, len(X) + 1, 50)):
            x = X[order[start:stop]]
            mu, logvar = vae.encode(x)
            z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
            rec = F.binary_cross_entropy_with_logits(vae.decode(z), x, reduction="sum")
            kl = -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp())
            adam.zero_grad()
            ((rec + kl) / len(x)).backward()
            adam.step()
        schedule.step()
    return vae.eval()


class Maker(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 64), nn.Linear(64, 64), nn.Linear(64, 2)])

    def forward(self, z):
        for layer in self.layers[:-1]:
            z = F.leaky_relu(layer(z), 0.1)
        return self.layers[-1](z)


def train_gan(X, seed):
    torch.manual_seed(seed)
    maker, smooth = Maker().to(X.device), Maker().to(X.device).requires_grad_(False)
    judge = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
    judge.to(X.device)
    makes, judges = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.99)) for net in (maker, judge))
    one, zero = torch.ones(128, 1, device=X.device), torch.zeros(128, 1, device=X.device)
    bce = nn.BCEWithLogitsLoss()
    for k in range(2200):
        x, z = X[torch.randint(len(X), (128,), device=X.device)], torch.randn(128, 4, device=X.device)
        judges.zero_grad()
        (bce(judge(x), one) + bce(judge(maker(z).detach()), zero)).backward()
        judges.step()
        makes.zero_grad()
        bce(judge(maker(torch.randn_like(z))), one).backward()
        makes.step()
        for kept, new in zip(smooth.parameters(), maker.parameters(), strict=True):
            kept.data.lerp_(new.data, 1.0 if k < 1500 else 0.02)
    return smooth


def train_ddpm(X, seed):
    torch.manual_seed(seed)
    T = 60
    sched = {key: table.to(X.device) for key, table in make_schedule("cosine", T).items()}

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.time = nn.Linear(2, 128), nn.Embedding(T, 128)
            self.rest = nn.Sequential(nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU())
            self.last = nn.Linear(128, 2)

        def forward(self, x, t):
            return self.last(self.rest(self.first(x) + self.time(t)))

    net = Net().to(X.device)
    steps = 2500
    adam = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 5e-3, total_steps=steps)
    for _ in range(steps):
        x0 = X[torch.randint(len(X), (512,), device=X.device)]
        t = torch.randint(T, (512,), device=X.device)
        adam.zero_grad()
        ddpm_loss(net, x0, t, torch.randn_like(x0), sched, target="v").backward()
        adam.step()
        schedule.step()

    def eps(x_t, t):
        a = sched["alpha_bars"][t][:, None].to(x_t.dtype)
        return a.sqrt() * net(x_t, t) + (1 - a).sqrt() * x_t

    return lambda n, generator: ddpm_sample(eps, (n, 2), sched, generator)


# %% all_at_once | why: metrics by one joined matrix and Newton's root, samplers as objects, DDIM with full noise


def _blocks(a, b):
    both = torch.cat([a, b]).double()
    D = ((both[:, None, :] - both[None, :, :]) ** 2).sum(dim=-1)
    n = len(a)
    return D[:n, :n], D[n:, n:], D[:n, n:]


def _pairs(K):
    return K[~torch.eye(len(K), dtype=torch.bool, device=K.device)].mean()


def energy_distance(a, b):
    aa, bb, ab = (block.sqrt() for block in _blocks(a, b))
    return 2 * ab.mean() - _pairs(aa) - _pairs(bb)  # a tensor without axes is a number too


def mmd2_rbf(a, b, sigma):
    aa, bb, ab = (torch.exp(-block / (2 * sigma * sigma)) for block in _blocks(a, b))
    return float(_pairs(aa)) + float(_pairs(bb)) - 2 * float(ab.mean())


def frechet(mu1, S1, mu2, S2):
    U, s, _ = torch.linalg.svd(S1)
    V, r, _ = torch.linalg.svd(S2)
    root1, root2 = U * s.sqrt() @ U.T, V * r.sqrt() @ V.T
    cross = torch.linalg.svdvals(root1 @ root2).sum()  # the nuclear norm
    return max(0.0, ((mu1 - mu2).pow(2).sum() + s.sum() + r.sum() - 2 * cross).item())


def mode_coverage(x, centres, radius, min_share):
    d = (x[:, None] - centres[None]).pow(2).sum(-1).sqrt()
    owner = F.one_hot(d.argmin(dim=1), len(centres)).bool()
    good = owner & (d <= radius)
    shares = good.double().mean(dim=0)
    return int(sum(shares >= min_share)), shares.sum().item()


class _Diffusion:
    def __init__(self, net, sched):
        self.net, self.sched = net, sched

    def __call__(self, n, generator):
        return ddim_sample(self.net, (n, 2), self.sched, len(self.sched["betas"]), 1.0, generator)


def train_ddpm(X, seed):
    torch.manual_seed(seed)
    T, hidden = 50, 96
    sched = {key: table.to(X.device) for key, table in make_schedule("linear", T, 0.002, 0.2).items()}
    hours = torch.arange(T, device=X.device)[:, None] / T
    clock = torch.cat([hours, *[f(math.pi * 2**k * hours) for k in range(4) for f in (torch.sin, torch.cos)]], dim=1)
    net = nn.Sequential(
        nn.Linear(11, hidden),
        nn.GELU(),
        nn.Linear(hidden, hidden),
        nn.GELU(),
        nn.Linear(hidden, hidden),
        nn.GELU(),
        nn.Linear(hidden, 2),
    )
    net = net.to(X.device)

    def model(x, t):
        return net(torch.cat([x, clock[t]], dim=1))

    adam = torch.optim.AdamW(net.parameters(), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 6e-3, total_steps=2500)
    for _ in range(2500):
        x0, noise = X[torch.randint(len(X), (512,), device=X.device)], torch.randn(512, 2, device=X.device)
        t = torch.randint(T, (512,), device=X.device)
        loss = F.mse_loss(model(q_sample(x0, t, noise, sched), t), noise)
        loss.backward()
        adam.step()
        adam.zero_grad()
        schedule.step()
    return _Diffusion(model, sched)


# %% cdist_and_eigvals | why: torch.cdist and sums of everything but the diagonal, eigenvalues of the product, one-hot counts of modes
def _apart(m):
    n = len(m)
    return (m.sum() - m.diagonal().sum()) / (n * (n - 1))


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - _apart(torch.cdist(a, a)) - _apart(torch.cdist(b, b))).item()


def mmd2_rbf(a, b, sigma):
    def k(u, v):
        return torch.exp(-torch.cdist(u, v).square() / (2 * sigma**2))

    return float(_apart(k(a, a)) + _apart(k(b, b)) - 2 * k(a, b).mean())


def frechet(mu1, S1, mu2, S2):
    roots = torch.linalg.eigvals(S1.double() @ S2.double()).real.clamp(min=0).sqrt()
    distance = (mu1 - mu2).double().square().sum() + S1.double().trace() + S2.double().trace() - 2 * roots.sum()
    return max(distance.item(), 0.0)


def mode_coverage(x, centres, radius, min_share):
    near = torch.cdist(x, centres).min(dim=1)
    good = near.values <= radius
    counts = F.one_hot(near.indices[good], len(centres)).sum(dim=0)
    return int((counts >= min_share * len(x)).sum()), good.double().mean().item()
