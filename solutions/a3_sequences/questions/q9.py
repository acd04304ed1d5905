# %% [raw]
# # BEGIN QUESTION
# name: q9
# points: 0

# %% [markdown]
# ## q9. Multi-head attention (8 points)
#
# One softmax can look in one place. $H$ **heads** look in $H$ places at once: each has its own queries, keys and values,
# $d_h = D/H$ numbers wide, and the results are laid side by side and mixed by a last linear map. In practice
# the projections of all heads are columns of one matrix $(D, D)$, and head $h$ owns the columns $h\,d_h$ to $(h+1)\,d_h - 1$ of
# what comes out of it.
#
# $$\text{head}_h = \text{sdpa}\bigl(Q_h, K_h, V_h\bigr), \qquad \text{MHA} = [\text{head}_0 \,|\, \dots \,|\, \text{head}_{H-1}]\, W_o^{\top} + b_o$$
#
# In **self-attention** queries, keys and values come from the same sequence, in **cross-attention** the keys and
# values come from another one (`kv`).
#
# | | shape |
# |---|---|
# | `q` | `(B, Tq, D)` |
# | `kv` | `(B, Tk, D)`, or None: then it is `q` |
# | `mask` | bool, True = may be attended: `(Tq, Tk)` for all, `(B, Tq, Tk)` for each sample, or `(B, 1 or H, Tq, Tk)`; axes of 1 are broadcast, so a mask of `padding_mask`, `(B, 1, 1, Tk)`, is one too; or None |
# | returns | `(B, Tq, D)` |
#
# The projections are four `nn.Linear(D, D, bias=bias)` with the names `q_proj`, `k_proj`, `v_proj`, `o_proj`, and nothing else in the module has
# parameters. `D` must be a multiple of `H`, else `ValueError`. Use your `sdpa`; `nn.MultiheadAttention`, `F.multi_head_attention_forward` and
# `F.scaled_dot_product_attention` are ruled out. A query without a permitted key gets $b_o$ (sdpa gives zeros).
#
# **On paper.** $D = 4$, $H = 2$, every projection the identity, one token $x = (1, 2, 3, 4)$: one key alone has weight 1, so the
# result is $x$ itself. Split wrongly and merged as wrongly it is $x$ as well! With two tokens $x_0 = (1, 0, 0, 0)$ and $x_1 = (0, 0, 1, 0)$ the first
# head sees scores $(1, 0)/\sqrt2$ for query 0 and the second head $(0, 0)$: the result for query 0 is
# $(s, 0, \frac12, 0)$ with $s = 1/(1 + e^{-1/\sqrt2}) = 0.669762$.
#
# **What usually goes wrong**
# - From `(B, T, D)` to `(B, H, T, dh)`: why is one `view` not enough, and why does it raise no error?
# - `(dh, H)` or `(H, dh)`: which of the two gives head 0 the *first* columns?
# - Which width belongs under the root: that of the model or that of a head?
# - A mask `(B, Tq, Tk)` meets scores `(B, H, Tq, Tk)`. Which axes does broadcasting line up, and when does it not complain?
# - In cross-attention, where do the values come from?
# - `D // H` is a number even if `D` is no multiple of `H`. What happens to the columns that remain?
# - `view` on a tensor that was transposed raises an error. Which function copies if it has to?
#
# *Read:* Prince §12.3.3; Bishop & Bishop (2024) §12.1.6. Paper: Vaswani et al. 2017, §3.2.2.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q9


