"""Right solutions of question 2 that look different from the reference."""


# %% one_at_a_time | why: a loop over samples and rows, the spread as a square root of the variance
def reparameterize(mu, logvar, eps):
    sigma = torch.sqrt(torch.exp(logvar))
    return torch.stack([mu[i] + sigma[i] * eps[i] for i in range(len(mu))])


def sample_latent(mu, logvar, n, generator):
    samples = []
    for _ in range(n):
        eps = torch.empty_like(mu, requires_grad=False).normal_(generator=generator)
        samples.append(reparameterize(mu, logvar, eps))
    return torch.stack(samples)


# %% addcmul_and_one_long_draw | why: a fused operation; one flat draw, reshaped; torch.normal for the noise alone
def reparameterize(mu, logvar, eps):
    return torch.addcmul(mu, eps, logvar.mul(0.5).exp())


def sample_latent(mu, logvar, n, generator):
    B, D = mu.shape
    noise = torch.normal(0.0, 1.0, (n * B * D,), generator=generator, dtype=mu.dtype, device=mu.device)
    wide = [t.unsqueeze(0).repeat(n, 1, 1) for t in (mu, logvar)]
    return reparameterize(*wide, noise.view(n, B, D))


# %% box_muller | why: normal noise made by hand from uniform numbers
def sample_latent(mu, logvar, n, generator):
    shape = (2, n, *mu.shape)
    u, v = torch.rand(shape, generator=generator, dtype=mu.dtype, device=mu.device)
    eps = torch.sqrt(-2 * torch.log(1 - u)) * torch.cos(2 * math.pi * v)
    return mu + eps * (logvar / 2).exp()


# %% addcmul | why: one fused operation, noise by normal_ in an empty tensor, axes put in front by broadcasting
def reparameterize(mu, logvar, eps):
    return torch.addcmul(mu, torch.exp(0.5 * logvar), eps)


def sample_latent(mu, logvar, n, generator):
    noise = torch.empty(n, *mu.shape, dtype=mu.dtype, device=mu.device).normal_(generator=generator)
    return mu + (0.5 * logvar).exp() * noise


# %% row_by_row | why: a sample after the other, each with a call of its own, stacked at the end
def reparameterize(mu, logvar, eps):
    return eps * logvar.div(2).exp() + mu


def sample_latent(mu, logvar, n, generator):
    draws = []
    for _ in range(n):
        eps = torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=generator.device)
        draws.append(reparameterize(mu, logvar, eps))
    return torch.stack(draws)
