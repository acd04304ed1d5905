# %% [raw]
# # BEGIN QUESTION
# name: q5
# points: 0

# %% [markdown]
# ## q5. The GRU for sequences of different lengths, read in both directions (8 points)
#
# From here on torch differentiates. The gated recurrent unit has one state and two gates: $r$ (reset) decides how much of the past
# takes part in the proposal $n$, and $z$ (update) how much of the past is kept:
#
# $$r = \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{t-1} + b_{hr}) \qquad z = \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{t-1} + b_{hz})$$
#
# $$n = \tanh\bigl(W_{in} x_t + b_{in} + r \odot (W_{hn} h_{t-1} + b_{hn})\bigr) \qquad h_t = (1 - z) \odot n + z \odot h_{t-1}$$
#
# The matrices are stacked as torch stacks them, `W_ih` $= (W_{ir}; W_{iz}; W_{in})$ with one **row** for each unit, so that the
# product is `x @ W_ih.T`.
#
# Sentences in a batch have different **lengths**; the rows are filled up with padding (any numbers, none so large that its products overflow), which must not count. Beyond its length
# a sequence's output is 0 and its state stays what it was, so `h_last` is the state after its last *valid* step.
#
# An encoder may also read backwards: a second network gets every sentence in reverse, and at each word the two states are put
# side by side. What is reversed is the valid part alone: `a b c _ _` becomes `c b a _ _`. The outputs are turned back in the same
# way, so that entry $t$ of both halves belongs to word $t$.
#
# | name | shape |
# |---|---|
# | `x`, `h0` | `(B, T, D)`, `(B, H)` |
# | `W_ih`, `W_hh`, `b_ih`, `b_hh` | `(3H, D)`, `(3H, H)`, `(3H,)`, `(3H,)` |
# | `lengths` | `(B,)` integers in $1..T$, in any order; or None: all are $T$ |
# | result of `gru_forward` | `h (B, T, H)`, `h_last (B, H)` |
# | `fwd`, `bwd` | functions `(x, lengths)` to `(B, T, H)`, with 0 beyond the length |
# | result of `bidirectional` | `(B, T, 2H)`: `fwd`'s half first; 0 beyond the length |
#
# Ruled out are torch's own recurrent networks, which are `nn.RNNBase`, `nn.RNNCellBase` and what inherits from them (`nn.GRU`,
# `nn.GRUCell`, `nn.LSTM`, ...), their functions (`torch.gru`, `torch.gru_cell`, `torch.lstm`, `torch.rnn_tanh`, ...) and
# `pack_padded_sequence`.
#
# **On paper.** One unit, all weights 0, $h_0 = 0.4$. Biases: $b_{ir} = \ln 3$, $b_{hn} = \frac43 \ln 3$, all others 0. Then $r = \frac34$, $z = \frac12$,
# $n = \tanh(\frac34 \cdot \frac43 \ln 3) = 0.8$ and $h_1 = 0.5 \cdot 0.8 + 0.5 \cdot 0.4 = 0.6$. What would it be if $r$ did not reach $b_{hn}$?
#
# **What usually goes wrong**
# - $z$ or $1 - z$: which one keeps the past? (Here as in torch and in Cho et al.; others write it the other way round.) And is $r$ applied before or after the product with $W_{hn}$?
# - Why are there two biases for $n$, and only one of them is multiplied by $r$?
# - `h[:, -1]` is whose state, for a short sentence?
# - Is the state frozen, or does it go on through the padding, while only the outputs are set to 0?
# - `x.flip(1)` puts the padding of a short sentence first. What has the backward network seen when it arrives at the last word?
# - After the backward network: is output 0 that of the first word or that of the last?
# - Do your masks kill a gradient that should flow, say the one to `h0`?
#
# *Read:* Goodfellow §10.3 (both directions) and §10.10.2. Papers: Cho et al. 2014 (GRU); Schuster and Paliwal 1997 (both directions).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q5