class MultiHeadAttention(nn.Module):
    """Multi-head attention with the projections q_proj, k_proj, v_proj and o_proj, each nn.Linear(d_model, d_model)."""

    def __init__(self, d_model: int, n_heads: int, bias: bool = True) -> None:
        """Head h owns the columns h*dh:(h+1)*dh of each projection, dh = d_model / n_heads (else ValueError)."""
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"d_model = {d_model} is no multiple of n_heads = {n_heads}")
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.o_proj = nn.Linear(d_model, d_model, bias=bias)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: MultiHeadAttention is not implemented yet")
        """  # END PROMPT

    def forward(
        self, q: torch.Tensor, kv: torch.Tensor | None = None, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """q: (B, Tq, D);  kv: (B, Tk, D), None for q itself;  returns (B, Tq, D)

        mask: bool (Tq, Tk), (B, Tq, Tk) or (B, 1 or H, Tq, Tk), axes of 1 are broadcast; True means "may be attended"
        """
        # BEGIN SOLUTION NO PROMPT
        kv = q if kv is None else kv
        if mask is not None and mask.dim() == 3:
            mask = mask[:, None]  # (B, 1, Tq, Tk): the same for every head
        heads, _ = sdpa(self.split(self.q_proj(q)), self.split(self.k_proj(kv)), self.split(self.v_proj(kv)), mask)
        return self.o_proj(heads.transpose(1, 2).flatten(2))  # (B, H, Tq, dh) -> (B, Tq, H, dh) -> (B, Tq, D)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, H, T, dh)"""
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: MultiHeadAttention.forward is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_heads_shapes_and_parameters(MultiHeadAttention):
    """the result has the shape of q, and there are 4 (D^2 + D) parameters"""
    layer = MultiHeadAttention(12, 3)
    q, kv = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    assert layer(q).shape == q.shape, f"self-attention: (2, 5, 12), yours is {tuple(layer(q).shape)}"
    assert layer(q, kv).shape == q.shape, f"cross-attention: (2, 5, 12), yours is {tuple(layer(q, kv).shape)}"
    count = sum(p.numel() for p in layer.parameters())
    assert count == 4 * (144 + 12), f"4 (144 + 12) = 624 parameters, yours has {count}"
    count = sum(p.numel() for p in MultiHeadAttention(12, 3, bias=False).parameters())
    assert count == 4 * 144, f"without biases 4 * 144 = 576, yours has {count}"


# %%
def test_two_heads_by_hand(MultiHeadAttention):
    """two heads on the two tokens of the example on paper"""
    layer = MultiHeadAttention(4, 2, bias=False)
    for linear in (layer.q_proj, layer.k_proj, layer.v_proj, layer.o_proj):
        linear.weight.data = torch.eye(4)
    yours = layer(torch.tensor([[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]]))[0].detach()
    assert near(yours[0], [0.669762, 0, 0.5, 0], 1e-5), f"query 0 gets (0.669762, 0, 0.5, 0), yours is {yours[0]}"


# %%
def test_one_head_is_sdpa(MultiHeadAttention, sdpa):
    """a single head is sdpa between four linear maps"""
    torch.manual_seed(0)
    layer, q, kv = MultiHeadAttention(6, 1), torch.randn(2, 3, 6), torch.randn(2, 5, 6)
    mask = torch.rand(3, 5) > 0.4
    out, _ = sdpa(layer.q_proj(q), layer.k_proj(kv), layer.v_proj(kv), mask)
    difference = (layer(q, kv, mask) - layer.o_proj(out)).detach().abs().max()
    assert difference < 1e-5, (
        f"one head: o_proj(sdpa(q_proj(q), k_proj(kv), v_proj(kv))); yours differs by {difference}"
    )


# %%
def test_heads_must_divide_the_width(MultiHeadAttention):
    """a width that is no multiple of the number of heads raises ValueError"""
    try:
        MultiHeadAttention(10, 3)
    except ValueError:
        return
    raise AssertionError("MultiHeadAttention(10, 3) should raise ValueError")


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: two heads learn to look in two places


@experiment
def two_places_at_once():
    import matplotlib.pyplot as plt

    torch.manual_seed(0)
    places = torch.randn(10, 16)
    losses = {}
    for heads in (1, 2):
        attention, out, history = MultiHeadAttention(32, heads), nn.Linear(32, 12), []
        adam = torch.optim.Adam([*attention.parameters(), *out.parameters()], 5e-3)
        for _ in range(400):
            ids = torch.randint(6, (64, 10))
            x = torch.cat([4 * F.one_hot(ids, 6).float(), torch.zeros(64, 10, 10), places.expand(64, 10, 16)], -1)
            logits = out(attention(x, mask=causal_mask(10)))[:, 3:].unflatten(-1, (2, 6))  # of both tokens
            cost = F.cross_entropy(logits[:, :, 0].flatten(0, 1), ids[:, 2:-1].flatten())
            cost = cost + F.cross_entropy(logits[:, :, 1].flatten(0, 1), ids[:, :-3].flatten())
            adam.zero_grad()
            cost.backward()
            adam.step()
            history.append(cost.item())
        losses[heads] = history
    for heads, history in losses.items():
        plt.plot(history, label=f"{heads} head{'s' if heads > 1 else ''}")
    plt.xlabel("step")
    plt.ylabel("loss: tokens 1 and 3 places back")
    plt.legend()
    plt.show()
