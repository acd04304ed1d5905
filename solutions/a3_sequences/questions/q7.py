# %% [raw]
# # BEGIN QUESTION
# name: q7
# points: 0

# %% [markdown]
# ## q7. Additive and multiplicative attention (4 points)
#
# A recurrent encoder leaves one state behind for every token of the source; a recurrent decoder used to get the last one only. Attention lets it look at all of them, every time it
# writes a token. Its state $q$ is the **query**; each encoder state $k_s$ gets a score that says how well it fits, a softmax over the source makes weights of the scores,
# and the **context** is the mean of the encoder states with these weights.
#
# $$e_s^{\text{add}} = v^{\top} \tanh(q\,W_q + k_s W_k), \qquad e_s^{\text{mul}} = q\,W k_s^{\top}, \qquad w = \operatorname{softmax}(e), \qquad \text{ctx} = \sum_s w_s k_s$$
#
# The first is a small network (Bahdanau), the second a product (Luong); it needs no $\tanh$, no third matrix, and is one matrix product for all keys.
# There is no scaling by $\sqrt d$ here; that is q8.
#
# | argument | shape | |
# |---|---|---|
# | `q` | `(B, Dq)` | one query for each sample |
# | `K` | `(B, S, Dk)` | the encoder states: keys, and values too |
# | `mask` | `(B, S)` bool | `True` where there is a token |
# | `Wq`, `Wk`, `v` | `(Dq, A)`, `(Dk, A)`, `(A,)` | weights of the additive score |
# | `W` | `(Dq, Dk)` | weights of the multiplicative score |
# | returns | `ctx (B, Dk)`, `w (B, S)` | context and weights |
#
# Padding gets the weight 0 exactly. A row of padding alone has `w = 0` and `ctx = 0`, and its gradients are finite.
#
# **On paper.** $K$ has the rows $(4, 0, 0)$, $(0, 2, 0)$, $(0, 0, 6)$, $q = (1, 2)$, and $W = \begin{pmatrix} \frac14 \ln 2 & 0 & 0 \\ 0 & 0 & \frac1{12} \ln 5 \end{pmatrix}$.
# Then $q\,W = (\frac14 \ln 2,\; 0,\; \frac16 \ln 5)$, the scores are $\ln 2, 0, \ln 5$ and the weights $(2, 1, 5)/8$; the context is
# $(1, \frac14, \frac{15}4)$. If the third key is padding, the weights are $(2, 1, 0)/3$.
#
# **What usually goes wrong**
# - The softmax runs over the source positions. Which axis is that, and what if it runs over the batch?
# - The mask is applied *after* the softmax: what do the weights sum to?
# - Is a score of $-10$ for padding low enough, if a score can be $-30$?
# - A row without a token: what is a softmax of nothing, and what is its gradient?
# - The context is a mean of which vectors: `K`, or `K @ Wk`?
# - If `Dq == Dk`, a transposed `W` raises no error.
# - Where does `v` stand, inside or outside of the $\tanh$?
#
# *Read:* Goodfellow §12.4.5.1; Prince §12.2. Papers: Bahdanau, Cho & Bengio 2015, §3.1; Luong, Pham & Manning 2015, §3.1.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q7


