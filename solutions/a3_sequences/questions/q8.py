# %% [raw]
# # BEGIN QUESTION
# name: q8
# points: 0

# %% [markdown]
# ## q8. Scaled dot-product attention and masks (9 points)
#
# Attention is a look-up that can be differentiated. Every **query** is compared with every **key** by a dot product; a
# softmax turns the row of scores into weights that sum to 1; the answer is the mean of the **values** with these weights.
# A dot product of $d$ numbers of variance 1 has variance $d$; dividing by $\sqrt d$ keeps the softmax away from the
# corner where one weight is 1 and every gradient 0.
#
# $$A = \operatorname{softmax}_{\text{keys}}\!\left(\frac{Q K^{\top}}{\sqrt{d}}\right), \qquad \text{out} = A\,V$$
#
# A **mask** says which keys a query may see: `True` = may be attended. A forbidden key has weight exactly 0, as if it were not there, and the
# weights of the permitted ones still sum to 1. A query with no permitted key at all (a row of padding) gets zeros,
# in `attn` and in `out`, and its gradients are finite.
#
# | function | arguments | returns |
# |---|---|---|
# | `sdpa` | `Q (..., Tq, d)`, `K (..., Tk, d)`, `V (..., Tk, dv)`, `mask` bool, broadcastable to `(..., Tq, Tk)`, or None | `out (..., Tq, dv)`, `attn (..., Tq, Tk)` |
# | `causal_mask` | `T`, `device` | `(T, T)` bool, `True` on and below the diagonal |
# | `padding_mask` | `ids (B, T)` integers, `pad_id` | `(B, 1, 1, T)` bool, `True` where there is a token |
# | `combine_masks` | any number of masks, some of them None | one mask, `True` where all are; None if there is none |
#
# Results have the dtype and the device of the inputs. `F.scaled_dot_product_attention`, `F.multi_head_attention_forward` and
# `nn.MultiheadAttention` are what you are building here, so they are ruled out.
#
# **On paper.** $Q = \sqrt2 \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}$ and $K = \begin{pmatrix} \ln 3 & 0 \\ 0 & \ln 4 \end{pmatrix}$ have $d = 2$,
# so the scores are $K$ transposed itself. The first query's weights are $(3, 1)/4$, the second's $(1, 4)/5$. With values
# $(4, 0, 8)$ and $(0, 4, 0)$ the first output is $(3, 1, 6)$. What does the first query get under a causal mask?
#
# **What usually goes wrong**
# - A mask must act *before* the softmax. If weights are set to 0 afterwards, what do the rest sum to? If you divide by their
#   sum then, what happens when a forbidden key had nearly all of the weight?
# - How large is $e^{-10^4}$ beside $e^{-2 \cdot 10^4}$? Is `-1e4` far enough down when the scores themselves are that large?
# - And `-inf` everywhere in a row: what is `softmax` of it, and what is its gradient?
# - Which of the two last axes of the scores belongs to the keys? When does the wrong one raise no error?
# - $\sqrt d$: of the queries, of the values, of the number of keys? Training hardly tells: a small language model learns as well without it.
# - `padding_mask` has four axes. Which of them stand for the heads and the queries?
# - `mask *= 1 - other`: what is that for booleans, and whose mask has changed afterwards?
#
# *Read:* Prince §12.2 and §12.3.2; Bishop & Bishop, *Deep Learning* (2024) §12.1. Paper: Vaswani et al. 2017, §3.2.1.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q8


