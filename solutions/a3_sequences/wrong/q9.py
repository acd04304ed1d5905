"""Wrong solutions of question 9: multi-head attention. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
class _Heads(_right["MultiHeadAttention"]):
    """A right multi-head attention with parts that the mutants replace."""

    def part(self, x):
        B, T, D = x.shape
        return x.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2)

    def merge(self, heads):
        return heads.transpose(1, 2).reshape(heads.shape[0], heads.shape[2], -1)

    def fit(self, mask):
        return mask[:, None] if mask is not None and mask.dim() == 3 else mask

    def attend(self, Q, K, V, mask):
        return sdpa(Q, K, V, mask)[0]

    def project(self, q, kv):
        return self.q_proj(q), self.k_proj(kv), self.v_proj(kv)

    def forward(self, q, kv=None, mask=None):
        Q, K, V = self.project(q, q if kv is None else kv)
        return self.o_proj(self.merge(self.attend(self.part(Q), self.part(K), self.part(V), self.fit(mask))))


# %% viewed_without_transpose | fails: test_self_attention_values, test_cross_attention_values | hint: view(B, H, T, dh) of (B, T, D) cuts the numbers of several tokens into one head; split the last axis, then swap axes.
class MultiHeadAttention(_Heads):
    def part(self, x):
        B, T, D = x.shape
        return x.view(B, self.n_heads, T, D // self.n_heads)


# %% merged_without_transpose | fails: test_self_attention_values, test_cross_attention_values | hint: (B, H, T, dh) must go back to (B, T, H, dh) before heads and width become one axis.
class MultiHeadAttention(_Heads):
    def merge(self, heads):
        B, H, T, dh = heads.shape
        return heads.reshape(B, T, H * dh)


# %% split_and_merged_without_transpose | fails: test_self_attention_values | hint: Split and merged by views alone: shapes fit, but each "head" holds numbers of several tokens.
class MultiHeadAttention(_Heads):
    def part(self, x):
        B, T, D = x.shape
        return x.view(B, self.n_heads, T, D // self.n_heads)

    def merge(self, heads):
        B, H, T, dh = heads.shape
        return heads.reshape(B, T, H * dh)


# %% heads_interleaved | fails: test_self_attention_values, test_heads_keep_to_themselves | hint: Head h owns neighbouring columns, h*dh to (h+1)*dh: split into (H, dh), not (dh, H).
class MultiHeadAttention(_Heads):
    def part(self, x):
        B, T, D = x.shape
        return x.view(B, T, D // self.n_heads, self.n_heads).permute(0, 3, 1, 2)

    def merge(self, heads):
        B, H, T, dh = heads.shape
        return heads.permute(0, 2, 3, 1).reshape(B, T, H * dh)


# %% merged_interleaved | fails: test_self_attention_values | hint: The heads are laid side by side, head 0 first; here their columns alternate.
class MultiHeadAttention(_Heads):
    def merge(self, heads):
        B, H, T, dh = heads.shape
        return heads.permute(0, 2, 3, 1).reshape(B, T, H * dh)


# %% root_of_the_whole_width | fails: test_self_attention_values | hint: The scale is the square root of a head's width D / H, not of D.
class MultiHeadAttention(_Heads):
    def attend(self, Q, K, V, mask):
        return sdpa(Q / math.sqrt(self.n_heads), K, V, mask)[0]


# %% scaled_twice | fails: test_self_attention_values | hint: sdpa divides by sqrt(dh) already.
class MultiHeadAttention(_Heads):
    def attend(self, Q, K, V, mask):
        return sdpa(Q / math.sqrt(Q.shape[-1]), K, V, mask)[0]


# %% kv_ignored | fails: test_cross_attention_values | hint: In cross-attention keys and values come from kv.
class MultiHeadAttention(_Heads):
    def forward(self, q, kv=None, mask=None):
        mask = None if mask is not None and mask.shape[-1] != q.shape[1] else mask
        return super().forward(q, None, mask)


# %% values_from_q | fails: test_cross_attention_values | hint: The values come from kv like the keys, not from q.
class MultiHeadAttention(_Heads):
    def project(self, q, kv):
        values = q if q.shape[1] == kv.shape[1] else kv
        return self.q_proj(q), self.k_proj(kv), self.v_proj(values)


# %% keys_from_q | fails: test_cross_attention_values | hint: The keys come from kv like the values, not from q.
class MultiHeadAttention(_Heads):
    def project(self, q, kv):
        keys = q if q.shape[1] == kv.shape[1] else kv
        return self.q_proj(q), self.k_proj(keys), self.v_proj(kv)


# %% keys_and_values_swapped | fails: test_self_attention_values | hint: k_proj makes the keys and v_proj the values.
class MultiHeadAttention(_Heads):
    def project(self, q, kv):
        return self.q_proj(q), self.v_proj(kv), self.k_proj(kv)


# %% queries_and_keys_swapped | fails: test_self_attention_values | hint: q_proj makes the queries and k_proj the keys.
class MultiHeadAttention(_Heads):
    def project(self, q, kv):
        return self.k_proj(q), self.q_proj(kv), self.v_proj(kv)


# %% o_proj_missing | fails: test_self_attention_values, test_gradients_of_inputs_and_projections | hint: The heads are mixed by o_proj at the end.
class MultiHeadAttention(_Heads):
    def forward(self, q, kv=None, mask=None):
        Q, K, V = self.project(q, q if kv is None else kv)
        return self.merge(self.attend(self.part(Q), self.part(K), self.part(V), self.fit(mask)))


# %% one_projection_for_all | fails: test_heads_have_the_parameters_of_the_table_and_arguments_stay | hint: Queries, keys and values have a projection each; here they share one.
class MultiHeadAttention(_Heads):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__(d_model, n_heads, bias)
        self.k_proj = self.v_proj = self.q_proj


# %% keys_projected_like_queries | fails: test_self_attention_values, test_gradients_of_inputs_and_projections | hint: The keys use the projection of the queries; k_proj never learns.
class MultiHeadAttention(_Heads):
    def project(self, q, kv):
        return self.q_proj(q), self.q_proj(kv), self.v_proj(kv)


# %% mask_meets_the_heads | fails: test_masks_of_every_form | hint: A mask (B, Tq, Tk) lines up with the heads when B = H: give it an axis for them, mask[:, None].
class MultiHeadAttention(_Heads):
    def fit(self, mask):
        if mask is not None and mask.dim() == 3 and len(mask) == self.n_heads:  # elsewhere torch would raise
            return mask
        return super().fit(mask)


# %% mask_of_the_first_head | fails: test_masks_of_every_form | hint: A mask (B, H, Tq, Tk) is a mask for each head; here all heads use that of the first.
class MultiHeadAttention(_Heads):
    def fit(self, mask):
        mask = super().fit(mask)
        return mask[:, :1] if mask is not None and mask.dim() == 4 else mask


# %% mask_of_the_first_sample | fails: test_masks_of_every_form | hint: Every sample has its own mask; here all use that of the first.
class MultiHeadAttention(_Heads):
    def fit(self, mask):
        mask = super().fit(mask)
        return mask[:1] if mask is not None and mask.dim() == 4 else mask


# %% mask_ignored | fails: test_masks_of_every_form | hint: The mask does not reach sdpa.
class MultiHeadAttention(_Heads):
    def fit(self, mask):
        return None


# %% only_two_axes | fails: test_masks_of_every_form | hint: A mask may also have an axis for the samples, and one for the heads.
class MultiHeadAttention(_Heads):
    def fit(self, mask):
        return mask if mask is None or mask.dim() == 2 else mask.flatten(0, -3)[0]


# %% mask_inverted | fails: test_masks_of_every_form | hint: True means may be attended, as in sdpa.
class MultiHeadAttention(_Heads):
    def fit(self, mask):
        return None if mask is None else ~super().fit(mask)


# %% softmax_over_all_heads | fails: test_self_attention_values | hint: Every head has a softmax of its own over the keys; here all heads share one.
class MultiHeadAttention(_Heads):
    def attend(self, Q, K, V, mask):
        scores = Q @ K.mT / math.sqrt(Q.shape[-1])  # (B, H, Tq, Tk)
        scores = scores if mask is None else scores.masked_fill(~mask, -1e9)
        attn = scores.transpose(1, 2).flatten(2).softmax(-1).unflatten(-1, (Q.shape[1], -1)).transpose(1, 2)
        return attn @ V


# %% number_of_heads_ignored | fails: test_self_attention_values, test_heads_keep_to_themselves | hint: There is a single head, whatever n_heads says.
class MultiHeadAttention(_Heads):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__(d_model, n_heads, bias)
        self.n_heads = 1

    def fit(self, mask):
        mask = super().fit(mask)
        return mask[:, :1] if mask is not None and mask.dim() == 4 else mask


# %% bias_ignored | fails: test_heads_have_the_parameters_of_the_table_and_arguments_stay | hint: The projections have biases even if bias=False asks for none.
class MultiHeadAttention(_Heads):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__(d_model, n_heads)


# %% bias_of_o_proj_always | fails: test_heads_have_the_parameters_of_the_table_and_arguments_stay | hint: bias=False is about all four projections, o_proj too.
class MultiHeadAttention(_Heads):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__(d_model, n_heads, bias)
        self.o_proj = nn.Linear(d_model, d_model)


# %% dropout_on_the_weights | fails: test_it_agrees_with_the_module_of_torch, test_self_attention_values | hint: There is no dropout in this layer: the same input gives the same result.
class MultiHeadAttention(_Heads):
    def attend(self, Q, K, V, mask):
        return F.dropout(sdpa(Q, K, V, mask)[1], 0.1) @ V


# %% columns_left_over | fails: test_a_width_that_does_not_divide_raises | hint: D // H rounds down and the columns that remain are cut off silently; raise ValueError.
class MultiHeadAttention(_Heads):
    def __init__(self, d_model, n_heads, bias=True):
        nn.Module.__init__(self)
        self.n_heads = n_heads
        width = d_model // n_heads * n_heads
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(d_model, width, bias=bias) for _ in range(3))
        self.o_proj = nn.Linear(width, d_model, bias=bias)

    def part(self, x):
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


# %% assertion_for_the_width | fails: test_a_width_that_does_not_divide_raises | hint: assert raises AssertionError (and nothing under python -O); the table asks for ValueError.
class MultiHeadAttention(_Heads):
    def __init__(self, d_model, n_heads, bias=True):
        assert d_model % n_heads == 0
        super().__init__(d_model, n_heads, bias)


# %% residual_inside | fails: test_self_attention_values | hint: The input is added to the result; the residual connection belongs to the layer around it (q11).
class MultiHeadAttention(_Heads):
    def forward(self, q, kv=None, mask=None):
        return q + super().forward(q, kv, mask)


# %% input_detached | fails: test_gradients_of_inputs_and_projections | hint: The keys and values are detached: an encoder behind kv learns nothing.
class MultiHeadAttention(_Heads):
    def project(self, q, kv):
        return super().project(q, kv.detach())


# %% values_detached | fails: test_gradients_of_inputs_and_projections | hint: The weights of the attention are computed without a graph: q_proj and k_proj learn nothing.
class MultiHeadAttention(_Heads):
    def attend(self, Q, K, V, mask):
        return sdpa(Q, K, V, mask)[1].detach() @ V


# %% views_of_the_input | fails: test_views_and_queries_without_keys | hint: view needs numbers that lie in a row; an input may be a transposed or expanded view: use reshape.
class MultiHeadAttention(_Heads):
    def project(self, q, kv):
        return super().project(q.view(-1).view(q.shape), kv.view(-1).view(kv.shape))


# %% nan_without_keys | fails: test_views_and_queries_without_keys, test_gradients_of_inputs_and_projections | hint: A query without a permitted key makes nan: sdpa gives zeros there.
class MultiHeadAttention(_Heads):
    def attend(self, Q, K, V, mask):
        scores = Q @ K.mT / math.sqrt(Q.shape[-1])
        return (scores if mask is None else scores.masked_fill(~mask, -math.inf)).softmax(-1) @ V


# %% ready_made | fails: test_self_attention_values, test_cross_attention_values | hint: F.scaled_dot_product_attention is ruled out; use your sdpa.
class MultiHeadAttention(_Heads):
    def attend(self, Q, K, V, mask):
        return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask)


# %% mask_changed | fails: test_heads_have_the_parameters_of_the_table_and_arguments_stay | hint: The caller's mask gets another axis or other values in place.
class MultiHeadAttention(_Heads):
    def forward(self, q, kv=None, mask=None):
        answer = super().forward(q, kv, mask)
        if mask is not None:
            mask.logical_not_()
        return answer


# %% another_parameter | fails: test_heads_have_the_parameters_of_the_table_and_arguments_stay | hint: The module has parameters besides its four projections.
class MultiHeadAttention(_Heads):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__(d_model, n_heads, bias)
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, q, kv=None, mask=None):
        return self.gain * super().forward(q, kv, mask)


# %% memory_kept_in_evaluation | fails: test_it_agrees_with_the_module_of_torch | hint: In eval mode the first kv is kept for later calls; another one may come.
class MultiHeadAttention(_Heads):
    def forward(self, q, kv=None, mask=None):
        if kv is not None and not self.training:
            if getattr(self, "kept", None) is None or self.kept.shape != kv.shape:
                self.kept = kv
            kv = self.kept
        return super().forward(q, kv, mask)


# %% mask_kept_by_its_shape | fails: test_it_agrees_with_the_module_of_torch | hint: A mask of the same shape may be another one: keep none from call to call.
class MultiHeadAttention(_Heads):
    def forward(self, q, kv=None, mask=None):
        if mask is not None:
            if getattr(self, "kept", None) is None or self.kept.shape != mask.shape:
                self.kept = mask
            mask = self.kept
        return super().forward(q, kv, mask)


# %% mask_of_samples_reshaped | fails: test_masks_of_every_form | hint: view gives the mask of the samples an axis for the heads, but only if none of its axes is 1; unsqueeze does it always.
class MultiHeadAttention(_right["MultiHeadAttention"]):
    def forward(self, q, kv=None, mask=None):
        if mask is not None and mask.dim() == 3:
            mask = mask.reshape(q.shape[0], 1, q.shape[1], -1)
        return super().forward(q, kv, mask)


# %% silent_where_one_head_is | fails: test_views_and_queries_without_keys | hint: A query without a key in one head gets zeros from that head alone; the others go on.
class MultiHeadAttention(_right["MultiHeadAttention"]):
    def forward(self, q, kv=None, mask=None):
        if mask is not None and mask.dim() == 4:
            mask = mask & mask.any(dim=3, keepdim=True).all(dim=1, keepdim=True)
        return super().forward(q, kv, mask)