def gru_forward(
    x: torch.Tensor,
    h0: torch.Tensor,
    W_ih: torch.Tensor,
    W_hh: torch.Tensor,
    b_ih: torch.Tensor,
    b_hh: torch.Tensor,
    lengths: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The states of a GRU with blocks in the order r, z, n.

    x: (B, T, D);  h0: (B, H);  W_ih: (3H, D);  W_hh: (3H, H);  b_ih, b_hh: (3H,)
    lengths: (B,) integers in 1..T, or None if all sequences have T steps
    returns (h (B, T, H), 0 beyond the length; h_last (B, H), the state after the last valid step)
    """
    # BEGIN SOLUTION NO PROMPT
    h, outputs = h0, []
    for t in range(x.shape[1]):
        from_x = (x[:, t] @ W_ih.T + b_ih).chunk(3, dim=1)  # three times (B, H)
        from_h = (h @ W_hh.T + b_hh).chunk(3, dim=1)
        r = torch.sigmoid(from_x[0] + from_h[0])
        z = torch.sigmoid(from_x[1] + from_h[1])
        n = torch.tanh(from_x[2] + r * from_h[2])
        new = (1 - z) * n + z * h
        if lengths is None:
            h = new
            outputs.append(h)
        else:
            valid = (t < lengths)[:, None]  # (B, 1)
            h = torch.where(valid, new, h)
            outputs.append(torch.where(valid, new, torch.zeros_like(new)))
    return torch.stack(outputs, dim=1), h
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: gru_forward is not implemented yet")
    """  # END PROMPT


def bidirectional(fwd, bwd, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Both readings of a batch, side by side.

    fwd, bwd: functions (x (B, T, D), lengths (B,)) -> (B, T, H), 0 beyond the length
    returns (B, T, 2H): fwd's states, then those of bwd, which has read the valid part of every sequence in reverse
    """
    # BEGIN SOLUTION NO PROMPT
    t = torch.arange(x.shape[1], device=x.device)
    last = lengths[:, None] - 1  # (B, 1)
    order = torch.where(t <= last, last - t, t)  # (B, T); used twice, it is undone
    rows = torch.arange(len(x), device=x.device)[:, None]  # (B, 1)
    backward = bwd(x[rows, order], lengths)
    return torch.cat([fwd(x, lengths), backward[rows, order]], dim=-1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: bidirectional is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_gru_step_on_paper(gru_forward):
    """one step of one unit, as on paper"""
    zeros = torch.zeros(3, 1)
    b_ih, b_hh = torch.tensor([math.log(3), 0.0, 0.0]), torch.tensor([0.0, 0.0, 4 / 3 * math.log(3)])
    h, h_last = gru_forward(torch.ones(1, 1, 1), torch.tensor([[0.4]]), zeros, zeros, b_ih, b_hh)
    assert near(h, [[[0.6]]]), f"0.5 * 0.8 + 0.5 * 0.4 = 0.6, yours is {h}"
    assert near(h_last, [[0.6]]), f"the last state is the same 0.6, yours is {h_last}"


# %%
def test_padded_and_alone(gru_forward):
    """a short sequence gives the same in a padded batch and alone"""
    torch.manual_seed(0)
    x, h0, lengths = torch.randn(3, 5, 2), torch.randn(3, 4), torch.tensor([2, 5, 3])
    weights = torch.randn(12, 2), torch.randn(12, 4), torch.randn(12), torch.randn(12)
    h, h_last = gru_forward(x, h0, *weights, lengths)
    assert tuple(h.shape) == (3, 5, 4), f"h is (B, T, H) = (3, 5, 4), yours is {tuple(h.shape)}"
    for i, n in enumerate([2, 5, 3]):
        alone, last = gru_forward(x[i : i + 1, :n], h0[i : i + 1], *weights)
        assert near(h[i, :n], alone[0], 1e-5), f"sequence {i}: its {n} valid states should be those it has alone"
        assert near(h[i, n:], torch.zeros(5 - n, 4)), (
            f"sequence {i}: beyond its length the output is 0, yours is {h[i, n:]}"
        )
        assert near(h_last[i], last[0], 1e-5), f"sequence {i}: h_last is the state after step {n}, yours is {h_last[i]}"


# %%
def test_both_directions(bidirectional):
    """two sentences, with networks that add up what they have seen"""

    def adds(x, lengths):
        return x.cumsum(1) * (torch.arange(x.shape[1]) < lengths[:, None])[:, :, None]

    x = torch.tensor([[1.0, 2.0, 4.0, 9.0], [1.0, 2.0, 3.0, 4.0]])[:, :, None]  # the 9 is padding
    yours = bidirectional(adds, adds, x, torch.tensor([3, 4]))
    assert tuple(yours.shape) == (2, 4, 2), f"(B, T, 2H) is (2, 4, 2), yours is {tuple(yours.shape)}"
    assert near(yours[0, :, 0], [1, 3, 7, 0]), f"sums of 1 2 4 from the left: 1 3 7 0, yours are {yours[0, :, 0]}"
    assert near(yours[0, :, 1], [7, 6, 4, 0]), f"from the right, at the same words: 7 6 4 0, yours are {yours[0, :, 1]}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a GRU learns how deep it stands in a heap of brackets (about fifteen seconds)


@experiment
def brackets():
    import matplotlib.pyplot as plt

    g, H = torch.Generator().manual_seed(0), 12

    def heap(B, T):
        """+1 opens and -1 closes, never below 0: x (B, T, 1), depth (B, T), lengths (B,)."""
        steps, depth, now = [], [], torch.zeros(B)
        for _ in range(T):
            step = torch.where((torch.rand(B, generator=g) < 0.5) | (now == 0), 1.0, -1.0)
            now = now + step
            steps.append(step)
            depth.append(now)
        return torch.stack(steps, 1)[:, :, None], torch.stack(depth, 1), torch.randint(5, T + 1, (B,), generator=g)

    shapes = {"W_ih": (3 * H, 1), "W_hh": (3 * H, H), "b_ih": (3 * H,), "b_hh": (3 * H,), "w": (H,), "bias": ()}
    p = {name: (0.3 * torch.randn(shape, generator=g)).requires_grad_() for name, shape in shapes.items()}
    gru = [p[name] for name in ("W_ih", "W_hh", "b_ih", "b_hh")]
    optimiser, history = torch.optim.Adam(p.values(), lr=0.03), []
    for _ in range(200):
        x, depth, lengths = heap(48, 20)
        h, _ = gru_forward(x, torch.zeros(48, H), *gru, lengths)
        valid = torch.arange(20) < lengths[:, None]
        loss = ((h @ p["w"] + p["bias"] - depth)[valid] ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(float(loss.detach()))
    x, depth, _ = heap(1, 60)
    with torch.no_grad():
        h, _ = gru_forward(x, torch.zeros(1, H), *gru)
        said = h[0] @ p["w"] + p["bias"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3.2), width_ratios=[1, 2])
    left.semilogy(history)
    left.set(xlabel="step", ylabel="squared error")
    right.step(range(60), depth[0], where="mid", label="depth")
    right.plot(range(60), said, "o", ms=3, label="what the GRU says")
    right.axvline(19.5, color="grey", lw=0.8)
    right.set(xlabel="bracket", title="trained on 20 brackets; how long does it keep counting?")
    right.legend()
    plt.show()
