"""Right solutions of question 13 that look different from the reference."""


# %% all_convolutional | why: strided convolutions, GELU, the logits of all places averaged by log-sum-exp, AdamW with cosine
class _Places(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 16, 4, bias=False)
        self.second = nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False)
        self.third = nn.Conv2d(32, 64, 3, padding=1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(m) for m in (16, 32, 64)])
        self.last = nn.Conv2d(64, 10, 2)

    def forward(self, x):
        for convolution, norm in zip((self.first, self.second, self.third), self.norms, strict=True):
            x = F.gelu(norm(convolution(x)))
        return torch.logsumexp(self.last(x).flatten(2), dim=2)


def train_wander(X, y, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = _Places().to(X.device)
        generator = torch.Generator().manual_seed(seed + 1)
        epochs = 7
        adam = torch.optim.AdamW(net.parameters(), lr=6e-3, weight_decay=1e-2)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs)
        for _ in range(epochs):
            order = torch.randperm(len(X), generator=generator).to(X.device)
            for start in range(0, len(X), 50):
                rows = order[start : start + 50]
                adam.zero_grad(set_to_none=True)
                nn.functional.nll_loss(net(X[rows]).log_softmax(dim=1), y[rows]).backward()
                adam.step()
            cosine.step()
    net.train(False)
    for p in net.parameters():
        p.requires_grad_(False)
    return net


# %% residual_with_momentum | why: the blocks of q10, SGD with momentum and one cycle, max over all places, logits in float64
class _Double(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x.float()).double()


def train_wander(X, y, seed):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.MaxPool2d(2),
        _Block(12, 24),
        nn.MaxPool2d(2),
        _Block(24, 40),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(40, 10),
    ).to(X.device)
    batches = -(-len(X) // 40)
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    cycle = torch.optim.lr_scheduler.OneCycleLR(sgd, 0.15, epochs=6, steps_per_epoch=batches)
    for _ in range(6):
        for rows in torch.randperm(len(X), device=X.device).chunk(batches):
            loss = nn.CrossEntropyLoss()(net(X[rows]), y[rows])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            cycle.step()
    return _Double(net).eval()


class _Block(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(n, m, 3, 1, 1, bias=False),
            nn.BatchNorm2d(m),
            nn.ReLU(),
            nn.Conv2d(m, m, 3, 1, 1, bias=False),
            nn.BatchNorm2d(m),
        )
        self.s = nn.Conv2d(n, m, 1)

    def forward(self, x):
        return (self.f(x) + self.s(x)).relu()


# %% log_softmax_and_nll | why: log-probabilities as logits, nll_loss, leaky ReLU, NAdam with a rate that falls by epochs
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 48, 3, padding=1),
        nn.BatchNorm2d(48),
        nn.LeakyReLU(0.1),
        nn.AdaptiveMaxPool2d((1, 1)),
        nn.Flatten(1),
        nn.Linear(48, 10),
        nn.LogSoftmax(dim=-1),
    )
    opt = torch.optim.NAdam(net.parameters(), lr=4e-3)
    for epoch in range(8):
        for group in opt.param_groups:
            group["lr"] = 4e-3 * (1 - epoch / 8)
        for rows in torch.randperm(len(X)).split(32):
            opt.zero_grad()
            F.nll_loss(net(X[rows]), y[rows]).backward()
            opt.step()
    return net.eval()


# %% momentum_by_hand_standardised | why: parameters and momentum by hand, torch.autograd.grad, the mean and spread of the training images as buffers
class _Standardised(nn.Module):
    """Keeps the mean and spread of what it was trained on as buffers."""

    def __init__(self, mean, std, g):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.w = nn.ParameterList()
        self.bn = nn.ModuleList()
        n = 1
        for m in (16, 32, 48):
            self.w.append(nn.Parameter(torch.randn(m, n, 3, 3, generator=g) * (2 / (9 * n)) ** 0.5))
            self.bn.append(nn.BatchNorm2d(m))
            n = m
        self.out = nn.Parameter(torch.randn(10, n, generator=g) * n**-0.5)
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, x):
        x = (x - self.mean) / self.std
        for i, (w, bn) in enumerate(zip(self.w, self.bn, strict=False)):
            x = torch.relu(bn(F.conv2d(x, w, padding=1)))
            if i < 2:
                x = F.max_pool2d(x, 2)
        return x.flatten(2).max(dim=2).values @ self.out.T + self.bias


def train_wander(X, y, seed):
    g = torch.Generator()
    g.manual_seed(int(seed))
    net = _Standardised(X.mean(), X.std(), g).train()
    params = list(net.parameters())
    speed = [torch.zeros_like(p) for p in params]
    epochs, batch, done = 9, 50, 0
    total = epochs * -(-len(X) // batch)
    for _ in range(epochs):
        perm = torch.randperm(len(X), generator=g)
        for i in range(0, len(X), batch):
            b = perm[i : i + batch]
            grads = torch.autograd.grad(F.cross_entropy(net(X[b]), y[b]), params)
            lr = 0.15 * min(1, 5 * (done + 1) / total) * (1 + math.cos(math.pi * done / total)) / 2
            with torch.no_grad():
                for p, v, gr in zip(params, speed, grads, strict=False):
                    v.mul_(0.9).add_(gr)
                    p.sub_(lr * v)
            done += 1
    return net.train(False)
