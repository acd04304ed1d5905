# %% [raw]
# # BEGIN QUESTION
# name: q6
# points: 0

# %% [markdown]
# ## q6. Loss with padding, perplexity, beam search (6 points)
#
# A language model says at every position how probable each word is. Its **loss** is the mean cross-entropy over the words that
# are there: padding counts neither above nor below the line. With **label smoothing** $\varepsilon$ the target is not quite certain:
#
# $$L = \frac{1}{\#\{(b, t): y_{bt} \ne \text{pad}\}} \sum_{y_{bt} \ne \text{pad}} \; - \sum_{v} q_{bt}(v) \ln p_{bt}(v) \qquad
# q_{bt}(v) = (1 - \varepsilon) [v = y_{bt}] + \frac{\varepsilon}{V}$$
#
# **Perplexity** is $e^{\text{loss per token}}$: a model that hesitates between $k$ equally likely words has perplexity $k$.
#
# To write with the model one searches for a probable sentence. Greedy search takes the best word at every step and may miss
# the best sentence. **Beam search** keeps several beginnings alive:
#
# 1. Alive at first: `[bos]`, with log-probability 0.
# 2. One call `step(prefixes)` gives the log-probabilities of all next words for all beginnings that are alive, `(n, V)`. Of all the
#    continuations of all of them, the `beam` best are kept, by the sum of log-probabilities. A continuation with log-probability $-\infty$ is impossible and never kept;
#    after `[bos]` something is always possible, and whatever `beam` is, the search finds a sentence that is finished or reaches `max_len`. Which of equal sums are kept is up to you.
# 3. Those that end with `eos` are finished: set aside, never extended. The others are alive, and the next round again keeps `beam` of their continuations.
# 4. This ends after `max_len` rounds, or when none is alive. The winner has the highest **score** among the finished ones *and* those still alive:
#
# $$\text{score} = \frac{\ln p(\text{sentence})}{\text{len}^{\alpha}} \qquad \text{len: number of tokens after bos, eos included}$$
#
# With $\alpha > 0$ long sentences are not punished for having many factors below 1.
#
# | function | arguments | returns |
# |---|---|---|
# | `masked_cross_entropy` | `logits (B, T, V)`, `targets (B, T)` integers, `pad_id` (a token in $0..V-1$), `label_smoothing` | a tensor without axes; 0 if all is padding, and `backward` works then too |
# | `perplexity` | `total_nll`: the summed loss in nats, `n_tokens` >= 1 (at most 700 nats a token) | a float |
# | `beam_search` | `step`, a function of a list of lists of tokens, each beginning with `bos`; `bos`, `eos`, `beam` >= 1, `max_len` >= 1, `alpha` | tokens from `bos` on (with `eos` if it is finished) as a list of ints; the score, a float |
#
# `F.cross_entropy`, `F.nll_loss`, `nn.CrossEntropyLoss` and `nn.NLLLoss` are what you are building here, so they are ruled out; `log_softmax` is not.
#
# **On paper.** Two tokens with logits $(0, \ln 3)$ and true word 1, and $(0, 0)$ with true word 0: the loss is $\frac12 (\ln \frac43 + \ln 2) = 0.490415$. And a tree
# for the beam: after `bos` comes A (0.6) or B (0.4); after A comes A (0.4), B (0.3) or the end (0.3); after B the end (0.9) or A (0.1);
# after two words the end. Greedy search writes A A with probability 0.24. Two beams keep A and B, then "B end" (0.36) and "A A" (0.24): better.
#
# **What usually goes wrong**
# - What is divided by: all positions, the sentences, or the words that are there? Is the mean of the sentences' means the same?
# - Which gradient reaches the logits at padding? It should be exactly 0.
# - The mean over no words at all: 0/0? And does the result still have a graph?
# - Smoothing spreads $\varepsilon$ over $V$ words or over $V - 1$?
# - Perplexity: is the exponential taken before or after the mean?
# - What if all copies of the first beginning are the same? What if one beginning has all of the best continuations?
# - The first sentence that ends: is it the best? Is its score comparable with that of a longer one?
# - Does the length count `bos`? `eos`?
#
# *Read:* Prince §12.7 (also on generating text); Goodfellow §12.4.5. Papers: Szegedy et al. 2016 (label smoothing); Graves 2012 (beam search); Wu et al. 2016 (length).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q6


