"""Wrong solutions of question 3: bounds. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _terms(rec, kl, beta=1.0):
    return {"loss": rec + beta * kl, "rec": rec, "kl": kl}


def _each(mu, logvar):
    return 0.5 * (mu**2 + torch.exp(logvar) - 1 - logvar)


# %% rec_averaged_over_pixels | fails: test_bernoulli_bound, test_gaussian_bound, test_laws_of_the_bound | hint: The log-likelihood of a picture is the sum over its pixels; averaged it is far too light beside the KL.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return _terms(terms["rec"] / x.shape[1], terms["kl"], beta)


# %% kl_averaged_over_dimensions | fails: test_bernoulli_bound, test_gaussian_bound | hint: The KL is the sum over the latent dimensions, not their mean.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return _terms(terms["rec"], terms["kl"] / mu.shape[1], beta)


# %% kl_with_the_wrong_sign | fails: test_bernoulli_bound, test_gaussian_bound | hint: In a loss the KL is added; with a minus the optimiser makes it as large as it can.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return _terms(terms["rec"], -terms["kl"], beta)


# %% kl_subtracted_from_the_loss | fails: test_bernoulli_bound, test_gaussian_bound, test_laws_of_the_bound | hint: loss = rec + beta * kl; you subtract the KL.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return {**terms, "loss": terms["rec"] - beta * terms["kl"]}


# %% beta_on_rec | fails: test_bernoulli_bound, test_laws_of_the_bound | hint: beta multiplies the KL, not the reconstruction.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return {**terms, "loss": beta * terms["rec"] + terms["kl"]}


# %% beta_ignored | fails: test_bernoulli_bound, test_laws_of_the_bound | hint: beta is ignored.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, 1.0, free_bits)


# %% beta_inside_kl | fails: test_bernoulli_bound | hint: "kl" is the divergence itself; beta comes in only where the loss is put together.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return {**terms, "kl": beta * terms["kl"]}


# %% sum_over_the_batch | fails: test_bernoulli_bound, test_gaussian_bound, test_laws_of_the_bound | hint: Both terms are means over the batch; yours are sums.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return _terms(len(x) * terms["rec"], len(x) * terms["kl"], beta)


# %% kl_summed_over_the_batch | fails: test_bernoulli_bound, test_gaussian_bound, test_laws_of_the_bound | hint: rec is a mean over the batch and kl is a sum: that weighs the KL by B.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return _terms(terms["rec"], len(x) * terms["kl"], beta)


# %% bound_instead_of_loss | fails: test_bernoulli_bound, test_gaussian_bound | hint: The loss is minus the bound: it is to become small.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return {**terms, "loss": -terms["loss"]}


# %% rec_with_the_wrong_sign | fails: test_bernoulli_bound, test_gaussian_bound | hint: rec is the negative log-likelihood.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return _terms(-terms["rec"], terms["kl"], beta)


# %% kl_detached | fails: test_gradients_of_the_bound | hint: No gradient flows through the KL; the code would never become cheap.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    return _right["elbo_terms"](x, dec_out, mu.detach(), logvar.detach(), likelihood, dec_logvar, beta, free_bits)


# %% floats_returned | fails: test_contract_of_the_bounds, test_gradients_of_the_bound | hint: .item() makes a number of a tensor, and nothing can be learnt from a number.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return {key: value.item() for key, value in terms.items()}


# %% gaussian_is_squared_error | fails: test_gaussian_bound, test_gradients_of_the_bound | hint: Half the squared error is not a density: ln 2 pi and the variance are missing.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](
        x, dec_out, mu, logvar, "gaussian" if likelihood == "gaussian" else likelihood, dec_logvar, beta, free_bits
    )
    return _terms(0.5 * ((x - dec_out) ** 2).sum(1).mean(), terms["kl"], beta) if likelihood == "gaussian" else terms


# %% gaussian_without_log_2_pi | fails: test_gaussian_bound | hint: ln 2 pi for every pixel is missing from the Gaussian likelihood.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    missing = 0.5 * x.shape[1] * math.log(2 * math.pi) if likelihood == "gaussian" else 0.0
    return _terms(terms["rec"] - missing, terms["kl"], beta)


# %% gaussian_log_variance_once | fails: test_gaussian_bound, test_gradients_of_the_bound, test_laws_of_the_bound | hint: A dec_logvar that is one number belongs to each of the D pixels; it was counted once.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    if likelihood != "gaussian":
        return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    spread = torch.as_tensor(dec_logvar, dtype=x.dtype, device=x.device)
    squares = ((x - dec_out) ** 2 * torch.exp(-spread) + math.log(2 * math.pi)).sum(1).mean()
    once = spread.sum() if spread.dim() < 2 else spread.sum(1).mean()
    return _terms(
        0.5 * (squares + once),
        _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, 0.0, beta, free_bits)["kl"],
        beta,
    )


# %% dec_logvar_ignored | fails: test_gaussian_bound, test_gradients_of_the_bound | hint: dec_logvar is ignored.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, 0.0, beta, free_bits)


# %% dec_logvar_is_log_std | fails: test_gaussian_bound, test_gradients_of_the_bound | hint: dec_logvar is ln sigma^2; you took it for ln sigma.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, 2 * dec_logvar, beta, free_bits)


# %% dec_logvar_detached | fails: test_gradients_of_the_bound | hint: dec_logvar may be a parameter: torch.tensor(...) or float(...) of it loses the gradient.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    dec_logvar = dec_logvar.detach() if isinstance(dec_logvar, torch.Tensor) else dec_logvar
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)


# %% gaussian_of_logits | fails: test_gaussian_bound, test_gradients_of_the_bound | hint: For the Gaussian likelihood dec_out is the mean itself, no logit.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    dec_out = torch.sigmoid(dec_out) if likelihood == "gaussian" else dec_out
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)


# %% bernoulli_with_epsilon | fails: test_sure_decoders_and_tiny_weights | hint: log(p + 1e-8) caps what a sure mistake costs; use the logits.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    if likelihood != "bernoulli":
        return terms
    p = torch.sigmoid(dec_out)
    return _terms(-(x * torch.log(p + 1e-8) + (1 - x) * torch.log(1 - p + 1e-8)).sum(1).mean(), terms["kl"], beta)


# %% likelihood_ignored | fails: test_gaussian_bound, test_contract_of_the_bounds | hint: The likelihood is always Bernoulli.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    return _right["elbo_terms"](x, dec_out, mu, logvar, "bernoulli", dec_logvar, beta, free_bits)


# %% any_other_likelihood_is_gaussian | fails: test_contract_of_the_bounds | hint: An unknown likelihood is a ValueError; a misspelt name must not be taken for another.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    likelihood = likelihood if likelihood == "bernoulli" else "gaussian"
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)


# %% free_bits_ignored | fails: test_free_bits | hint: free_bits is ignored.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta)


# %% free_bits_per_sample | fails: test_free_bits, test_gradients_of_the_bound | hint: The minimum applies to the batch mean of a dimension's KL, not to each sample.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    rec = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar)["rec"]
    return _terms(rec, _each(mu, logvar).clamp(min=free_bits).sum(1).mean(), beta)


# %% free_bits_on_the_sum | fails: test_free_bits, test_gradients_of_the_bound | hint: Every dimension has its own minimum; yours is one for the sum of them all.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar)
    return _terms(terms["rec"], terms["kl"].clamp(min=free_bits), beta)


# %% free_bits_are_a_discount | fails: test_free_bits | hint: Free bits are a minimum, max(KL, free_bits); nothing is subtracted.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    rec = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar)["rec"]
    return _terms(rec, (_each(mu, logvar).mean(0) - free_bits).clamp(min=0).sum(), beta)


# %% free_bits_kill_all_gradients | fails: test_gradients_of_the_bound | hint: Only the dimensions below their minimum lose the gradient; the others keep it.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    below = bool((_each(mu, logvar).mean(0) < free_bits).any())
    return _terms(terms["rec"], terms["kl"].detach() if below else terms["kl"], beta)


# %% free_bits_keep_the_gradient | fails: test_gradients_of_the_bound | hint: Below its minimum a dimension's KL is constant, so no gradient comes from it.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    plain = _each(mu, logvar).mean(0).sum()
    return _terms(terms["rec"], plain + (terms["kl"] - plain).detach(), beta)


# %% free_bits_in_the_loss_alone | fails: test_free_bits | hint: "kl" is what the loss counts: the free bits belong in it too.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    return {**terms, "kl": _each(mu, logvar).mean(0).sum()}


# %% free_bits_of_a_log_base_2 | fails: test_free_bits | hint: "Bits" is only the name: free_bits is in nats, as the KL.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits * math.log(2))


# %% mean_of_the_logarithms | fails: test_importance_weighted_bound, test_gradient_of_the_weighted_bound | hint: That is the plain bound: the weights are averaged first, then the logarithm is taken.
def iwae_bound(log_w):
    return log_w.mean()


# %% weights_exponentiated | fails: test_sure_decoders_and_tiny_weights | hint: exp(-10000) is 0: take the largest logarithm out first (logsumexp).
def iwae_bound(log_w):
    return torch.log(torch.exp(log_w).mean(dim=0)).mean()


# %% one_shift_for_all | fails: test_sure_decoders_and_tiny_weights | hint: Every row of the batch needs its own largest logarithm.
def iwae_bound(log_w):
    top = log_w.max()
    return (top + torch.log(torch.exp(log_w - top).mean(dim=0))).mean()


# %% log_k_missing | fails: test_importance_weighted_bound, test_laws_of_the_weighted_bound | hint: The weights are averaged, not summed: ln K is missing.
def iwae_bound(log_w):
    return torch.logsumexp(log_w, dim=0).mean()


# %% axes_swapped | fails: test_importance_weighted_bound, test_gradient_of_the_weighted_bound | hint: log_w is (K, B): the samples are axis 0, the rows of the batch axis 1.
def iwae_bound(log_w):
    return (torch.logsumexp(log_w, dim=1) - math.log(log_w.shape[1])).mean()


# %% log_of_the_batch | fails: test_importance_weighted_bound | hint: ln K is subtracted, K being the number of samples; you subtract ln B.
def iwae_bound(log_w):
    return (torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[1])).mean()


# %% best_weight_alone | fails: test_importance_weighted_bound, test_gradient_of_the_weighted_bound | hint: The largest weight is not the mean of the weights.
def iwae_bound(log_w):
    return log_w.max(dim=0).values.mean()


# %% mean_over_everything | fails: test_importance_weighted_bound, test_gradient_of_the_weighted_bound | hint: Rows of the batch have their own logarithm; only the K samples of a row are averaged inside it.
def iwae_bound(log_w):
    return torch.logsumexp(log_w.flatten(), dim=0) - math.log(log_w.numel())


# %% summed_over_the_batch | fails: test_importance_weighted_bound, test_gradient_of_the_weighted_bound | hint: The bound is the mean over the batch, not the sum.
def iwae_bound(log_w):
    return _right["iwae_bound"](log_w) * log_w.shape[1]


# %% normalised_weights_detached | fails: test_gradient_of_the_weighted_bound | hint: The gradient of the bound weighs the samples by their normalised weights; yours treats them alike.
def iwae_bound(log_w):
    return log_w.mean() + (_right["iwae_bound"](log_w) - log_w.mean()).detach()


# %% loss_of_the_weighted_bound | fails: test_importance_weighted_bound, test_gradient_of_the_weighted_bound | hint: The bound itself was asked for, not minus the bound.
def iwae_bound(log_w):
    return -_right["iwae_bound"](log_w)


# %% beta_zero_is_one | fails: test_bernoulli_bound | hint: `beta or 1.0` takes a beta of 0 for one that was not given.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    return _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta or 1.0, free_bits)


# %% part_of_a_name | fails: test_contract_of_the_bounds | hint: `likelihood in ("gaussian")` has no comma: it asks whether one string is part of the other.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    for name in ("bernoulli", "gaussian"):
        if likelihood in (name):
            return _right["elbo_terms"](x, dec_out, mu, logvar, name, dec_logvar, beta, free_bits)
    raise ValueError("unknown likelihood")


# %% spread_of_a_row_counted_once | fails: test_gaussian_bound | hint: A dec_logvar of shape (B, 1) stands for every pixel of its row; its logarithm counts D times.
def elbo_terms(x, dec_out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    terms = _right["elbo_terms"](x, dec_out, mu, logvar, likelihood, dec_logvar, beta, free_bits)
    if likelihood == "gaussian" and isinstance(dec_logvar, torch.Tensor) and dec_logvar.dim() == 2:
        uncounted = (x.shape[1] - dec_logvar.shape[1]) * dec_logvar.sum(dim=1).mean()
        return _terms(terms["rec"] - 0.5 * uncounted, terms["kl"], beta)
    return terms
