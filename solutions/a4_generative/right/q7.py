"""Right solutions of question 7 that look different from the reference."""


# %% one_layer_at_a_time | why: ModuleLists, needless biases, functional activations, flatten, init by apply
class DCGenerator(nn.Module):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__()
        widths = {16: [2 * ch, ch], 32: [4 * ch, 2 * ch, ch]}[size]
        self.z_dim = z_dim
        self.up = nn.ModuleList([nn.ConvTranspose2d(z_dim, widths[0], 4, 1, 0)])
        for wide, narrow in zip(widths, widths[1:], strict=False):
            self.up.append(nn.ConvTranspose2d(wide, narrow, kernel_size=4, stride=2, padding=1))
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) for width in widths])
        self.last = nn.ConvTranspose2d(ch, out_ch, kernel_size=4, stride=2, padding=1)

    def forward(self, z):
        h = z.view(-1, self.z_dim, 1, 1)
        for layer, norm in zip(self.up, self.norms, strict=True):
            h = F.relu(norm(layer(h)))
        return torch.tanh(self.last(h))


class DCDiscriminator(nn.Module):
    def __init__(self, ch, in_ch=1, size=16):
        super().__init__()
        self.first = nn.Conv2d(in_ch, ch, 4, stride=2, padding=1)
        doublings = int(math.log2(size // 4)) - 1
        self.down = nn.ModuleList(nn.Conv2d(ch * 2**i, ch * 2 ** (i + 1), 4, 2, 1) for i in range(doublings))
        self.norms = nn.ModuleList(nn.BatchNorm2d(ch * 2 ** (i + 1)) for i in range(doublings))
        self.last = nn.Conv2d(ch * 2**doublings, 1, 4, 1, 0)

    def forward(self, x):
        h = self.first(x)
        h = torch.where(h > 0, h, 0.2 * h)
        for layer, norm in zip(self.down, self.norms, strict=True):
            h = F.leaky_relu(norm(layer(h)), negative_slope=0.2)
        return self.last(h).flatten()


def dcgan_init(module):
    def draw(layer):
        kind = type(layer).__name__
        with torch.no_grad():
            if kind.startswith("Conv"):
                layer.weight.normal_(0, 0.02)
            if kind.startswith("BatchNorm"):
                layer.weight.normal_(1, 0.02)
                layer.bias.fill_(0)

    module.apply(draw)


class CondGenerator(nn.Module):
    def __init__(self, z_dim, n_classes, out_dim, hidden):
        super().__init__()
        self.table = nn.Parameter(torch.randn(n_classes, z_dim))
        self.first, self.second = nn.Linear(z_dim + z_dim, hidden), nn.Linear(hidden, out_dim)

    def forward(self, z, y):
        return self.second(F.relu(self.first(torch.cat((z, self.table[y]), -1))))


# %% one_hot_and_linear_maps | why: embedding as a matrix product, kernel-4 layers on flat vectors, other order of blocks
class DCGenerator(nn.Module):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__()
        self.ch, self.size = ch, size
        wide = ch * (size // 8)
        self.blocks = nn.Sequential()
        channels = [z_dim, *[wide // 2**i for i in range(int(math.log2(size)) - 2)], out_ch]
        for i, (a, b) in enumerate(zip(channels, channels[1:], strict=False)):
            final = i == len(channels) - 2
            geometry = {"stride": 1} if i == 0 else {"stride": 2, "padding": 1}
            self.blocks.append(nn.ConvTranspose2d(a, b, 4, **geometry, bias=final))
            if not final:
                self.blocks.append(nn.Sequential(nn.BatchNorm2d(b), nn.ReLU(inplace=True)))

    def forward(self, z):
        out = self.blocks(z.unsqueeze(-1).unsqueeze(-1))
        return 2 * torch.sigmoid(2 * out) - 1


class CondGenerator(nn.Module):
    def __init__(self, z_dim, n_classes, out_dim, hidden):
        super().__init__()
        self.n_classes = n_classes
        self.label = nn.Linear(n_classes, z_dim, bias=False)
        self.net = nn.Sequential(nn.Linear(2 * z_dim, hidden), nn.ReLU(), nn.Linear(hidden, out_dim))

    def forward(self, z, y):
        label = self.label(F.one_hot(y, self.n_classes).to(self.label.weight.dtype))
        return self.net(torch.cat([label, z], dim=1))


# %% unflatten_first | why: Unflatten and Flatten inside Sequential, factories as functions, biases everywhere, init by walking named modules
class DCGenerator(nn.Sequential):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        k = int(math.log2(size // 4))
        widths = [ch * 2**n for n in reversed(range(k))]
        layers = [nn.Unflatten(1, (z_dim, 1, 1)), nn.ConvTranspose2d(z_dim, widths[0], 4)]
        for cin, cout in zip(widths, widths[1:], strict=False):
            layers += [nn.BatchNorm2d(cin), nn.ReLU(inplace=True), nn.ConvTranspose2d(cin, cout, 4, 2, 1)]
        layers += [nn.BatchNorm2d(ch), nn.ReLU(inplace=True), nn.ConvTranspose2d(ch, out_ch, 4, 2, 1), nn.Tanh()]
        super().__init__(*layers)


class DCDiscriminator(nn.Sequential):
    def __init__(self, ch, in_ch=1, size=16):
        layers, side = [nn.Conv2d(in_ch, ch, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)], size // 2
        while side > 4:
            layers += [nn.Conv2d(ch, 2 * ch, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * ch), nn.LeakyReLU(0.2)]
            ch, side = 2 * ch, side // 2
        super().__init__(*layers, nn.Conv2d(ch, 1, 4), nn.Flatten(0))


@torch.no_grad()
def dcgan_init(module):
    for _, part in module.named_modules():
        match part:
            case (
                nn.Conv1d()
                | nn.Conv2d()
                | nn.Conv3d()
                | nn.ConvTranspose1d()
                | nn.ConvTranspose2d()
                | nn.ConvTranspose3d()
            ):
                part.weight.copy_(0.02 * torch.randn_like(part.weight))
            case nn.BatchNorm1d() | nn.BatchNorm2d() | nn.BatchNorm3d():
                part.weight.copy_(1 + 0.02 * torch.randn_like(part.weight))
                part.bias.zero_()


class CondGenerator(nn.Module):
    def __init__(self, z_dim, n_classes, out_dim, hidden):
        super().__init__()
        self.table = nn.Embedding(n_classes, z_dim)
        self.first, self.second = nn.Linear(2 * z_dim, hidden), nn.Linear(hidden, out_dim)

    def forward(self, z, y):
        return self.second(self.first(torch.hstack([z, self.table.weight[y]])).clamp(min=0))
