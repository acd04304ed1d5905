"""Wrong solutions of question 4: activations and derivatives. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %% sign_of_the_exponent | fails: test_smooth_activations_have_the_right_values | hint: The exponent has the wrong sign: sigmoid(z) = 1 / (1 + exp(-z)) rises with z.
def sigmoid(z):
    return 1 / (1 + np.exp(as_float(z)))


# %% naive_sigmoid | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: exp(-z) overflows for very negative z; there use exp(z) / (1 + exp(z)) instead.
def sigmoid(z):
    return 1 / (1 + np.exp(-as_float(z)))


# %% clipped_sigmoid | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: Clipping z to +-30 avoids the overflow but bends the tail: sigmoid(-700) is tiny, not sigmoid(-30).
def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(as_float(z), -30, 30)))


# %% where_computes_both_branches | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: np.where computes both of its branches, so the one you do not want still overflows.
def sigmoid(z):
    z = as_float(z)
    return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))


# %% d_sigmoid_of_the_activation | fails: test_smooth_derivatives_are_taken_at_the_pre_activation | hint: a (1 - a) holds for the activation a = sigmoid(z); here the argument is z itself.
def d_sigmoid(z):
    z = as_float(z)
    return z * (1 - z)


# %% d_tanh_of_the_activation | fails: test_smooth_derivatives_are_taken_at_the_pre_activation | hint: 1 - a^2 holds for the activation a = tanh(z); here the argument is z itself.
def d_tanh(z):
    return 1 - as_float(z) ** 2


# %% d_tanh_without_the_square | fails: test_smooth_derivatives_are_taken_at_the_pre_activation | hint: The square is missing: the derivative of tanh is 1 - tanh(z)^2.
def d_tanh(z):
    return 1 - np.tanh(as_float(z))


# %% d_relu_is_z | fails: test_rectifiers_have_a_constant_slope_on_either_side | hint: The slope of z is 1 where relu is active, not z.
def d_relu(z):
    return np.maximum(as_float(z), 0)


# %% relu_in_place | fails: test_shape_and_dtype_are_kept_and_the_input_is_untouched | hint: relu overwrites its argument; the backward pass would look at the wrong z.
def relu(z):
    z = z if isinstance(z, np.ndarray) else as_float(z)
    z[z < 0] = 0
    return z


# %% leaky_slope_zero | fails: test_rectifiers_have_a_constant_slope_on_either_side | hint: A leaky rectifier leaks: its slope on the left is alpha, not 0.
def d_leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return (z > 0).astype(z.dtype)


# %% leaky_slope_one | fails: test_rectifiers_have_a_constant_slope_on_either_side | hint: On the left the slope is alpha, not 1.
def d_leaky_relu(z, alpha=0.01):
    return np.ones_like(as_float(z))


# %% leaky_relu_ignores_alpha | fails: test_rectifiers_have_the_right_values | hint: leaky_relu uses 0.01 whatever alpha is passed.
def leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.where(z > 0, z, z.dtype.type(0.01) * z)


# %% leaky_slope_ignores_alpha | fails: test_rectifiers_have_a_constant_slope_on_either_side | hint: d_leaky_relu uses 0.01 whatever alpha is passed.
def d_leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.where(z > 0, 1, 0.01).astype(z.dtype)


# %% naive_softplus | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: exp(z) overflows for large z, and 1 + exp(-40) is exactly 1; take max(z, 0) out and use log1p.
def softplus(z):
    return np.log(1 + np.exp(as_float(z)))


# %% softplus_slope_mirrored | fails: test_smooth_derivatives_are_taken_at_the_pre_activation | hint: The slope of softplus is sigmoid(z): it rises to 1 on the right, not on the left.
def d_softplus(z):
    return sigmoid(-as_float(z))


# %% softplus_cut_off | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: softplus(-40) is small but not 0; log1p(exp(z)) keeps it.
def softplus(z):
    z = as_float(z)
    with np.errstate(under="ignore"):
        return np.where(z < -30, 0, np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))).astype(z.dtype)


# %% always_float64 | fails: test_shape_and_dtype_are_kept_and_the_input_is_untouched | hint: float32 input comes back as float64; networks in float32 would silently double their memory.
def tanh(z):
    return np.tanh(np.asarray(z, dtype=np.float64))


# %% integers_truncated | fails: test_shape_and_dtype_are_kept_and_the_input_is_untouched | hint: np.empty_like of an integer array holds integers: the fractions are cut off.
def leaky_relu(z, alpha=0.01):
    z = np.asarray(z)
    out = np.empty_like(z)
    out[...] = np.where(z > 0, z, alpha * z)
    return out


# %% larger_of_both_lines | fails: test_leaky_slopes_above_one_and_below_zero | hint: max(z, alpha z) is the leaky ReLU for alpha between 0 and 1 alone.
def leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.maximum(z, z.dtype.type(alpha) * z)


# %% slope_from_the_larger_line | fails: test_leaky_slopes_above_one_and_below_zero | hint: The slope is alpha on the left, also where alpha z is the smaller of the two.
def d_leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.where(z >= alpha * z, 1, alpha).astype(z.dtype)


# %% integers_stay_integers | fails: test_shape_and_dtype_are_kept_and_the_input_is_untouched | hint: np.maximum(z, 0) of integers holds integers; the table asks for float64.
def relu(z):
    return np.maximum(z, 0)


# %% softplus_is_z_above_20 | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: ln(1 + e^z) is not yet z at z = 20: the tenth digit differs. Above 0 it is z + log1p(e^-z).
def softplus(z):
    z = as_float(z)
    return np.where(z > 20, z, np.log1p(np.exp(np.minimum(z, 20)))).astype(z.dtype)


# %% softplus_is_exp_below_minus_20 | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: ln(1 + e^z) is not yet e^z at z = -20: the ninth digit differs. np.log1p needs no such cut.
def softplus(z):
    z = as_float(z)
    e = np.exp(np.minimum(z, 0))
    return np.where(z < -20, e, np.where(z > 0, z + np.log1p(np.exp(-np.abs(z))), np.log1p(e))).astype(z.dtype)


# %% sigmoid_is_1_above_20 | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: At z = 20 the sigmoid is 2e-9 below 1: it needs no cut there.
def sigmoid(z):
    z = as_float(z)
    return np.where(z > 20, z.dtype.type(1), _right["sigmoid"](z)).astype(z.dtype)


# %% relu_in_a_flat_copy | fails: test_shape_and_dtype_are_kept_and_the_input_is_untouched | hint: ravel and reshape give a copy where entries do not lie row by row (a transpose), so what you write there is lost.
def relu(z):
    out = np.array(as_float(z), order="K")
    flat = out.ravel()
    flat[flat < 0] = 0
    return out


# %% leaky_relu_in_a_flat_copy | fails: test_shape_and_dtype_are_kept_and_the_input_is_untouched | hint: ravel and reshape give a copy where entries do not lie row by row (a transpose), so what you write there is lost.
def leaky_relu(z, alpha=0.01):
    out = np.array(as_float(z), order="K")
    flat = out.reshape(-1)
    flat[flat < 0] *= alpha
    return out


# %% exponential_of_small_integers | fails: test_shape_and_dtype_are_kept_and_the_input_is_untouched | hint: np.exp of int8 is of half precision: make floats of z first, then compute.
def sigmoid(z):
    e = as_float(np.exp(-np.abs(z)))
    return np.where(np.asarray(z) >= 0, 1 / (1 + e), e / (1 + e)).astype(as_float(z).dtype)


# %% d_tanh_by_cosh | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: cosh overflows from 89 on in float32: 1 - tanh(z)^2 does not.
def d_tanh(z):
    return 1 / np.cosh(np.clip(as_float(z), -300, 300)) ** 2


# %% softplus_clipped_for_float64 | fails: test_large_inputs_neither_overflow_nor_lose_the_tails | hint: exp(500) is too large for float32: let exp see numbers <= 0 alone.
def softplus(z):
    z = as_float(z)
    return np.where(z > 500, z, np.log1p(np.exp(np.minimum(z, 500))))


# %% d_relu_of_what_is_large_enough | fails: test_rectifiers_have_a_constant_slope_on_either_side | hint: The slope is 1 from the smallest positive number on, not from 1e-8 on.
def d_relu(z):
    z = as_float(z)
    return (z > 1e-8).astype(z.dtype)
