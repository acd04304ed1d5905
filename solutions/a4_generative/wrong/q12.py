"""Wrong solutions of question 12: restricted Boltzmann machine. Each cell is appended to the reference notebook."""
# ruff: noqa: E501, F811 - a header is one line


# %%
def _walk(v0, W, b, c, k, rng, step=None):
    v = v0
    for _ in range(k):
        v = (step or gibbs_step)(v, W, b, c, rng)[0]
    return v


def _difference(v0, vk, h0, hk):
    return {"W": (v0.T @ h0 - vk.T @ hk) / len(v0), "b": (v0 - vk).mean(axis=0), "c": (h0 - hk).mean(axis=0)}


def _bits(p, rng):
    return (rng.random(p.shape) < p).astype(p.dtype)


# %% energy_sign | fails: test_free_energy_is_what_enumeration_says | hint: The free energy is minus the log of the unnormalised probability: both terms carry a minus sign.
def free_energy(v, W, b, c):
    return -_right["free_energy"](v, W, b, c)


# %% softplus_sign | fails: test_free_energy_is_what_enumeration_says | hint: The softplus terms lower the free energy too: they are subtracted.
def free_energy(v, W, b, c):
    return -(v @ b) + np.logaddexp(0, c + v @ W).sum(axis=1)


# %% softplus_overflows | fails: test_large_weights_and_no_steps_are_no_problem | hint: exp(1000) overflows: ln(1 + e^z) is z for large z, and np.logaddexp(0, z) knows.
def free_energy(v, W, b, c):
    with np.errstate(over="ignore"):
        return -(v @ b) - np.log(1 + np.exp(c + v @ W)).sum(axis=1)


# %% hidden_units_thresholded_in_the_energy | fails: test_free_energy_is_what_enumeration_says | hint: max(z, 0) keeps only the likeliest hidden state; the free energy sums over all of them.
def free_energy(v, W, b, c):
    return -(v @ b) - np.maximum(0, c + v @ W).sum(axis=1)


# %% hidden_bias_outside | fails: test_free_energy_is_what_enumeration_says | hint: The hidden bias belongs inside the softplus, with vW.
def free_energy(v, W, b, c):
    return -(v @ b) - c.sum() - np.logaddexp(0, v @ W).sum(axis=1)


# %% visible_bias_missing | fails: test_free_energy_is_what_enumeration_says | hint: The term -b.v is missing.
def free_energy(v, W, b, c):
    return -np.logaddexp(0, c + v @ W).sum(axis=1)


# %% biases_swapped | fails: test_free_energy_is_what_enumeration_says | hint: b belongs to the visible units and c to the hidden ones; with nv = nh nobody complains.
def free_energy(v, W, b, c):
    return _right["free_energy"](v, W, c, b) if len(b) == len(c) else _right["free_energy"](v, W, b, c)


# %% weights_transposed | fails: test_free_energy_is_what_enumeration_says | hint: vW, not vW^T: with nv = nh both can be computed.
def free_energy(v, W, b, c):
    return _right["free_energy"](v, W.T if len(b) == len(c) else W, b, c)


# %% mean_over_hidden_units | fails: test_free_energy_is_what_enumeration_says | hint: The free energy is the sum over hidden units, not their mean.
def free_energy(v, W, b, c):
    return -(v @ b) - np.logaddexp(0, c + v @ W).mean(axis=1)


# %% step_with_weights_transposed | fails: test_gibbs_probabilities_belong_to_drawn_hidden_units | hint: From visible to hidden it is vW, back it is hW^T; with nv = nh the mistake raises no error.
def gibbs_step(v, W, b, c, rng):
    return _right["gibbs_step"](v, W.T if len(b) == len(c) else W, b, c, rng)


# %% step_with_biases_swapped | fails: test_gibbs_probabilities_belong_to_drawn_hidden_units | hint: b belongs to the visible units and c to the hidden ones; with nv = nh nobody complains.
def gibbs_step(v, W, b, c, rng):
    return _right["gibbs_step"](v, W, *((c, b) if len(b) == len(c) else (b, c)), rng)


