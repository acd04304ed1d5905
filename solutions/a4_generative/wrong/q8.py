"""Wrong solutions of question 8: diffusion schedules. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _tables(betas, bars=None, prev=None):
    """Right tables of these betas, with other products if they are given."""
    bars = torch.cumprod(1 - betas, dim=0) if bars is None else bars
    prev = torch.cat([torch.ones(1, dtype=betas.dtype), bars[:-1]]) if prev is None else prev
    return {
        "betas": betas,
        "alphas": 1 - betas,
        "alpha_bars": bars,
        "alpha_bars_prev": prev,
        "post_var": betas * (1 - prev) / (1 - bars),
        "post_c0": betas * prev.sqrt() / (1 - bars),
        "post_c1": (1 - prev) * (1 - betas).sqrt() / (1 - bars),
        "snr": bars / (1 - bars),
        "udl_weight": betas / (2 * (1 - bars) * (1 - betas)),
    }


def _f(T, s, power=2):
    return torch.cos((torch.arange(T + 1, dtype=torch.float64) / T + s) / (1 + s) * math.pi / 2) ** power


def _right_tables(*args):
    return _right["make_schedule"](*args)


# %% alpha_is_the_product | fails: test_alphas | hint: This is the notation of Prince's book, where alpha is the product; here alphas are 1 - beta, and alpha_bars the product.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "alphas": tables["alpha_bars"]}


# %% product_begins_with_one | fails: test_the_running_product, test_a_single_step_and_a_thousand | hint: alpha_bars is one entry late: entry 0 is alpha_0, not 1.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "alpha_bars": tables["alpha_bars_prev"]}


# %% sum_for_product | fails: test_the_running_product | hint: alpha_bars is the running product of the alphas, not their running sum.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "alpha_bars": torch.cumsum(tables["alphas"], dim=0)}


# %% product_of_betas | fails: test_the_running_product | hint: alpha_bars is the running product of the alphas; this is that of the betas.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    betas = _right_tables(kind, T, beta_start, beta_end, s)["betas"]
    return _tables(betas, bars=torch.cumprod(betas, dim=0))


# %% not_one_step_earlier | fails: test_the_running_product_one_step_earlier | hint: alpha_bars_prev is alpha_bars itself; entry t has to be that of step t-1, with a 1 in front.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    betas = _right_tables(kind, T, beta_start, beta_end, s)["betas"]
    return _tables(betas, prev=torch.cumprod(1 - betas, dim=0))


# %% leading_one_forgotten | fails: test_nine_tables_of_float64_with_one_entry_a_step | hint: alpha_bars[:-1] has T - 1 entries; a 1 belongs in front of it.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "alpha_bars_prev": tables["alpha_bars"][:-1]}


# %% rolled | fails: test_the_running_product_one_step_earlier | hint: torch.roll brings the last entry to the front; before the first step alpha_bars is 1.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    betas = _right_tables(kind, T, beta_start, beta_end, s)["betas"]
    return _tables(betas, prev=torch.roll(torch.cumprod(1 - betas, dim=0), 1))


# %% float32 | fails: test_nine_tables_of_float64_with_one_entry_a_step | hint: The tables are float32, torch's default; with a thousand steps 1 - alpha_bars needs float64.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    return _tables(_right_tables(kind, T, beta_start, beta_end, s)["betas"].float())


# %% computed_in_float32 | fails: test_linear_betas, test_cosine_betas | hint: float64 at the end does not bring back the digits that float32 has lost.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    return _tables(_right_tables(kind, T, beta_start, beta_end, s)["betas"].float().double())


# %% linear_in_the_root | fails: test_linear_betas | hint: These betas are squares of a linear ramp ("scaled linear"); here beta itself is linear.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind != "linear":
        return _right_tables(kind, T, beta_start, beta_end, s)
    return _tables(torch.linspace(beta_start**0.5, beta_end**0.5, T, dtype=torch.float64) ** 2)


# %% end_excluded | fails: test_linear_betas | hint: The last beta is beta_end itself: T values have T - 1 distances between them.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind != "linear":
        return _right_tables(kind, T, beta_start, beta_end, s)
    return _tables(torch.linspace(beta_start, beta_end, T + 1, dtype=torch.float64)[:-1])


# %% range_ignored | fails: test_linear_betas, test_a_single_step_and_a_thousand | hint: beta_start and beta_end are not used.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    return _right_tables(kind, T, 1e-4, 0.02, s)


# %% variance_is_beta | fails: test_the_posterior_variance | hint: post_var has alpha_bars_prev above the line and alpha_bars below; with the same in both places only beta is left.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "post_var": tables["betas"]}


# %% coefficients_swapped | fails: test_the_posterior_coefficient_of_the_data, test_the_posterior_coefficient_of_the_noisy_one, test_the_posterior_leads_back_along_the_same_path | hint: post_c0 belongs to x_0 and post_c1 to x_t; they are swapped.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "post_c0": tables["post_c1"], "post_c1": tables["post_c0"]}


# %% c0_without_root | fails: test_the_posterior_coefficient_of_the_data, test_the_posterior_leads_back_along_the_same_path | hint: post_c0 has the square root of alpha_bars_prev.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "post_c0": tables["post_c0"] * tables["alpha_bars_prev"].sqrt()}


# %% c1_without_root | fails: test_the_posterior_coefficient_of_the_noisy_one, test_the_posterior_leads_back_along_the_same_path | hint: post_c1 has the square root of alpha.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "post_c1": tables["post_c1"] * tables["alphas"].sqrt()}


# %% c1_with_the_product | fails: test_the_posterior_coefficient_of_the_noisy_one, test_the_posterior_leads_back_along_the_same_path | hint: The root in post_c1 is that of alpha, one step; yours is that of alpha_bars.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "post_c1": tables["post_c1"] * (tables["alpha_bars"] / tables["alphas"]).sqrt()}


# %% cosine_without_offset | fails: test_cosine_betas | hint: The offset s is not used.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    return _right_tables(kind, T, beta_start, beta_end, 0.0)


# %% offset_fixed | fails: test_cosine_betas | hint: s is an argument; 0.008 is only its default.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    return _right_tables(kind, T, beta_start, beta_end)


# %% product_not_divided_by_f0 | fails: test_the_running_product | hint: alpha_bars is f(t+1) without the division by f(0): at t = 0 it is not 1 - beta_0.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return tables if kind != "cosine" else {**tables, "alpha_bars": _f(T, s)[1:]}


# %% cosine_not_squared | fails: test_cosine_betas | hint: f is the square of the cosine.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind != "cosine":
        return _right_tables(kind, T, beta_start, beta_end, s)
    f = _f(T, s, power=1)
    return _tables((1 - f[1:] / f[:-1]).clamp(max=0.999))


# %% not_limited | fails: test_cosine_betas, test_a_single_step_and_a_thousand | hint: The last beta of the cosine is 1: nothing of the data is left, and the tables divide by 0. Limit it to 0.999.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind != "cosine":
        return _right_tables(kind, T, beta_start, beta_end, s)
    f = _f(T, s)
    return _tables(1 - f[1:] / f[:-1])


# %% product_not_limited | fails: test_the_running_product, test_a_single_step_and_a_thousand | hint: alpha_bars is the product of 1 - beta after beta was limited; yours is still f(t+1)/f(0).
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind != "cosine":
        return _right_tables(kind, T, beta_start, beta_end, s)
    f = _f(T, s)
    return _tables((1 - f[1:] / f[:-1]).clamp(max=0.999), bars=f[1:] / f[0])


# %% cosine_one_late | fails: test_cosine_betas | hint: beta_t is 1 - f(t+1)/f(t); your times are one off.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    if kind != "cosine":
        return _right_tables(kind, T, beta_start, beta_end, s)
    f = torch.cat([torch.ones(1, dtype=torch.float64), _f(T, s)[:-1]])
    return _tables((1 - f[1:] / f[:-1]).clamp(1e-9, 0.999))


# %% weight_without_the_half | fails: test_weight_of_a_step_in_the_bound | hint: udl_weight has a 2 below the line.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "udl_weight": 2 * tables["udl_weight"]}


# %% weight_with_beta_squared | fails: test_weight_of_a_step_in_the_bound | hint: beta squared over sigma squared, and sigma squared is beta: one beta is left in udl_weight.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "udl_weight": tables["betas"] * tables["udl_weight"]}


# %% snr_limited | fails: test_signal_to_noise_ratio | hint: Only the betas have a limit: the signal-to-noise ratio of a first step may be 10 000.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "snr": tables["snr"].clamp(max=1000.0)}


# %% snr_upside_down | fails: test_signal_to_noise_ratio | hint: This is noise over signal.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    tables = _right_tables(kind, T, beta_start, beta_end, s)
    return {**tables, "snr": 1 / tables["snr"]}


# %% any_kind_will_do | fails: test_nine_tables_of_float64_with_one_entry_a_step | hint: A kind that does not exist is a ValueError, not the other kind.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    return _right_tables("linear" if kind == "linear" else "cosine", T, beta_start, beta_end, s)


# Left out: f not divided by f(0) in the betas, where it cancels.


# %% tables_kept_by_their_length | fails: test_linear_betas | hint: Tables that are kept for (kind, T) are right for one choice of beta_start, beta_end and s alone.
_kept = {}


def make_schedule(kind, T, *args, **kwargs):
    if (kind, T) not in _kept:
        _kept[kind, T] = _right["make_schedule"](kind, T, *args, **kwargs)
    return {key: table.clone() for key, table in _kept[kind, T].items()}


# %% kind_by_its_first_letters | fails: test_nine_tables_of_float64_with_one_entry_a_step | hint: Only "linear" and "cosine" are kinds; "lin" and "Cosine" are a ValueError like any other word.
def make_schedule(kind, *args, **kwargs):
    names = {"lin": "linear", "cos": "cosine"}
    return _right["make_schedule"](names.get(kind.lower()[:3], kind), *args, **kwargs)


# %% linear_limited_too | fails: test_linear_betas | hint: The limit of 0.999 is that of the cosine; a linear table ends at beta_end.
def make_schedule(kind, T, beta_start=1e-4, beta_end=0.02, s=0.008):
    return _right["make_schedule"](kind, T, beta_start, min(beta_end, 0.999), s)
