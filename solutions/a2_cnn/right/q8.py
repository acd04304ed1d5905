"""Right solutions of question 8 that look different from the reference."""


# %% c5_is_linear | why: C5 sees 5x5 positions, so that a linear layer of 400 inputs is the same; functions in forward
class LeNet5(nn.Module):
    def __init__(self, num_classes=26):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, kernel_size=5)
        self.c3 = nn.Conv2d(6, 16, kernel_size=5)
        self.c5 = nn.Linear(400, 120)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, num_classes)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.c3(x)), 2)
        x = torch.tanh(self.c5(x.view(x.size(0), -1)))
        return self.output(torch.tanh(self.f6(x)))


class _VGG(nn.Module):
    def __init__(self, cfg, in_ch, num_classes, batchnorm):
        super().__init__()
        self.cfg, self.convolutions = cfg, nn.ModuleList()
        for entry in cfg:
            if entry != "M":
                self.convolutions.append(nn.Conv2d(in_ch, entry, (3, 3), padding="same"))
                if batchnorm:
                    self.convolutions.append(nn.BatchNorm2d(entry))
                in_ch = entry
        self.batchnorm = batchnorm
        self.out = nn.Linear(in_ch, num_classes)

    def forward(self, x):
        layers = iter(self.convolutions)
        for entry in self.cfg:
            if entry == "M":
                x = F.max_pool2d(x, kernel_size=2)
            else:
                x = next(layers)(x)
                x = F.relu(next(layers)(x) if self.batchnorm else x, inplace=True)
        return self.out(x.mean((-2, -1)))


def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _VGG(cfg, in_ch, num_classes, batchnorm)


# %% parameters_by_hand | why: weights as nn.Parameter, and a VGG that is nested modules, one a stage
class LeNet5(nn.Module):
    def __init__(self, num_classes=26):
        super().__init__()
        self.weights = nn.ParameterList()
        for shape in ((6, 1, 5, 5), (16, 6, 5, 5), (120, 16, 5, 5), (84, 120), (num_classes, 84)):
            self.weights.append(nn.Parameter(0.1 * torch.randn(shape)))
            self.weights.append(nn.Parameter(torch.zeros(shape[0])))

    def forward(self, x):
        w = list(self.weights)
        for layer in (0, 2, 4):
            x = torch.tanh(F.conv2d(x, w[layer], w[layer + 1]))
            if layer < 4:
                N, C, H, W = x.shape
                x = x.reshape(N, C, H // 2, 2, W // 2, 2).mean(dim=(3, 5))
        x = torch.tanh(F.linear(x[:, :, 0, 0], w[6], w[7]))
        return F.linear(x, w[8], w[9])


def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    stages, stage = [], []
    for entry in [*cfg, None]:
        if entry == "M" or entry is None:
            stages.append(nn.Sequential(*stage))
            stage = [nn.MaxPool2d(2, 2)]
        else:
            stage.append(nn.Conv2d(in_ch, entry, 3, 1, 1))
            stage.extend([nn.BatchNorm2d(entry)] if batchnorm else [])
            stage.append(nn.ReLU(inplace=True))
            in_ch = entry
    head = nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(in_ch, num_classes))
    return nn.Sequential(*stages, head)


# %% functional | why: F.conv2d on layers of a ModuleList, C5 as a linear layer, a class for VGG that keeps its own plan
class LeNet5(nn.Module):
    def __init__(self, num_classes=26):
        super().__init__()
        self.maps = nn.ModuleList([nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)])
        self.dense = nn.ModuleList([nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, num_classes)])

    def forward(self, x):
        for conv in self.maps:
            x = torch.tanh(F.conv2d(x, conv.weight, conv.bias))
            x = x.unflatten(2, (-1, 2)).unflatten(4, (-1, 2)).mean(dim=(3, 5))
        x = x.flatten(1)
        for number, layer in enumerate(self.dense):
            x = layer(x.tanh() if number else x)
        return x


class _Vgg(nn.Module):
    def __init__(self, cfg, in_ch, num_classes, batchnorm):
        super().__init__()
        self.steps = nn.ModuleList()
        for entry in cfg:
            if isinstance(entry, str):
                self.steps.append(nn.MaxPool2d(kernel_size=2))
                continue
            self.steps.append(nn.Conv2d(in_ch, entry, 3, padding="same"))
            if batchnorm:
                self.steps.append(nn.BatchNorm2d(entry))
            self.steps.append(nn.ReLU(inplace=True))
            in_ch = entry
        self.head = nn.Linear(in_ch, num_classes)

    def forward(self, x):
        for step in self.steps:
            x = step(x)
        return self.head(torch.einsum("nchw->nc", x) / (x.shape[2] * x.shape[3]))


def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _Vgg(tuple(cfg), in_ch, num_classes, batchnorm)