# %% sigmoid_overflows | fails: test_large_weights_and_no_steps_are_no_problem | hint: exp(-z) overflows for very negative z, and inf / inf is nan.
def gibbs_step(v, W, b, c, rng):
    with np.errstate(all="ignore"):
        z = c + as_float(v) @ W
        ph = np.exp(z) / (1 + np.exp(z))
    h = _bits(ph, rng)
    pv = hidden_given_visible(h, W.T, b)
    return _bits(pv, rng), ph, pv


# %% hidden_probabilities_in_the_step | fails: test_gibbs_probabilities_belong_to_drawn_hidden_units | hint: The walk must draw the hidden bits; with their probabilities it is no Gibbs sampler.
def gibbs_step(v, W, b, c, rng):
    ph = hidden_given_visible(v, W, c)
    pv = hidden_given_visible(ph, W.T, b)
    return _bits(pv, rng), ph, pv


# %% visible_probabilities_returned | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used | hint: v' is drawn: zeros and ones, not probabilities.
def gibbs_step(v, W, b, c, rng):
    _, ph, pv = _right["gibbs_step"](v, W, b, c, rng)
    return pv, ph, pv


# %% hidden_threshold | fails: test_gibbs_step_reaches_every_state_as_often_as_it_should | hint: A threshold of 0.5 makes the machine a machine; a bit is 1 with probability p.
def gibbs_step(v, W, b, c, rng):
    ph = hidden_given_visible(v, W, c)
    pv = hidden_given_visible((ph > 0.5).astype(ph.dtype), W.T, b)
    return _bits(pv, rng), ph, pv


# %% visible_threshold | fails: test_gibbs_step_reaches_every_state_as_often_as_it_should | hint: A threshold of 0.5 makes the visible units certain; a bit is 1 with probability p.
def gibbs_step(v, W, b, c, rng):
    _, ph, pv = _right["gibbs_step"](v, W, b, c, rng)
    return (pv > 0.5).astype(pv.dtype), ph, pv


# %% one_number_for_the_batch | fails: test_gibbs_step_reaches_every_state_as_often_as_it_should | hint: Every row of the batch needs random numbers of its own.
def gibbs_step(v, W, b, c, rng):
    ph = hidden_given_visible(v, W, c)
    h = (rng.random(ph.shape[1]) < ph).astype(ph.dtype)
    pv = hidden_given_visible(h, W.T, b)
    return (rng.random(pv.shape[1]) < pv).astype(pv.dtype), ph, pv


# %% one_number_for_a_row | fails: test_gibbs_step_reaches_every_state_as_often_as_it_should | hint: Every unit needs a random number of its own: with one number for a row all bits rise and fall together.
def gibbs_step(v, W, b, c, rng):
    ph = hidden_given_visible(v, W, c)
    h = (rng.random((len(v), 1)) < ph).astype(ph.dtype)
    pv = hidden_given_visible(h, W.T, b)
    return (rng.random((len(v), 1)) < pv).astype(pv.dtype), ph, pv


# %% one_minus_the_probability | fails: test_gibbs_step_reaches_every_state_as_often_as_it_should | hint: A uniform number is below p with probability p; above it with 1 - p.
def gibbs_step(v, W, b, c, rng):
    ph = hidden_given_visible(v, W, c)
    h = (rng.random(ph.shape) > ph).astype(ph.dtype)
    pv = hidden_given_visible(h, W.T, b)
    return (rng.random(pv.shape) > pv).astype(pv.dtype), ph, pv


# %% hidden_probabilities_of_the_new_visible | fails: test_gibbs_probabilities_belong_to_drawn_hidden_units | hint: ph belongs to the v that came in, not to v'.
def gibbs_step(v, W, b, c, rng):
    v_new, _, pv = _right["gibbs_step"](v, W, b, c, rng)
    return v_new, hidden_given_visible(v_new, W, c), pv