def additive_attention(
    q: torch.Tensor, K: torch.Tensor, mask: torch.Tensor, Wq: torch.Tensor, Wk: torch.Tensor, v: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention with the score v . tanh(q Wq + k Wk).

    q: (B, Dq);  K: (B, S, Dk);  mask: (B, S) bool;  Wq: (Dq, A);  Wk: (Dk, A);  v: (A,)
    returns (context (B, Dk), weights (B, S)); both are zero in a row without a valid key
    """
    # BEGIN SOLUTION NO PROMPT
    hidden = torch.tanh((q @ Wq)[:, None, :] + K @ Wk)  # (B, 1, A) + (B, S, A)
    return attend_to(K, hidden @ v, mask)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: additive_attention is not implemented yet")
    """  # END PROMPT


def multiplicative_attention(
    q: torch.Tensor, K: torch.Tensor, mask: torch.Tensor, W: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention with the score q W k.

    q: (B, Dq);  K: (B, S, Dk);  mask: (B, S) bool;  W: (Dq, Dk)
    returns (context (B, Dk), weights (B, S)); both are zero in a row without a valid key
    """
    # BEGIN SOLUTION NO PROMPT
    scores = K @ (q @ W)[:, :, None]  # (B, S, Dk) @ (B, Dk, 1)
    return attend_to(K, scores[:, :, 0], mask)


def attend_to(K: torch.Tensor, scores: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmax of the valid scores (B, S) and the mean of the keys (B, S, Dk) with these weights."""
    empty = ~mask.any(dim=1, keepdim=True)  # a softmax of -inf alone would be nan
    scores = scores.masked_fill(~mask, -math.inf).masked_fill(empty, 0.0)
    w = scores.softmax(dim=1).masked_fill(empty, 0.0)
    return (w[:, None, :] @ K)[:, 0], w  # (B, 1, S) @ (B, S, Dk)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: multiplicative_attention is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_multiplicative_by_hand(multiplicative_attention):
    """the example on paper, with and without padding"""
    q, K = torch.tensor([[1.0, 2.0]]), torch.diag(torch.tensor([4.0, 2.0, 6.0]))[None]
    W = torch.tensor([[math.log(2) / 4, 0.0, 0.0], [0.0, 0.0, math.log(5) / 12]])
    context, w = multiplicative_attention(q, K, torch.tensor([[True, True, True]]), W)
    assert near(w, [[0.25, 0.125, 0.625]]), f"the weights are (2, 1, 5)/8, yours are {w}"
    assert near(context, [[1, 0.25, 3.75]]), f"the context is (1, 1/4, 15/4), yours is {context}"
    context, w = multiplicative_attention(q, K, torch.tensor([[True, True, False]]), W)
    assert near(w, [[2 / 3, 1 / 3, 0]]), f"with the third key masked (2, 1, 0)/3, yours are {w}"


# %%
def test_additive_by_hand(additive_attention):
    """additive scores of two keys: v tanh(q Wq + k Wk) is 2 tanh 1 and 2 tanh 0"""
    q, K = torch.tensor([[1.0]]), torch.tensor([[[0.5, 0.0, 9.0], [-0.5, 0.0, 9.0]]])
    Wq, Wk, v = torch.tensor([[0.5]]), torch.tensor([[1.0], [7.0], [0.0]]), torch.tensor([2.0])
    context, w = additive_attention(q, K, torch.tensor([[True, True]]), Wq, Wk, v)
    assert near(w, [[0.821014, 0.178986]], 1e-5), f"softmax of (1.523188, 0) is (0.821014, 0.178986), yours {w}"
    assert near(context, [[0.321014, 0, 9]], 1e-5), f"0.821014 K_0 + 0.178986 K_1, yours is {context}"


# %%
def test_weights_over_valid_keys(additive_attention, multiplicative_attention):
    """weights sum to 1 over the valid keys; a row of padding alone has none"""
    torch.manual_seed(0)
    q, K = torch.randn(3, 4), torch.randn(3, 6, 5)
    mask = torch.tensor([[True] * 6, [True] * 2 + [False] * 4, [False] * 6])
    for name, (_, w) in (
        ("additive", additive_attention(q, K, mask, torch.randn(4, 7), torch.randn(5, 7), torch.randn(7))),
        ("multiplicative", multiplicative_attention(q, K, mask, torch.randn(4, 5))),
    ):
        assert near(w.sum(1), [1, 1, 0], 1e-5), f"{name}: the rows sum to 1, 1 and 0; yours sum to {w.sum(1)}"
        assert near(w[1, 2:], [0, 0, 0, 0]), f"{name}: padding has the weight 0; yours {w[1]}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a query learns to find its key


@experiment
def find_the_key():
    import matplotlib.pyplot as plt

    torch.manual_seed(0)
    names = torch.randn(
        8, 6
    )  # eight things with a name each; a key is a name and a colour, the query another name for it
    nicknames = torch.randn(8, 5)
    weights = {
        "additive": [0.3 * torch.randn(5, 12), 0.3 * torch.randn(8, 12), 0.3 * torch.randn(12)],
        "multiplicative": [0.3 * torch.randn(5, 8)],
    }
    attention = {"additive": additive_attention, "multiplicative": multiplicative_attention}
    mask, maps, histories = torch.ones(64, 8, dtype=torch.bool), {}, {}
    for kind, parameters in weights.items():
        adam = torch.optim.Adam([p.requires_grad_() for p in parameters], 0.02)
        histories[kind] = []
        for _ in range(300):
            which, colours = torch.randint(8, (64,)), torch.randn(64, 8, 2)
            keys = torch.cat([names.expand(64, 8, 6), colours], dim=2)
            context, w = attention[kind](nicknames[which], keys, mask, *parameters)
            cost = ((context[:, 6:] - colours[torch.arange(64), which]) ** 2).mean()
            adam.zero_grad()
            cost.backward()
            adam.step()
            histories[kind].append(cost.item())
        keys = torch.cat([names.expand(8, 8, 6), torch.randn(8, 8, 2)], dim=2)
        maps[kind] = attention[kind](nicknames, keys, mask[:8], *parameters)[1].detach()
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for axis, (kind, w) in zip(axes, maps.items(), strict=False):
        axis.imshow(w, vmin=0, vmax=1)
        axis.set_title(f"{kind}: weights")
        axis.set_xlabel("key")
        axis.set_ylabel("query")
        axes[2].semilogy(histories[kind], label=kind)
    axes[2].set_xlabel("step")
    axes[2].set_ylabel("loss")
    axes[2].legend()
    plt.show()
