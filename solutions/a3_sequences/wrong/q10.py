"""Wrong solutions of question 10: positions and layer norm. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _table(T, d, angle, even=torch.sin, odd=torch.cos):
    """A table from angle(p, column), both float64 tensors that broadcast."""
    if d % 2:
        raise ValueError("d must be even")
    p, column = torch.arange(T, dtype=torch.float64)[:, None], torch.arange(d, dtype=torch.float64)[None, :]
    turned = angle(p, column)
    return torch.where(column % 2 == 0, even(turned), odd(turned)).float()


class _Norm(_right["LayerNorm"]):
    """A right layer norm whose variance and mean the mutants replace."""

    def mean(self, x):
        return x.mean(-1, keepdim=True)

    def variance(self, x):
        return ((x - x.mean(-1, keepdim=True)) ** 2).mean(-1, keepdim=True)

    def forward(self, x):
        return (x - self.mean(x)) / torch.sqrt(self.variance(x) + self.eps) * self.weight + self.bias


# %% exponent_without_the_two | fails: test_values_of_the_positions, test_a_shift_of_position_is_a_rotation | hint: The exponent is 2i/d, where i numbers the pairs of columns; here it is i/d.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: p / base ** ((c // 2) / d))


# %% every_column_its_own_angle | fails: test_values_of_the_positions, test_a_shift_of_position_is_a_rotation | hint: Sine and cosine of a pair share one angle; here every column has its own exponent.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: p / base ** (c / d))


# %% exponent_of_the_doubled_column | fails: test_values_of_the_positions | hint: The exponent is 2i/d for column 2i: the column's number is not doubled again.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: p / base ** (2 * (c - c % 2) / d))


# %% sines_left_cosines_right | fails: test_values_of_the_positions | hint: Sine and cosine of a pair stand side by side; here all sines come first.
def sinusoidal_pe(T, d, base=10000.0):
    right = _right["sinusoidal_pe"](T, d, base)
    return torch.cat([right[:, 0::2], right[:, 1::2]], dim=1)


# %% positions_from_one | fails: test_values_of_the_positions, test_a_shift_of_position_is_a_rotation | hint: The first position is 0: its row is 0, 1, 0, 1, ...
def sinusoidal_pe(T, d, base=10000.0):
    return _right["sinusoidal_pe"](T + 1, d, base)[1:]


# %% degrees | fails: test_values_of_the_positions | hint: The angle is in radians already.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: torch.deg2rad(p / base ** ((c - c % 2) / d)))


# %% a_full_turn_a_step | fails: test_values_of_the_positions | hint: The angle is p / base^(2i/d), without a factor of 2 pi.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: 2 * math.pi * p / base ** ((c - c % 2) / d))


# %% base_ignored | fails: test_values_of_the_positions, test_a_shift_of_position_is_a_rotation | hint: The base is always 10000, whatever is passed.
def sinusoidal_pe(T, d, base=10000.0):
    return _right["sinusoidal_pe"](T, d)


# %% sine_and_cosine_swapped | fails: test_values_of_the_positions | hint: Even columns hold the sine, odd ones the cosine.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: p / base ** ((c - c % 2) / d), torch.cos, torch.sin)


# %% whole_exponents | fails: test_values_of_the_positions | hint: 2i // d is 0 for every column; the exponent is a fraction.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: p / base ** ((c - c % 2) // d))


# %% exponent_over_the_half | fails: test_values_of_the_positions | hint: The exponents run to 1 - 2/d; dividing by d - 2 stretches them to 1.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: p / base ** ((c - c % 2) / max(d - 2, 1)))


# %% angle_multiplied | fails: test_values_of_the_positions | hint: The hands slow down from pair to pair: divide p by base^(2i/d), do not multiply.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: p * base ** ((c - c % 2) / d))


# %% half_precision | fails: test_far_positions_and_odd_widths | hint: float16 has no odd integers above 2048: far positions fall together.
def sinusoidal_pe(T, d, base=10000.0):
    return _table(T, d, lambda p, c: (p.half() / (base ** ((c - c % 2) / d)).half()).double())


# %% double_precision | fails: test_positions_and_norms_follow_the_table | hint: The table is float32; float64 makes everything it is added to float64.
def sinusoidal_pe(T, d, base=10000.0):
    return _right["sinusoidal_pe"](T, d, base).double()


# %% positions_are_learnt | fails: test_positions_and_norms_follow_the_table | hint: The table is a constant: it asks for no gradient.
def sinusoidal_pe(T, d, base=10000.0):
    return _right["sinusoidal_pe"](T, d, base).requires_grad_()


# %% odd_width_accepted | fails: test_far_positions_and_odd_widths | hint: With an odd d one pair is incomplete: raise ValueError.
def sinusoidal_pe(T, d, base=10000.0):
    return _right["sinusoidal_pe"](T, d + d % 2, base)[:, :d]


# %% one_column_too_few | fails: test_far_positions_and_odd_widths | hint: With an odd d the table silently loses a column: raise ValueError.
def sinusoidal_pe(T, d, base=10000.0):
    return _right["sinusoidal_pe"](T, d - d % 2, base)


# %% unbiased_variance | fails: test_values_of_layer_norm, test_gradients_of_layer_norm | hint: The variance is divided by d, not by d - 1: torch.var needs unbiased=False.
class LayerNorm(_Norm):
    def variance(self, x):
        return x.var(-1, keepdim=True)


# %% eps_outside_the_root | fails: test_values_of_layer_norm | hint: eps is added to the variance, under the root, not to the standard deviation.
class LayerNorm(_Norm):
    def forward(self, x):
        return (x - self.mean(x)) / (torch.sqrt(self.variance(x)) + self.eps) * self.weight + self.bias


# %% unbiased_and_eps_outside | fails: test_values_of_layer_norm | hint: x.std() divides by d - 1, and eps belongs under the root.
class LayerNorm(_Norm):
    def forward(self, x):
        return (x - self.mean(x)) / (x.std(-1, keepdim=True) + self.eps) * self.weight + self.bias


# %% eps_missing | fails: test_values_of_layer_norm, test_far_from_zero_and_without_spread | hint: Without eps a vector of equal numbers is 0/0.
class LayerNorm(_Norm):
    def forward(self, x):
        return (x - self.mean(x)) / torch.sqrt(self.variance(x)) * self.weight + self.bias


# %% eps_ignored | fails: test_values_of_layer_norm | hint: eps is always 1e-5, whatever is passed.
class LayerNorm(_Norm):
    def __init__(self, d, eps=1e-5):
        super().__init__(d)


# %% default_eps_too_small | fails: test_values_of_layer_norm | hint: The default of eps is 1e-5.
class LayerNorm(_Norm):
    def __init__(self, d, eps=1e-8):
        super().__init__(d, eps)


# %% no_root | fails: test_values_of_layer_norm | hint: Divide by the standard deviation, the root of the variance.
class LayerNorm(_Norm):
    def forward(self, x):
        return (x - self.mean(x)) / (self.variance(x) + self.eps) * self.weight + self.bias


# %% over_time_too | fails: test_values_of_layer_norm, test_scale_shift_and_company_do_not_matter | hint: Mean and variance run over the features of one vector, not over the positions beside it.
class LayerNorm(_Norm):
    def forward(self, x):
        axes = tuple(range(1, x.dim())) if x.dim() > 2 else -1
        mean = x.mean(axes, keepdim=True)
        variance = ((x - mean) ** 2).mean(axes, keepdim=True)
        return (x - mean) / torch.sqrt(variance + self.eps) * self.weight + self.bias


# %% over_the_batch | fails: test_values_of_layer_norm, test_scale_shift_and_company_do_not_matter | hint: Mean and variance run over the features (the last axis); over the batch it is batch normalisation.
class LayerNorm(_Norm):
    def forward(self, x):
        mean = x.mean(0, keepdim=True)
        return (x - mean) / torch.sqrt(((x - mean) ** 2).mean(0, keepdim=True) + self.eps) * self.weight + self.bias


# %% no_scale_and_shift | fails: test_values_of_layer_norm, test_gradients_of_layer_norm | hint: weight and bias are not applied.
class LayerNorm(_Norm):
    def forward(self, x):
        return (x - self.mean(x)) / torch.sqrt(self.variance(x) + self.eps) + 0 * (self.weight + self.bias)


# %% bias_not_added | fails: test_values_of_layer_norm | hint: The bias is missing.
class LayerNorm(_Norm):
    def forward(self, x):
        return (x - self.mean(x)) / torch.sqrt(self.variance(x) + self.eps) * self.weight + 0 * self.bias


# %% shift_before_scale | fails: test_values_of_layer_norm | hint: Scale first, then shift: y * weight + bias, not (y + bias) * weight.
class LayerNorm(_Norm):
    def forward(self, x):
        return ((x - self.mean(x)) / torch.sqrt(self.variance(x) + self.eps) + self.bias) * self.weight


# %% scalar_parameters | fails: test_positions_and_norms_follow_the_table | hint: weight and bias hold one number for each feature, (d,).
class LayerNorm(_Norm):
    def __init__(self, d, eps=1e-5):
        super().__init__(1, eps)


# %% weight_starts_at_zero | fails: test_positions_and_norms_follow_the_table | hint: weight starts as ones; with zeros nothing passes the layer.
class LayerNorm(_Norm):
    def __init__(self, d, eps=1e-5):
        super().__init__(d, eps)
        nn.init.zeros_(self.weight)


# %% parameters_not_registered | fails: test_positions_and_norms_follow_the_table | hint: A plain tensor is no parameter: no optimiser will find it. nn.Parameter registers it.
class LayerNorm(_Norm):
    def __init__(self, d, eps=1e-5):
        super().__init__(d, eps)
        del self.weight, self.bias
        self.weight, self.bias = torch.ones(d, requires_grad=True), torch.zeros(d, requires_grad=True)


# %% changed_in_place | fails: test_positions_and_norms_follow_the_table | hint: x -= mean changes the caller's tensor.
class LayerNorm(_Norm):
    def forward(self, x):
        if x.requires_grad:
            return super().forward(x)
        root = torch.sqrt(self.variance(x) + self.eps)
        x -= self.mean(x)
        return x / root * self.weight + self.bias


# %% mean_not_subtracted | fails: test_values_of_layer_norm, test_scale_shift_and_company_do_not_matter | hint: Without the mean it is RMS normalisation; layer norm also subtracts the mean.
class LayerNorm(_Norm):
    def forward(self, x):
        return x / torch.sqrt((x**2).mean(-1, keepdim=True) + self.eps) * self.weight + self.bias


# %% difference_of_squares | fails: test_far_from_zero_and_without_spread | hint: mean(x^2) - mean(x)^2 loses all digits for numbers around 10 000; subtract the mean first.
class LayerNorm(_Norm):
    def variance(self, x):
        return (x**2).mean(-1, keepdim=True) - x.mean(-1, keepdim=True) ** 2


# %% statistics_detached | fails: test_gradients_of_layer_norm | hint: Mean and variance depend on x: the gradient flows through them too.
class LayerNorm(_Norm):
    def mean(self, x):
        return super().mean(x).detach()

    def variance(self, x):
        return super().variance(x).detach()


# %% variance_detached | fails: test_gradients_of_layer_norm | hint: The variance depends on x: the gradient flows through it too.
class LayerNorm(_Norm):
    def variance(self, x):
        return super().variance(x).detach()


# %% always_float32 | fails: test_positions_and_norms_follow_the_table, test_values_of_layer_norm | hint: The result has the dtype of x.
class LayerNorm(_Norm):
    def forward(self, x):
        return super().forward(x.float()).float()


# %% ready_made | fails: test_values_of_layer_norm | hint: F.layer_norm is what is to be built here.
class LayerNorm(_Norm):
    def forward(self, x):
        return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)


# %% module_of_torch | fails: test_values_of_layer_norm | hint: nn.LayerNorm is what is to be built here.
LayerNorm = nn.LayerNorm


# %% table_kept_without_its_base | fails: test_values_of_the_positions | hint: A table that is kept for (T, d) is right for one base alone; base is an argument.
_tables = {}


def sinusoidal_pe(T, d, base=10000.0):
    if (T, d) not in _tables:
        _tables[T, d] = _right["sinusoidal_pe"](T, d, base)
    return _tables[T, d].clone()


# %% table_kept_by_its_width | fails: test_values_of_the_positions | hint: A table that is kept for d alone has the rows of the first call.
_wide = {}


def sinusoidal_pe(T, d, base=10000.0):
    if (d, base) not in _wide or len(_wide[d, base]) < T:
        _wide[d, base] = _right["sinusoidal_pe"](T, d, base)
    return _wide[d, base].clone()


# %% variance_divided_by_nothing | fails: test_far_from_zero_and_without_spread | hint: var divides by d - 1, which is 0 for a single number: 0/0, and multiplying by d - 1 does not undo it.
class LayerNorm(_right["LayerNorm"]):
    def forward(self, x):
        d = x.shape[-1]
        variance = x.var(dim=-1, keepdim=True) * (d - 1) / d
        return (x - x.mean(dim=-1, keepdim=True)) / torch.sqrt(variance + self.eps) * self.weight + self.bias
