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
