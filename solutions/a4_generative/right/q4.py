"""Right solutions of question 4 that look different from the reference."""


# %% two_heads_and_tanh | why: separate layers for mu and logvar, tanh, one class made of the other, exact bound of the linear VAE
class VAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden):
        super().__init__()
        self.body = nn.Linear(x_dim, hidden)
        self.to_mu, self.to_logvar = nn.Linear(hidden, z_dim), nn.Linear(hidden, z_dim)
        self.hidden, self.out = nn.Linear(z_dim, hidden), nn.Linear(hidden, x_dim)

    def encode(self, x):
        h = torch.tanh(self.body(x))
        return [self.to_mu(h), self.to_logvar(h)]

    def decode(self, z):
        return self.out(torch.tanh(self.hidden(z)))

    def forward(self, x, eps):
        mu, logvar = self.encode(x)
        z = mu + logvar.mul(0.5).exp() * eps
        return [self.decode(z), mu, logvar]

    def sample(self, n, generator):
        with torch.no_grad():
            z = torch.empty(n, self.hidden.in_features, device=generator.device).normal_(generator=generator)
            return self.decode(z).sigmoid()


class CVAE(VAE):
    def __init__(self, x_dim, z_dim, hidden, n_classes):
        super().__init__(x_dim, z_dim, hidden)
        self.z_dim = z_dim
        self.register_buffer("labels", torch.eye(n_classes))
        self.body = nn.Linear(x_dim + n_classes, hidden)
        self.hidden = nn.Linear(z_dim + n_classes, hidden)

    def encode(self, x, y):
        return super().encode(torch.cat((self.labels[y], x), 1))

    def decode(self, z, y):
        return super().decode(torch.cat((self.labels[y], z), 1))

    def forward(self, x, eps, y):
        mu, logvar = self.encode(x, y)
        return self.decode(mu + torch.exp(0.5 * logvar) * eps, y), mu, logvar

    def sample(self, y, generator):
        z = torch.randn((y.numel(), self.z_dim), generator=generator, device=y.device)
        return 1 / (1 + torch.exp(-self.decode(z, y)))


def train_linear_vae(X, z_dim, seed):
    torch.manual_seed(seed)
    encoder, decoder = nn.Linear(6, 2 * z_dim).to(X.device), nn.Linear(z_dim, 6).to(X.device)
    log_std = torch.zeros(1, device=X.device, requires_grad=True)

    def bound(x):  # exact: the expectation of the squared distance can be done for a linear decoder
        mu, logvar = encoder(x)[:, :z_dim], encoder(x)[:, z_dim:]
        squares = ((x - decoder(mu)) ** 2).sum(1) + (logvar.exp() @ (decoder.weight**2).T).sum(1)
        rec = 0.5 * squares / torch.exp(2 * log_std) + 6 * (log_std + 0.5 * math.log(2 * math.pi))
        return -(rec + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)).mean()

    optimiser = torch.optim.LBFGS(
        [*encoder.parameters(), *decoder.parameters(), log_std], max_iter=300, line_search_fn="strong_wolfe"
    )

    def closure():
        optimiser.zero_grad()
        loss = -bound(X)
        loss.backward()
        return loss

    optimiser.step(closure)
    return {
        "encode": lambda x: (encoder(x)[:, :z_dim], encoder(x)[:, z_dim:]),
        "decode": decoder,
        "obs_logvar": 2 * log_std.detach().squeeze(),
        "elbo": lambda x: bound(x),
    }


# %% lists_of_layers | why: ModuleList and ModuleDict, one-hot by scatter, AdamW with whole batches, bound by a loop
class VAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden):
        super().__init__()
        self.sizes = x_dim, z_dim
        self.parts = nn.ModuleDict(
            {
                "enc": nn.ModuleList([nn.Linear(x_dim, hidden), nn.Linear(hidden, z_dim * 2)]),
                "dec": nn.ModuleList([nn.Linear(z_dim, hidden), nn.Linear(hidden, x_dim)]),
            }
        )

    def run(self, part, x):
        first, second = self.parts[part]
        return second(F.leaky_relu(first(x), 0.1))

    def encode(self, x):
        h = self.run("enc", x)
        return h[:, ::2], h[:, 1::2]

    def decode(self, z):
        return self.run("dec", z)

    def forward(self, x, eps):
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar, eps)), mu, logvar

    def sample(self, n, generator):
        rows = [torch.randn(1, self.sizes[1], generator=generator, device=generator.device) for _ in range(n)]
        return torch.sigmoid(torch.cat([self.decode(z) for z in rows]))


class CVAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden, n_classes):
        super().__init__()
        self.x_dim, self.z_dim, self.n_classes = x_dim, z_dim, n_classes
        self.enc1, self.enc2 = nn.Linear(x_dim + n_classes, hidden), nn.Linear(hidden, 2 * z_dim)
        self.dec1, self.dec2 = nn.Linear(z_dim + n_classes, hidden), nn.Linear(hidden, x_dim)

    def tell(self, v, y):
        label = torch.zeros(len(y), self.n_classes, device=v.device)
        return torch.cat([v, label.scatter(1, y[:, None], 1.0)], dim=1)

    def encode(self, x, y):
        return torch.split(self.enc2(torch.sigmoid(self.enc1(self.tell(x, y)))), self.z_dim, dim=1)

    def decode(self, z, y):
        return self.dec2(torch.sigmoid(self.dec1(self.tell(z, y))))

    def forward(self, x, eps, y):
        mu, logvar = self.encode(x, y)
        return self.decode(reparameterize(mu, logvar, eps), y), mu, logvar

    def sample(self, y, generator):
        return torch.sigmoid(
            self.decode(sample_latent(*(torch.zeros(len(y), self.z_dim, device=y.device),) * 2, 1, generator)[0], y)
        )


class _Linear(nn.Module):
    def __init__(self, X, z_dim):
        super().__init__()
        self.center = X.mean(0)
        self.mu, self.logvar = nn.Linear(6, z_dim, bias=False), nn.Parameter(torch.zeros(z_dim))
        self.back, self.spread = nn.Linear(z_dim, 6, bias=False), nn.Parameter(torch.zeros(1))
        self.to(X.device)

    def encode(self, x):
        mu = self.mu(x - self.center)
        return mu, self.logvar.expand_as(mu)  # the exact posterior has the same variance everywhere

    def decode(self, z):
        return self.back(z) + self.center

    def elbo(self, x, times=25):
        mu, logvar = self.encode(x)
        total = 0.0
        for _ in range(times):
            out = self.decode(mu + torch.exp(logvar / 2) * torch.randn_like(mu))
            total = total - elbo_terms(x, out, mu, logvar, "gaussian", self.spread)["loss"] / times
        return total


def train_linear_vae(X, z_dim, seed):
    torch.manual_seed(seed)
    net = _Linear(X, z_dim)
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.03, weight_decay=0.0)
    for step in range(900):
        for group in optimiser.param_groups:
            group["lr"] = 0.05 * (1 - step / 900)
        optimiser.zero_grad()
        (-net.elbo(X[torch.randint(len(X), (500,), device=X.device)], 1)).backward()
        optimiser.step()
    return {
        "encode": net.encode,
        "decode": net.decode,
        "obs_logvar": net.spread.item(),
        "elbo": lambda x: net.elbo(x).item(),
    }


# %% narrow_posteriors_and_large_weights | why: other first weights: logvar begins near -6, the decoder's are normal with variance 1
class VAE(VAE):
    def __init__(self, x_dim, z_dim, hidden):
        super().__init__(x_dim, z_dim, hidden)
        with torch.no_grad():
            self.encoder[-1].bias[z_dim:] = -6.0
            for layer in (self.decoder[0], self.decoder[2]):
                layer.weight.normal_()


# %% bare_parameters | why: two heads instead of two halves, tanh and SiLU inside, labels as columns of the weights by F.embedding-like sums
class VAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden):
        super().__init__()
        self.z_dim = z_dim
        self.read = nn.Sequential(nn.Linear(x_dim, hidden), nn.SiLU())
        self.heads = nn.ModuleDict({"mu": nn.Linear(hidden, z_dim), "logvar": nn.Linear(hidden, z_dim)})
        self.write = nn.Sequential(nn.Linear(z_dim, hidden), nn.SiLU(), nn.Linear(hidden, x_dim))

    def encode(self, x):
        h = self.read(x)
        return [head(h) for head in self.heads.values()]

    def decode(self, z):
        return self.write(z)

    def forward(self, x, eps):
        mu, logvar = self.encode(x)
        return self.decode(torch.addcmul(mu, eps, (logvar / 2).exp())), mu, logvar

    def sample(self, n, generator):
        like = next(self.parameters())
        z = torch.randn(n, self.z_dim, generator=generator, device=generator.device).to(like)
        return self.decode(z).sigmoid()


class CVAE(nn.Module):
    def __init__(self, x_dim, z_dim, hidden, n_classes):
        super().__init__()
        self.z_dim, self.n_classes = z_dim, n_classes
        self.inner = VAE(x_dim, z_dim, hidden)
        self.inner.read[0] = nn.Linear(x_dim + n_classes, hidden)
        self.inner.write[0] = nn.Linear(z_dim + n_classes, hidden)

    def _with(self, a, y):
        return torch.cat([a, torch.eye(self.n_classes, dtype=a.dtype, device=a.device)[y]], dim=-1)

    def encode(self, x, y):
        return self.inner.encode(self._with(x, y))

    def decode(self, z, y):
        return self.inner.decode(self._with(z, y))

    def forward(self, x, eps, y):
        mu, logvar = self.encode(x, y)
        return [self.decode(mu + eps * torch.exp(logvar * 0.5), y), mu, logvar]

    def sample(self, y, generator):
        like = next(self.parameters())
        z = torch.randn(len(y), self.z_dim, generator=generator, device=generator.device).to(like)
        return 1 / (1 + torch.exp(-self.decode(z, y)))
