"""Wrong solutions of question 10: DDPM and DDIM sampling. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _chain(model, shape, sched, generator, clip=None, times=None, start=None, noise_of=None, asked=None, after=None):
    """A right ddpm_sample with parts that the mutants replace."""
    device, T = generator.device, len(sched["betas"])
    draw = lambda: torch.randn(shape, generator=generator, device=device)  # noqa: E731
    x = draw() if start is None else start(shape, device)
    noise_of, asked = noise_of or (lambda t: draw()), asked or (lambda t: t)
    with torch.no_grad():
        for t in times(T) if times else reversed(range(T)):
            eps = model(x, torch.full((shape[0],), asked(t), device=device))
            x = p_sample(x, t, eps, noise_of(t), sched, clip)
            x = after(x) if after else x
    return x


def _jumps(model, shape, sched, times, eta, generator, step=None, noise_of=None):
    """A right ddim_sample over these times."""
    device = generator.device
    draw = lambda: torch.randn(shape, generator=generator, device=device)  # noqa: E731
    x, noise_of = draw(), noise_of or (lambda t: draw())
    with torch.no_grad():
        for t, t_prev in zip(times, times[1:], strict=False):
            eps = model(x, torch.full((shape[0],), t, device=device))
            x = (step or ddim_step)(x, t, t_prev, eps, sched, eta, noise_of(t))
    return x


def _times(T, n_steps):
    return [round(T - 1 - i * T / n_steps) for i in range(n_steps + 1)]


def _ddim(x_t, t, t_prev, eps, sched, eta, noise, sigma=None, direction=None, prev=None):
    """A right ddim_step with parts that the mutants replace."""
    bar = sched["alpha_bars"][t]
    before = (sched["alpha_bars"][t_prev] if t_prev >= 0 else torch.ones_like(bar)) if prev is None else prev
    x0 = (x_t - (1 - bar).sqrt() * eps) / bar.sqrt()
    s = (sigma or (lambda a, b: eta * ((1 - b) / (1 - a) * (1 - a / b)).sqrt()))(bar, before)
    d = (direction or (lambda b, s: (1 - b - s**2).sqrt()))(before, s)
    return before.sqrt() * x0 + d * eps + s * noise


# %% noise_at_the_end | fails: test_a_ddpm_step_with_noise, test_a_ddpm_chain_visits_every_time_once, test_the_noise_of_a_point_leads_to_the_point | hint: The step from t = 0 gives the sample and adds no noise; beta is no excuse for it.
def p_sample(x_t, t, eps, noise, sched, clip=None):
    mean, var = p_mean_variance(x_t, t, eps, sched, clip)
    return mean + (var if t > 0 else sched["betas"][t]).sqrt() * noise


# %% variance_for_the_deviation | fails: test_a_ddpm_step_with_noise, test_mean_and_variance_after_the_whole_chain | hint: post_var is a variance: the noise is multiplied by its root.
def p_sample(x_t, t, eps, noise, sched, clip=None):
    mean, var = p_mean_variance(x_t, t, eps, sched, clip)
    return mean + var * noise if t > 0 else mean


# %% no_noise | fails: test_a_ddpm_step_with_noise, test_mean_and_variance_after_the_whole_chain | hint: DDPM adds noise in every step but the last: without it all samples crowd together.
def p_sample(x_t, t, eps, noise, sched, clip=None):
    return p_mean_variance(x_t, t, eps, sched, clip)[0]


# %% no_noise_at_one | fails: test_a_ddpm_step_with_noise | hint: Only the step from t = 0 has no noise; the one from t = 1 has.
def p_sample(x_t, t, eps, noise, sched, clip=None):
    return _right["p_sample"](x_t, t, eps, noise if t > 1 else 0 * noise, sched, clip)


# %% noise_drawn_in_the_step | fails: test_a_ddpm_step_with_noise, test_shapes_dtypes_and_randomness_are_as_agreed | hint: The noise is an argument; randn_like draws another from the global generator.
def p_sample(x_t, t, eps, noise, sched, clip=None):
    return _right["p_sample"](x_t, t, eps, torch.randn_like(x_t), sched, clip)


# %% clip_forgotten | fails: test_clipping_limits_the_guess_alone | hint: p_sample does not hand clip on.
def p_sample(x_t, t, eps, noise, sched, clip=None):
    return _right["p_sample"](x_t, t, eps, noise, sched)


# %% root_of_beta_in_the_mean | fails: test_mean_and_variance_of_a_ddpm_step | hint: In the book's form the noise is subtracted beta / sqrt(1 - abar) times; yours has the root of beta.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    mean = (x_t - (sched["betas"][t] / (1 - sched["alpha_bars"][t])).sqrt() * eps) / sched["alphas"][t].sqrt()
    right, var = _right["p_mean_variance"](x_t, t, eps, sched, clip)
    return (mean if clip is None else right), var


# %% product_for_alpha | fails: test_mean_and_variance_of_a_ddpm_step | hint: One step back divides by the root of alpha, not of alpha_bars: that is the whole way.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    bar = sched["alpha_bars"][t]
    right, var = _right["p_mean_variance"](x_t, t, eps, sched, clip)
    return ((x_t - sched["betas"][t] / (1 - bar).sqrt() * eps) / bar.sqrt() if clip is None else right), var


# %% book_form_with_clip | fails: test_clipping_limits_the_guess_alone | hint: The form without the guess of x_0 cannot clip it: clip is ignored.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    a, b, bar = sched["alphas"][t], sched["betas"][t], sched["alpha_bars"][t]
    return (x_t - b / (1 - bar).sqrt() * eps) / a.sqrt(), sched["post_var"][t]


# %% beta_for_the_variance | fails: test_mean_and_variance_of_a_ddpm_step, test_a_ddpm_step_with_noise | hint: The variance asked for is that of the posterior, post_var, not beta.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    return _right["p_mean_variance"](x_t, t, eps, sched, clip)[0], sched["betas"][t]


# %% deviation_returned | fails: test_mean_and_variance_of_a_ddpm_step | hint: p_mean_variance returns the variance, not its root.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    mean, var = _right["p_mean_variance"](x_t, t, eps, sched, clip)
    return mean, var.sqrt()


# %% coefficients_swapped | fails: test_mean_and_variance_of_a_ddpm_step | hint: post_c0 belongs to the guess of x_0, post_c1 to x_t.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    return _right["p_mean_variance"](
        x_t, t, eps, {**sched, "post_c0": sched["post_c1"], "post_c1": sched["post_c0"]}, clip
    )


# %% mean_is_the_guess | fails: test_mean_and_variance_of_a_ddpm_step, test_mean_and_variance_after_the_whole_chain | hint: This is the guess of x_0: only one step back is asked for, to x_(t-1).
def p_mean_variance(x_t, t, eps, sched, clip=None):
    return predict_x0(x_t, torch.full((len(x_t),), t), eps, sched), sched["post_var"][t]


# %% clip_on_x_t | fails: test_clipping_limits_the_guess_alone | hint: The guess of x_0 is clipped, not x_t.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    return _right["p_mean_variance"](x_t if clip is None else x_t.clamp(-clip, clip), t, eps, sched, None)


# %% clip_on_the_mean | fails: test_clipping_limits_the_guess_alone | hint: The guess of x_0 is clipped, not the mean of x_(t-1).
def p_mean_variance(x_t, t, eps, sched, clip=None):
    mean, var = _right["p_mean_variance"](x_t, t, eps, sched, None)
    return (mean if clip is None else mean.clamp(-clip, clip)), var


# %% always_clipped | fails: test_clipping_limits_the_guess_alone, test_the_noise_of_a_point_leads_to_the_point | hint: With clip=None nothing is limited; yours clips to (-1, 1).
def p_mean_variance(x_t, t, eps, sched, clip=None):
    return _right["p_mean_variance"](x_t, t, eps, sched, 1.0 if clip is None else clip)


# %% clipped_to_one | fails: test_clipping_limits_the_guess_alone | hint: The limit is clip, whatever it is; yours is always 1.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    return _right["p_mean_variance"](x_t, t, eps, sched, None if clip is None else 1.0)


# %% always_float64 | fails: test_shapes_dtypes_and_randomness_are_as_agreed | hint: The tables made the result float64; it has the dtype of x_t.
def p_mean_variance(x_t, t, eps, sched, clip=None):
    return _right["p_mean_variance"](x_t.double(), t, eps, sched, clip)


# %% last_step_skipped | fails: test_a_ddpm_chain_visits_every_time_once, test_the_noise_of_a_point_leads_to_the_point | hint: range(T - 1, 0, -1) ends at 1: the step from t = 0 is missing.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator, clip, times=lambda T: range(T - 1, 0, -1))


# %% first_step_skipped | fails: test_a_ddpm_chain_visits_every_time_once | hint: The chain begins at T - 1, not at T - 2.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator, clip, times=lambda T: range(T - 2, -1, -1))


# %% forwards | fails: test_a_ddpm_chain_visits_every_time_once, test_mean_and_variance_after_the_whole_chain | hint: The chain runs from T - 1 down to 0; yours runs up.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator, clip, times=range)


# %% model_always_told_the_same_time | fails: test_a_ddpm_chain_visits_every_time_once | hint: The model is told the same t in every step.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator, clip, asked=lambda t: len(sched["betas"]) - 1)


# %% times_counted_from_one | fails: test_a_ddpm_chain_visits_every_time_once | hint: The model is told t + 1; times are counted from 0.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator, clip, asked=lambda t: t + 1)


# %% time_as_a_fraction | fails: test_a_ddpm_chain_visits_every_time_once | hint: The model is told the integers t, not t/T.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator, clip, asked=lambda t: t / len(sched["betas"]))


# %% same_noise_in_every_step | fails: test_a_ddpm_chain_visits_every_time_once | hint: The noise is drawn once and used in every step.
def ddpm_sample(model, shape, sched, generator, clip=None):
    noise = torch.randn(shape, generator=generator, device=generator.device)
    return _chain(model, shape, sched, generator, clip, noise_of=lambda t: noise)


# %% one_noise_for_the_batch | fails: test_a_ddpm_chain_visits_every_time_once | hint: All samples of the batch get the same noise.
def ddpm_sample(model, shape, sched, generator, clip=None):
    draw = lambda t: torch.randn(shape[1:], generator=generator, device=generator.device).expand(shape)  # noqa: E731
    return _chain(model, shape, sched, generator, clip, noise_of=draw)


# %% uniform_noise | fails: test_a_ddpm_chain_visits_every_time_once | hint: The noise is normal; yours is uniform with the same variance.
def ddpm_sample(model, shape, sched, generator, clip=None):
    draw = lambda t: (torch.rand(shape, generator=generator, device=generator.device) - 0.5) * 12**0.5  # noqa: E731
    return _chain(model, shape, sched, generator, clip, noise_of=draw)


# %% starts_from_zeros | fails: test_a_ddpm_chain_visits_every_time_once | hint: The chain starts from standard normal noise, not from zeros.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator, clip, start=lambda shape, device: torch.zeros(shape, device=device))


# %% state_clipped | fails: test_a_ddpm_chain_visits_every_time_once | hint: Only the guess of x_0 is clipped; yours clips the state of the chain in every step.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator, None, after=None if clip is None else lambda x: x.clamp(-clip, clip))


# %% chain_forgets_clip | fails: test_a_ddpm_chain_visits_every_time_once | hint: ddpm_sample does not hand clip on to its steps.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, generator)


# %% global_generator | fails: test_shapes_dtypes_and_randomness_are_as_agreed | hint: torch.randn without generator= draws from the global one: nobody can repeat these samples.
def ddpm_sample(model, shape, sched, generator, clip=None):
    draw = lambda *_: torch.randn(shape, device=generator.device)  # noqa: E731
    return _chain(model, shape, sched, generator, clip, start=draw, noise_of=draw)


# %% seed_ignored | fails: test_shapes_dtypes_and_randomness_are_as_agreed | hint: The samples are the same whatever generator is passed.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _chain(model, shape, sched, torch.Generator(device=generator.device).manual_seed(0), clip)


# %% graph_of_the_whole_chain | fails: test_shapes_dtypes_and_randomness_are_as_agreed, test_a_ddpm_chain_visits_every_time_once | hint: The samples carry the gradients of the whole chain, and its memory; sample under torch.no_grad().
def ddpm_sample(model, shape, sched, generator, clip=None):
    device = generator.device
    x = torch.randn(shape, generator=generator, device=device)
    for t in reversed(range(len(sched["betas"]))):
        eps = model(x, torch.full((shape[0],), t, device=device))
        x = p_sample(x, t, eps, torch.randn(shape, generator=generator, device=device), sched, clip)
    return x


# %% eta_ignored | fails: test_a_ddim_step_between_any_two_times | hint: The step is the same for every eta.
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    return _right["ddim_step"](x_t, t, t_prev, eps, sched, 0.0, noise)


# %% eta_squared | fails: test_a_ddim_step_between_any_two_times | hint: eta multiplies sigma, not the variance: it stands outside the root.
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    return _ddim(
        x_t, t, t_prev, eps, sched, eta, noise, sigma=lambda a, b: (eta * (1 - b) / (1 - a) * (1 - a / b)).sqrt()
    )


# %% sigma_without_the_second_root | fails: test_a_ddim_step_between_any_two_times, test_ddim_with_full_noise_is_ddpm | hint: sigma has the root of 1 - abar_t / abar_prev too.
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    return _ddim(
        x_t, t, t_prev, eps, sched, eta, noise, sigma=lambda a, b: eta * ((1 - b) / (1 - a)).sqrt() * (1 - a / b)
    )


# %% sigma_from_beta | fails: test_a_ddim_step_between_any_two_times | hint: 1 - abar_t / abar_prev is beta_t only for a single step; a jump is longer.
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    return _ddim(
        x_t, t, t_prev, eps, sched, eta, noise, sigma=lambda a, b: eta * ((1 - b) / (1 - a) * sched["betas"][t]).sqrt()
    )


# %% direction_keeps_its_length | fails: test_a_ddim_step_between_any_two_times, test_ddim_with_full_noise_is_ddpm | hint: What the new noise adds, the old direction gives up: sqrt(1 - abar_prev - sigma^2).
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    return _ddim(x_t, t, t_prev, eps, sched, eta, noise, direction=lambda b, s: (1 - b).sqrt())


# %% direction_minus_sigma | fails: test_a_ddim_step_between_any_two_times | hint: Variances are subtracted, not deviations: sigma is squared under the root.
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    return _ddim(x_t, t, t_prev, eps, sched, eta, noise, direction=lambda b, s: (1 - b - s).clamp(min=0).sqrt())


# %% always_one_step_back | fails: test_a_ddim_step_between_any_two_times | hint: alpha_bars_prev[t] belongs to t - 1; the jump goes to t_prev.
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    return _ddim(x_t, t, t_prev, eps, sched, eta, noise, prev=sched["alpha_bars_prev"][t])


# %% minus_one_is_the_last | fails: test_a_ddim_step_between_any_two_times, test_the_noise_of_a_point_leads_to_the_point | hint: Index -1 is the last entry of the table; t_prev = -1 means the data, where abar is 1.
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    def s(a, b):
        return (eta * ((1 - b) / (1 - a) * (1 - a / b)).clamp(min=0).sqrt())  # fmt: skip

    d = lambda b, s: (1 - b - s**2).clamp(min=0).sqrt()  # noqa: E731
    return _ddim(x_t, t, t_prev, eps, sched, eta, noise, prev=sched["alpha_bars"][t_prev], sigma=s, direction=d)


# %% alphas_for_the_products | fails: test_a_ddim_step_between_any_two_times | hint: DDIM is written with the products: alphas was used in place of alpha_bars.
def ddim_step(x_t, t, t_prev, eps, sched, eta, noise):
    step, prev = sched["alphas"], sched["alphas"][t_prev] if t_prev >= 0 else torch.ones_like(sched["alphas"][0])
    s = lambda a, b: eta * ((1 - b) / (1 - a) * (1 - a / b).clamp(min=0)).sqrt()  # noqa: E731
    d = lambda b, s: (1 - b - s**2).clamp(min=0).sqrt()  # noqa: E731
    return _ddim(x_t, t, t_prev, eps, {"alpha_bars": step}, eta, noise, prev=prev, sigma=s, direction=d)


# %% begins_at_zero | fails: test_a_ddim_chain_makes_the_steps_that_are_asked_for | hint: The list of times was counted from 0 up, so that T - 1 is not in it; the first step starts from T - 1.
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    T = len(sched["betas"])
    return _jumps(
        model,
        shape,
        sched,
        [t - T // n_steps for t in range(T, -1, -(T // n_steps))][: n_steps + 1] + [-1],
        eta,
        generator,
    )


# %% ends_at_zero | fails: test_a_ddim_chain_makes_the_steps_that_are_asked_for, test_the_noise_of_a_point_leads_to_the_point | hint: The last step goes to -1, the data; yours ends at x_0, which still holds the noise of one step.
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    times = _times(len(sched["betas"]), n_steps)
    return _jumps(model, shape, sched, [*times[:-1], 0] if times[-2] > 0 else times[:-1], eta, generator)


# %% one_step_too_many | fails: test_a_ddim_chain_makes_the_steps_that_are_asked_for | hint: There are n_steps steps; yours has one more, through t = 0.
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    T = len(sched["betas"])
    times = [round(float(t)) for t in np.linspace(T - 1, 0, n_steps + 1)]
    return _jumps(model, shape, sched, [*times, -1], eta, generator)


# %% both_ends_of_the_table | fails: test_a_ddim_chain_makes_the_steps_that_are_asked_for | hint: Your times are spread from T - 1 to 0 and the last step is a short one to -1; here all steps are equally long.
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    T = len(sched["betas"])
    return _jumps(model, shape, sched, [round(float(t)) for t in np.linspace(T - 1, 0, n_steps)] + [-1], eta, generator)


# %% short_steps | fails: test_a_ddim_chain_makes_the_steps_that_are_asked_for, test_mean_and_variance_after_the_whole_chain | hint: Each step goes to t - 1, and the next one starts somewhere else: t_prev is the next time of the list.
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    one = lambda x, t, t_prev, *rest: ddim_step(x, t, t - 1, *rest)  # noqa: E731
    return _jumps(model, shape, sched, _times(len(sched["betas"]), n_steps), eta, generator, step=one)


# %% chain_ignores_eta | fails: test_a_ddim_chain_makes_the_steps_that_are_asked_for | hint: ddim_sample does not hand eta on.
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    return _right["ddim_sample"](model, shape, sched, n_steps, 0.0, generator)


# %% same_noise_in_every_jump | fails: test_a_ddim_chain_makes_the_steps_that_are_asked_for | hint: The noise is drawn once and used in every jump.
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    noise = torch.randn(shape, generator=generator, device=generator.device)
    return _jumps(model, shape, sched, _times(len(sched["betas"]), n_steps), eta, generator, noise_of=lambda t: noise)


# %% jumps_with_a_graph | fails: test_shapes_dtypes_and_randomness_are_as_agreed, test_a_ddim_chain_makes_the_steps_that_are_asked_for | hint: The samples carry the gradients of the whole chain; sample under torch.no_grad().
def ddim_sample(model, shape, sched, n_steps, eta, generator):
    x = torch.randn(shape, generator=generator, device=generator.device)
    times = _times(len(sched["betas"]), n_steps)
    for t, t_prev in zip(times, times[1:], strict=False):
        eps = model(x, torch.full((shape[0],), t, device=x.device))
        x = ddim_step(x, t, t_prev, eps, sched, eta, torch.randn(shape, generator=generator, device=x.device))
    return x


# %% times_in_int32 | fails: test_a_ddpm_chain_visits_every_time_once | hint: The model's t is int64.
def ddpm_sample(model, shape, sched, generator, clip=None):
    return _right["ddpm_sample"](lambda x, t: model(x, t.int()), shape, sched, generator, clip)