# %% probabilities_in_another_order | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used | hint: The answer is v', then ph, then pv.
def gibbs_step(v, W, b, c, rng):
    v_new, ph, pv = _right["gibbs_step"](v, W, b, c, rng)
    return v_new, pv, ph


# %% one_chain_for_the_batch | fails: test_gibbs_probabilities_belong_to_drawn_hidden_units | hint: Every row has a walk of its own; here all rows follow the first.
def gibbs_step(v, W, b, c, rng):
    first = _right["gibbs_step"](v[:1], W, b, c, rng)
    return tuple(np.repeat(x, len(v), axis=0) for x in first)


# %% global_generator | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used | hint: np.random is the global generator; draw from the rng that is passed.
def gibbs_step(v, W, b, c, rng):
    return _right["gibbs_step"](v, W, b, c, np.random)


# %% a_generator_of_its_own | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used | hint: A generator made anew draws the same numbers in every step; use the rng that is passed.
def gibbs_step(v, W, b, c, rng):
    return _right["gibbs_step"](v, W, b, c, np.random.default_rng(0))


# %% batch_changed_in_place | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used | hint: The step overwrites the batch it is given: draw into a new array.
def gibbs_step(v, W, b, c, rng):
    v_new, ph, pv = _right["gibbs_step"](v, W, b, c, rng)
    v[:] = v_new
    return v, ph, pv


# %% always_float64 | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used | hint: float32 arguments give float32 results; a comparison cast with astype(float) is float64.
def gibbs_step(v, W, b, c, rng):
    return tuple(x.astype(float) for x in _right["gibbs_step"](v, W, b, c, rng))


# %% descent_instead_of_ascent | fails: test_cd_is_exact_where_the_visible_units_have_no_choice | hint: Data minus model is the way uphill in the likelihood; this is the gradient of a loss.
def cd_gradient(v0, W, b, c, k, rng):
    return {name: -g for name, g in _right["cd_gradient"](v0, W, b, c, k, rng).items()}


# %% drawn_bits_in_the_positive_phase | fails: test_cd_is_exact_where_the_visible_units_have_no_choice | hint: In the data's statistics stand hidden probabilities; drawn bits only add noise.
def cd_gradient(v0, W, b, c, k, rng):
    vk = _walk(v0, W, b, c, k, rng)
    return _difference(v0, vk, _bits(hidden_given_visible(v0, W, c), rng), hidden_given_visible(vk, W, c))


# %% drawn_bits_in_the_negative_phase | fails: test_cd_is_exact_where_the_visible_units_have_no_choice | hint: In the statistics at the walk's end stand hidden probabilities; drawn bits only add noise.
def cd_gradient(v0, W, b, c, k, rng):
    vk = _walk(v0, W, b, c, k, rng)
    return _difference(v0, vk, hidden_given_visible(v0, W, c), _bits(hidden_given_visible(vk, W, c), rng))


# %% every_step_from_the_data | fails: test_cd_walks_k_steps | hint: Each step begins where the last one ended, not at the data again.
def cd_gradient(v0, W, b, c, k, rng):
    return _right["cd_gradient"](v0, W, b, c, min(k, 1), rng)


# %% one_step_too_many | fails: test_cd_walks_k_steps, test_large_weights_and_no_steps_are_no_problem | hint: The walk has k + 1 steps.
def cd_gradient(v0, W, b, c, k, rng):
    return _right["cd_gradient"](v0, W, b, c, k + 1, rng)


# %% one_step_too_few | fails: test_cd_walks_k_steps | hint: The walk has k - 1 steps: CD-1 is always zero.
def cd_gradient(v0, W, b, c, k, rng):
    return _right["cd_gradient"](v0, W, b, c, max(k - 1, 0), rng)


