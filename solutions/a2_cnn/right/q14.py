"""Right solutions of question 14 that look different from the reference."""


# %% nearest_and_skips_on_a_stack | why: nearest upsampling without a convolution, skips on a stack, mean_iou by bincount as a tensor
class UNet(nn.Module):
    def __init__(self, cin, n_classes, widths):
        super().__init__()
        self.unit = 1 << (len(widths) - 1)
        self.encoders, self.decoders = nn.ModuleList(), nn.ModuleList()
        for w in widths:
            self.encoders.append(self.two(cin, w))
            cin = w
        for w in widths[-2::-1]:
            self.decoders.append(self.two(cin + w, w))
            cin = w
        self.head = nn.Conv2d(cin, n_classes, 1)

    @staticmethod
    def two(n, m):
        layers = []
        for k in (n, m):
            layers += [nn.Conv2d(k, m, 3, padding="same", bias=False), nn.BatchNorm2d(m), nn.ReLU()]
        return nn.Sequential(*layers)

    def forward(self, x):
        if any(side % self.unit for side in x.shape[-2:]):
            raise ValueError("cannot be halved")
        stack = []
        for encoder in self.encoders:
            if stack:
                x = F.max_pool2d(x, kernel_size=2)
            x = encoder(x)
            stack.append(x)
        stack.pop()
        for decoder in self.decoders:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = decoder(torch.cat((stack.pop(), x), 1))
        return self.head(x)


def mean_iou(pred, target, n_classes):
    table = torch.bincount((target * n_classes + pred).flatten(), minlength=n_classes**2).reshape(n_classes, n_classes)
    shared = table.diagonal().double()
    union = table.sum(0) + table.sum(1) - shared
    return (shared / union)[union > 0].mean()


def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    net = UNet(1, 5, [16, 24, 40]).to(X.device)
    adam = torch.optim.AdamW(net.parameters(), lr=4e-3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 8)
    for _ in range(8):
        for rows in torch.randperm(len(X), device=X.device).split(10):
            logits = net(X[rows]).permute(0, 2, 3, 1).reshape(-1, 5)
            loss = nn.CrossEntropyLoss()(logits, M[rows].flatten())
            adam.zero_grad()
            loss.backward()
            adam.step()
        cosine.step()
    net.eval()
    return net


# %% nested_levels | why: each level holds the next one; upsampling by a convolution of the enlarged maps; sets of pixels
class _Level(nn.Module):
    def __init__(self, n, widths):
        super().__init__()
        m, *deeper = widths
        self.before = nn.Sequential(
            nn.Conv2d(n, m, 3, 1, 1),
            nn.BatchNorm2d(m),
            nn.ReLU(True),
            nn.Conv2d(m, m, 3, 1, 1),
            nn.BatchNorm2d(m),
            nn.ReLU(True),
        )
        self.deeper = None
        if deeper:
            self.deeper = nn.Sequential(
                nn.MaxPool2d(2), _Level(m, deeper), nn.Upsample(scale_factor=2), nn.Conv2d(deeper[0], m, 3, 1, 1)
            )
            self.after = nn.Sequential(
                nn.Conv2d(2 * m, m, 3, 1, 1),
                nn.BatchNorm2d(m),
                nn.ReLU(True),
                nn.Conv2d(m, m, 3, 1, 1),
                nn.BatchNorm2d(m),
                nn.ReLU(True),
            )

    def forward(self, x):
        x = self.before(x)
        if self.deeper is None:
            return x
        if x.shape[2] % 2 or x.shape[3] % 2:
            raise ValueError("an odd size cannot be halved")
        return self.after(torch.cat([self.deeper(x), x], dim=1))


class UNet(nn.Module):
    def __init__(self, cin, n_classes, widths):
        super().__init__()
        self.net = nn.Sequential(_Level(cin, list(widths)), nn.Conv2d(widths[0], n_classes, 1))

    def forward(self, x):
        return self.net(x)


def mean_iou(pred, target, n_classes):
    pred, target = pred.cpu().numpy(), target.cpu().numpy()
    both = np.union1d(np.unique(pred), np.unique(target))
    return float(np.mean([np.sum((pred == k) & (target == k)) / np.sum((pred == k) | (target == k)) for k in both]))


