"""Wrong solutions of question 11: time embedding and guidance. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _embedding(t, dim, max_period, exponent=lambda i, half, dim: i / half, order=None):
    half = dim // 2
    i = torch.arange(half, device=t.device, dtype=torch.float32)
    angles = t[:, None].float() * max_period ** -exponent(i, half, dim)
    parts = order(angles.cos(), angles.sin()) if order else torch.cat([angles.cos(), angles.sin()], dim=1)
    return F.pad(parts, (0, dim % 2))


# %% sines_first | fails: test_embedding_of_times, test_odd_dimensions_other_periods_and_fractions | hint: The cosines stand before the sines.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, max_period, order=lambda c, s: torch.cat([s, c], dim=1))


# %% turn_by_turn | fails: test_embedding_of_times | hint: Cosines and sines stand in two halves, not turn by turn.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, max_period, order=lambda c, s: torch.stack([c, s], dim=2).flatten(1))


# %% whole_number_exponent | fails: test_embedding_of_times | hint: i // h is 0 for all i: every frequency is 1.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, max_period, exponent=lambda i, half, dim: i // half)


# %% divided_by_dim_minus_one | fails: test_embedding_of_times | hint: The exponent is i/h with h = dim // 2, not i/(dim - 1).
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, max_period, exponent=lambda i, half, dim: i / (dim - 1))


# %% reaches_the_period | fails: test_embedding_of_times | hint: The exponent is i/h, not i/(h - 1): the last frequency stays above 1/max_period.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, max_period, exponent=lambda i, half, dim: i / max(half - 1, 1))


# %% half_of_an_odd_dim | fails: test_odd_dimensions_other_periods_and_fractions | hint: With an odd dim, h is dim // 2 and not dim / 2.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, max_period, exponent=lambda i, half, dim: i / (dim / 2))


# %% frequencies_upside_down | fails: test_embedding_of_times | hint: The exponent is negative: frequencies fall from 1, they do not rise to max_period.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, max_period, exponent=lambda i, half, dim: -i / half)


# %% period_fixed | fails: test_odd_dimensions_other_periods_and_fractions | hint: max_period is an argument; 10000 is only its default.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, 10000.0)


# %% zero_in_front | fails: test_odd_dimensions_other_periods_and_fractions | hint: The zero of an odd dim stands at the end.
def timestep_embedding(t, dim, max_period=10000.0):
    return F.pad(_embedding(t, dim - dim % 2, max_period), (dim % 2, 0))


# %% odd_dim_too_short | fails: test_odd_dimensions_other_periods_and_fractions | hint: With an odd dim a column is missing.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim - dim % 2, max_period)


# %% float64 | fails: test_shapes_and_dtypes_are_as_agreed | hint: The embedding is float32, whatever t is.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t, dim, max_period).double()


# %% fractions_cut_off | fails: test_odd_dimensions_other_periods_and_fractions | hint: t may be a fraction; yours is made whole first.
def timestep_embedding(t, dim, max_period=10000.0):
    return _embedding(t.long(), dim, max_period)


# %% counts_from_one | fails: test_guidance_extrapolates_from_the_unconditional_prediction, test_every_step_of_a_guided_chain | hint: This is the convention in which w = 0 is the conditional prediction; here that is w = 1.
def cfg_eps(eps_cond, eps_uncond, w):
    return (1 + w) * eps_cond - w * eps_uncond


# %% weight_on_the_other | fails: test_guidance_extrapolates_from_the_unconditional_prediction, test_every_step_of_a_guided_chain | hint: w is the weight of the prediction with the label: w = 0 ignores the label.
def cfg_eps(eps_cond, eps_uncond, w):
    return eps_cond + w * (eps_uncond - eps_cond)


# %% away_from_the_label | fails: test_guidance_extrapolates_from_the_unconditional_prediction | hint: The way goes from the unconditional to the conditional prediction; yours goes the other way.
def cfg_eps(eps_cond, eps_uncond, w):
    return eps_uncond - w * (eps_cond - eps_uncond)


# %% starts_at_the_label | fails: test_guidance_extrapolates_from_the_unconditional_prediction | hint: The extrapolation starts at the prediction without the label.
def cfg_eps(eps_cond, eps_uncond, w):
    return eps_cond + w * (eps_cond - eps_uncond)


# %% weight_limited | fails: test_guidance_extrapolates_from_the_unconditional_prediction | hint: w may be larger than 1: that is what guidance is for.
def cfg_eps(eps_cond, eps_uncond, w):
    return torch.lerp(eps_uncond, eps_cond, min(max(w, 0.0), 1.0))


# %% predictions_changed_in_place | fails: test_shapes_and_dtypes_are_as_agreed | hint: -= changed the prediction that was passed.
def cfg_eps(eps_cond, eps_uncond, w):
    eps_cond -= eps_uncond
    return eps_uncond + w * eps_cond


# %% dropped_in_place | fails: test_shapes_and_dtypes_are_as_agreed, test_each_label_is_dropped_by_its_own_coin | hint: y[mask] = null changed the labels that were passed, for all epochs to come.
def drop_labels(y, null, p, generator):
    y[torch.rand(y.shape, generator=generator, device=y.device) < p] = null
    return y


# %% one_coin_for_the_batch | fails: test_each_label_is_dropped_by_its_own_coin | hint: One coin decides for the whole batch; each label needs its own.
def drop_labels(y, null, p, generator):
    return torch.where(torch.rand(1, generator=generator, device=y.device) < p, null, y)


# %% keeps_p | fails: test_each_label_is_dropped_by_its_own_coin, test_nothing_and_everything_is_dropped | hint: p is the probability to be dropped; yours keeps with p.
def drop_labels(y, null, p, generator):
    return _right["drop_labels"](y, null, 1 - p, generator)


# %% never_dropped | fails: test_each_label_is_dropped_by_its_own_coin, test_nothing_and_everything_is_dropped | hint: null does not occur: the network never learns to do without a label.
def drop_labels(y, null, p, generator):
    return y.clone()


# %% the_first_ones | fails: test_each_label_is_dropped_by_its_own_coin | hint: The first p B labels are dropped, always the same ones; let chance decide.
def drop_labels(y, null, p, generator):
    return torch.where(torch.arange(len(y), device=y.device) < p * len(y), null, y)


# %% null_is_zero | fails: test_each_label_is_dropped_by_its_own_coin, test_nothing_and_everything_is_dropped | hint: A product with the mask makes 0 of what is dropped, and 0 is a class; null is an argument.
def drop_labels(y, null, p, generator):
    return y * (torch.rand(y.shape, generator=generator, device=y.device) >= p)


# %% global_coin | fails: test_shapes_and_dtypes_are_as_agreed, test_each_label_is_dropped_by_its_own_coin | hint: torch.rand without generator= draws from the global generator.
def drop_labels(y, null, p, generator):
    return torch.where(torch.rand(y.shape, device=y.device) < p, null, y)


# %% same_coins_every_time | fails: test_each_label_is_dropped_by_its_own_coin | hint: A generator that is made anew in every call drops the same rows every time.
def drop_labels(y, null, p, generator):
    return _right["drop_labels"](y, null, p, torch.Generator(device=y.device).manual_seed(generator.initial_seed()))


# %% roles_swapped | fails: test_every_step_of_a_guided_chain, test_guidance_that_cannot_matter_does_not | hint: cfg_eps takes the prediction with the label first; yours gets them in the other order.
def guided_sample(model, y, shape, sched, w, generator, null):
    nothing = torch.full_like(y, null)
    return ddpm_sample(lambda x, t: cfg_eps(model(x, t, nothing), model(x, t, y), w), shape, sched, generator)


# %% halves_misaligned | fails: test_every_step_of_a_guided_chain | hint: In the joined batch each row must meet its own label: repeat_interleave and cat order rows differently.
def guided_sample(model, y, shape, sched, w, generator, null):
    def guided(x, t):
        labels = torch.stack([y, torch.full_like(y, null)], dim=1).flatten()  # label, null, label, null ...
        cond, uncond = model(torch.cat([x, x]), torch.cat([t, t]), labels).chunk(2)
        return cfg_eps(cond, uncond, w)

    return ddpm_sample(guided, shape, sched, generator)


# %% one_label_for_all | fails: test_every_step_of_a_guided_chain | hint: Every row has its own label; yours all get the first one.
def guided_sample(model, y, shape, sched, w, generator, null):
    return _right["guided_sample"](model, y[:1].expand_as(y), shape, sched, w, generator, null)


# %% without_guidance | fails: test_every_step_of_a_guided_chain | hint: w is ignored: these are plain conditional samples.
def guided_sample(model, y, shape, sched, w, generator, null):
    return ddpm_sample(lambda x, t: model(x, t, y), shape, sched, generator)


# %% label_ignored | fails: test_every_step_of_a_guided_chain, test_guidance_that_cannot_matter_does_not | hint: The model is only asked with null.
def guided_sample(model, y, shape, sched, w, generator, null):
    nothing = torch.full_like(y, null)
    return ddpm_sample(lambda x, t: model(x, t, nothing), shape, sched, generator)


# %% guides_the_samples | fails: test_every_step_of_a_guided_chain | hint: Guidance joins the two predictions in every step, not two finished samples.
def guided_sample(model, y, shape, sched, w, generator, null):
    state = generator.get_state()
    cond = ddpm_sample(lambda x, t: model(x, t, y), shape, sched, generator)
    generator.set_state(state)
    uncond = ddpm_sample(lambda x, t: model(x, t, torch.full_like(y, null)), shape, sched, generator)
    return cfg_eps(cond, uncond, w)


# %% null_is_class_zero | fails: test_every_step_of_a_guided_chain | hint: 0 is a class; the label for "none" is the argument null.
def guided_sample(model, y, shape, sched, w, generator, null):
    return _right["guided_sample"](model, y, shape, sched, w, generator, 0)


# %% graph_kept | fails: test_every_step_of_a_guided_chain | hint: The samples carry the gradients of the whole chain; sample under torch.no_grad().
def guided_sample(model, y, shape, sched, w, generator, null):
    nothing, x = torch.full_like(y, null), torch.randn(shape, generator=generator, device=generator.device)
    for t in reversed(range(len(sched["betas"]))):
        when = torch.full((shape[0],), t, device=x.device)
        eps = cfg_eps(model(x, when, y), model(x, when, nothing), w)
        x = p_sample(x, t, eps, torch.randn(shape, generator=generator, device=x.device), sched)
    return x


# %% frequencies_kept_by_dim | fails: test_odd_dimensions_other_periods_and_fractions | hint: Frequencies that are kept for dim are right for one max_period alone.
_periods = {}


def timestep_embedding(t, dim, max_period=10000.0):
    return _right["timestep_embedding"](t, dim, _periods.setdefault(dim, max_period))


# %% exactly_the_share_dropped | fails: test_each_label_is_dropped_by_its_own_coin | hint: Always round(p B) labels are dropped; with a coin for each their number varies.
def drop_labels(y, null, p, generator):
    draw = torch.rand(y.shape, generator=generator, device=generator.device).to(y.device)
    return torch.where(draw.argsort().argsort() < round(p * len(y)), torch.full_like(y, null), y)


# %% null_is_the_next_class | fails: test_each_label_is_dropped_by_its_own_coin, test_nothing_and_everything_is_dropped | hint: What is dropped becomes the number behind the largest label, not the argument null.
def drop_labels(y, null, p, generator):
    dropped = _right["drop_labels"](y, -1, p, generator)
    return torch.where(dropped == -1, y.max() + 1, dropped)


# %% labels_in_int32 | fails: test_every_step_of_a_guided_chain | hint: The labels that the model gets are int64, as they came.
def guided_sample(model, y, shape, sched, w, generator, null):
    return _right["guided_sample"](lambda x, t, label: model(x, t, label.int()), y, shape, sched, w, generator, null)


# %% null_kept_by_the_number_of_rows | fails: test_every_step_of_a_guided_chain | hint: Labels of null that are kept from one call to the next are right for one null alone.
_nothing = {}


def guided_sample(model, y, shape, sched, w, generator, null):
    nothing = _nothing.setdefault(len(y), torch.full_like(y, null))
    return ddpm_sample(lambda x, t: cfg_eps(model(x, t, y), model(x, t, nothing), w), shape, sched, generator)


# %% null_is_the_largest_label | fails: test_every_step_of_a_guided_chain | hint: The label for "none" is the argument null, whether it is the largest number or not.
def guided_sample(model, y, shape, sched, w, generator, null):
    return _right["guided_sample"](model, y, shape, sched, w, generator, max(null, int(y.max()) + 1))


# %% guidance_never_negative | fails: test_guidance_extrapolates_from_the_unconditional_prediction | hint: The formula holds for every w; one below 0 leads away from the label.
def cfg_eps(eps_cond, eps_uncond, w):
    return _right["cfg_eps"](eps_cond, eps_uncond, max(w, 0.0))
