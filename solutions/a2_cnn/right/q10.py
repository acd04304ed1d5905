"""Right solutions of question 10 that look different from the reference."""


# %% written_out | why: in-place ReLUs and sums on arrays of the block's own, shortcut None, stages in a ModuleList
class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__()
        self.first = nn.Conv2d(cin, cout, kernel_size=3, stride=stride, padding=1, bias=False)
        self.norm_first = nn.BatchNorm2d(cout)
        self.second = nn.Conv2d(cout, cout, kernel_size=3, padding="same", bias=False)
        self.norm_second = nn.BatchNorm2d(cout)
        self.norm_second.weight.data.fill_(0 if zero_init else 1)
        self.down = None
        if (cin, 1) != (cout, stride):
            self.down = nn.ModuleDict({"conv": nn.Conv2d(cin, cout, 1, stride, bias=False), "bn": nn.BatchNorm2d(cout)})

    def forward(self, x):
        out = self.norm_first(self.first(x))
        out = F.relu(out, inplace=True)
        out = self.norm_second(self.second(out))
        out += x if self.down is None else self.down["bn"](self.down["conv"](x))
        return out.relu_()


class TinyResNet(nn.Module):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        super().__init__()
        self.conv = nn.Conv2d(in_ch, widths[0], 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(widths[0])
        self.stages = nn.ModuleList()
        before = [widths[0], *widths]
        for s in range(len(widths)):
            first = BasicBlock(before[s], widths[s], stride=1 + (s > 0))
            rest = [BasicBlock(widths[s], widths[s]) for _ in range(blocks[s] - 1)]
            self.stages.append(nn.Sequential(first, *rest))
        self.fc = nn.Linear(widths[-1], num_classes)

    def forward(self, x):
        x = torch.relu(self.bn(self.conv(x)))
        for stage in self.stages:
            x = stage(x)
        x = F.adaptive_avg_pool2d(x, 1)
        return self.fc(torch.flatten(x, 1))


# %% a_chain_of_modules | why: f as one Sequential, the sum by torch.add, the network is a Sequential itself
class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__()

        def normed(n, k, s):
            return [nn.Conv2d(n, cout, k, s, k // 2, bias=False), nn.BatchNorm2d(cout)]

        self.f = nn.Sequential(*normed(cin, 3, stride), nn.ReLU(inplace=True), *normed(cout, 3, 1))
        self.s = nn.Sequential(*normed(cin, 1, stride)) if stride > 1 or cin != cout else nn.Sequential()
        if zero_init:
            with torch.no_grad():
                self.f[-1].weight.zero_()

    def forward(self, x):
        return torch.add(self.f(x), self.s(x)).clamp(min=0)


class TinyResNet(nn.Sequential):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        layers = [nn.Conv2d(in_ch, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(True)]
        now = widths[0]
        for i in range(len(widths)):
            for j in range(blocks[i]):
                layers.append(BasicBlock(now, widths[i], 2 if i and not j else 1))
                now = widths[i]
        super().__init__(*layers, nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(now, num_classes))


# %% sequential_parts | why: nn.Sequential for f and for the stages, zero_init by fill_ under no_grad, the mean by adaptive pooling
class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(cin, cout, (3, 3), (stride, stride), (1, 1), bias=False),
            nn.BatchNorm2d(cout),
            nn.ReLU(inplace=True),
            nn.Conv2d(cout, cout, 3, padding="same", bias=False),
            nn.BatchNorm2d(cout),
        )
        if zero_init:
            with torch.no_grad():
                self.f[-1].weight.fill_(0)
        same = cin == cout and stride == 1
        self.s = (
            nn.Identity() if same else nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))
        )

    def forward(self, x):
        return F.relu(self.f(x).add(self.s(x)))


def TinyResNet(widths, blocks, num_classes, in_ch=3):
    layers = [nn.Conv2d(in_ch, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
    before = widths[0]
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=False)):
        for number in range(count):
            layers.append(BasicBlock(before, width, 2 if stage and not number else 1))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_classes))
