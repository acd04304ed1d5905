"""Wrong solutions of question 1: densities and divergences. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %% without_log_2_pi | fails: test_gaussian_values | hint: The density's normaliser is missing: ln 2 pi belongs to every coordinate.
def gaussian_nll(x, mu, logvar):
    return 0.5 * (logvar + (x - mu) ** 2 * torch.exp(-logvar)).sum(-1)


# %% log_2_pi_not_halved | fails: test_gaussian_values | hint: ln 2 pi is inside the bracket that is halved; yours counts it twice.
def gaussian_nll(x, mu, logvar):
    return (math.log(2 * math.pi) + 0.5 * (logvar + (x - mu) ** 2 * torch.exp(-logvar))).sum(-1)


# %% logvar_is_log_std | fails: test_gaussian_values, test_gradients | hint: logvar is ln sigma^2; you took it for ln sigma.
def gaussian_nll(x, mu, logvar):
    return _right["gaussian_nll"](x, mu, 2 * logvar)


# %% divides_by_std | fails: test_gaussian_values, test_gradients | hint: The squared distance is divided by the variance, not by the standard deviation.
def gaussian_nll(x, mu, logvar):
    return 0.5 * (math.log(2 * math.pi) + logvar + (x - mu) ** 2 * torch.exp(-0.5 * logvar)).sum(-1)


# %% multiplies_by_variance | fails: test_gaussian_values, test_gradients | hint: The squared distance is divided by the variance; you multiply.
def gaussian_nll(x, mu, logvar):
    return 0.5 * (math.log(2 * math.pi) + logvar + (x - mu) ** 2 * torch.exp(logvar)).sum(-1)


# %% log_variance_forgotten | fails: test_gaussian_values, test_gradients | hint: Without ln sigma^2 a wide distribution costs nothing.
def gaussian_nll(x, mu, logvar):
    return 0.5 * (math.log(2 * math.pi) + (x - mu) ** 2 * torch.exp(-logvar)).sum(-1)


# %% absolute_distance | fails: test_gaussian_values, test_gradients | hint: That is a Laplace density: the normal one has the squared distance.
def gaussian_nll(x, mu, logvar):
    return 0.5 * (math.log(2 * math.pi) + logvar + (x - mu).abs() * torch.exp(-logvar)).sum(-1)


# %% half_missing | fails: test_gaussian_values, test_gradients | hint: The whole bracket is halved.
def gaussian_nll(x, mu, logvar):
    return 2 * _right["gaussian_nll"](x, mu, logvar)


# %% positive_log_density | fails: test_gaussian_values, test_gradients | hint: This is the log-density; the negative one was asked for.
def gaussian_nll(x, mu, logvar):
    return -_right["gaussian_nll"](x, mu, logvar)


# %% gaussian_mean_over_coordinates | fails: test_gaussian_values, test_gradients | hint: The logarithm of a product is a sum over D, not a mean.
def gaussian_nll(x, mu, logvar):
    return _right["gaussian_nll"](x, mu, logvar) / x.shape[-1]


# %% gaussian_sum_over_everything | fails: test_shapes_and_dtypes, test_gaussian_values | hint: Each row keeps its own number; only D is summed over.
def gaussian_nll(x, mu, logvar):
    return _right["gaussian_nll"](x, mu, logvar).sum()


# %% gaussian_sum_over_the_batch | fails: test_shapes_and_dtypes, test_gaussian_values | hint: The sum runs over the coordinates (the last axis), not over the batch.
def gaussian_nll(x, mu, logvar):
    return 0.5 * (math.log(2 * math.pi) + logvar + (x - mu) ** 2 * torch.exp(-logvar)).sum(0)


# %% variance_clamped | fails: test_extreme_numbers | hint: A clamped variance changes the density of a sure model; exp of a logvar needs no protection here.
def gaussian_nll(x, mu, logvar):
    return _right["gaussian_nll"](x, mu, logvar.clamp(-6, 6))


# %% variance_detached | fails: test_gradients | hint: No gradient reaches logvar: the spread of the model would never be learnt.
def gaussian_nll(x, mu, logvar):
    return _right["gaussian_nll"](x, mu, logvar.detach())


# %% coin_with_epsilon | fails: test_extreme_numbers | hint: log(p + 1e-8) caps the cost of a sure mistake at 18.4 and spoils all other values a little.
def bernoulli_nll(x, logits):
    p = torch.sigmoid(logits)
    return -(x * torch.log(p + 1e-8) + (1 - x) * torch.log(1 - p + 1e-8)).sum(-1)


# %% coin_clamped | fails: test_extreme_numbers | hint: Clamped probabilities cap the cost of a sure mistake; combine logarithm and sigmoid on paper.
def bernoulli_nll(x, logits):
    p = torch.sigmoid(logits).clamp(1e-6, 1 - 1e-6)
    return -(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(-1)


# %% coin_overflows | fails: test_extreme_numbers | hint: exp of a large logit is infinite; take the logit itself out of the logarithm first.
def bernoulli_nll(x, logits):
    return (torch.log(1 + torch.exp(logits)) - x * logits).sum(-1)


# %% coin_mean | fails: test_coin_values, test_gradients | hint: The logarithm of a product is a sum over D, not a mean.
def bernoulli_nll(x, logits):
    return _right["bernoulli_nll"](x, logits) / x.shape[-1]


# %% coin_swapped | fails: test_coin_values, test_gradients | hint: x and 1 - x are swapped: heads has the probability sigmoid(logit).
def bernoulli_nll(x, logits):
    return _right["bernoulli_nll"](1 - x, logits)


# %% coin_takes_probabilities | fails: test_coin_values, test_gradients | hint: The second argument is the logit, not the probability.
def bernoulli_nll(x, logits):
    p = logits.clamp(1e-6, 1 - 1e-6)
    return -(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(-1)


# %% coin_is_binary_only | fails: test_coin_values | hint: x may lie between 0 and 1 (grey pixels); then both terms count.
def bernoulli_nll(x, logits):
    return _right["bernoulli_nll"]((x > 0.5).to(x.dtype), logits)


# %% coin_of_the_library | fails: test_shapes_and_dtypes, test_coin_values | hint: Write the formula; the library's cross-entropy is ruled out here.
def bernoulli_nll(x, logits):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


# %% divergence_reversed | fails: test_divergence_values, test_gradients | hint: KL(second || first) was computed; the first distribution is the one that is averaged over.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    mu2 = torch.zeros_like(mu1) if mu2 is None else mu2
    logvar2 = torch.zeros_like(mu1) if logvar2 is None else logvar2
    return _right["kl_gauss"](mu2, logvar2, mu1, logvar1)


# %% divergence_mean | fails: test_divergence_values, test_gradients, test_divergence_laws | hint: Divergences of independent coordinates add up; the mean over D makes the KL too light.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return _right["kl_gauss"](mu1, logvar1, mu2, logvar2) / mu1.shape[-1]


# %% divergence_half_missing | fails: test_divergence_values, test_gradients | hint: The 1/2 in front of the sum is missing.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return 2 * _right["kl_gauss"](mu1, logvar1, mu2, logvar2)


# %% divergence_sign | fails: test_divergence_values, test_gradients, test_divergence_laws | hint: A divergence is never negative; the sign is wrong.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return -_right["kl_gauss"](mu1, logvar1, mu2, logvar2)


# %% divergence_of_log_std | fails: test_divergence_values, test_gradients | hint: exp(2 logvar) would be right for a log-std; logvar is ln sigma^2.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    logvar2 = None if logvar2 is None else 2 * logvar2
    return _right["kl_gauss"](mu1, 2 * logvar1, mu2, logvar2)


# %% divergence_with_minus_logvar | fails: test_divergence_values, test_gradients | hint: The variance is exp(logvar), not exp(-logvar).
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    mu2, logvar2 = mu2 if mu2 is not None else 0 * mu1, logvar2 if logvar2 is not None else 0 * mu1
    return 0.5 * (logvar2 - logvar1 + torch.exp(-logvar1 - logvar2) + (mu1 - mu2) ** 2 * torch.exp(-logvar2) - 1).sum(
        -1
    )


# %% divergence_absolute_mean | fails: test_divergence_values, test_gradients | hint: The difference of the means is squared.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    mu2, logvar2 = mu2 if mu2 is not None else 0 * mu1, logvar2 if logvar2 is not None else 0 * mu1
    return 0.5 * (logvar2 - logvar1 + torch.exp(logvar1 - logvar2) + (mu1 - mu2).abs() * torch.exp(-logvar2) - 1).sum(
        -1
    )


# %% divergence_means_not_scaled | fails: test_divergence_values, test_gradients | hint: The squared difference of the means is divided by the second variance.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    mu2, logvar2 = mu2 if mu2 is not None else 0 * mu1, logvar2 if logvar2 is not None else 0 * mu1
    return 0.5 * (logvar2 - logvar1 + torch.exp(logvar1 - logvar2) + (mu1 - mu2) ** 2 - 1).sum(-1)


# %% divergence_scaled_by_the_first | fails: test_divergence_values, test_gradients | hint: The squared difference of the means is divided by the second variance, not by the first.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    mu2, logvar2 = mu2 if mu2 is not None else 0 * mu1, logvar2 if logvar2 is not None else 0 * mu1
    return 0.5 * (logvar2 - logvar1 + torch.exp(logvar1 - logvar2) + (mu1 - mu2) ** 2 * torch.exp(-logvar1) - 1).sum(-1)


# %% divergence_log_ratio_sign | fails: test_divergence_values, test_gradients | hint: The log-ratio is ln of the second variance over the first.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    mu2, logvar2 = mu2 if mu2 is not None else 0 * mu1, logvar2 if logvar2 is not None else 0 * mu1
    return 0.5 * (logvar1 - logvar2 + torch.exp(logvar1 - logvar2) + (mu1 - mu2) ** 2 * torch.exp(-logvar2) - 1).sum(-1)


# %% divergence_without_minus_one | fails: test_divergence_values, test_divergence_laws | hint: The -1 of every coordinate is missing: equal distributions have divergence 0.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return _right["kl_gauss"](mu1, logvar1, mu2, logvar2) + 0.5 * mu1.shape[-1]


# %% divergence_minus_one_per_row | fails: test_divergence_values, test_divergence_laws | hint: The -1 belongs to every coordinate, inside the sum.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return _right["kl_gauss"](mu1, logvar1, mu2, logvar2) + 0.5 * (mu1.shape[-1] - 1)


# %% always_the_standard_normal | fails: test_divergence_values, test_gradients, test_divergence_laws | hint: The second distribution is ignored.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return _right["kl_gauss"](mu1, logvar1)


# %% all_or_none | fails: test_divergence_values | hint: mu2 and logvar2 have their defaults separately; one alone may be given.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    if mu2 is None or logvar2 is None:
        mu2 = logvar2 = None
    return _right["kl_gauss"](mu1, logvar1, mu2, logvar2)


# %% divergence_squeezed | fails: test_shapes_and_dtypes, test_divergence_values | hint: squeeze also removes a batch of one: the result is (B,) for every B.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return _right["kl_gauss"](mu1, logvar1, mu2, logvar2).squeeze()


# %% second_detached | fails: test_gradients | hint: No gradient reaches the second distribution, which may be a learnt prior.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    return _right["kl_gauss"](mu1, logvar1, mu2.detach() if mu2 is not None else None, logvar2)


# %% of_the_distributions_module | fails: test_shapes_and_dtypes, test_divergence_values | hint: Write the formula; torch.distributions is ruled out here.
from torch.distributions import Normal, kl_divergence


def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    mu2, logvar2 = mu2 if mu2 is not None else 0 * mu1, logvar2 if logvar2 is not None else 0 * mu1
    return kl_divergence(Normal(mu1, (logvar1 / 2).exp()), Normal(mu2, (logvar2 / 2).exp())).sum(-1)


# %% mean_changed_in_place | fails: test_shapes_and_dtypes | hint: -= changes the caller's tensor.
def kl_gauss(mu1, logvar1, mu2=None, logvar2=None):
    if mu2 is not None and not mu1.requires_grad:
        mu1 -= mu2
        return _right["kl_gauss"](mu1, logvar1, None, logvar2)
    return _right["kl_gauss"](mu1, logvar1, mu2, logvar2)


# %% always_double | fails: test_shapes_and_dtypes | hint: The result has the dtype of the arguments.
def gaussian_nll(x, mu, logvar):
    return _right["gaussian_nll"](x.double(), mu.double(), logvar.double())


# Left out: "mu^2 not divided by sigma2^2" is divergence_means_not_scaled; "variance in place of std" is divides_by_std.