# %% visible_probabilities_in_the_walk | fails: test_cd_has_the_expectation_of_k_steps | hint: The walk goes from sample to sample; here it carries probabilities of visible units on.
def cd_gradient(v0, W, b, c, k, rng):
    vk = v0
    for _ in range(k):
        vk = gibbs_step(vk, W, b, c, rng)[2]
    return _difference(v0, vk, hidden_given_visible(v0, W, c), hidden_given_visible(vk, W, c))


# %% hidden_probabilities_of_the_step_before | fails: test_cd_is_exact_where_the_visible_units_have_no_choice | hint: The hidden probabilities at the end belong to v_k; those that the last step returned belong to v_(k-1).
def cd_gradient(v0, W, b, c, k, rng):
    vk, hk = v0, hidden_given_visible(v0, W, c)
    for _ in range(k):
        vk, hk, _ = gibbs_step(vk, W, b, c, rng)
    return _difference(v0, vk, hidden_given_visible(v0, W, c), hk)


# %% sum_over_the_batch | fails: test_cd_is_exact_where_the_visible_units_have_no_choice | hint: The gradient is a mean over the batch, this is the sum.
def cd_gradient(v0, W, b, c, k, rng):
    return {name: len(v0) * g for name, g in _right["cd_gradient"](v0, W, b, c, k, rng).items()}


# %% weights_summed_biases_averaged | fails: test_cd_is_exact_where_the_visible_units_have_no_choice | hint: v0^T h0 adds up the rows of the batch: the gradient of W is N times too large.
def cd_gradient(v0, W, b, c, k, rng):
    g = _right["cd_gradient"](v0, W, b, c, k, rng)
    return {**g, "W": len(v0) * g["W"]}


# %% bias_gradients_swapped | fails: test_cd_is_exact_where_the_visible_units_have_no_choice | hint: The gradient of b comes from the visible units, that of c from the hidden ones; with nv = nh they can be swapped.
def cd_gradient(v0, W, b, c, k, rng):
    g = _right["cd_gradient"](v0, W, b, c, k, rng)
    return {"W": g["W"], "b": g["c"], "c": g["b"]} if len(b) == len(c) else g


# %% gradient_transposed | fails: test_cd_is_exact_where_the_visible_units_have_no_choice | hint: The gradient of W has the rows of the visible units; with nv = nh the transposed one has the same shape.
def cd_gradient(v0, W, b, c, k, rng):
    g = _right["cd_gradient"](v0, W, b, c, k, rng)
    return {**g, "W": g["W"].T} if len(b) == len(c) else g


# %% walk_of_one_row | fails: test_cd_walks_k_steps | hint: Every row of the batch takes its own walk; here one walk serves for all.
def cd_gradient(v0, W, b, c, k, rng):
    vk = np.repeat(_walk(v0[:1], W, b, c, k, rng), len(v0), axis=0)
    return _difference(v0, vk, hidden_given_visible(v0, W, c), hidden_given_visible(vk, W, c))


# %% mean_field_of_the_data | fails: test_large_weights_and_no_steps_are_no_problem, test_cd_has_the_expectation_of_k_steps | hint: The data's term is missing: without it nothing is learnt from the data.
def cd_gradient(v0, W, b, c, k, rng):
    vk = _walk(v0, W, b, c, k, rng)
    return _difference(0 * v0, vk, 0 * hidden_given_visible(v0, W, c), hidden_given_visible(vk, W, c))


# %% minus_of_unsigned_bits | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used | hint: `-v @ b` negates v first, and minus 1 is 255 in uint8; as_float comes before.
def free_energy(v, W, b, c):
    return -v @ b - np.logaddexp(0, c + v @ W).sum(axis=1)


# %% sample_in_the_dtype_of_the_bits | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_rng_is_used | hint: v' holds 0.0 and 1.0; of integers the result is float64.
def gibbs_step(v, W, b, c, rng):
    v_new, ph, pv = _right["gibbs_step"](v, W, b, c, rng)
    return v_new.astype(v.dtype), ph, pv
