"""Right solutions of question 9 that look different from the reference."""


# %% one_by_one | why: named layers, functions in forward, in-place ReLUs on what belongs to the branch itself
class Inception(nn.Module):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        self.b1 = nn.Conv2d(cin, c1, (1, 1))
        self.b2a = nn.Conv2d(cin, c3r, (1, 1))
        self.b2b = nn.Conv2d(c3r, c3, (3, 3), padding="same")
        self.b3a = nn.Conv2d(cin, c5r, (1, 1))
        self.b3b = nn.Conv2d(c5r, c5, (5, 5), padding="same")
        self.b4 = nn.Conv2d(cin, cp, (1, 1))

    def forward(self, x):
        first = F.relu(self.b1(x), inplace=True)
        second = F.relu(self.b2b(F.relu(self.b2a(x), inplace=True)), inplace=True)
        third = F.relu(self.b3b(F.relu(self.b3a(x), inplace=True)), inplace=True)
        fourth = self.b4(F.max_pool2d(F.pad(x, (1, 1, 1, 1), value=-float("inf")), 3, 1)).clamp_min(0)
        out = x.new_empty(len(x), first.size(1) + second.size(1) + third.size(1) + fourth.size(1), *x.shape[2:])
        at = 0
        for part in (first, second, third, fourth):
            out[:, at : at + part.size(1)] = part
            at += part.size(1)
        return out


# %% a_list_of_branches | why: a ModuleList of branches made by a helper; 1x1 convolutions as matrix products
class _PointWise(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.linear = nn.Linear(n, m)

    def forward(self, x):
        return self.linear(x.movedim(1, -1)).movedim(-1, 1)


def _branch(*layers):
    return nn.Sequential(*[part for layer in layers for part in (layer, nn.ReLU())])


class Inception(nn.Module):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        self.branches = nn.ModuleList(
            [
                _branch(_PointWise(cin, c1)),
                _branch(_PointWise(cin, c3r), nn.Conv2d(c3r, c3, 3, padding=1)),
                _branch(_PointWise(cin, c5r), nn.Conv2d(c5r, c5, 5, padding=2)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), _branch(_PointWise(cin, cp))),
            ]
        )

    def forward(self, x):
        return torch.hstack([branch(x) for branch in self.branches]).relu()


# %% relu_at_the_end | why: one ReLU over all four stacked branches, padding="same", pooling by the maximum of nine shifted maps
class Inception(nn.Module):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        sizes = {"b1": (cin, c1, 1), "r3": (cin, c3r, 1), "b3": (c3r, c3, 3), "r5": (cin, c5r, 1), "b5": (c5r, c5, 5)}
        self.convs = nn.ModuleDict({name: nn.Conv2d(i, o, k, padding="same") for name, (i, o, k) in sizes.items()})
        self.convs["pool"] = nn.Conv2d(cin, cp, 1)

    def forward(self, x):
        H, W = x.shape[-2:]
        around = F.pad(x, (1, 1, 1, 1), value=-torch.inf)
        pooled = torch.stack([around[..., i : i + H, j : j + W] for i in range(3) for j in range(3)]).amax(dim=0)
        conv = self.convs
        branches = [
            conv["b1"](x),
            conv["b3"](conv["r3"](x).relu()),
            conv["b5"](conv["r5"](x).relu()),
            conv["pool"](pooled),
        ]
        return torch.clamp(torch.concat(branches, dim=1), min=0)
