"""Wrong solutions of question 12: VLAD and NetVLAD. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _rows(V, axis=1):
    return V / np.maximum(np.linalg.norm(V, axis=axis, keepdims=True), 1e-12)


def _vlad(X, centers, choose=None, residual=lambda x, c: x - c, rows=_rows, whole=True, flat=lambda V: V.reshape(-1)):
    """A right vlad with parts that the mutants replace."""
    X, centers = as_float(X), as_float(centers)
    squares = ((X[:, None] - centers) ** 2).sum(axis=2)
    nearest = squares.argmin(axis=1) if choose is None else choose(X, centers, squares)
    V = np.stack([residual(X[nearest == k], c).sum(axis=0) for k, c in enumerate(centers)])
    V = rows(V)
    v = flat(V)
    return v / max(np.linalg.norm(v), 1e-12) if whole else v


class _NetVLAD(nn.Module):
    """A right module with parts that the mutants replace."""

    def __init__(self, centers, alpha):
        super().__init__()
        self.w = nn.Parameter(self.first_w(centers, alpha))
        self.b = nn.Parameter(self.first_b(centers, alpha))
        self.centers = nn.Parameter(centers.clone())

    def first_w(self, centers, alpha):
        return 2 * alpha * centers

    def first_b(self, centers, alpha):
        return -alpha * (centers**2).sum(dim=1)

    def shares(self, x):
        return F.softmax(x @ self.w.T + self.b, dim=2)

    def residual(self, x):
        return x[:, :, None] - self.centers

    def rows(self, V):
        return F.normalize(V, dim=2)

    def whole(self, V):
        return F.normalize(V.flatten(1), dim=1)

    def forward(self, x):
        V = (self.shares(x)[..., None] * self.residual(x)).sum(dim=1)
        return self.whole(self.rows(V))


# %% vlad_sign | fails: test_vlad_values | hint: The residual is x - c; here it is c - x.
def vlad(X, centers):
    return _vlad(X, centers, residual=lambda x, c: c - x)


# %% vlad_without_residual | fails: test_vlad_values | hint: The descriptors were added, not what they have beyond their centre.
def vlad(X, centers):
    return _vlad(X, centers, residual=lambda x, c: x)


# %% vlad_squared_residual | fails: test_vlad_values | hint: The residuals are squared; their sign is what VLAD is about.
def vlad(X, centers):
    return _vlad(X, centers, residual=lambda x, c: (x - c) ** 2)


# %% vlad_unit_residuals | fails: test_vlad_values | hint: Each residual was normalised before the sum; it is the sum that is normalised.
def vlad(X, centers):
    return _vlad(X, centers, residual=lambda x, c: _rows(x - c))


# %% vlad_sum_minus_centre | fails: test_vlad_values | hint: The centre is subtracted once from the sum, and it belongs to every descriptor.
def vlad(X, centers):
    return _vlad(X, centers, residual=lambda x, c: x.sum(axis=0, keepdims=True) - c * (len(x) > 0))


# %% vlad_largest_product | fails: test_vlad_values | hint: The largest c . x is not the nearest centre, unless all centres have one norm.
def vlad(X, centers):
    return _vlad(X, centers, choose=lambda X, C, squares: (X @ C.T).argmax(axis=1))


# %% vlad_by_angle | fails: test_vlad_values | hint: The centre was chosen by the angle; nearest is meant by distance.
def vlad(X, centers):
    return _vlad(X, centers, choose=lambda X, C, squares: (_rows(X) @ _rows(C).T).argmax(axis=1))


# %% vlad_city_blocks | fails: test_vlad_values | hint: The distance is the Euclidean one, not the sum of absolute differences.
def vlad(X, centers):
    return _vlad(X, centers, choose=lambda X, C, squares: np.abs(X[:, None] - C).sum(axis=2).argmin(axis=1))


# %% vlad_farthest | fails: test_vlad_values | hint: The farthest centre was chosen.
def vlad(X, centers):
    return _vlad(X, centers, choose=lambda X, C, squares: squares.argmax(axis=1))


# %% vlad_last_of_the_nearest | fails: test_vlad_with_empty_centres_ties_and_points_on_a_centre | hint: Of two centres equally near the lower index wins.
def vlad(X, centers):
    return _vlad(X, centers, choose=lambda X, C, squares: squares.shape[1] - 1 - squares[:, ::-1].argmin(axis=1))


# %% vlad_rows_as_they_are | fails: test_vlad_values | hint: Each row has to be normalised before the whole is.
def vlad(X, centers):
    return _vlad(X, centers, rows=lambda V: V)


# %% vlad_columns_normalised | fails: test_vlad_values | hint: The columns were normalised; it is the row of each centre that gets norm 1.
def vlad(X, centers):
    return _vlad(X, centers, rows=lambda V: _rows(V, axis=0))


# %% vlad_whole_as_it_is | fails: test_vlad_values | hint: After the rows the whole vector is normalised too.
def vlad(X, centers):
    return _vlad(X, centers, whole=False)


# %% vlad_zero_by_zero | fails: test_vlad_with_empty_centres_ties_and_points_on_a_centre | hint: A centre without descriptors gives 0/0, which is nan; its row stays 0.
def vlad(X, centers):
    with np.errstate(all="ignore"):
        return _vlad(X, centers, rows=lambda V: V / np.linalg.norm(V, axis=1, keepdims=True))


# %% vlad_sum_of_absolutes | fails: test_vlad_values | hint: The rows were divided by the sum of absolute values; the L2 norm was asked for.
def vlad(X, centers):
    return _vlad(X, centers, rows=lambda V: V / np.maximum(np.abs(V).sum(axis=1, keepdims=True), 1e-12))


# %% vlad_columns_first | fails: test_vlad_values | hint: The vector holds column after column; row 0 comes first.
def vlad(X, centers):
    return _vlad(X, centers, flat=lambda V: V.T.reshape(-1))


# %% vlad_not_flat | fails: test_shapes_dtypes_and_the_parameters_at_the_start | hint: The answer is one vector (K*d,), not a table.
def vlad(X, centers):
    return _vlad(X, centers).reshape(len(centers), -1)


# %% vlad_by_torch | fails: test_shapes_dtypes_and_the_parameters_at_the_start | hint: vlad is numpy alone.
def vlad(X, centers):
    return torch.tensor(_vlad(X, centers)).mul(1).numpy()


# %% vlad_always_double | fails: test_shapes_dtypes_and_the_parameters_at_the_start | hint: float32 came in and float64 went out.
def vlad(X, centers):
    return _vlad(np.float64(X), np.float64(centers))


# %% softmax_over_the_descriptors | fails: test_netvlad_values | hint: The softmax runs over the descriptors; a descriptor divides itself among the centres.
class NetVLAD(_NetVLAD):
    def shares(self, x):
        return F.softmax(x @ self.w.T + self.b, dim=1)


# %% sigmoid_for_softmax | fails: test_netvlad_values | hint: The shares of a descriptor add up to 1: softmax, not sigmoid.
class NetVLAD(_NetVLAD):
    def shares(self, x):
        return torch.sigmoid(x @ self.w.T + self.b)


# %% hard_choice | fails: test_netvlad_values, test_gradients_of_netvlad | hint: The nearest centre takes all, so that w and b get no gradient; use the softmax itself.
class NetVLAD(_NetVLAD):
    def shares(self, x):
        return F.one_hot((x @ self.w.T + self.b).argmax(dim=2), len(self.b)).to(x)


# %% exponentials_overflow | fails: test_netvlad_with_large_exponents_and_one_descriptor | hint: exp of a large exponent overflows; subtract the largest first, as softmax does.
class NetVLAD(_NetVLAD):
    def shares(self, x):
        e = torch.exp(x @ self.w.T + self.b)
        return e / e.sum(dim=2, keepdim=True)


# %% shares_from_the_centres | fails: test_netvlad_values, test_gradients_of_netvlad | hint: The shares are computed from the centres in forward; w and b are parameters of their own.
class NetVLAD(_NetVLAD):
    def shares(self, x):
        return F.softmax(x @ self.w.T - 0.25 / 0.8 * (self.w**2).sum(dim=1) + 0 * self.b, dim=2)


# %% alpha_missing_in_b | fails: test_shapes_dtypes_and_the_parameters_at_the_start, test_netvlad_values | hint: b is -alpha |c|^2; alpha is missing.
class NetVLAD(_NetVLAD):
    def first_b(self, centers, alpha):
        return -(centers**2).sum(dim=1)


# %% factor_two_missing | fails: test_shapes_dtypes_and_the_parameters_at_the_start, test_a_sharp_netvlad_is_vlad | hint: w is 2 alpha c; the factor 2 is missing.
class NetVLAD(_NetVLAD):
    def first_w(self, centers, alpha):
        return alpha * centers


# %% sign_of_b | fails: test_shapes_dtypes_and_the_parameters_at_the_start, test_a_sharp_netvlad_is_vlad | hint: b is -alpha |c|^2; the sign is missing.
class NetVLAD(_NetVLAD):
    def first_b(self, centers, alpha):
        return alpha * (centers**2).sum(dim=1)


# %% norm_not_squared | fails: test_shapes_dtypes_and_the_parameters_at_the_start | hint: b is -alpha times the square of |c|; the square is missing.
class NetVLAD(_NetVLAD):
    def first_b(self, centers, alpha):
        return -alpha * centers.norm(dim=1)


# %% random_start | fails: test_shapes_dtypes_and_the_parameters_at_the_start, test_a_sharp_netvlad_is_vlad | hint: w and b begin at random; they begin at 2 alpha c and -alpha |c|^2.
class NetVLAD(_NetVLAD):
    def first_w(self, centers, alpha):
        return torch.randn_like(centers)


# %% centres_fixed | fails: test_shapes_dtypes_and_the_parameters_at_the_start, test_gradients_of_netvlad | hint: The centres are no nn.Parameter: they are never learned.
class NetVLAD(_NetVLAD):
    def __init__(self, centers, alpha):
        super().__init__(centers, alpha)
        del self.centers
        self.register_buffer("centers", centers.clone())


# %% centres_not_copied | fails: test_shapes_dtypes_and_the_parameters_at_the_start | hint: nn.Parameter(centers) is the caller's own tensor; the optimiser will change it.
class NetVLAD(_NetVLAD):
    def __init__(self, centers, alpha):
        super().__init__(centers, alpha)
        self.centers = nn.Parameter(centers)


# %% centres_detached | fails: test_gradients_of_netvlad | hint: The centres get no gradient.
class NetVLAD(_NetVLAD):
    def residual(self, x):
        return x[:, :, None] - self.centers.detach()


# %% shares_detached | fails: test_gradients_of_netvlad | hint: The shares are cut from the graph: w and b get no gradient.
class NetVLAD(_NetVLAD):
    def shares(self, x):
        return super().shares(x).detach() + 0 * super().shares(x)


# %% net_sign | fails: test_netvlad_values | hint: The residual is x - c; here it is c - x.
class NetVLAD(_NetVLAD):
    def residual(self, x):
        return self.centers - x[:, :, None]


# %% net_without_residual | fails: test_netvlad_values | hint: The descriptors were added, not what they have beyond the centre.
class NetVLAD(_NetVLAD):
    def residual(self, x):
        return x[:, :, None] + 0 * self.centers


# %% net_rows_as_they_are | fails: test_netvlad_values | hint: Each row has to be normalised before the whole is.
class NetVLAD(_NetVLAD):
    def rows(self, V):
        return V


# %% net_columns_normalised | fails: test_netvlad_values | hint: Normalised along the centres; it is the row of each centre that gets norm 1.
class NetVLAD(_NetVLAD):
    def rows(self, V):
        return F.normalize(V, dim=1)


# %% net_whole_as_it_is | fails: test_netvlad_values | hint: After the rows the whole vector is normalised too.
class NetVLAD(_NetVLAD):
    def whole(self, V):
        return V.flatten(1)


# %% net_normalised_over_the_batch | fails: test_netvlad_values, test_order_copies_and_neighbours_change_nothing | hint: The last norm runs over the whole batch; each image has its own.
class NetVLAD(_NetVLAD):
    def whole(self, V):
        return V.flatten(1) / V.norm().clamp(min=1e-12)


# %% net_columns_first | fails: test_netvlad_values | hint: The vector holds column after column; row 0 comes first.
class NetVLAD(_NetVLAD):
    def whole(self, V):
        return super().whole(V.transpose(1, 2))


# "mean for sum" is left out: the norm of each row removes every factor of a row, so that the two are the same.


# %% expanded_square | fails: test_vlad_far_from_the_origin | hint: Expanded, the square of a distance is a difference of enormous numbers: nothing of it is left far from the origin.
def vlad(X, centers):
    X, centers = as_float(X), as_float(centers)
    squares = (X**2).sum(axis=1)[:, None] - 2 * X @ centers.T + (centers**2).sum(axis=1)
    nearest = squares.argmin(axis=1)
    V = np.stack([(X[nearest == k] - c).sum(axis=0) for k, c in enumerate(centers)])
    V = V / np.maximum(np.linalg.norm(V, axis=1, keepdims=True), 1e-12)
    return (V / max(np.linalg.norm(V), 1e-12)).reshape(-1)


# %% weights_tied_to_the_centres | fails: test_netvlad_values, test_gradients_of_netvlad | hint: w is made of the centres in every forward pass; it is a parameter of its own and learns by itself.
class NetVLAD(_right["NetVLAD"]):
    def __init__(self, centers, alpha):
        super().__init__(centers, alpha)
        self.alpha = alpha

    def forward(self, x):
        shares = torch.softmax(x @ (2 * self.alpha * self.centers).T + self.b, dim=2)
        V = torch.einsum("bnk,bnkd->bkd", shares, x[:, :, None] - self.centers)
        return F.normalize(F.normalize(V, dim=2, eps=1e-12).flatten(1), dim=1, eps=1e-12)


# %% vlad_of_the_dtype_of_the_centres | fails: test_shapes_dtypes_and_the_parameters_at_the_start | hint: X decides the dtype of the answer, not the centres.
def vlad(X, centers):
    return _right["vlad"](X, centers).astype(as_float(centers).dtype)


# %% vlad_nearest_in_single_precision | fails: test_vlad_with_empty_centres_ties_and_points_on_a_centre | hint: Distances of float64 were compared in float32: a centre that is a little nearer then looks as near as another.
def vlad(X, centers):
    return _vlad(X, centers, lambda X, centers, squares: squares.astype(np.float32).argmin(axis=1))


# %% memory_shared_for_one_alpha | fails: test_netvlad_values | hint: For alpha 0.5 w begins as the centres, and here it lies in their memory: the two cannot learn independently.
class NetVLAD(_right["NetVLAD"]):
    def __init__(self, centers, alpha):
        super().__init__(centers, alpha)
        if 2 * alpha == 1:
            self.w = nn.Parameter(self.centers.data)


# %% root_of_a_row_of_zeros | fails: test_netvlad_with_large_exponents_and_one_descriptor | hint: The square root has no slope at 0: a row of zeros has the gradient nan. F.normalize and norm know that.
class NetVLAD(_right["NetVLAD"]):
    def forward(self, x):
        shares = torch.softmax(x @ self.w.T + self.b, dim=2)
        V = torch.einsum("bnk,bnkd->bkd", shares, x[:, :, None] - self.centers)
        V = V / V.square().sum(dim=2, keepdim=True).sqrt().clamp(min=1e-12)
        return F.normalize(V.flatten(1), dim=1)


# %% view_of_the_descriptors | fails: test_order_copies_and_neighbours_change_nothing | hint: Descriptors of a feature map come as a transposed view, of which view makes nothing: reshape does.
class NetVLAD(_right["NetVLAD"]):
    def forward(self, x):
        return super().forward(x.view(-1, x.shape[2]).view(x.shape))


# %% net_rows_at_least_a_millionth | fails: test_netvlad_with_large_exponents_and_one_descriptor | hint: A faint row of 1e-8 is normalised, too: the limit is 1e-12.
class NetVLAD(_NetVLAD):
    def rows(self, V):
        return F.normalize(V, dim=2, eps=1e-6)


# %% vlad_rows_at_least_1e_8 | fails: test_vlad_with_empty_centres_ties_and_points_on_a_centre | hint: The least norm is 1e-12; with 1e-8 a faint row is not normalised.
def vlad(X, centers):
    return _vlad(X, centers, rows=lambda V: V / np.maximum(np.linalg.norm(V, axis=1, keepdims=True), 1e-8))


# %% vlad_1e_12_under_the_root | fails: test_vlad_with_empty_centres_ties_and_points_on_a_centre | hint: 1e-12 under the root is 1e-6 outside: it stands beside the norm, not beside its square.
def vlad(X, centers):
    return _vlad(X, centers, rows=lambda V: V / np.sqrt((V**2).sum(axis=1, keepdims=True) + 1e-12))


# %% root_of_a_vector_of_zeros | fails: test_netvlad_with_large_exponents_and_one_descriptor | hint: The square root has no slope at 0: where all descriptors are their centre the whole vector is 0, and its gradient nan.
class NetVLAD(_NetVLAD):
    def whole(self, V):
        v = V.flatten(1)
        return v / v.pow(2).sum(dim=1, keepdim=True).sqrt().clamp(min=1e-12)