def sdpa(
    Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, mask: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scaled dot-product attention.

    Q: (..., Tq, d);  K: (..., Tk, d);  V: (..., Tk, dv)
    mask: bool, broadcastable to (..., Tq, Tk); True means "may be attended"
    returns (out (..., Tq, dv), attn (..., Tq, Tk)); a row without a permitted key is zero in both
    """
    # BEGIN SOLUTION NO PROMPT
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])  # (..., Tq, Tk)
    if mask is None:
        attn = scores.softmax(dim=-1)
    else:
        nobody = ~mask.any(dim=-1, keepdim=True)  # rows of -inf alone would become nan, and their gradient too
        scores = scores.masked_fill(~mask, -math.inf).masked_fill(nobody, 0.0)
        attn = scores.softmax(dim=-1).masked_fill(nobody, 0.0)
    return attn @ V, attn
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: sdpa is not implemented yet")
    """  # END PROMPT


def causal_mask(T: int, device: torch.device | str | None = None) -> torch.Tensor:
    """(T, T) bool: query t may attend to the keys 0..t."""
    # BEGIN SOLUTION NO PROMPT
    return torch.ones(T, T, dtype=torch.bool, device=device).tril()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: causal_mask is not implemented yet")
    """  # END PROMPT


def padding_mask(ids: torch.Tensor, pad_id: int) -> torch.Tensor:
    """ids: (B, T) integers;  returns (B, 1, 1, T) bool, True where ids is not pad_id."""
    # BEGIN SOLUTION NO PROMPT
    return (ids != pad_id)[:, None, None, :]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: padding_mask is not implemented yet")
    """  # END PROMPT


def combine_masks(*masks: torch.Tensor | None) -> torch.Tensor | None:
    """What all masks permit, by broadcasting; None permits everything. None if no mask is left."""
    # BEGIN SOLUTION NO PROMPT
    both = None
    for mask in masks:
        if mask is not None:
            both = mask if both is None else both & mask
    return both
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: combine_masks is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_attention_by_hand(sdpa):
    """attention of the example on paper"""
    Q = math.sqrt(2) * torch.eye(2)
    K = torch.tensor([[math.log(3), 0.0], [0.0, math.log(4)]])
    V = torch.tensor([[4.0, 0.0, 8.0], [0.0, 4.0, 0.0]])
    out, attn = sdpa(Q, K, V)
    assert near(attn, [[0.75, 0.25], [0.2, 0.8]]), f"the weights are (3, 1)/4 and (1, 4)/5, yours are {attn}"
    assert near(out, [[3, 1, 6], [0.8, 3.2, 1.6]]), f"the outputs are (3, 1, 6) and (0.8, 3.2, 1.6), yours are {out}"


# %%
def test_masked_attention_by_hand(sdpa):
    """a forbidden key counts for nothing, and a query without any key gets zeros"""
    Q = math.sqrt(2) * torch.eye(2)
    K = torch.tensor([[math.log(3), 0.0], [0.0, math.log(4)]])
    V = torch.tensor([[4.0, 0.0, 8.0], [0.0, 4.0, 0.0]])
    out, attn = sdpa(Q, K, V, torch.tensor([[True, False], [True, True]]))
    assert near(attn, [[1, 0], [0.2, 0.8]]), f"the first query sees key 0 alone: (1, 0); yours are {attn}"
    assert near(out[0], [4, 0, 8]), f"so its output is the first value (4, 0, 8), yours is {out[0]}"
    out, attn = sdpa(Q, K, V, torch.tensor([[False, False], [True, True]]))
    assert near(attn[0], [0, 0]), f"no permitted key: weights (0, 0), yours are {attn[0]}"
    assert near(out[0], [0, 0, 0]), f"no permitted key: output (0, 0, 0), yours is {out[0]}"


# %%
def test_causal_mask(causal_mask):
    """the causal mask of three tokens"""
    mask = causal_mask(3)
    assert mask.dtype == torch.bool, f"a mask is bool, yours is {mask.dtype}"
    assert near(mask, [[1, 0, 0], [1, 1, 0], [1, 1, 1]]), f"True on and below the diagonal, yours is {mask}"


# %%
def test_padding_mask(padding_mask, combine_masks):
    """the padding mask of two sentences, and both masks together"""
    mask = padding_mask(torch.tensor([[5, 7, 0], [4, 0, 0]]), 0)
    assert tuple(mask.shape) == (2, 1, 1, 3), f"(B, 1, 1, T) is (2, 1, 1, 3), yours is {tuple(mask.shape)}"
    assert near(mask[:, 0, 0], [[1, 1, 0], [1, 0, 0]]), f"True where there is a token, yours is {mask[:, 0, 0]}"
    first_two = torch.tensor([[True, False, False], [True, True, False]])  # (Tq, Tk)
    both = combine_masks(mask, None, first_two)
    assert near(both[1, 0], [[1, 0, 0], [1, 0, 0]]), f"the second sentence has one token, yours permits {both[1, 0]}"
    assert combine_masks(None, None) is None, "no mask at all: None"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: which token looks at which, with and without masks


@experiment
def who_sees_whom():
    import matplotlib.pyplot as plt

    torch.manual_seed(2)
    words = ["the", "cat", "sat", "on", "the", "mat", "<pad>", "<pad>"]
    x = torch.randn(len(words), 16)
    x[4] = x[0]  # the same word twice
    valid = torch.tensor([word != "<pad>" for word in words])
    cases = {
        "everything": None,
        "no padding": valid,
        "no padding, no future": combine_masks(valid, causal_mask(len(words))),
    }
    maps = {title: sdpa(x, x, x, mask)[1] for title, mask in cases.items()}
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), sharey=True, layout="constrained")
    for axis, (title, attn) in zip(axes, maps.items(), strict=True):
        axis.imshow(attn, cmap="viridis", vmin=0, vmax=1)
        axis.set_xticks(range(len(words)), words, rotation=90)
        axis.set_yticks(range(len(words)), words)
        axis.set_title(title)
        axis.set_xlabel("key")
    axes[0].set_ylabel("query")
    plt.show()


# %%
# experiment: what the square root is for


@experiment
def why_the_square_root():
    import matplotlib.pyplot as plt

    widths, largest = [2, 4, 8, 16, 32, 64, 128, 256, 512], {"with": [], "without": []}
    torch.manual_seed(0)
    for d in widths:
        Q, K = torch.randn(200, d), torch.randn(10, d)
        for name, stretch in (("with", 1.0), ("without", math.sqrt(d))):  # to stretch Q by sqrt(d) is to leave it out
            attn = sdpa(stretch * Q, K, K)[1]
            largest[name].append(float(attn.max(dim=-1).values.mean()))
    for name, values in largest.items():
        plt.semilogx(widths, values, "o-", label=f"{name} division by the square root of d")
    plt.axhline(0.1, color="grey", lw=0.8, label="all ten keys alike")
    plt.xlabel("d")
    plt.ylabel("largest of ten weights, mean")
    plt.legend()
    plt.show()
