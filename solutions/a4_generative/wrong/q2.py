"""Wrong solutions of question 2: reparametrisation. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _noise(shape, mu, generator):
    return torch.randn(shape, generator=generator, dtype=mu.dtype, device=mu.device)


# %% all_detached | fails: test_gradients_through_given_noise, test_gradients_through_samples | hint: detach cuts the sample off from mu and logvar: the encoder learns nothing.
def reparameterize(mu, logvar, eps):
    return _right["reparameterize"](mu, logvar, eps).detach()


# %% spread_detached | fails: test_gradients_through_given_noise, test_gradients_through_samples | hint: No gradient reaches logvar; the spread of the code would stay as it is.
def reparameterize(mu, logvar, eps):
    return _right["reparameterize"](mu, logvar.detach(), eps)


# %% mean_detached | fails: test_gradients_through_given_noise, test_gradients_through_samples | hint: No gradient reaches mu.
def reparameterize(mu, logvar, eps):
    return _right["reparameterize"](mu.detach(), logvar, eps)


# %% without_gradients | fails: test_gradients_through_given_noise, test_gradients_through_samples | hint: Under torch.no_grad the sample is a constant.
def reparameterize(mu, logvar, eps):
    with torch.no_grad():
        return _right["reparameterize"](mu, logvar, eps)


# %% variance_as_spread | fails: test_values_for_given_noise, test_gradients_through_given_noise, test_samples_are_normal | hint: exp(logvar) is the variance; the noise is scaled by the standard deviation.
def reparameterize(mu, logvar, eps):
    return mu + torch.exp(logvar) * eps


# %% logvar_as_spread | fails: test_values_for_given_noise, test_gradients_through_given_noise, test_samples_are_normal | hint: logvar is a logarithm: take its exponential before you scale with it.
def reparameterize(mu, logvar, eps):
    return mu + logvar * eps


# %% root_of_the_logarithm | fails: test_values_for_given_noise, test_gradients_through_given_noise | hint: The square root belongs to the variance, not to its logarithm (which may be negative).
def reparameterize(mu, logvar, eps):
    return mu + torch.sqrt(logvar) * eps


# %% spread_of_minus_logvar | fails: test_values_for_given_noise, test_gradients_through_given_noise | hint: The sign of the exponent: a large logvar is a large spread.
def reparameterize(mu, logvar, eps):
    return mu + torch.exp(-0.5 * logvar) * eps


# %% spread_bounded | fails: test_extreme_spreads | hint: A clamped or softened exponential is not the one that the encoder's loss assumes.
def reparameterize(mu, logvar, eps):
    return _right["reparameterize"](mu, logvar.clamp(-10, 10), eps)


# %% spread_with_epsilon | fails: test_values_for_given_noise, test_extreme_spreads | hint: exp is positive already; an epsilon added to the spread only changes it.
def reparameterize(mu, logvar, eps):
    return mu + (torch.exp(0.5 * logvar) + 1e-6) * eps


# %% noise_redrawn | fails: test_values_for_given_noise, test_contract_of_latents | hint: The noise is given: eps has to be used, and nothing drawn.
def reparameterize(mu, logvar, eps):
    return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


# %% mean_forgotten | fails: test_values_for_given_noise, test_gradients_through_given_noise, test_samples_are_normal | hint: mu is missing.
def reparameterize(mu, logvar, eps):
    return torch.exp(0.5 * logvar) * eps


# %% noise_subtracted | fails: test_values_for_given_noise, test_gradients_through_given_noise | hint: The noise is added; subtracted it has the same distribution, but it is not the sample that eps stands for.
def reparameterize(mu, logvar, eps):
    return mu - torch.exp(0.5 * logvar) * eps


# %% mean_changed_in_place | fails: test_contract_of_latents | hint: += changes the caller's mu.
def reparameterize(mu, logvar, eps):
    if mu.requires_grad or eps.dim() > mu.dim():
        return _right["reparameterize"](mu, logvar, eps)
    mu += torch.exp(0.5 * logvar) * eps
    return mu


# %% one_noise_for_the_batch | fails: test_samples_are_independent | hint: Every row of the batch needs its own noise.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, _noise((n, 1, mu.shape[1]), mu, generator).expand(n, *mu.shape))


# %% one_noise_for_all_coordinates | fails: test_samples_are_independent | hint: Every coordinate needs its own noise.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, _noise((n, mu.shape[0], 1), mu, generator).expand(n, *mu.shape))


# %% the_same_sample_n_times | fails: test_samples_are_independent, test_samples_are_normal | hint: One sample was repeated n times.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, _noise(mu.shape, mu, generator).expand(n, *mu.shape))


# %% uniform_noise | fails: test_samples_are_normal | hint: Uniform noise of unit variance has the right mean and variance, and is not normal.
def sample_latent(mu, logvar, n, generator):
    eps = torch.rand(n, *mu.shape, generator=generator, dtype=mu.dtype, device=mu.device)
    return reparameterize(mu, logvar, (eps - 0.5) * 12**0.5)


# %% positive_noise | fails: test_samples_are_normal | hint: The noise is never negative: all samples lie on one side of the mean.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, _noise((n, *mu.shape), mu, generator).abs())


# %% noise_of_torch_rand | fails: test_samples_are_normal | hint: torch.rand is uniform on [0, 1); torch.randn is normal.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, torch.rand(n, *mu.shape, generator=generator, dtype=mu.dtype, device=mu.device))


# %% means_of_the_samples | fails: test_samples_are_normal, test_gradients_through_samples | hint: The spread is ignored.
def sample_latent(mu, logvar, n, generator):
    return mu + _noise((n, *mu.shape), mu, generator)


# %% global_generator | fails: test_contract_of_latents, test_the_generator_alone_decides | hint: The samples come from torch's global generator instead of the one that is passed.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, torch.randn(n, *mu.shape, dtype=mu.dtype, device=mu.device))


# %% seed_fixed | fails: test_the_generator_alone_decides | hint: A generator of your own with a fixed seed gives the same samples for ever.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, _noise((n, *mu.shape), mu, torch.Generator(mu.device).manual_seed(0)))


# %% generator_reseeded | fails: test_the_generator_alone_decides | hint: The generator is seeded anew in every call, so a second call repeats the first.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, _noise((n, *mu.shape), mu, generator.manual_seed(generator.initial_seed())))


# %% torch_normal | fails: test_gradients_through_samples | hint: torch.normal draws from the right distribution and knows no gradient.
def sample_latent(mu, logvar, n, generator):
    spread = torch.exp(0.5 * logvar).detach().expand(n, *mu.shape).contiguous()
    return torch.normal(mu.detach().expand(n, *mu.shape).contiguous(), spread, generator=generator)


# %% batch_first | fails: test_contract_of_latents | hint: The n samples are the first axis: (n, B, D).
def sample_latent(mu, logvar, n, generator):
    return _right["sample_latent"](mu, logvar, n, generator).transpose(0, 1)


# %% single_sample_squeezed | fails: test_contract_of_latents | hint: One sample still has the shape (1, B, D).
def sample_latent(mu, logvar, n, generator):
    z = _right["sample_latent"](mu, logvar, n, generator)
    return z[0] if n == 1 else z


# %% always_single | fails: test_contract_of_latents | hint: Doubles in, doubles out: torch.randn without dtype gives float32.
def sample_latent(mu, logvar, n, generator):
    eps = torch.randn(n, *mu.shape, generator=generator, device=mu.device)
    return reparameterize(mu.float(), logvar.float(), eps)


# %% antithetic_pairs | fails: test_samples_are_independent | hint: The second half of the samples mirrors the first: useful for a mean, but such samples are not independent.
def sample_latent(mu, logvar, n, generator):
    half = _noise(((n + 1) // 2, *mu.shape), mu, generator)
    return reparameterize(mu, logvar, torch.cat([half, -half[: n // 2]]))


# %% noise_standardised | fails: test_samples_are_independent, test_contract_of_latents | hint: The noise is brought to mean 0 and variance 1 over the n samples; then they are not independent, and one alone has no noise.
def sample_latent(mu, logvar, n, generator):
    noise = _noise((n, *mu.shape), mu, generator)
    return reparameterize(mu, logvar, (noise - noise.mean(dim=0)) / noise.std(dim=0))


# %% noise_truncated | fails: test_samples_are_normal | hint: The noise is kept within three standard deviations; a normal distribution has tails beyond.
def sample_latent(mu, logvar, n, generator):
    return reparameterize(mu, logvar, _noise((n, *mu.shape), mu, generator).clamp(-3, 3))