def masked_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, pad_id: int, label_smoothing: float = 0.0
) -> torch.Tensor:
    """Mean cross-entropy over the positions whose target is not pad_id; 0 if there are none.

    logits: (B, T, V);  targets: (B, T) integers in 0..V-1;  returns a tensor without axes
    """
    # BEGIN SOLUTION NO PROMPT
    log_p = logits.log_softmax(dim=-1)  # (B, T, V)
    of_target = log_p.gather(-1, targets[..., None])[..., 0]  # (B, T)
    losses = -(1 - label_smoothing) * of_target - label_smoothing * log_p.mean(dim=-1)
    valid = targets != pad_id
    return torch.where(valid, losses, torch.zeros_like(losses)).sum() / valid.sum().clamp(min=1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: masked_cross_entropy is not implemented yet")
    """  # END PROMPT


def perplexity(total_nll: float, n_tokens: int) -> float:
    """total_nll: the sum of the losses of n_tokens tokens, in nats."""
    # BEGIN SOLUTION NO PROMPT
    return math.exp(total_nll / n_tokens)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: perplexity is not implemented yet")
    """  # END PROMPT


def beam_search(step, bos: int, eos: int, beam: int, max_len: int, alpha: float = 0.0) -> tuple[list[int], float]:
    """The sentence with the highest score that a beam search finds.

    step: takes n prefixes (lists of tokens that begin with bos), returns log-probabilities (n, V) of the next token
    max_len: tokens after bos, at most;  returns (tokens from bos on, score)
    """
    # BEGIN SOLUTION NO PROMPT
    alive, finished = [(0.0, [bos])], []
    for _ in range(max_len):
        log_p = step([tokens for _, tokens in alive]).tolist()  # (n, V)
        grown = [
            (total + more, [*tokens, word])
            for (total, tokens), row in zip(alive, log_p, strict=True)
            for word, more in enumerate(row)
            if more > -math.inf
        ]
        kept = sorted(grown, key=lambda entry: entry[0], reverse=True)[:beam]
        finished += [(total, tokens) for total, tokens in kept if tokens[-1] == eos]
        alive = [(total, tokens) for total, tokens in kept if tokens[-1] != eos]
        if not alive:
            break
    scored = [(total / (len(tokens) - 1) ** alpha, tokens) for total, tokens in finished + alive]
    score, best = max(scored, key=lambda entry: entry[0])
    return best, score
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: beam_search is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_two_tokens_on_paper(masked_cross_entropy):
    """the loss of two tokens, as on paper, and with padding behind them"""
    logits = torch.tensor([[[0.0, math.log(3), -99.0], [0.0, 0.0, -99.0]]])
    loss = masked_cross_entropy(logits, torch.tensor([[1, 0]]), 2)
    assert tuple(loss.shape) == (), f"a loss is one number, a tensor without axes; yours has shape {tuple(loss.shape)}"
    assert near(loss, 0.490415, 1e-5), f"(ln 4/3 + ln 2) / 2 = 0.490415, yours is {loss}"
    padded = torch.cat([logits, torch.randn(1, 3, 3)], dim=1)
    loss = masked_cross_entropy(padded, torch.tensor([[1, 0, 2, 2, 2]]), 2)
    assert near(loss, 0.490415, 1e-5), f"three pads behind: still 0.490415, yours is {loss}"


# %%
def test_uniform_perplexity(masked_cross_entropy, perplexity):
    """a model that knows nothing about 8 words has perplexity 8"""
    targets = torch.tensor([[1, 2, 3, 0, 0], [4, 5, 6, 7, 0]])  # 7 words
    loss = masked_cross_entropy(torch.zeros(2, 5, 8), targets, 0)
    assert near(loss, math.log(8), 1e-5), f"the loss is ln 8 = 2.0794, yours is {loss}"
    yours = perplexity(7 * float(loss), 7)
    assert near(yours, 8.0, 1e-4), f"e^(ln 8) = 8, yours is {yours}"


# %%
def test_beam_beats_greedy(beam_search):
    """the tree on paper: one beam finds A A, two beams find B"""
    bos, eos, A, B = 0, 1, 2, 3
    after = {(bos,): [0, 0, 0.6, 0.4], (bos, A): [0, 0.3, 0.4, 0.3], (bos, B): [0, 0.9, 0.1, 0]}

    def step(prefixes):
        return torch.tensor([after.get(tuple(prefix), [0, 1.0, 0, 0]) for prefix in prefixes]).log()

    tokens, score = beam_search(step, bos, eos, 1, 5)
    assert list(tokens) == [bos, A, A, eos], f"one beam is greedy: bos A A eos, [0, 2, 2, 1]; yours is {tokens}"
    assert near(score, math.log(0.24), 1e-5), f"its score is ln 0.24 = -1.427, yours is {score}"
    tokens, score = beam_search(step, bos, eos, 2, 5)
    assert list(tokens) == [bos, B, eos], f"two beams find bos B eos, [0, 3, 1]; yours is {tokens}"
    assert near(score, math.log(0.36), 1e-5), f"its score is ln 0.36 = -1.022, yours is {score}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the tree that a beam walks through; try other widths


@experiment
def draw_the_beam():
    import matplotlib.pyplot as plt

    words, max_len = ["bos", "end", "the", "cat", "sat"], 4
    table = 1.5 * torch.randn(max_len + 1, 5, 5, generator=torch.Generator().manual_seed(18))
    table[:, :, 0] = -math.inf  # bos never comes again
    table[:2, :, 1] -= 2.0  # and short sentences are rare
    table = table.log_softmax(dim=-1)

    def after(prefix):
        return table[len(prefix) - 1, prefix[-1]]

    def whole_tree(prefix, total, low, high, drawn):
        """Places of all beginnings: a strip of the height, cut by the number of words."""
        drawn[tuple(prefix)] = (len(prefix) - 1, (low + high) / 2, total)
        if prefix[-1] != 1 and len(prefix) <= max_len:
            for n, word in enumerate((1, 2, 3, 4)):
                cut = low + (high - low) * n / 4, low + (high - low) * (n + 1) / 4
                whole_tree([*prefix, word], total + float(after(prefix)[word]), *cut, drawn)
        return drawn

    places = whole_tree([0], 0.0, 0.0, 1.0, {})
    shown = []
    for beam in (1, 3):
        asked = set()

        def step(prefixes, asked=asked):
            asked.update(tuple(prefix) for prefix in prefixes)
            return torch.stack([after(prefix) for prefix in prefixes])

        tokens, score = beam_search(step, 0, 1, beam, max_len)
        shown.append((beam, asked, tuple(tokens), score))
    figure, axes = plt.subplots(1, 2, figsize=(14, 6), sharey=True)
    for axis, (beam, asked, best, score) in zip(axes, shown, strict=True):
        for prefix, (x, y, total) in places.items():
            if len(prefix) > 1:
                x0, y0, _ = places[prefix[:-1]]
                on_the_way = prefix == best[: len(prefix)]
                colour, width = ("C3", 2.5) if on_the_way else ("C0", 1.2) if prefix[:-1] in asked else ("0.85", 0.5)
                axis.plot(
                    [x0, x],
                    [y0, y],
                    color=colour,
                    lw=width,
                    zorder=3 if on_the_way else 2 if prefix[:-1] in asked else 1,
                )
                if on_the_way or prefix in asked:
                    above = on_the_way or y > places[best[: x + 1]][1]  # names of two close places keep apart
                    offset, side = (4, "bottom") if above else (-4, "top")
                    axis.annotate(
                        f"{words[prefix[-1]]} {total:.1f}",
                        (x, y),
                        (0, offset),
                        textcoords="offset points",
                        ha="center",
                        va=side,
                        fontsize=8,
                        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.5},
                        zorder=4,
                    )
        axis.set(title=f"beam {beam}: {' '.join(words[t] for t in best[1:])}   ln p = {score:.2f}")
        axis.set(xlabel="word", xticks=range(max_len + 1), xlim=(-0.1, max_len + 0.4), yticks=[])
    best_of_all = max((p for p in places if p[-1] == 1 or len(p) == max_len + 1), key=lambda p: places[p][2])
    print(
        "the most probable of all:",
        " ".join(words[t] for t in best_of_all[1:]),
        f"  ln p = {places[best_of_all][2]:.2f}",
    )
    plt.show()
