"""Wrong solutions of question 9: noising, targets, loss. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _noise(x0, t, noise, sched, signal=lambda a: a.sqrt(), sigma=lambda a: (1 - a).sqrt(), table="alpha_bars"):
    """q_sample with other factors or from another table."""
    a = sched[table][t].reshape(-1, *[1] * (x0.dim() - 1))
    return signal(a).to(x0.dtype) * x0 + sigma(a).to(x0.dtype) * noise


def _loss(model, x0, t, noise, sched, target="eps", weight="simple", distance=None, reduce=None, hand=None):
    """A right ddpm_loss with parts that the mutants replace."""
    if target not in ("eps", "x0", "v") or weight not in ("simple", "udl"):
        raise ValueError(target, weight)
    wanted = {"eps": noise, "x0": x0, "v": v_target(x0, t, noise, sched)}[target]
    hand = hand or (lambda model, x_t, t: model(x_t, t))
    out = hand(model, _right["q_sample"](x0, t, noise, sched), t)
    errors = (distance or (lambda d: d**2))(out - wanted).flatten(1)
    weights = sched["udl_weight"][t].to(errors.dtype) if weight == "udl" else torch.ones_like(errors[:, 0])
    return (reduce or (lambda e, w: (w * e.mean(dim=1)).mean()))(errors, weights)


# %% no_roots | fails: test_noised_data_with_a_time_for_each_sample, test_many_small_steps_are_one_jump | hint: The factors are the square roots of abar and of 1 - abar.
def q_sample(x0, t, noise, sched):
    return _noise(x0, t, noise, sched, signal=lambda a: a, sigma=lambda a: 1 - a)


# %% sigma_without_root | fails: test_noised_data_with_a_time_for_each_sample, test_many_small_steps_are_one_jump | hint: 1 - abar is the variance of the noise; its factor is the root of that.
def q_sample(x0, t, noise, sched):
    return _noise(x0, t, noise, sched, sigma=lambda a: 1 - a)


# %% signal_without_root | fails: test_noised_data_with_a_time_for_each_sample | hint: The factor of the data is the root of abar.
def q_sample(x0, t, noise, sched):
    return _noise(x0, t, noise, sched, signal=lambda a: a)


# %% one_step_early | fails: test_noised_data_with_a_time_for_each_sample | hint: abar of step t - 1 was used; entry t already is step t.
def q_sample(x0, t, noise, sched):
    return _noise(x0, t, noise, sched, table="alpha_bars_prev")


# %% alpha_for_the_product | fails: test_noised_data_with_a_time_for_each_sample, test_many_small_steps_are_one_jump | hint: alphas is a single step; from the data to x_t it takes the product, alpha_bars.
def q_sample(x0, t, noise, sched):
    return _noise(x0, t, noise, sched, table="alphas")


# %% one_time_for_the_batch | fails: test_noised_data_with_a_time_for_each_sample | hint: Every sample has its own t; yours all use that of the first.
def q_sample(x0, t, noise, sched):
    return _right["q_sample"](x0, t[:1].expand_as(t), noise, sched)


# %% along_the_last_axis | fails: test_noised_data_with_a_time_for_each_sample | hint: A vector of B factors lines up with the last axis, not with the batch. It is an error, unless the last axis is B long.
def q_sample(x0, t, noise, sched):
    if x0.shape[-1] != len(t):  # in these cases torch would raise, so the mistake is seen and repaired
        return _right["q_sample"](x0, t, noise, sched)
    a = sched["alpha_bars"][t].to(x0.dtype)
    return a.sqrt() * x0 + (1 - a).sqrt() * noise


# %% vectors_only | fails: test_noised_data_with_a_time_for_each_sample | hint: [:, None] is right for vectors alone; images need more axes of length 1.
def q_sample(x0, t, noise, sched):
    a = sched["alpha_bars"][t][:, None].to(x0.dtype)
    return a.sqrt() * x0 + (1 - a).sqrt() * noise


# %% factors_swapped | fails: test_noised_data_with_a_time_for_each_sample, test_extreme_times_and_a_model_that_knows | hint: The factors of data and noise are swapped: at t = 0 almost only data is there.
def q_sample(x0, t, noise, sched):
    return _right["q_sample"](noise, t, x0, sched)


# %% noise_drawn_again | fails: test_shapes_and_dtypes_follow_the_data, test_noised_data_with_a_time_for_each_sample | hint: The noise is an argument; a new one was drawn.
def q_sample(x0, t, noise, sched):
    return _right["q_sample"](x0, t, torch.randn_like(noise), sched)


# %% always_float64 | fails: test_shapes_and_dtypes_follow_the_data | hint: The tables are float64 and made the result float64; convert the factors to the dtype of x0.
def q_sample(x0, t, noise, sched):
    return _right["q_sample"](x0.double(), t, noise.double(), sched)


# %% in_place | fails: test_shapes_and_dtypes_follow_the_data | hint: *= changed the data of the caller.
def q_sample(x0, t, noise, sched):
    signal, sigma = _signal_and_noise(x0, t, sched)
    x0 *= signal
    return x0 + sigma * noise


# %% noise_added_to_go_back | fails: test_data_from_noise_and_noise_from_data, test_extreme_times_and_a_model_that_knows | hint: To go back the noise is subtracted.
def predict_x0(x_t, t, eps, sched):
    return _right["predict_x0"](x_t, t, -eps, sched)


# %% divided_by_the_other_factor | fails: test_data_from_noise_and_noise_from_data, test_extreme_times_and_a_model_that_knows | hint: What is left is sqrt(abar) x0: divide by that root, not by the one of 1 - abar.
def predict_x0(x_t, t, eps, sched):
    signal, sigma = _signal_and_noise(x_t, t, sched)
    return (x_t - sigma * eps) / sigma


# %% clipped_data | fails: test_data_from_noise_and_noise_from_data, test_extreme_times_and_a_model_that_knows | hint: Clipping belongs into the sampler, and only if it is asked for; data need not lie in (-1, 1).
def predict_x0(x_t, t, eps, sched):
    return _right["predict_x0"](x_t, t, eps, sched).clamp(-1, 1)


# %% noise_divided_by_the_variance | fails: test_data_from_noise_and_noise_from_data, test_extreme_times_and_a_model_that_knows | hint: What is left is sqrt(1 - abar) eps: divide by the root.
def predict_eps(x_t, t, x0, sched):
    signal, sigma = _signal_and_noise(x_t, t, sched)
    return (x_t - signal * x0) / sigma**2


# %% velocity_with_the_other_sign | fails: test_the_velocity, test_loss_for_every_target_and_weight | hint: v is signal times noise minus sigma times data; yours has the other sign.
def v_target(x0, t, noise, sched):
    return -_right["v_target"](x0, t, noise, sched)


# %% velocity_with_a_plus | fails: test_the_velocity | hint: The data are subtracted in v.
def v_target(x0, t, noise, sched):
    return _right["v_target"](-x0, t, noise, sched)


# %% velocity_is_x_t | fails: test_the_velocity | hint: This is x_t; in v the roots have changed places.
def v_target(x0, t, noise, sched):
    return _right["q_sample"](x0, t, noise, sched)


# %% target_ignored | fails: test_loss_for_every_target_and_weight, test_extreme_times_and_a_model_that_knows | hint: The error is always taken against the noise, whatever target is asked for.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(model, x0, t, noise, sched, "eps", weight)


# %% weight_ignored | fails: test_loss_for_every_target_and_weight, test_the_gradient_reaches_the_model | hint: weight="udl" gives the same as "simple".
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(model, x0, t, noise, sched, target, "simple")


# %% model_sees_the_data | fails: test_the_model_is_asked_once_about_the_noised_data, test_loss_for_every_target_and_weight | hint: The model is given x0 instead of x_t: nothing is left to be learned.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(lambda x_t, t: model(x0, t), x0, t, noise, sched, target, weight)


# %% model_sees_fractions | fails: test_the_model_is_asked_once_about_the_noised_data | hint: The model gets the integers t, not t/T.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    T = len(sched["betas"])
    return _loss(lambda x_t, t: model(x_t, t / T), x0, t, noise, sched, target, weight)


# %% times_counted_from_one | fails: test_the_model_is_asked_once_about_the_noised_data | hint: The model is given t + 1; times are counted from 0.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(lambda x_t, t: model(x_t, t + 1), x0, t, noise, sched, target, weight)


# %% model_asked_twice | fails: test_the_model_is_asked_once_about_the_noised_data | hint: The model is called twice; with dropout these would be two networks, and it costs twice.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(lambda x_t, t: (model(x_t, t) + model(x_t, t)) / 2, x0, t, noise, sched, target, weight)


# %% detached | fails: test_the_gradient_reaches_the_model | hint: The output of the model was detached: no gradient reaches the network.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    loss = _loss(model, x0, t, noise, sched, target, weight)
    return loss.detach() + 0 * loss


# %% sum_over_the_batch | fails: test_loss_for_every_target_and_weight, test_the_gradient_reaches_the_model | hint: The loss is the mean over the batch; this is the sum.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(model, x0, t, noise, sched, target, weight, reduce=lambda e, w: (w * e.mean(dim=1)).sum())


# %% sum_over_a_sample | fails: test_loss_for_every_target_and_weight, test_the_gradient_reaches_the_model | hint: Within a sample the squared errors are averaged, not summed.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(model, x0, t, noise, sched, target, weight, reduce=lambda e, w: (w * e.sum(dim=1)).mean())


# %% product_of_the_means | fails: test_loss_for_every_target_and_weight, test_the_gradient_reaches_the_model | hint: Each sample has its own weight: the mean of the products is not the product of the means.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(model, x0, t, noise, sched, target, weight, reduce=lambda e, w: w.mean() * e.mean())


# %% weights_add_up_to_one | fails: test_loss_for_every_target_and_weight | hint: The weights are not normalised: divide by B, not by their sum.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(model, x0, t, noise, sched, target, weight, reduce=lambda e, w: (w * e.mean(dim=1)).sum() / w.sum())


# %% weights_along_the_features | fails: test_loss_for_every_target_and_weight | hint: The weights line up with the last axis of the errors instead of the batch.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    def reduce(e, w):
        return (w * e).mean() if e.shape[1] == len(w) else (w * e.mean(dim=1)).mean()

    return _loss(model, x0, t, noise, sched, target, weight, reduce=reduce)


# %% root_of_the_loss | fails: test_loss_for_every_target_and_weight, test_the_gradient_reaches_the_model | hint: The mean squared error has no root.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return (_loss(model, x0, t, noise, sched, target, weight) + 1e-30).sqrt()


# %% absolute_error | fails: test_loss_for_every_target_and_weight, test_the_gradient_reaches_the_model | hint: The error is squared; this is its absolute value.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(model, x0, t, noise, sched, target, weight, distance=torch.abs)


# %% half_the_square | fails: test_loss_for_every_target_and_weight, test_extreme_times_and_a_model_that_knows | hint: There is no 1/2 in front of the square.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    return _loss(model, x0, t, noise, sched, target, weight) / 2


# %% any_word_will_do | fails: test_shapes_and_dtypes_follow_the_data | hint: A target or weight that does not exist is a ValueError, not the default.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    target = target if target in ("x0", "v") else "eps"
    return _loss(model, x0, t, noise, sched, target, "udl" if weight == "udl" else "simple")


# %% target_in_the_place_of_the_noise | fails: test_shapes_and_dtypes_follow_the_data | hint: The target is written into the noise that was passed; ddpm_loss may not change its arguments.
def ddpm_loss(model, x0, t, noise, sched, target="eps", weight="simple"):
    loss = _right["ddpm_loss"](model, x0, t, noise, sched, target, weight)
    if target == "v":
        noise.copy_(v_target(x0, t, noise, sched))
    return loss