def train_segmenter(X, M, seed):  # trains the reference's network, so that this cell is about UNet and mean_iou alone
    torch.manual_seed(seed)
    net = _right["UNet"](1, 5, (12, 24, 40)).to(X.device)
    adam, batches = torch.optim.Adam(net.parameters()), -(-len(X) // 16)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, 6e-3, epochs=10, steps_per_epoch=batches)
    for _ in range(10):
        for rows in torch.randperm(len(X)).split(16):
            turned = bool(torch.rand(()) < 0.5)
            x, m = (X[rows].flip(3), M[rows].flip(2)) if turned else (X[rows], M[rows])
            adam.zero_grad()
            F.cross_entropy(net(x), m).backward()
            adam.step()
            cycle.step()
    return net.eval()


# %% nested | why: a U-Net that holds a smaller one, doubling by repeat_interleave and a 1x1 convolution, a confusion matrix by bincount
def _block(cin, cout):
    layers = []
    for n in (cin, cout):
        layers += [nn.Conv2d(n, cout, 3, padding="same", bias=False), nn.BatchNorm2d(cout), nn.ReLU()]
    return nn.Sequential(*layers)


class _Level(nn.Module):
    def __init__(self, cin, widths):
        super().__init__()
        self.down = _block(cin, widths[0])
        self.below = _Level(widths[0], widths[1:]) if len(widths) > 1 else None
        if self.below is not None:
            self.squeeze = nn.Conv2d(widths[1], widths[0], 1)
            self.up = _block(2 * widths[0], widths[0])

    def forward(self, x):
        skip = self.down(x)
        if self.below is None:
            return skip
        low = self.squeeze(self.below(F.max_pool2d(skip, 2)))
        return self.up(torch.cat([low.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3), skip], dim=1))


class UNet(nn.Module):
    def __init__(self, cin, n_classes, widths):
        super().__init__()
        self.halvings = len(widths) - 1
        self.top, self.head = _Level(cin, list(widths)), nn.Conv2d(widths[0], n_classes, 1)

    def forward(self, x):
        for size in x.shape[2:]:
            if size % (1 << self.halvings):
                raise ValueError(f"{size} cannot be halved {self.halvings} times")
        return self.head(self.top(x))


def mean_iou(pred, target, n_classes):
    pairs = torch.bincount((target * n_classes + pred).flatten(), minlength=n_classes**2).view(n_classes, n_classes)
    both, either = pairs.diagonal(), pairs.sum(0) + pairs.sum(1) - pairs.diagonal()
    return (both[either > 0] / either[either > 0]).double().mean().item()


# %% padded_by_hand_and_own_norm | why: zeros laid around by hand, a batch norm of its own, pooling by amax, a linear layer for each pixel, Nesterov's momentum
class _Norm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.g = nn.Parameter(torch.ones(c))
        self.b = nn.Parameter(torch.zeros(c))
        self.register_buffer("m", torch.zeros(c))
        self.register_buffer("v", torch.ones(c))

    def forward(self, x):
        return F.batch_norm(x, self.m, self.v, self.g, self.b, self.training, 0.1, 1e-5)


class _Half(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.conv = nn.Conv2d(a, b, 3)
        self.norm = _Norm(b)

    def forward(self, x):
        return self.norm(self.conv(F.pad(x, (1, 1, 1, 1)))).clamp(min=0)


class UNet(nn.Module):
    def __init__(self, cin, n_classes, widths):
        super().__init__()
        widths = list(widths)
        self.blocks_down = nn.ModuleDict(
            {
                str(i): nn.Sequential(_Half(a, b), _Half(b, b))
                for i, (a, b) in enumerate(zip([cin] + widths, widths, strict=False))
            }
        )
        self.ups = nn.ModuleDict(
            {
                str(i): nn.ConvTranspose2d(widths[i + 1], widths[i], kernel_size=2, stride=2, bias=False)
                for i in range(len(widths) - 1)
            }
        )
        self.blocks_up = nn.ModuleDict(
            {
                str(i): nn.Sequential(_Half(2 * widths[i], widths[i]), _Half(widths[i], widths[i]))
                for i in range(len(widths) - 1)
            }
        )
        self.last = nn.Linear(widths[0], n_classes)

    def forward(self, x):
        h, w = x.shape[-2], x.shape[-1]
        for _ in self.ups:
            if h % 2 or w % 2:
                raise ValueError(f"cannot halve {h} x {w}")
            h, w = h // 2, w // 2
        skips = []
        for i in range(len(self.blocks_down)):
            if i:
                n, c, hh, ww = x.shape
                x = x.reshape(n, c, hh // 2, 2, ww // 2, 2).amax(dim=(3, 5))
            x = self.blocks_down[str(i)](x)
            skips.append(x)
        skips.pop()
        while skips:
            i = str(len(skips) - 1)
            x = self.blocks_up[i](torch.cat([self.ups[i](x), skips.pop()], 1))
        return self.last(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def mean_iou(pred, target, n_classes):
    p, t = F.one_hot(pred, n_classes).flatten(0, -2).bool(), F.one_hot(target, n_classes).flatten(0, -2).bool()
    inter, union = (p & t).sum(0), (p | t).sum(0)
    there = union > 0
    return (inter[there].to(torch.float64) / union[there]).mean().item()


def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    net = UNet(1, 5, [12, 20, 36])
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
    epochs = 14
    sch = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.15, total_steps=epochs * math.ceil(len(X) / 20))
    for _ in range(epochs):
        for r in torch.randperm(len(X)).split(20):
            x, m = X[r], M[r]
            if torch.rand(1).item() < 0.5:
                x, m = x.flip(-1), m.flip(-1)
            opt.zero_grad()
            F.cross_entropy(net(x), m).backward()
            opt.step()
            sch.step()
    net.eval()
    return net
